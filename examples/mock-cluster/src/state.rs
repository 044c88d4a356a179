//! Everything that the cluster is at one moment.

use std::collections::BTreeMap;

use healing_core::Timestamp;
use rand_chacha::ChaCha8Rng;

use crate::fault::Fault;
use crate::maintenance::Maintenance;
use crate::partitions::Partitions;
use crate::replication::Replication;

/// The cluster's state. Each room has its own physics; this is the house.
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) noise: ChaCha8Rng,
    pub(crate) partitions: Partitions,
    pub(crate) maintenance: Maintenance,
    pub(crate) replication: Replication,
    /// The failing share of the network around each node, by an index of the observer's choice.
    pub(crate) network: Vec<f64>,
    /// The fragmented share of each partition's index, percent.
    pub(crate) fragmentation: BTreeMap<i64, f64>,
    /// What is still to come, soonest first.
    pub(crate) scheduled: Vec<(Timestamp, Fault)>,
    /// The greatest fencing token seen.
    pub(crate) newest_token: u64,
}
