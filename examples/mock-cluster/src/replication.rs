//! Replicas and how far they are behind.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{REPLICAS_PER_SHARD, SHARDS, TOLERABLE_LAG};

/// How far a replica in order is behind, seconds.
const ORDINARY_LAG: std::ops::Range<f64> = 0.05..0.3;

/// Every replica, by number.
pub(crate) struct Replication {
    replicas: BTreeMap<i64, Replica>,
}

struct Replica {
    /// Seconds.
    lag: f64,
    /// The lag that it falls back to for good, seconds.
    stuck_at: Option<f64>,
}

impl Replication {
    pub(crate) fn new(random: &mut ChaCha8Rng) -> Self {
        let replicas = (1..=SHARDS * REPLICAS_PER_SHARD).map(|id| {
            (
                id,
                Replica {
                    lag: random.random_range(ORDINARY_LAG),
                    stuck_at: None,
                },
            )
        });
        Self {
            replicas: replicas.collect(),
        }
    }

    /// One second passes: a replica that applies nothing falls back by one second.
    pub(crate) fn step(&mut self, noise: &mut ChaCha8Rng) {
        for replica in self.replicas.values_mut() {
            let ordinary = noise.random_range(ORDINARY_LAG);
            replica.lag = match replica.stuck_at {
                Some(lag) => (replica.lag + 1.0).min(lag),
                None => ordinary,
            };
        }
    }

    pub(crate) fn lags(&self) -> impl Iterator<Item = (i64, Duration)> {
        self.replicas
            .iter()
            .map(|(&id, replica)| (id, Duration::from_secs_f64(replica.lag)))
    }

    /// The share of a replica's reads that need what it does not have yet.
    pub(crate) fn failing_share(&self, replica: i64) -> f64 {
        let lag = self.replicas.get(&replica).map_or(0.0, |replica| replica.lag);
        lag / (lag + TOLERABLE_LAG.as_secs_f64())
    }

    /// From now on a replica falls back until it is this far behind.
    pub(crate) fn hold_back(&mut self, replica: i64, lag: Duration) {
        if let Some(replica) = self.replicas.get_mut(&replica) {
            replica.stuck_at = Some(lag.as_secs_f64());
        }
    }
}
