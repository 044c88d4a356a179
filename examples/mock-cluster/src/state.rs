//! Everything that the cluster is at one moment.

use healing_core::Timestamp;
use healing_strategies::actuators::Operation;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::centroids::Centroids;
use crate::design::NETWORK_ERRORS;
use crate::disks::Disks;
use crate::fault::Fault;
use crate::indexes::Indexes;
use crate::ingestion::Ingestion;
use crate::maintenance::Maintenance;
use crate::memory::Memory;
use crate::partitions::Partitions;
use crate::replication::Replication;
use crate::size::Size;

/// The cluster's state. Each room has its own physics; this is the house.
pub(crate) struct State {
    pub(crate) size: Size,
    pub(crate) now: Timestamp,
    pub(crate) noise: ChaCha8Rng,
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
    /// What is still to come, soonest first.
    pub(crate) scheduled: Vec<(Timestamp, Fault)>,
    /// The greatest fencing token seen.
    pub(crate) newest_token: u64,
}

impl State {
    /// One second passes, up to `now`.
    pub(crate) fn step(&mut self, now: Timestamp) {
        self.now = now;
        let due = self.scheduled.partition_point(|(at, _)| *at <= now);
        let striking: Vec<Fault> = self.scheduled.drain(..due).map(|(_, fault)| fault).collect();
        for fault in striking {
            fault.strike(self);
        }
        self.partitions.step(&mut self.noise);
        self.centroids.step(|| self.partitions.places().collect());
        self.ingestion.step();
        self.memory.step(now, self.ingestion.passing(Operation::BulkInsert));
        self.indexes.step();
        self.maintenance.step(&mut self.noise);
        self.replication.step(&mut self.noise);
        for errors in &mut self.network {
            let wind = self.noise.random_range(-0.1..0.1) * NETWORK_ERRORS;
            *errors = (*errors + wind).clamp(0.0, NETWORK_ERRORS);
        }
    }
}
