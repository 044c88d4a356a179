//! The monitor: the minimum cut of what is observed, and what it means.

mod baseline;
mod hysteresis;
mod integrity_monitor;
mod report;
mod thresholds;

pub use hysteresis::{HysteresisConfig, IntegrityState, StateChange};
pub(crate) use integrity_monitor::lambda_with;
pub use integrity_monitor::{IntegrityMonitor, MonitorConfig, MonitorError};
pub use report::{IntegrityReport, WitnessEdge};
pub use thresholds::{ResolvedThresholds, Thresholds};
