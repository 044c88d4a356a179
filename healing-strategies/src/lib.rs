//! Actuator traits by domain, and the built-in remediation strategies on them.
//!
//! A strategy here decides *what* to do and writes it down as data; an actuator, implemented by the host, *does* it. Both
//! are thin, and the healing-core engine owns the loop around them.
//!
//! | strategy | treats | actuator | impact | reversible |
//! | --- | --- | --- | --- | --- |
//! | [`RebalancePartitions`] | `hotspot_congestion` | [`Partitions`](actuators::Partitions) | 0.3 | yes |
//! | [`PauseMaintenance`] | `maintenance_contention` | [`Jobs`](actuators::Jobs) | 0.1 | yes |

pub mod actuators;
mod parameters;
mod pause_maintenance;
mod rebalance_partitions;

pub use pause_maintenance::PauseMaintenance;
pub use rebalance_partitions::{InvalidRebalanceConfig, RebalanceConfig, RebalancePartitions};
