//! The seed's rule table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Classifier;
use crate::diagnosis::{Diagnosis, Evidence};
use crate::metrics::{JobState, SystemMetrics};
use crate::monitor::{IntegrityReport, WitnessEdge};
use crate::number::{Amount, Percent, Ratio};
use crate::observation::Observation;
use crate::problem::{ProblemClass, ProblemKind};
use crate::topology::{EdgeKind, NodeKind, NodeRef};

/// Classifies as the seed document's `classify_problem` does: the first rule that matches decides, whatever else may be
/// wrong, and the rules count edges, whatever the graph's size.
///
/// | rule, in this order | problem |
/// | --- | --- |
/// | more than 3 `partition_link` edges in the witness | `hotspot_congestion` |
/// | more than 5 centroid nodes in the witness | `centroid_skew` |
/// | more than 0 `replication` edges in the witness | `replication_lag` |
/// | more than 2 `dependency` edges in the witness | `maintenance_contention` |
/// | more than 85 % of memory used | `memory_pressure` |
/// | more than 30 % of an index fragmented | `index_fragmentation` |
/// | otherwise | `unknown` |
///
/// A match is sure (confidence 1), `unknown` is not (0). Of the nodes that a matching rule is about, the diagnosis names
/// those that stand out in the metrics: partitions and centroids above their mean, replicas that lag at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleClassifier {
    thresholds: RuleThresholds,
}

/// What each rule must find more than.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleThresholds {
    /// `partition_link` edges in the witness, for a hotspot. 3.
    pub partition_links: usize,
    /// Centroid nodes in the witness, for skew. 5.
    pub centroid_nodes: usize,
    /// `replication` edges in the witness, for lag. 0.
    pub replication_links: usize,
    /// `dependency` edges in the witness, for contention. 2.
    pub dependencies: usize,
    /// Used memory, for memory pressure. 85 %.
    pub memory_used_pct: Percent,
    /// The worst index's fragmented share, for fragmentation. 30 %.
    pub fragmentation_pct: Percent,
}

impl Default for RuleThresholds {
    /// The seed's: 3, 5, 0, 2, 85 %, 30 %.
    fn default() -> Self {
        Self {
            partition_links: 3,
            centroid_nodes: 5,
            replication_links: 0,
            dependencies: 2,
            memory_used_pct: Percent::clamped(85.0),
            fragmentation_pct: Percent::clamped(30.0),
        }
    }
}

impl RuleClassifier {
    /// The seed's table with other thresholds.
    #[must_use]
    pub fn new(thresholds: RuleThresholds) -> Self {
        Self { thresholds }
    }
}

impl Classifier for RuleClassifier {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let witness = &report.witness;
        let metrics = &observation.metrics;
        let Self { thresholds } = self;
        let edges = count_edge_kinds(witness);
        let edges_of = |kind| edges.get(&kind).copied().unwrap_or(0);
        let nodes = witness_nodes(witness);
        let centroids = nodes.iter().filter(|node| node.kind == NodeKind::Centroid).count();
        let memory_used = metrics.memory.as_ref().map_or(Percent::ZERO, |memory| memory.used_pct);
        let fragmentation = metrics.index_fragmentation.values().copied().max().unwrap_or_default();

        let diagnosis = if edges_of(EdgeKind::PartitionLink) > thresholds.partition_links {
            let links = counted(
                "partition_link edges in the witness",
                edges_of(EdgeKind::PartitionLink),
                thresholds.partition_links,
            );
            hotspot(&nodes, metrics, links)
        } else if centroids > thresholds.centroid_nodes {
            let found = counted("centroid nodes in the witness", centroids, thresholds.centroid_nodes);
            skew(&nodes, metrics, found)
        } else if edges_of(EdgeKind::Replication) > thresholds.replication_links {
            let links = counted(
                "replication edges in the witness",
                edges_of(EdgeKind::Replication),
                thresholds.replication_links,
            );
            lag(&nodes, metrics, links)
        } else if edges_of(EdgeKind::Dependency) > thresholds.dependencies {
            let links = counted(
                "dependency edges in the witness",
                edges_of(EdgeKind::Dependency),
                thresholds.dependencies,
            );
            contention(metrics, links)
        } else if memory_used > thresholds.memory_used_pct {
            let used = Evidence::measured(
                "memory used, percent",
                memory_used.get(),
                thresholds.memory_used_pct.get(),
            );
            let largest_consumers = metrics
                .memory
                .iter()
                .flat_map(|memory| memory.largest_consumers.clone())
                .collect();
            certain(
                ProblemClass::MemoryPressure {
                    current_usage_pct: memory_used,
                    largest_consumers,
                },
                vec![used],
            )
        } else if fragmentation > thresholds.fragmentation_pct {
            fragmented(metrics, fragmentation, thresholds.fragmentation_pct)
        } else {
            unknown(witness)
        };
        vec![diagnosis]
    }
}

fn hotspot(nodes: &BTreeSet<NodeRef>, metrics: &SystemMetrics, links: Evidence) -> Diagnosis {
    let mean = metrics.mean_partition_load().unwrap_or_default();
    let in_witness = ids_of(nodes, NodeKind::Partition);
    let loads = in_witness.filter_map(|id| Some((id, metrics.partitions.get(&id)?.load)));
    let (partition_ids, hottest) = standing_out(loads, mean);
    let load_ratio = over(hottest, mean);
    let evidence = vec![
        links,
        Evidence::measured("load of the hottest over the mean", load_ratio.get(), 1.0),
    ];
    certain(
        ProblemClass::HotspotCongestion {
            partition_ids,
            load_ratio,
        },
        evidence,
    )
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a factor of populations needs no more than 53 bits"
)]
fn skew(nodes: &BTreeSet<NodeRef>, metrics: &SystemMetrics, found: Evidence) -> Diagnosis {
    let mean = metrics.mean_centroid_population().unwrap_or_default();
    let in_witness = ids_of(nodes, NodeKind::Centroid);
    let populations =
        in_witness.filter_map(|id| Some((id, Amount::clamped(*metrics.centroid_populations.get(&id)? as f64))));
    let (centroid_ids, fullest) = standing_out(populations, mean);
    let skew_factor = over(fullest, mean);
    let evidence = vec![
        found,
        Evidence::measured("population of the fullest over the mean", skew_factor.get(), 1.0),
    ];
    certain(
        ProblemClass::CentroidSkew {
            centroid_ids,
            skew_factor,
        },
        evidence,
    )
}

fn lag(nodes: &BTreeSet<NodeRef>, metrics: &SystemMetrics, links: Evidence) -> Diagnosis {
    let in_witness = ids_of(nodes, NodeKind::ReplicationTarget);
    let lags = in_witness.filter_map(|id| Some((id, Amount::clamped(metrics.replicas.get(&id)?.lag.as_secs_f64()))));
    let (replica_ids, furthest) = standing_out(lags, Amount::ZERO);
    let lag = Duration::try_from_secs_f64(furthest.get()).unwrap_or(Duration::MAX);
    let evidence = vec![
        links,
        Evidence::measured("lag of the furthest behind, seconds", furthest.get(), 0.0),
    ];
    certain(ProblemClass::ReplicationLag { replica_ids, lag }, evidence)
}

#[allow(clippy::cast_precision_loss, reason = "a queue depth needs no more than 53 bits")]
fn contention(metrics: &SystemMetrics, links: Evidence) -> Diagnosis {
    let contending = metrics
        .jobs
        .iter()
        .filter(|job| matches!(job.state, JobState::Running | JobState::Waiting));
    let job_types: BTreeSet<_> = contending.map(|job| job.job_type.clone()).collect();
    let queue_depth = metrics.maintenance_queue_depth.unwrap_or(0);
    let evidence = vec![
        links,
        Evidence::measured("maintenance queue depth", queue_depth as f64, 0.0),
    ];
    let job_types = job_types.into_iter().collect();
    certain(ProblemClass::MaintenanceContention { job_types, queue_depth }, evidence)
}

fn fragmented(metrics: &SystemMetrics, worst: Percent, threshold: Percent) -> Diagnosis {
    let mut indexes: Vec<_> = metrics
        .index_fragmentation
        .iter()
        .filter(|(_, share)| **share > threshold)
        .collect();
    indexes.sort_by_key(|(id, share)| (std::cmp::Reverse(**share), **id));
    let index_ids = indexes.into_iter().map(|(id, _)| *id).collect();
    let evidence = vec![Evidence::measured(
        "fragmentation of the worst index, percent",
        worst.get(),
        threshold.get(),
    )];
    certain(
        ProblemClass::IndexFragmentation {
            index_ids,
            fragmentation_pct: worst,
        },
        evidence,
    )
}

fn unknown(witness: &[WitnessEdge]) -> Diagnosis {
    let kinds = count_edge_kinds(witness);
    let weakest = witness
        .iter()
        .max_by_key(|edge| (edge.edge().error_rate(), std::cmp::Reverse(edge.edge().key())));
    let mut parts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if let Some(weakest) = weakest {
        let lost = weakest.edge().error_rate().get() * 100.0;
        parts.push(format!(
            "the weakest is {} ({lost:.0} % of its capacity lost)",
            weakest.edge().key()
        ));
    }
    let witness_summary = if parts.is_empty() {
        "no edge crosses the cut: the graph is disconnected".to_owned()
    } else {
        parts.join(", ")
    };
    Diagnosis {
        problem: ProblemClass::Unknown { witness_summary },
        confidence: Ratio::ZERO,
        evidence: Vec::new(),
    }
}

fn certain(problem: ProblemClass, evidence: Vec<Evidence>) -> Diagnosis {
    debug_assert_ne!(problem.kind(), ProblemKind::Unknown);
    Diagnosis {
        problem,
        confidence: Ratio::ONE,
        evidence,
    }
}

/// The ids whose value is above `threshold`, greatest first, and the greatest value.
fn standing_out(values: impl Iterator<Item = (i64, Amount)>, threshold: Amount) -> (Vec<i64>, Amount) {
    let mut above: Vec<_> = values.filter(|(_, value)| *value > threshold).collect();
    above.sort_by_key(|&(id, value)| (std::cmp::Reverse(value), id));
    let greatest = above.first().map_or(Amount::ZERO, |&(_, value)| value);
    (above.into_iter().map(|(id, _)| id).collect(), greatest)
}

fn over(part: Amount, mean: Amount) -> Amount {
    if mean > Amount::ZERO {
        Amount::clamped(part.get() / mean.get())
    } else {
        Amount::ZERO
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of edges far below 2^53")]
fn counted(what: &str, count: usize, threshold: usize) -> Evidence {
    Evidence::measured(what, count as f64, threshold as f64)
}

fn count_edge_kinds(witness: &[WitnessEdge]) -> BTreeMap<EdgeKind, usize> {
    let mut counts = BTreeMap::new();
    for edge in witness {
        *counts.entry(edge.edge().key().kind()).or_insert(0) += 1;
    }
    counts
}

fn witness_nodes(witness: &[WitnessEdge]) -> BTreeSet<NodeRef> {
    let ends = witness.iter().map(|edge| edge.edge().key().ends());
    ends.flat_map(|(a, b)| [a, b]).collect()
}

fn ids_of(nodes: &BTreeSet<NodeRef>, kind: NodeKind) -> impl Iterator<Item = i64> {
    nodes.iter().filter(move |node| node.kind == kind).map(|node| node.id)
}
