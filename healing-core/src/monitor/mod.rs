//! The monitor: the minimum cut of what is observed, and what it means.
//!
//! [`IntegrityMonitor`] takes an [`Observation`](crate::Observation) of a collection in and gives an [`IntegrityReport`] out. It keeps its
//! own copy of the graph, so that only what changed goes into the minimum cut, and learns from the first samples what each
//! edge carries when all is well. So every cut has a baseline of its own, and the state follows from the cut that has lost the
//! greatest share of it: a node that always hung by a thread does not hide that the rest is falling apart.
//!
//! What must never break: the state changes only after as many samples, as much measured time and as long a cool-down as
//! [`HysteresisConfig`] says, whatever the signal and the clock do; and what is healthy never sinks by itself.

mod baseline;
mod drift;
mod hysteresis;
mod integrity_monitor;
mod learned_health;
mod mirror;
mod report;
mod thresholds;
mod trend;
mod weak_cuts;

pub use drift::{Drift, DriftConfig};
pub use hysteresis::{HysteresisConfig, IntegrityState, StateChange};
pub use integrity_monitor::{IntegrityMonitor, JudgedBy, MOST_WEAK_CUTS, MonitorConfig, MonitorError};
pub use learned_health::{HealthyEdge, LearnedHealth};
pub use report::{IntegrityReport, WeakCut, WeakenedEdge, WitnessEdge};
pub use thresholds::{ResolvedThresholds, Thresholds};
