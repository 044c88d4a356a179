//! What a host lets the strategies do, one small trait per domain.
//!
//! A host implements those it has and hands them to the strategies that need them. Common to all:
//!
//! - Methods that read take the collection; methods that write take a [`Permit`](healing_core::permit::Permit), which
//!   names the collection, the remediation, the fencing token and the deadline. A host whose store can check the token does
//!   so in the same transaction as the effect.
//! - Writing methods are idempotent: asking for what is already so succeeds and changes nothing.
//! - Nothing waits: what takes time is begun, and a reading method tells how far it is.
//!
//! `testkit::actuators` (feature `testkit`) has a suite for each, which tells a host in words what is wrong with its own.

mod centroids;
mod indexes;
mod jobs;
mod partitions;
mod read_routing;
mod replica_copies;
mod replicas;
mod throttle;
mod tiers;
mod write_routing;

pub use centroids::{CentroidVersion, Centroids};
pub use indexes::{CompactionSlice, Indexes};
pub use jobs::{Job, Jobs};
pub use partitions::{MoveProgress, Partitions, VectorId, VectorLoad};
pub use read_routing::{InvalidLagBound, LagBound, ReadRouting};
pub use replica_copies::{CopyNumber, CopyState, ReplicaCopies, ReplicaCopy};
pub use replicas::{ReplicaStatus, Replicas};
pub use throttle::{Operation, Throttle};
pub use tiers::{Segment, Tier, Tiers};
pub use write_routing::{WriteRoute, WriteRouting};

use healing_core::HostError;
use healing_core::identity::FencingToken;
use thiserror::Error;

/// Why an actuator did not do as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ActuatorError {
    /// What was named does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// What was named: "partition 7".
        what: String,
    },
    /// What was asked for is not allowed in the present state.
    #[error("{what} was refused: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Why it is not allowed.
        reason: String,
    },
    /// The token is older than one already seen: another healer took over.
    #[error("the fencing token {token} is older than {newest}: another healer took over")]
    Fenced {
        /// The token of the call.
        token: FencingToken,
        /// The newest token seen.
        newest: FencingToken,
    },
    /// The host failed.
    #[error("{0}")]
    Host(#[source] HostError),
}
