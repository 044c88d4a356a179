//! What can go wrong with the cluster. A fault stays until something is done about it.

use std::fmt;
use std::time::Duration;

use healing_core::metrics::JobPriority;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::design::{PARTITIONS, REPLICAS_PER_SHARD, SERVICE_CAPACITY, SHARDS};
use crate::state::State;

/// How bad a fault is: 0 hardly noticeable, 1 as bad as this cluster has seen.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Severity(f64);

/// A severity out of range.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("the severity is {0}, expected a number in 0..=1")]
pub struct InvalidSeverity(f64);

impl Severity {
    /// Checks `severity`.
    ///
    /// # Errors
    /// [`InvalidSeverity`] when it is not a number in 0..=1.
    pub fn new(severity: f64) -> Result<Self, InvalidSeverity> {
        if (0.0..=1.0).contains(&severity) {
            Ok(Self(severity))
        } else {
            Err(InvalidSeverity(severity))
        }
    }

    /// Between `mild` at 0 and `bad` at 1.
    fn between(self, mild: f64, bad: f64) -> f64 {
        mild + (bad - mild) * self.0
    }
}

impl TryFrom<f64> for Severity {
    type Error = InvalidSeverity;

    fn try_from(severity: f64) -> Result<Self, InvalidSeverity> {
        Self::new(severity)
    }
}

impl From<Severity> for f64 {
    fn from(severity: Severity) -> f64 {
        severity.0
    }
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Clients ask for what is in one partition much more often than it can serve.
    HotPartition {
        /// The partition.
        partition: i64,
        /// 0: its load is what it can just serve; 1: two and a half times as much.
        severity: Severity,
    },
    /// Low-priority jobs pile up on one shard.
    MaintenanceStorm {
        /// The shard.
        shard: i64,
        /// 0: one job; 1: twelve.
        severity: Severity,
    },
    /// A replica applies nothing for a while and does not catch up.
    LaggingReplica {
        /// The replica.
        replica: i64,
        /// 0: not behind; 1: a minute behind.
        severity: Severity,
    },
}

impl Fault {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of jobs between 1 and 12"
    )]
    pub(crate) fn strike(self, state: &mut State) {
        match self {
            Self::HotPartition { partition, severity } => {
                let load = state.partitions.load(partition);
                let wanted = SERVICE_CAPACITY * severity.between(1.0, 2.5);
                if load > 0.0 && wanted > load {
                    state.partitions.multiply_rates(partition, wanted / load);
                }
            }
            Self::MaintenanceStorm { shard, severity } => {
                let kinds = ["reindex", "backup", "analyze"];
                for job in 0..severity.between(1.0, 12.0).round() as usize {
                    state
                        .maintenance
                        .add(shard, kinds[job % kinds.len()], JobPriority::Low, 30.0);
                }
                state.maintenance.fill_slots();
            }
            Self::LaggingReplica { replica, severity } => {
                let lag = Duration::from_secs_f64(severity.between(0.0, 60.0));
                state.replication.hold_back(replica, lag);
            }
        }
    }

    /// Whether what it names exists.
    pub(crate) fn target_exists(self) -> bool {
        let (id, last) = match self {
            Self::HotPartition { partition, .. } => (partition, PARTITIONS),
            Self::MaintenanceStorm { shard, .. } => (shard, SHARDS),
            Self::LaggingReplica { replica, .. } => (replica, SHARDS * REPLICAS_PER_SHARD),
        };
        (1..=last).contains(&id)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HotPartition { partition, severity } => {
                let load = SERVICE_CAPACITY * severity.between(1.0, 2.5);
                write!(
                    formatter,
                    "clients turn to partition {partition}: {load:.0} requests a second for the {SERVICE_CAPACITY:.0} it can serve"
                )
            }
            Self::MaintenanceStorm { shard, severity } => {
                write!(
                    formatter,
                    "{:.0} low-priority jobs pile up on shard {shard}",
                    severity.between(1.0, 12.0).round()
                )
            }
            Self::LaggingReplica { replica, severity } => {
                write!(
                    formatter,
                    "replica {replica} stops applying and falls {:.0} seconds behind",
                    severity.between(0.0, 60.0)
                )
            }
        }
    }
}
