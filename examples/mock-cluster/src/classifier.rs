//! What is wrong with the cluster: the rules, as far as measurements bear them out.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use healing_core::classify::RuleClassifier;
use healing_core::diagnosis::{Diagnosis, Evidence};
use healing_core::metrics::{JobState, SystemMetrics};
use healing_core::monitor::IntegrityReport;
use healing_core::{Amount, Classifier, Observation, Percent, ProblemClass, Ratio};

/// The load, or the population, of the greatest over the mean, from which on it stands out.
const STANDS_OUT: f64 = 1.5;
/// A replica further behind than this lags.
const LAGS: Duration = Duration::from_secs(5);
/// Jobs that wait for their turn in a cluster where something is in the way.
const QUEUES: u64 = 1;
/// The used share of memory, and the fragmented share of an index, that is too much: the thresholds of the rules.
const FULL: f64 = 85.0;
const FRAGMENTED: f64 = 30.0;

/// The host's own classifier: [`RuleClassifier`] read the cut, and this asks the metrics whether they agree.
///
/// The rules count the edges of a cut, so a partition with a broken disk looks like a hotspot to them, and an overfull centroid
/// like nothing at all. Where a measurement stands out in the direction of the rule, its diagnosis is taken; else what stands
/// out is the diagnosis, the most striking first; and where nothing does, it is a case for a human.
#[derive(Debug, Clone, Copy, Default)]
pub struct CorroboratedRules {
    rules: RuleClassifier,
}

impl Classifier for CorroboratedRules {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let metrics = &observation.metrics;
        let findings = [hotspot, skew, lag, contention, memory, fragmentation];
        let mut measured: Vec<Diagnosis> = findings.iter().filter_map(|find| find(metrics)).collect();
        measured.sort_by_key(|diagnosis| Reverse(excess(diagnosis)));
        let mut ruled = self.rules.classify(observation, report);
        ruled.retain(|diagnosis| match &diagnosis.problem {
            ProblemClass::Unknown { .. } => measured.is_empty(),
            problem => measured.iter().any(|it| it.problem.kind() == problem.kind()),
        });
        measured.retain(|diagnosis| ruled.iter().all(|it| it.problem.kind() != diagnosis.problem.kind()));
        ruled.append(&mut measured);
        if ruled.is_empty() {
            let side: Vec<String> = report.side.iter().map(ToString::to_string).collect();
            let witness_summary = format!(
                "{} edges around {} are weak, and no measurement stands out",
                report.witness.len(),
                side.join(", ")
            );
            ruled.push(Diagnosis {
                problem: ProblemClass::Unknown { witness_summary },
                confidence: Ratio::ZERO,
                evidence: Vec::new(),
            });
        }
        ruled
    }
}

fn hotspot(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let mean = metrics.mean_partition_load()?.get();
    let loads = metrics.partitions.iter().map(|(&id, it)| (id, it.load.get() / mean));
    let (partition_ids, ratio) = standing_out(loads)?;
    let problem = ProblemClass::HotspotCongestion {
        partition_ids,
        load_ratio: Amount::clamped(ratio),
    };
    Some(measured(
        problem,
        "load of the hottest over the mean",
        ratio,
        STANDS_OUT,
    ))
}

#[allow(clippy::cast_precision_loss, reason = "a ratio of counts needs no more than 53 bits")]
fn skew(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let mean = metrics.mean_centroid_population()?.get();
    let populations = metrics.centroid_populations.iter();
    let (centroid_ids, factor) = standing_out(populations.map(|(&id, &it)| (id, it as f64 / mean)))?;
    let problem = ProblemClass::CentroidSkew {
        centroid_ids,
        skew_factor: Amount::clamped(factor),
    };
    Some(measured(
        problem,
        "population of the fullest over the mean",
        factor,
        STANDS_OUT,
    ))
}

fn lag(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let mut behind: Vec<_> = metrics.replicas.iter().filter(|(_, it)| it.lag > LAGS).collect();
    behind.sort_by_key(|(id, it)| (Reverse(it.lag), **id));
    let lag = behind.first()?.1.lag;
    let problem = ProblemClass::ReplicationLag {
        replica_ids: behind.iter().map(|(id, _)| **id).collect(),
        lag,
    };
    let measure = "lag of the furthest behind, seconds";
    Some(measured(problem, measure, lag.as_secs_f64(), LAGS.as_secs_f64()))
}

#[allow(clippy::cast_precision_loss, reason = "a queue depth needs no more than 53 bits")]
fn contention(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let queue_depth = metrics.maintenance_queue_depth.filter(|depth| *depth >= QUEUES)?;
    let contending = metrics
        .jobs
        .iter()
        .filter(|job| matches!(job.state, JobState::Running | JobState::Waiting));
    let job_types: BTreeSet<String> = contending.map(|job| job.job_type.clone()).collect();
    let problem = ProblemClass::MaintenanceContention {
        job_types: job_types.into_iter().collect(),
        queue_depth,
    };
    Some(measured(
        problem,
        "maintenance queue depth",
        queue_depth as f64,
        QUEUES as f64,
    ))
}

fn memory(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let memory = metrics.memory.as_ref().filter(|it| it.used_pct.get() > FULL)?;
    let problem = ProblemClass::MemoryPressure {
        current_usage_pct: memory.used_pct,
        largest_consumers: memory.largest_consumers.clone(),
    };
    Some(measured(problem, "memory used, percent", memory.used_pct.get(), FULL))
}

fn fragmentation(metrics: &SystemMetrics) -> Option<Diagnosis> {
    let mut worst: Vec<(i64, Percent)> = metrics.index_fragmentation.iter().map(|(&id, &it)| (id, it)).collect();
    worst.retain(|(_, share)| share.get() > FRAGMENTED);
    worst.sort_by_key(|&(id, share)| (Reverse(share), id));
    let fragmentation_pct = worst.first()?.1;
    let problem = ProblemClass::IndexFragmentation {
        index_ids: worst.into_iter().map(|(id, _)| id).collect(),
        fragmentation_pct,
    };
    let measure = "fragmentation of the worst index, percent";
    Some(measured(problem, measure, fragmentation_pct.get(), FRAGMENTED))
}

/// Those above the mean by far, greatest first, and the greatest ratio.
fn standing_out(ratios: impl Iterator<Item = (i64, f64)>) -> Option<(Vec<i64>, f64)> {
    let mut above: Vec<(i64, f64)> = ratios.filter(|(_, ratio)| *ratio > STANDS_OUT).collect();
    above.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let greatest = above.first()?.1;
    Some((above.into_iter().map(|(id, _)| id).collect(), greatest))
}

fn measured(problem: ProblemClass, measure: &str, value: f64, threshold: f64) -> Diagnosis {
    Diagnosis {
        problem,
        confidence: Ratio::literal(0.8),
        evidence: vec![Evidence::above(measure, value, threshold)],
    }
}

/// How far beyond its threshold the measurement is.
fn excess(diagnosis: &Diagnosis) -> Amount {
    let beyond = diagnosis.evidence.iter().map(|it| it.value / it.threshold);
    Amount::clamped(beyond.fold(0.0, f64::max))
}
