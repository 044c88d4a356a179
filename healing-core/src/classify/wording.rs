//! From suspicions to diagnoses: what was found, and why, in words and numbers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::gathering::Gathering;
use super::losses::share;
use super::suspicion::Suspicion;
use crate::diagnosis::{Diagnosis, Evidence};
use crate::metrics::JobState;
use crate::number::{Amount, Percent, Ratio};
use crate::problem::{ProblemClass, ProblemKind};
use crate::topology::EdgeKind;

impl Gathering<'_> {
    /// The diagnosis that the suspicions of one class come to, if one of them is sure enough.
    pub(super) fn diagnosis(&self, of_class: &[Suspicion]) -> Option<Diagnosis> {
        let confidence = |it: &Suspicion| self.config.calibration.confidence(&it.kind, &it.strengths);
        let mut found: Vec<&Suspicion> = of_class.iter().filter(|it| self.is_found(it)).collect();
        // The worst first: by its measurement, or by its loss where there is none.
        found.sort_by_key(|it| {
            (
                Reverse(Amount::clamped(it.measured.unwrap_or(0.0))),
                Reverse(it.lost),
                it.node,
            )
        });
        let surest = *found.iter().max_by_key(|it| (confidence(it), Reverse(it.node)))?;
        Some(Diagnosis {
            problem: self.problem(&found)?,
            confidence: confidence(surest),
            evidence: self.evidence(surest),
        })
    }

    /// What nothing explains, with the most likely suspicion there was.
    pub(super) fn unknown(&self, suspicions: &[Suspicion]) -> Diagnosis {
        let confidence = |it: &Suspicion| self.config.calibration.confidence(&it.kind, &it.strengths);
        let suspected = suspicions
            .iter()
            .max_by_key(|it| (confidence(it), it.lost, Reverse(it.node)));
        let mut parts = self.lost_across_minimum_cut();
        parts.extend(suspected.map(|it| {
            let place = it
                .node
                .map_or_else(|| "everywhere".to_owned(), |node| format!("around {node}"));
            let lost = it.lost.get() * 100.0;
            let sure = confidence(it).get() * 100.0;
            format!(
                "{place} {lost:.0} % are lost, which is {} with {sure:.0} % only",
                it.kind
            )
        }));
        Diagnosis {
            problem: ProblemClass::Unknown {
                witness_summary: parts.join("; "),
            },
            confidence: suspected.map_or(Ratio::ONE, |it| confidence(it).complement()),
            evidence: Vec::new(),
        }
    }

    /// The problem, with what stands out, worst first.
    fn problem(&self, found: &[&Suspicion]) -> Option<ProblemClass> {
        let ids = || found.iter().filter_map(|it| it.node).map(|node| node.id).collect();
        let worst = found.first()?;
        let measured = worst.measured.unwrap_or(0.0);
        Some(match worst.kind {
            ProblemKind::HotspotCongestion => ProblemClass::HotspotCongestion {
                partition_ids: ids(),
                load_ratio: Amount::clamped(measured),
            },
            ProblemKind::CentroidSkew => ProblemClass::CentroidSkew {
                centroid_ids: ids(),
                skew_factor: Amount::clamped(measured),
            },
            ProblemKind::ReplicationLag => ProblemClass::ReplicationLag {
                replica_ids: ids(),
                lag: Duration::try_from_secs_f64(measured).unwrap_or(Duration::MAX),
            },
            ProblemKind::MaintenanceContention => ProblemClass::MaintenanceContention {
                job_types: self.contending_job_types(),
                queue_depth: self.metrics.maintenance_queue_depth.unwrap_or(0),
            },
            ProblemKind::MemoryPressure => ProblemClass::MemoryPressure {
                current_usage_pct: Percent::clamped(measured),
                largest_consumers: self
                    .metrics
                    .memory
                    .iter()
                    .flat_map(|it| it.largest_consumers.clone())
                    .collect(),
            },
            ProblemKind::IndexFragmentation => ProblemClass::IndexFragmentation {
                index_ids: if self.metrics.index_fragmentation.is_empty() {
                    ids()
                } else {
                    self.fragmented()
                },
                fragmentation_pct: Percent::clamped(measured),
            },
            ProblemKind::Unknown | ProblemKind::Custom(_) => return None,
        })
    }

    /// The types of the jobs that are at work or wait, sorted.
    fn contending_job_types(&self) -> Vec<String> {
        let contending = self
            .metrics
            .jobs
            .iter()
            .filter(|job| matches!(job.state, JobState::Running | JobState::Waiting));
        let types: BTreeSet<&String> = contending.map(|job| &job.job_type).collect();
        types.into_iter().cloned().collect()
    }

    /// The indexes that are fragmented too far, worst first.
    fn fragmented(&self) -> Vec<i64> {
        let all = self.metrics.index_fragmentation.iter();
        let mut fragmented: Vec<_> = all
            .filter(|(_, share)| **share > self.config.fragmentation_pct)
            .collect();
        fragmented.sort_by_key(|(id, share)| (Reverse(**share), **id));
        fragmented.into_iter().map(|(id, _)| *id).collect()
    }

    /// Why, strongest first.
    fn evidence(&self, suspicion: &Suspicion) -> Vec<Evidence> {
        let threshold = self.config.lost_share.get();
        let lost = suspicion.lost.get();
        let in_the_graph = match suspicion.node {
            Some(node) => format!("share of the healthy capacity around {node} that it lost"),
            None => "share of the healthy capacity that routes from centroids lost everywhere".to_owned(),
        };
        let mut evidence = vec![Evidence::measured(in_the_graph, lost, threshold)];
        let (measure, threshold) = self.measure(suspicion);
        match (suspicion.measured, suspicion.strengths.measured) {
            (Some(value), Some(strength)) => {
                let first = if strength > suspicion.strengths.lost { 0 } else { 1 };
                evidence.insert(first, Evidence::measured(measure, value, threshold));
            }
            _ => evidence.push(Evidence::measured(
                format!("measurements that corroborate it (no {measure})"),
                0.0,
                0.0,
            )),
        }
        evidence.extend(self.lost_kinds(suspicion));
        evidence
    }

    /// What is measured for a class of problems, in words, and from where on it speaks for it.
    fn measure(&self, suspicion: &Suspicion) -> (String, f64) {
        let Self { config, .. } = self;
        let of = suspicion.node.map_or_else(String::new, |node| format!(" of {node}"));
        match suspicion.kind {
            ProblemKind::HotspotCongestion => (format!("load{of} over the mean"), config.load_ratio.get()),
            ProblemKind::CentroidSkew => (format!("population{of} over the mean"), config.skew_factor.get()),
            ProblemKind::ReplicationLag => (format!("lag{of}, seconds"), config.lag.as_secs_f64()),
            ProblemKind::MaintenanceContention => {
                (format!("jobs{of} that wait, or could"), config.contending_jobs.get())
            }
            ProblemKind::MemoryPressure => ("memory used, percent".to_owned(), config.memory_used_pct.get()),
            _ => (
                "fragmentation of the worst index, percent".to_owned(),
                config.fragmentation_pct.get(),
            ),
        }
    }

    /// Which kinds of edges lost how much around the suspected node, most first.
    fn lost_kinds(&self, suspicion: &Suspicion) -> Vec<Evidence> {
        let Some((node, at)) = suspicion
            .node
            .and_then(|node| Some((node, self.losses.graph().position(node)?)))
        else {
            return Vec::new();
        };
        let threshold = self.config.lost_share.get();
        let lost = self.lost_by_kind(self.losses.at(at).iter().copied());
        let speaking = lost.into_iter().filter(|(_, share)| *share > threshold);
        let in_words = |(kind, share)| {
            Evidence::measured(
                format!("share of it that {kind} edges around {node} lost"),
                share,
                threshold,
            )
        };
        speaking.map(in_words).collect()
    }

    /// Which kinds of edges lost how much across the minimum cut, in words, most first.
    fn lost_across_minimum_cut(&self) -> Vec<String> {
        let lost = self.lost_by_kind(self.edges_of(&self.report.witness));
        if lost.is_empty() {
            return vec!["no edge crosses the minimum cut: the graph is disconnected".to_owned()];
        }
        let in_words = |(kind, share): (EdgeKind, f64)| format!("{kind} {:.0} %", share * 100.0);
        let kinds: Vec<String> = lost.into_iter().map(in_words).collect();
        vec![format!("lost across the minimum cut: {}", kinds.join(", "))]
    }

    /// The share of the healthy capacity that each kind among some edges lost, most first.
    fn lost_by_kind(&self, edges: impl Iterator<Item = usize>) -> Vec<(EdgeKind, f64)> {
        let mut kinds: BTreeMap<EdgeKind, (f64, f64)> = BTreeMap::new();
        for edge in edges {
            let it = &self.losses.edges()[edge];
            let (healthy, lost) = kinds.entry(it.key.kind()).or_default();
            *healthy += it.healthy;
            *lost += it.healthy * share(it.damage);
        }
        let mut shares: Vec<(EdgeKind, f64)> = kinds
            .into_iter()
            .map(|(kind, (healthy, lost))| (kind, if healthy > 0.0 { lost / healthy } else { 0.0 }))
            .collect();
        shares.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        shares
    }
}
