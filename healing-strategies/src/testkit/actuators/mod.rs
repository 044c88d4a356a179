//! Whether a host's actuators keep what their traits promise.
//!
//! What a host writes is a [`Host`]: a small piece of its service, made anew for each check. There is a suite for each
//! actuator; each is told the numbers of what it may touch.
//!
//! ```
//! use std::time::Duration;
//! use healing_core::CollectionId;
//! use healing_strategies::actuators::ReplicaStatus;
//! use healing_strategies::testkit::actuators::{Host, replicas};
//! use healing_strategies::{MemoryHost, MemoryState};
//!
//! struct InMemory(MemoryHost, CollectionId);
//!
//! impl Host for InMemory {
//!     type Actuator = MemoryHost;
//!
//!     fn actuator(&self) -> &MemoryHost {
//!         &self.0
//!     }
//!
//!     fn collection(&self) -> &CollectionId {
//!         &self.1
//!     }
//!
//!     fn pass(&self, _: Duration) {
//!         self.0.go_on(); // a real host waits here
//!     }
//! }
//!
//! let report = replicas(|| {
//!     let replicas = ReplicaStatus { wanted: 2, ready: 2, most: 4 };
//!     let state = MemoryState { replicas, ..MemoryState::default() };
//!     InMemory(MemoryHost::new(state), CollectionId::new("embeddings").unwrap())
//! });
//! assert!(report.is_clean(), "{report}");
//! ```

mod centroids;
mod indexes;
mod jobs;
mod partitions;
mod read_routing;
mod replica_copies;
mod replicas;
mod throttle;
mod tiers;
mod trial;
mod write_routing;

use std::time::Duration;

use healing_core::CollectionId;

pub use centroids::centroids;
pub use indexes::{IndexNumbers, indexes};
pub use jobs::{JobNumbers, jobs};
pub use partitions::{PartitionNumbers, partitions};
pub use read_routing::{ReplicaNumbers, read_routing};
pub use replica_copies::replica_copies;
pub use replicas::replicas;
pub use throttle::throttle;
pub use tiers::{SegmentNumbers, tiers};
pub use write_routing::{RouteNumbers, write_routing};

/// A host whose actuator is looked at.
pub trait Host {
    /// The actuator: a type may be several.
    type Actuator: ?Sized;

    /// The actuator.
    fn actuator(&self) -> &Self::Actuator;

    /// The collection that it is asked to act on.
    fn collection(&self) -> &CollectionId;

    /// Lets time pass, in which what was begun goes on.
    fn pass(&self, time: Duration);

    /// The longest that anything takes which the actuator begins: ten minutes unless said otherwise.
    fn patience(&self) -> Duration {
        Duration::from_secs(600)
    }

    /// Whether the actuator refuses fencing tokens older than one it has seen: `true` unless said otherwise. Where it cannot,
    /// the checks of that are reported as not tried.
    fn checks_tokens(&self) -> bool {
        true
    }
}
