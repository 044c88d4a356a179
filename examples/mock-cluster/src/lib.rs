//! A simulated vector-database cluster under a virtual clock and a seed.
//!
//! Nothing here is scripted: the graph and the metrics that a healer observes follow from the cluster's own state, so that a
//! move of vectors really changes load, which really changes what is served, which really changes the minimum cut. The same
//! seed gives the same cluster, the same noise and the same history.
//!
//! # Physics
//!
//! The world goes on second by second, and each second follows from the state, the seed and the second before. Each part of
//! the state is a room of its own, with its own laws; [`design`] has all numbers, and [`Size`] says how many there are of
//! everything: 38 nodes by default, up to 9,500 by the same laws.
//!
//! **Vectors and load.** Each of the 16 partitions holds 1,000 vectors. Each vector draws requests at a rate of its own, by a
//! Zipf-like law: a few draw many. A partition's load is the sum of the rates of the vectors it serves, times the clients'
//! mood, a slow noise of a few percent, plus the inserts that reach it.
//!
//! **Overload.** A partition serves at most [`design::SERVICE_CAPACITY`] requests a second: three fifths by itself and a fifth
//! by each replica of its shard that is read from. Of a greater load *L* it fails the share *1 - capacity / L*. Everything that
//! is done to it costs some of that capacity while it lasts: vectors on their way in or out 5 %, a compaction 15 %, new
//! centroids in the making 3 %, a replica of its shard that is set up 5 % or copied 8 %, and each of its segments in the cold
//! tier 1 %.
//!
//! **Moves.** A vector that is moved belongs to its destination at once and is served from there when it has arrived: 100
//! vectors arrive a second, one after the other.
//!
//! **Writes.** Clients send inserts to every partition. Inserts that are routed elsewhere are shared out among the partitions
//! that take any. What a throttle holds back, clients wait with ([`Cluster::inserts_held_back`]), and make up for once they are
//! let.
//!
//! **Centroids.** Each vector is on the list of one of the centroids near its partition. Of the searches in a list a quarter
//! longer than the mean or more, the share *1 - bearable / length* runs out of time. A version of the centroids takes a minute
//! to build and shares the vectors of the centroids named out evenly among all that are near; the versions stand beside each
//! other, and one is served. The one served before it stands until yet another is served.
//!
//! **Indexes.** Each partition has an index. One that is more than 20 % fragmented makes searches run out of time among its dead
//! entries, up to 70 % of them. A compaction rewrites 5,000 of its 20,000 entries a second, and leaves what it rewrote without
//! dead ones.
//!
//! **Memory.** Each partition's data lies in two segments, of which one is hardly ever read. A bulk load fills memory with its
//! own data and with write buffers, which shrink as it is held back. From 85 % on allocations stall, up to 70 % of them when
//! memory is full, and the searches that wait for them fail. A segment goes to the cold tier, or comes back, at 2 MiB a second.
//!
//! **Maintenance.** Each shard has a maintenance service with an I/O budget, and a number of slots for jobs. While the running
//! jobs want more than the budget, the share that is missing is maintenance that the partitions and the shard wait for. A
//! running job that is told to pause finishes its operation first; a waiting job then takes the free slot.
//!
//! **Replication.** Each shard has two replicas. One that is *l* seconds behind and is read from fails reads that need what it
//! does not have yet: the share *l / (l + 15)*. One that lags but applies changes just keeps its distance while it serves its
//! share of the reads, and catches up a second a second when it is taken out of the read path, or for each replica more that
//! its shard gets. One that is stalled applies nothing: it falls behind for ever and holds back what is shipped to it, whoever
//! reads from it. One in order applies [`design::UPDATES_APPLIED`] updates a second: where more reach its shard, it falls behind
//! by the share that is too much, and catches up when there are fewer. A fresh copy takes a minute, a new replica 45 seconds.
//!
//! **The graph.** Nodes are shards, partitions, centroids, maintenance services and replicas. Partitions link to their six
//! most similar ones, centroids route to the eight partitions whose vectors they are nearest to, shards carry partitions, ship
//! to replicas and are maintained. Nominal capacities are chosen so that every node is held by about the same capacity in the
//! healthy cluster; an edge fails a request if either of its ends does, or the network. Searches show on the edges between
//! centroids and partitions: a list too long weakens one centroid, full memory and fragmentation weaken all.
//!
//! **Network.** It fails up to 1 % around each node, a little more or less each second; where it is in trouble, more.
//!
//! **Disks.** Each partition has two disks and uses one. A broken one fails a share of what is asked of it. No strategy of the
//! family knows of disks: they stand for what a host treats with a strategy of its own ([`Cluster::use_disk`]).
//!
//! **Faults** ([`Fault`]) change the world and stay: nothing heals by itself.
//!
//! | fault | what it weakens in the graph | what it moves in the metrics |
//! | --- | --- | --- |
//! | hot partition, write flood | all edges of a partition | its load |
//! | update storm | all edges of a partition, and the replication edges of its shard | its load, and the lag of these replicas |
//! | centroid skew | the routes of a centroid | its population |
//! | lagging, stalled replica | its replication edge | its lag |
//! | maintenance storm | the dependencies of a shard's maintenance | jobs and queue depth |
//! | memory pressure | all routes between centroids and partitions | memory used |
//! | fragmented indexes | the same | fragmentation |
//! | broken disk, worn disk | all edges of a partition | nothing but [`Cluster::disk_errors`]: the case for a human |
//! | network outage | all edges | nothing: the cause is outside |
//! | bad network | all edges of a node | nothing: the case for a human |

mod actuators;
mod birth;
mod by_node;
mod centroids;
mod clients;
mod cluster;
pub mod design;
mod disks;
mod failures;
mod fault;
mod indexes;
mod ingestion;
mod maintenance;
mod memory;
mod noise;
mod observe;
mod partitions;
mod policy;
mod replication;
mod scenario;
mod service;
mod severity;
mod size;
mod state;

pub use clients::Clients;
pub use cluster::Cluster;
pub use disks::DiskNumber;
pub use fault::Fault;
pub use policy::{Policy, strategies};
pub use scenario::{Injection, Scenario};
pub use severity::{InvalidSeverity, Severity};
pub use size::{InvalidSize, Size};

/// The project's front page, whose example must run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct ReadMe;

/// The guide, whose examples must run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/embedding.md")]
    pub struct Embedding;

    #[doc = include_str!("../../../docs/operating.md")]
    pub struct Operating;

    #[doc = include_str!("../../../docs/safety.md")]
    pub struct Safety;

    #[doc = include_str!("../../../docs/stores.md")]
    pub struct Stores;

    #[doc = include_str!("../../../docs/strategies.md")]
    pub struct Strategies;
}
