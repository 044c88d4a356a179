//! Replicas: how far they are behind, who reads from them, and how they come and go.

use std::collections::BTreeMap;
use std::time::Duration;

use healing_strategies::actuators::{CopyNumber, CopyState, LagBound, ReplicaCopy, ReplicaStatus};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{
    COPYING, PROVISIONING, REPLICAS_PER_SHARD, SHIPPING_LOST_TO_COPY, TOLERABLE_BACKLOG, TOLERABLE_LAG, UPDATES_APPLIED,
};
use crate::noise::Noise;
use crate::size::Size;

/// How far a replica in order is behind, seconds.
const ORDINARY_LAG: std::ops::Range<f64> = 0.05..0.3;

/// Seconds that a replica with nothing or little to serve catches up in a second.
const CATCHING_UP: f64 = 1.0;

/// Every replica, by number.
pub(crate) struct Replication {
    size: Size,
    replicas: BTreeMap<i64, Replica>,
}

struct Replica {
    /// Seconds.
    lag: f64,
    /// How much of that is updates which it could not apply in time.
    backlog: f64,
    doing: Doing,
    bound: Option<LagBound>,
    /// Whether the router lets clients read from it.
    is_read: bool,
    copy: CopyNumber,
}

#[derive(Clone, Copy, PartialEq)]
enum Doing {
    /// Applies everything at once, or as soon as it can.
    Following,
    /// Applies nothing until it is this many seconds behind, and then just keeps up while it serves its share of the reads.
    FallingBehind { until: f64 },
    /// Applies, but has more to apply than it finds time for.
    Behind,
    /// Applies nothing and never will.
    Stalled,
    /// Is copied anew.
    Copying { seconds_left: u32 },
    /// Is being set up.
    Provisioning { seconds_left: u32 },
}

impl Replication {
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size) -> Self {
        let replicas = (1..=size.replicas()).map(|id| {
            let lag = random.random_range(ORDINARY_LAG);
            (id, Replica::new(lag, Doing::Following))
        });
        Self {
            size,
            replicas: replicas.collect(),
        }
    }

    /// One second passes, in which these updates reach each shard, where there are any.
    pub(crate) fn step(&mut self, noise: &mut Noise, updates: &BTreeMap<i64, f64>) {
        let spare = self.spares();
        for (id, replica) in &mut self.replicas {
            let ordinary = noise.change(ORDINARY_LAG).unwrap_or(replica.ordinary());
            let of_its_shard = |values: &BTreeMap<i64, f64>| {
                let value = values.get(&self.size.shard_of_replica(*id));
                value.copied().unwrap_or(0.0)
            };
            replica.backlog = (replica.backlog + falling_behind(of_its_shard(updates))).max(0.0);
            replica.step(ordinary, of_its_shard(&spare));
        }
        self.route();
    }

    /// Whether another second would change nothing but how far replicas that are stalled, and that nobody would route around,
    /// are behind.
    pub(crate) fn is_at_rest(&self, updates: &BTreeMap<i64, f64>) -> bool {
        let at_rest = |replica: &Replica| match replica.doing {
            Doing::Following => replica.backlog == 0.0,
            Doing::Stalled => replica.bound.is_none() || !replica.is_read,
            Doing::Behind => replica.is_read && replica.bound.is_none(),
            Doing::FallingBehind { .. } | Doing::Copying { .. } | Doing::Provisioning { .. } => false,
        };
        let none_to_spare = || (1..=self.size.shards()).all(|shard| self.spare(shard) == 0.0);
        let behind = |replica: &Replica| replica.doing == Doing::Behind;
        let too_many = || updates.values().any(|&updates| updates > UPDATES_APPLIED);
        self.replicas.values().all(at_rest) && !too_many() && (!self.replicas.values().any(behind) || none_to_spare())
    }

    /// Seconds pass in which nothing else changes; whether anything does.
    pub(crate) fn rest(&mut self, seconds: u32) -> bool {
        let mut changes = false;
        for replica in self.replicas.values_mut().filter(|it| it.doing == Doing::Stalled) {
            replica.lag += f64::from(seconds);
            changes = true;
        }
        changes
    }

    /// There are as many replicas as at birth, all of them in order and read from.
    pub(crate) fn put_right(&mut self) {
        let born = self.size.replicas();
        self.replicas.retain(|id, _| *id <= born);
        for replica in self.replicas.values_mut() {
            replica.doing = Doing::Following;
            replica.lag = replica.ordinary();
            replica.bound = None;
            replica.is_read = true;
        }
    }

    /// Every replica that exists for the rest of the cluster, by number.
    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        let up = self.replicas.iter().filter(|(_, replica)| replica.is_up());
        up.map(|(&id, _)| id)
    }

    pub(crate) fn lags(&self) -> impl Iterator<Item = (i64, Duration)> {
        let up = self.replicas.iter().filter(|(_, replica)| replica.is_up());
        up.map(|(&id, replica)| (id, Duration::from_secs_f64(replica.lag)))
    }

    /// The share of what passes between a shard and a replica that fails: reads that need what it does not have yet, and
    /// changes that it holds back.
    pub(crate) fn failing_share(&self, id: i64) -> f64 {
        let Some(replica) = self.replicas.get(&id) else {
            return 0.0;
        };
        let changes = match replica.doing {
            Doing::Stalled => replica.share_behind(TOLERABLE_BACKLOG),
            Doing::Copying { .. } => SHIPPING_LOST_TO_COPY,
            _ => 0.0,
        };
        crate::service::either(replica.failing_reads(), changes)
    }

    /// Of the reads that each replica of a shard serves, the share that fails for being behind; the sum over its replicas.
    pub(crate) fn stale_reads(&self, shard: i64) -> f64 {
        self.of(shard).map(Replica::failing_reads).sum()
    }

    /// How many replicas of a shard are read from.
    #[allow(clippy::cast_precision_loss, reason = "a number of replicas far below 2^53")]
    pub(crate) fn read_from(&self, shard: i64) -> f64 {
        self.of(shard).filter(|replica| replica.is_read).count() as f64
    }

    /// The share of their capacity that a shard's partitions lose to replicas that are set up or copied anew.
    pub(crate) fn cost(&self, shard: i64) -> f64 {
        let left = self.of(shard).map(|replica| match replica.doing {
            Doing::Copying { .. } => 1.0 - COPYING.1,
            Doing::Provisioning { .. } => 1.0 - PROVISIONING.1,
            _ => 1.0,
        });
        1.0 - left.product::<f64>()
    }

    pub(crate) fn status(&self) -> ReplicaStatus {
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        ReplicaStatus {
            wanted: number(self.replicas.len() as u64),
            ready: number(self.ids().count() as u64),
            most: number(self.size.most_replicas().unsigned_abs()),
        }
    }

    /// Sets replicas up or takes those added last away, down to those the cluster was born with.
    pub(crate) fn scale(&mut self, to: u32) {
        let born = self.size.replicas();
        let to = i64::from(to).clamp(born, self.size.most_replicas());
        self.replicas.retain(|id, _| *id <= to);
        for id in born + 1..=to {
            let seconds_left = PROVISIONING.0;
            let added = || Replica::new(0.0, Doing::Provisioning { seconds_left });
            self.replicas.entry(id).or_insert_with(added);
        }
        self.route();
    }

    /// `None` when there is no such replica.
    pub(crate) fn bound(&self, id: i64) -> Option<Option<LagBound>> {
        Some(self.replicas.get(&id)?.bound)
    }

    pub(crate) fn set_bound(&mut self, id: i64, bound: Option<LagBound>) {
        if let Some(replica) = self.replicas.get_mut(&id) {
            replica.bound = bound;
        }
        self.route();
    }

    pub(crate) fn copy(&self, id: i64) -> Option<ReplicaCopy> {
        let replica = self.replicas.get(&id)?;
        let state = match replica.doing {
            Doing::Following | Doing::FallingBehind { .. } | Doing::Behind => CopyState::Following,
            Doing::Stalled => CopyState::Stalled,
            Doing::Copying { .. } | Doing::Provisioning { .. } => CopyState::Copying,
        };
        Some(ReplicaCopy {
            number: replica.copy,
            state,
        })
    }

    pub(crate) fn resync(&mut self, id: i64, copy: CopyNumber) {
        if let Some(replica) = self.replicas.get_mut(&id) {
            replica.copy = copy;
            replica.doing = Doing::Copying {
                seconds_left: COPYING.0,
            };
        }
        self.route();
    }

    /// From now on a replica falls behind until it is this far behind, and stays there while it has reads to serve.
    pub(crate) fn hold_back(&mut self, id: i64, lag: Duration) {
        let until = lag.as_secs_f64();
        self.change(id, |replica| replica.doing = Doing::FallingBehind { until });
    }

    /// From now on a replica applies nothing; it is this far behind already when that is noticed.
    pub(crate) fn stall(&mut self, id: i64, lag: Duration) {
        self.change(id, |replica| {
            replica.doing = Doing::Stalled;
            replica.lag = replica.lag.max(lag.as_secs_f64());
        });
    }

    fn change(&mut self, id: i64, change: impl FnOnce(&mut Replica)) {
        if let Some(replica) = self.replicas.get_mut(&id) {
            change(replica);
        }
    }

    fn of(&self, shard: i64) -> impl Iterator<Item = &Replica> {
        self.size.replicas_of(shard).filter_map(|id| self.replicas.get(&id))
    }

    /// How many more replicas of a shard are read from than it needs.
    #[allow(clippy::cast_precision_loss, reason = "a number of replicas far below 2^53")]
    fn spare(&self, shard: i64) -> f64 {
        (self.read_from(shard) - REPLICAS_PER_SHARD as f64).max(0.0)
    }

    /// The same of every shard, where a replica catches up the faster for it.
    fn spares(&self) -> BTreeMap<i64, f64> {
        if self.replicas.values().all(|replica| replica.doing != Doing::Behind) {
            return BTreeMap::new();
        }
        (1..=self.size.shards())
            .map(|shard| (shard, self.spare(shard)))
            .collect()
    }

    /// The router takes replicas that are behind their bound out, and puts those in again that have caught up. The last one
    /// of a shard stays whatever its bound.
    fn route(&mut self) {
        if self.replicas.values().all(Replica::is_routed) {
            return;
        }
        for shard in 1..=self.size.shards() {
            let mut read = self.read_from(shard);
            for id in self.size.replicas_of(shard) {
                let Some(replica) = self.replicas.get_mut(&id) else {
                    continue;
                };
                let lag = Duration::from_secs_f64(replica.lag);
                let wanted = replica.serves()
                    && match replica.bound {
                        None => true,
                        Some(bound) if replica.is_read => lag <= bound.get() || read <= 1.0,
                        Some(bound) => replica.doing == Doing::Following && lag <= bound.get(),
                    };
                if replica.is_read != wanted {
                    replica.is_read = wanted;
                    read += if wanted { 1.0 } else { -1.0 };
                }
            }
        }
    }
}

/// Seconds that a replica falls behind in a second with so many updates; less than 0 where it catches up.
fn falling_behind(updates: f64) -> f64 {
    if updates > UPDATES_APPLIED {
        1.0 - UPDATES_APPLIED / updates
    } else {
        1.0 - (UPDATES_APPLIED / updates).min(1.0 + CATCHING_UP)
    }
}

impl Replica {
    fn new(lag: f64, doing: Doing) -> Self {
        let mut replica = Self {
            lag,
            backlog: 0.0,
            doing,
            bound: None,
            is_read: false,
            copy: CopyNumber(1),
        };
        replica.is_read = replica.serves();
        replica
    }

    /// The share of what is asked of it that needs what it does not have yet, where half of it would if it were so far behind.
    fn share_behind(&self, tolerable: Duration) -> f64 {
        self.lag / (self.lag + tolerable.as_secs_f64())
    }

    fn failing_reads(&self) -> f64 {
        if self.is_read {
            self.share_behind(TOLERABLE_LAG)
        } else {
            0.0
        }
    }

    fn step(&mut self, ordinary: f64, spare: f64) {
        (self.lag, self.doing) = match self.doing {
            Doing::Following => (ordinary + self.backlog, Doing::Following),
            Doing::FallingBehind { until } if self.lag + 1.0 < until => (self.lag + 1.0, self.doing),
            Doing::FallingBehind { until } => (until, Doing::Behind),
            Doing::Behind => {
                let speed = if self.is_read { CATCHING_UP * spare } else { CATCHING_UP };
                let lag = self.lag - speed;
                if lag > ordinary {
                    (lag, Doing::Behind)
                } else {
                    (ordinary, Doing::Following)
                }
            }
            Doing::Stalled => (self.lag + 1.0, Doing::Stalled),
            Doing::Copying { seconds_left: 0 } | Doing::Provisioning { seconds_left: 0 } => {
                (ordinary, Doing::Following)
            }
            Doing::Copying { seconds_left } => {
                let seconds_left = seconds_left - 1;
                (self.lag + 1.0, Doing::Copying { seconds_left })
            }
            Doing::Provisioning { seconds_left } => {
                let seconds_left = seconds_left - 1;
                (0.0, Doing::Provisioning { seconds_left })
            }
        };
    }

    /// How far it is behind when it is in order.
    fn ordinary(&self) -> f64 {
        self.lag.clamp(ORDINARY_LAG.start, ORDINARY_LAG.end)
    }

    /// Whether the router has nothing to do with it.
    fn is_routed(&self) -> bool {
        self.bound.is_none() && self.is_read == self.serves()
    }

    fn is_up(&self) -> bool {
        !matches!(self.doing, Doing::Provisioning { .. })
    }

    fn serves(&self) -> bool {
        !matches!(self.doing, Doing::Provisioning { .. } | Doing::Copying { .. })
    }
}
