//! What the host measures beside the graph.
//!
//! Every part is optional: an empty map or a `None` means "not measured here", and whatever reads metrics copes with that.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration_serde;
use crate::keyed_by_number;
use crate::number::{Amount, Percent};
use crate::topology::NodeRef;

/// Measurements of one collection at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemMetrics {
    /// By partition number.
    #[serde(deserialize_with = "keyed_by_number::deserialize")]
    pub partitions: BTreeMap<i64, PartitionMetrics>,
    /// The number of vectors assigned to each centroid, by centroid number.
    #[serde(deserialize_with = "keyed_by_number::deserialize")]
    pub centroid_populations: BTreeMap<i64, u64>,
    /// By replica number.
    #[serde(deserialize_with = "keyed_by_number::deserialize")]
    pub replicas: BTreeMap<i64, ReplicaMetrics>,
    /// Background jobs that are running, waiting or paused.
    pub jobs: Vec<JobMetrics>,
    /// Background jobs that wait for their turn.
    pub maintenance_queue_depth: Option<u64>,
    /// Memory of the processes that serve the collection.
    pub memory: Option<MemoryMetrics>,
    /// The fragmented share of each index, by index number.
    #[serde(deserialize_with = "keyed_by_number::deserialize")]
    pub index_fragmentation: BTreeMap<i64, Percent>,
}

impl SystemMetrics {
    /// The mean load of the partitions, in requests a second; `None` where no partition is measured.
    #[must_use]
    pub fn mean_partition_load(&self) -> Option<Amount> {
        mean(self.partitions.values().map(|partition| partition.load.get()))
    }

    /// The mean number of vectors a centroid holds; `None` where no centroid is measured.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a mean of counts needs no more than 53 bits")]
    pub fn mean_centroid_population(&self) -> Option<Amount> {
        mean(self.centroid_populations.values().map(|&population| population as f64))
    }
}

/// Sums shares rather than values, so that values near the top of the range cannot overflow.
#[allow(clippy::cast_precision_loss, reason = "a number of parts far below 2^53")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<Amount> {
    let count = values.len() as f64;
    (count > 0.0).then(|| Amount::clamped(values.map(|value| value / count).sum()))
}

/// One partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionMetrics {
    /// Requests a second that arrive for it, served or not.
    pub load: Amount,
    /// How many of these requests insert; `None` where the host cannot tell them from others.
    #[serde(default)]
    pub inserts: Option<Amount>,
    /// Vectors (rows) it holds.
    pub vectors: u64,
}

/// One replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaMetrics {
    /// How far it is behind its primary.
    #[serde(rename = "lag_seconds", with = "duration_serde::seconds")]
    pub lag: Duration,
}

/// One background job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMetrics {
    /// The host's number for the job.
    pub id: i64,
    /// What kind of work it is: `vacuum`, `backup`, `reindex`, ...
    pub job_type: String,
    /// How much it matters.
    pub priority: JobPriority,
    /// What it is doing.
    pub state: JobState,
    /// The maintenance service that does it, where the host can tell.
    #[serde(default)]
    pub service: Option<NodeRef>,
}

/// How much a background job matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobPriority {
    /// Can wait for hours.
    Low,
    /// Can wait for minutes.
    Normal,
    /// Must not be held up.
    High,
}

/// What a background job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Waiting,
    /// It is at work.
    Running,
    /// It was asked to pause and finishes the operation it is in.
    Draining,
    /// It is paused.
    Paused,
}

/// Memory of the processes that serve a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryMetrics {
    /// The used share of the memory there is.
    pub used_pct: Percent,
    /// What uses most, largest first.
    pub largest_consumers: Vec<MemoryConsumer>,
}

/// Something that uses memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryConsumer {
    /// The host's name for it.
    pub name: String,
    /// What it uses.
    pub bytes: u64,
}
