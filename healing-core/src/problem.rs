//! What can be wrong with a collection (seed, "Problem Classification").

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration_serde;
use crate::identity::{InvalidName, check_wire_name};
use crate::metrics::{JobState, MemoryConsumer, SystemMetrics};
use crate::number::{Amount, Percent};

/// A problem with what was found out about it.
///
/// On the wire: `{"problem_class": "hotspot_congestion", "problem_details": {...}}`, the seed's two columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "problem_class", content = "problem_details", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemClass {
    /// Partitions carry more load than they can serve.
    HotspotCongestion {
        /// The overloaded partitions, hottest first.
        partition_ids: Vec<i64>,
        /// The hottest one's load over the mean load of all.
        load_ratio: Amount,
    },
    /// Centroids of an inverted-file index hold very unequal numbers of vectors.
    CentroidSkew {
        /// The overfull centroids, fullest first.
        centroid_ids: Vec<i64>,
        /// The fullest one's population over the mean of all.
        skew_factor: Amount,
    },
    /// Replicas are behind.
    ReplicationLag {
        /// The lagging replicas, furthest behind first.
        replica_ids: Vec<i64>,
        /// How far the furthest is behind.
        #[serde(rename = "lag_seconds", with = "duration_serde::seconds")]
        lag: Duration,
    },
    /// Background jobs are in each other's way.
    MaintenanceContention {
        /// The types of the contending jobs, sorted, each once.
        job_types: Vec<String>,
        /// Jobs that wait for their turn.
        queue_depth: u64,
    },
    /// Indexes are fragmented.
    IndexFragmentation {
        /// The fragmented indexes, worst first.
        index_ids: Vec<i64>,
        /// The worst one's fragmented share.
        fragmentation_pct: Percent,
    },
    /// Memory runs out.
    MemoryPressure {
        /// The used share.
        current_usage_pct: Percent,
        /// What uses most, largest first.
        largest_consumers: Vec<MemoryConsumer>,
    },
    /// Something is wrong that no rule explains: a case for a human, never healed automatically.
    Unknown {
        /// The weakened edges, in words.
        witness_summary: String,
    },
    /// A class of the host's own.
    Custom {
        /// The class's name.
        kind: CustomKind,
        /// Whatever the host's classifier found out.
        details: serde_json::Value,
    },
}

impl ProblemClass {
    /// The problem's kind: what strategies and configuration name.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::HotspotCongestion { .. } => ProblemKind::HotspotCongestion,
            Self::CentroidSkew { .. } => ProblemKind::CentroidSkew,
            Self::ReplicationLag { .. } => ProblemKind::ReplicationLag,
            Self::MaintenanceContention { .. } => ProblemKind::MaintenanceContention,
            Self::IndexFragmentation { .. } => ProblemKind::IndexFragmentation,
            Self::MemoryPressure { .. } => ProblemKind::MemoryPressure,
            Self::Unknown { .. } => ProblemKind::Unknown,
            Self::Custom { kind, .. } => ProblemKind::Custom(kind.clone()),
        }
    }

    /// How strongly the problem itself shows in `metrics`: smaller is better, 0 is gone.
    ///
    /// A remediation that lambda does not notice (memory, fragmentation) is verified by this. `None` where the host does
    /// not measure it, and for `unknown` and custom problems.
    #[must_use]
    pub fn symptom(&self, metrics: &SystemMetrics) -> Option<Amount> {
        match self {
            Self::HotspotCongestion { partition_ids, .. } => {
                let hottest = partition_ids
                    .iter()
                    .filter_map(|id| metrics.partitions.get(id))
                    .map(|it| it.load)
                    .max()?;
                ratio(hottest, metrics.mean_partition_load()?)
            }
            Self::CentroidSkew { centroid_ids, .. } => {
                let populations = centroid_ids
                    .iter()
                    .filter_map(|id| metrics.centroid_populations.get(id));
                ratio(count(*populations.max()?), metrics.mean_centroid_population()?)
            }
            Self::ReplicationLag { replica_ids, .. } => {
                let lag = replica_ids
                    .iter()
                    .filter_map(|id| metrics.replicas.get(id))
                    .map(|it| it.lag)
                    .max()?;
                Some(Amount::clamped(lag.as_secs_f64()))
            }
            Self::MaintenanceContention { .. } => {
                let at_work = |state| matches!(state, JobState::Running | JobState::Draining);
                let running = metrics.jobs.iter().filter(|job| at_work(job.state)).count() as u64;
                Some(count(running.saturating_add(metrics.maintenance_queue_depth?)))
            }
            Self::IndexFragmentation { index_ids, .. } => {
                let worst = index_ids
                    .iter()
                    .filter_map(|id| metrics.index_fragmentation.get(id))
                    .max()?;
                Some(Amount::clamped(worst.get()))
            }
            Self::MemoryPressure { .. } => Some(Amount::clamped(metrics.memory.as_ref()?.used_pct.get())),
            Self::Unknown { .. } | Self::Custom { .. } => None,
        }
    }
}

fn ratio(part: Amount, mean: Amount) -> Option<Amount> {
    (mean > Amount::ZERO).then(|| Amount::clamped(part.get() / mean.get()))
}

#[allow(clippy::cast_precision_loss, reason = "a symptom needs no more than 53 bits")]
fn count(number: u64) -> Amount {
    Amount::clamped(number as f64)
}

/// The kind of a problem, without what was found out about the single case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum ProblemKind {
    /// See [`ProblemClass::HotspotCongestion`].
    HotspotCongestion,
    /// See [`ProblemClass::CentroidSkew`].
    CentroidSkew,
    /// See [`ProblemClass::ReplicationLag`].
    ReplicationLag,
    /// See [`ProblemClass::MaintenanceContention`].
    MaintenanceContention,
    /// See [`ProblemClass::IndexFragmentation`].
    IndexFragmentation,
    /// See [`ProblemClass::MemoryPressure`].
    MemoryPressure,
    /// See [`ProblemClass::Unknown`].
    Unknown,
    /// See [`ProblemClass::Custom`].
    Custom(CustomKind),
}

impl ProblemKind {
    /// The kinds the crate itself knows.
    pub const BUILT_IN: [Self; 7] = [
        Self::HotspotCongestion,
        Self::CentroidSkew,
        Self::ReplicationLag,
        Self::MaintenanceContention,
        Self::IndexFragmentation,
        Self::MemoryPressure,
        Self::Unknown,
    ];

    /// The kind's wire name, in snake_case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::HotspotCongestion => "hotspot_congestion",
            Self::CentroidSkew => "centroid_skew",
            Self::ReplicationLag => "replication_lag",
            Self::MaintenanceContention => "maintenance_contention",
            Self::IndexFragmentation => "index_fragmentation",
            Self::MemoryPressure => "memory_pressure",
            Self::Unknown => "unknown",
            Self::Custom(kind) => kind.as_str(),
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for ProblemKind {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        match Self::BUILT_IN.into_iter().find(|kind| kind.as_str() == name) {
            Some(kind) => Ok(kind),
            None => Ok(Self::Custom(CustomKind::new(name)?)),
        }
    }
}

impl TryFrom<String> for ProblemKind {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        name.parse()
    }
}

impl From<ProblemKind> for String {
    fn from(kind: ProblemKind) -> String {
        kind.as_str().to_owned()
    }
}

/// The name of a host's own problem class: snake_case, and none of the built-in names nor `custom`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomKind(String);

impl CustomKind {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`InvalidName`] when it is not snake_case, is longer than [`MAX_NAME_BYTES`](crate::identity::MAX_NAME_BYTES), or is a
    /// name that the crate itself uses.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        check_wire_name("problem kind", &name)?;
        if name == "custom" || ProblemKind::BUILT_IN.iter().any(|kind| kind.as_str() == name) {
            return Err(InvalidName::Reserved {
                what: "problem kind",
                name,
            });
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for CustomKind {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl TryFrom<String> for CustomKind {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl From<CustomKind> for String {
    fn from(kind: CustomKind) -> String {
        kind.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_from_their_names() {
        for kind in ProblemKind::BUILT_IN {
            assert_eq!(kind.as_str().parse::<ProblemKind>().unwrap(), kind);
        }
        let own: ProblemKind = "cache_stampede".parse().unwrap();
        assert_eq!(own, ProblemKind::Custom(CustomKind::new("cache_stampede").unwrap()));
        assert!("Cache Stampede".parse::<ProblemKind>().is_err());
        assert!(CustomKind::new("unknown").is_err() && CustomKind::new("custom").is_err());
        let kind: CustomKind = "cache_stampede".parse().unwrap();
        assert_eq!(kind.to_string(), own.to_string());
    }

    #[test]
    fn the_wire_form_is_the_seeds_two_columns() {
        let problem = ProblemClass::ReplicationLag {
            replica_ids: vec![4],
            lag: Duration::from_millis(1500),
        };
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "problem_class": "replication_lag",
                "problem_details": { "replica_ids": [4], "lag_seconds": 1.5 },
            })
        );
        assert_eq!(serde_json::from_value::<ProblemClass>(json).unwrap(), problem);
    }

    #[test]
    fn a_symptom_that_is_not_measured_is_absent() {
        let metrics = SystemMetrics::default();
        let hotspot = ProblemClass::HotspotCongestion {
            partition_ids: vec![1],
            load_ratio: Amount::ZERO,
        };
        assert_eq!(hotspot.symptom(&metrics), None);
        let contention = ProblemClass::MaintenanceContention {
            job_types: vec![],
            queue_depth: 3,
        };
        assert_eq!(contention.symptom(&metrics), None);
    }
}
