//! Everything that the cluster is at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use healing_core::topology::NodeRef;
use healing_core::{Observation, Timestamp};
use healing_strategies::actuators::Operation;

use crate::centroids::Centroids;
use crate::design::NETWORK_ERRORS;
use crate::disks::Disks;
use crate::fault::Fault;
use crate::indexes::Indexes;
use crate::ingestion::Ingestion;
use crate::maintenance::Maintenance;
use crate::memory::Memory;
use crate::noise::Noise;
use crate::partitions::Partitions;
use crate::replication::Replication;
use crate::size::Size;

/// The cluster's state. Each room has its own physics; this is the house.
pub(crate) struct State {
    pub(crate) size: Size,
    pub(crate) now: Timestamp,
    /// Until when time has passed, whether or not anyone has looked since.
    pub(crate) due: Timestamp,
    pub(crate) noise: Noise,
    pub(crate) partitions: Partitions,
    pub(crate) centroids: Centroids,
    pub(crate) ingestion: Ingestion,
    pub(crate) memory: Memory,
    pub(crate) indexes: Indexes,
    pub(crate) maintenance: Maintenance,
    pub(crate) replication: Replication,
    pub(crate) disks: Disks,
    /// The failing share of the network around each node, by an index of the observer's choice.
    pub(crate) network: Vec<f64>,
    /// The share of what passes that the network loses everywhere.
    pub(crate) outage: f64,
    /// The failing share of a network that is in trouble around a node.
    pub(crate) bad_network: BTreeMap<NodeRef, f64>,
    /// What is still to come, soonest first.
    pub(crate) scheduled: Vec<(Timestamp, Fault)>,
    /// The greatest fencing token seen.
    pub(crate) newest_token: u64,
    /// What was observed last, as long as nothing has changed since.
    pub(crate) observed: Option<Observation>,
}

/// The physics' step.
const SECOND: Duration = Duration::from_secs(1);

impl State {
    /// The world goes on until `until`: second by second, but for seconds in which nothing happens.
    pub(crate) fn advance_to(&mut self, until: Timestamp) {
        while let Ok(next) = self.now.checked_add(SECOND)
            && next <= until
        {
            match self.seconds_at_rest(until) {
                0 => self.step(next),
                seconds => self.rest(seconds),
            }
        }
    }

    /// One second passes, up to `now`.
    fn step(&mut self, now: Timestamp) {
        self.now = now;
        self.observed = None;
        let due = self.scheduled.partition_point(|(at, _)| *at <= now);
        let striking: Vec<Fault> = self.scheduled.drain(..due).map(|(_, fault)| fault).collect();
        for fault in striking {
            fault.strike(self);
        }
        self.noise.begin(now);
        self.partitions.step(&mut self.noise);
        self.centroids.step(|| self.partitions.places().collect());
        self.ingestion.step();
        self.memory.step(now, self.ingestion.passing(Operation::BulkInsert));
        self.indexes.step();
        self.maintenance.step(&mut self.noise);
        let updates = self.updates();
        self.replication.step(&mut self.noise, &updates);
        self.disks.step();
        for errors in &mut self.network {
            let wind = self.noise.change(-0.1..0.1);
            *errors = (*errors + wind.unwrap_or(0.0) * NETWORK_ERRORS).clamp(0.0, NETWORK_ERRORS);
        }
    }

    /// Everything is as it was at birth, but for the noise, the time, and the versions and copies that exist.
    pub(crate) fn put_right(&mut self) {
        self.observed = None;
        self.outage = 0.0;
        self.partitions.put_right();
        self.centroids.put_right(&self.partitions.places().collect::<Vec<_>>());
        self.ingestion = Ingestion::new(self.size);
        self.memory.put_right();
        self.indexes.put_right();
        self.maintenance.put_right();
        self.replication.put_right();
        self.disks = Disks::default();
    }

    /// How many seconds before `until` pass in which nothing happens: nothing strikes, no noise changes, nothing is under way.
    fn seconds_at_rest(&self, until: Timestamp) -> u32 {
        let strikes = self.scheduled.first().map_or(Timestamp::MAX, |(at, _)| *at);
        let busy_at = self.noise.next_change().min(strikes);
        // The second that reaches this moment is the one in which something happens.
        let before = (busy_at.as_millisecond() - self.now.as_millisecond() - 1).div_euclid(1000);
        let left = (until.as_millisecond() - self.now.as_millisecond()) / 1000;
        let at_rest = before > 0
            && self.partitions.is_at_rest()
            && self.centroids.is_at_rest()
            && self.ingestion.is_at_rest()
            && self.memory.is_at_rest()
            && self.indexes.is_at_rest()
            && self.maintenance.is_at_rest()
            && self.replication.is_at_rest(&self.updates());
        if at_rest {
            u32::try_from(before.min(left)).unwrap_or(0)
        } else {
            0
        }
    }

    /// Seconds pass in which nothing happens but what goes on all the time.
    fn rest(&mut self, seconds: u32) {
        self.now = self.now.checked_add(SECOND * seconds).unwrap_or(self.now);
        self.ingestion.rest(seconds);
        self.memory.rest(self.now);
        if self.replication.rest(seconds) {
            self.observed = None;
        }
    }

    /// The updates a second that reach each shard, where there are any.
    fn updates(&self) -> BTreeMap<i64, f64> {
        let mut of_shards = BTreeMap::new();
        for (partition, updates) in self.partitions.updates() {
            *of_shards.entry(self.size.shard_of(partition)).or_insert(0.0) += updates;
        }
        of_shards
    }
}

#[cfg(test)]
mod tests {
    use healing_core::Percent;

    use super::*;
    use crate::severity::Severity;

    const DAY: Duration = Duration::from_secs(86_400);

    fn state() -> State {
        let few_vectors = Size::default().with_vectors_per_partition(50).unwrap();
        State::of_seed(7, few_vectors, DAY, Timestamp::UNIX_EPOCH)
    }

    fn seconds(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    fn shows(state: &State) -> String {
        let waiting = state.ingestion.waiting().round();
        format!("{:?} {:?} {waiting}", state.graph().unwrap(), state.metrics())
    }

    #[test]
    fn seconds_in_which_nothing_happens_may_be_left_out() {
        let severity = Severity::new(0.8).unwrap();
        let faults = [
            Fault::HotPartition { partition: 3, severity },
            Fault::WriteFlood { partition: 3, severity },
            Fault::CentroidSkew { centroid: 2, severity },
            Fault::MaintenanceStorm { shard: 1, severity },
            Fault::LaggingReplica { replica: 2, severity },
            Fault::StuckReplica { replica: 2, severity },
            Fault::MemoryPressure { severity },
            Fault::FragmentedIndexes { severity },
            Fault::BrokenDisk { partition: 3, severity },
            Fault::NetworkOutage { severity },
        ];
        for fault in faults {
            for held_back in [0.0, 60.0, 100.0] {
                let (mut jumping, mut stepping) = (state(), state());
                for state in [&mut jumping, &mut stepping] {
                    state.scheduled.push((seconds(100), fault));
                    let share = Percent::new(held_back).unwrap();
                    state.ingestion.set_throttle(Operation::Insert, share);
                    state.ingestion.set_throttle(Operation::BulkInsert, Percent::ZERO);
                }
                for stop in [50, 99, 100, 101, 140, 141, 400, 4000] {
                    jumping.advance_to(seconds(stop));
                    while stepping.now < seconds(stop) {
                        let next = stepping.now.checked_add(SECOND).unwrap();
                        stepping.step(next);
                    }
                    assert_eq!(jumping.now, stepping.now);
                    assert_eq!(shows(&jumping), shows(&stepping), "{fault}, after {stop} seconds");
                }
            }
        }
    }

    #[test]
    fn noise_changes_as_often_as_it_is_told() {
        let mut state = State::of_seed(7, Size::default(), Duration::from_secs(600), Timestamp::UNIX_EPOCH);
        state.advance_to(seconds(10));
        let first = shows(&state);
        state.advance_to(seconds(600));
        assert_eq!(shows(&state), first);
        state.advance_to(seconds(601));
        assert_ne!(shows(&state), first);
    }
}
