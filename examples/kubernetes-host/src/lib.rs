//! A stateful service on Kubernetes that heals itself.
//!
//! A [`HealingStatus`] object names what is healed: the StatefulSet whose pods are the shards, the Deployment or
//! StatefulSet that serves reads, the jobs that get in the way. The host reads the cluster through the API
//! ([`PodObservation`]), scales ([`ScaledReplicas`]), holds one lease a collection ([`ClusterLeases`]), tells what it did as
//! Kubernetes Events and as the object's status ([`Report`]), and takes orders from the object's annotations ([`Orders`]).
//!
//! The healing crates are synchronous, the client is not. [`Connection`] is the bridge: the healer's loop and its steps run
//! on threads of their own, outside of the runtime, and wait there for what the runtime does for them, each call for a
//! bounded time. What must never break: no thread of the runtime ever waits for the healer.
//!
//! [`Host`] puts it all together, and the program `kubernetes-host` is a command line around that.

mod connection;
mod durable_name;
mod error;
mod host;
mod leases;
mod monotonic;
mod observation;
mod orders;
mod pod;
mod quantity;
mod replicas;
mod report;
mod rollout;
mod status;
mod target;

pub use connection::Connection;
pub use error::ClusterError;
pub use host::{Host, HostError, Settings};
pub use leases::ClusterLeases;
pub use monotonic::Monotonic;
pub use observation::PodObservation;
pub use orders::{Order, Orders, Verb, WatchEnded};
pub use replicas::ScaledReplicas;
pub use report::Report;
pub use rollout::{Rollout, RolloutWatch};
pub use status::{HealingSpec, HealingStatus, HealingStatusStatus, LastRemediation};
pub use target::{InvalidTarget, ScaleTarget, TargetKind};
