//! A simulated vector-database cluster under a virtual clock and a seed.
//!
//! Nothing here is scripted: the graph and the metrics that a healer observes follow from the cluster's own state, so that a
//! move of vectors really changes load, which really changes what is served, which really changes the minimum cut. The same
//! seed gives the same cluster, the same noise and the same history.
//!
//! # Physics
//!
//! **Vectors and load.** Each of 16 partitions holds 1,000 vectors. Each vector draws requests at a rate of its own, by a
//! Zipf-like law: a few draw many. A partition's load is the sum of the rates of the vectors it serves, times the clients'
//! mood, a slow noise of a few percent.
//!
//! **Overload.** A partition serves at most [`design::SERVICE_CAPACITY`] requests a second. Of a greater load *L* it fails the share
//! *1 - capacity / L*. Vectors on their way in or out cost it some of that capacity while they move.
//!
//! **Moves.** A vector that is moved belongs to its destination at once and is served from there when it has arrived: so many
//! vectors arrive a second, one after the other.
//!
//! **Maintenance.** Each shard has a maintenance service with an I/O budget, and a number of slots for jobs. While the running
//! jobs want more than the budget, the share that is missing is maintenance that the partitions and the shard wait for. A
//! running job that is told to pause finishes its operation first; a waiting job then takes the free slot.
//!
//! **Replication.** Each shard has two replicas. One that is *l* seconds behind fails reads that need what it does not have yet:
//! the share *l / (l + 15)*.
//!
//! **The graph.** Nodes are shards, partitions, centroids, maintenance services and replicas. Partitions link to their six
//! most similar ones, centroids route to the eight partitions whose vectors they are nearest to, shards carry partitions, ship
//! to replicas and are maintained. Nominal capacities are chosen so that every node is held by about the same capacity in the
//! healthy cluster; an edge fails a request if either of its ends does, or the network.
//!
//! **Faults** ([`Fault`]) change the world and stay: nothing heals by itself.

mod actuators;
mod birth;
mod cluster;
pub mod design;
mod fault;
mod maintenance;
mod observe;
mod partitions;
mod replication;
mod scenario;
mod state;

pub use cluster::Cluster;
pub use fault::{Fault, InvalidSeverity, Severity};
pub use scenario::{Injection, Scenario};

/// The project's front page, whose example must run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct ReadMe;
