//! What healing is worth: the same incidents under one policy and another, and what came of them.
//!
//! # How it is measured
//!
//! **Incidents.** A cluster lives for a quiet hour, a fault strikes, and the cluster goes on for another hour; then humans put
//! everything right, and the next quiet hour begins. Each cluster lives through [`INCIDENTS_OF_A_LIFE`] of these with the same
//! healer, which remembers. Faults are drawn evenly from all scenarios of the simulated cluster, one that nobody can treat
//! among them, and are the same under every policy, as is the cluster with its noise.
//!
//! **Who judges.** Not the healer. A cluster is *degraded* while its minimum cut, or the capacity that holds one of the nodes
//! it was born with, is below [`HEALTHY`] of what it was at birth. It has *recovered* when it is not degraded at the end of the hour; the time to recovery is that of the
//! last moment in which it was degraded. Who never recovers takes for ever, in medians too. What clients have of it is counted
//! apart: a cluster that holds together may still fail some of their requests.
//!
//! **Harm.** An incident in which more requests failed over the hour than without healing, or lambda was lower in the mean or at
//! the end; each by more than [`NOISE`].
//!
//! **False remediations.** Those that began in a quiet hour. There are as many of these as incidents.
//!
//! **Approval.** What needs a human's approval gets it [`APPROVED_AFTER`] the question.

pub mod incident;
pub mod life;
mod look;
pub mod score;

use std::time::Duration;

use mock_cluster::Policy;

pub use incident::{Incident, draw};
pub use life::{Failure, Lived, live};
pub use score::Score;

/// The policies that are compared. The first is what harm is measured against.
pub const POLICIES: [Policy; 3] = [Policy::None, Policy::Original, Policy::Default];

/// Incidents that strike one cluster, one after the other.
pub const INCIDENTS_OF_A_LIFE: usize = 4;
/// The quiet time before each incident.
pub const QUIET: Duration = Duration::from_secs(3600);
/// The time in which an incident is watched.
pub const WATCHED: Duration = Duration::from_secs(3600);
/// From one look at the cluster to the next.
pub const LOOK: Duration = Duration::from_secs(10);
/// A human approves what waits after this long.
pub const APPROVED_AFTER: Duration = Duration::from_secs(120);

/// The share of the capacity at birth below which a cluster is degraded: the seed's stress threshold.
pub const HEALTHY: f64 = 0.8;
/// By this share two worlds that went different ways differ without anybody's doing: five standard deviations of the requests
/// that fail where what struck fails none (0.9 %, measured).
pub const NOISE: f64 = 0.05;
