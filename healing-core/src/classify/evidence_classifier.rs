//! The default classifier.

use std::cmp::Reverse;

use super::Classifier;
use super::blame::Blame;
use super::evidence_config::EvidenceConfig;
use super::gathering::Gathering;
use super::losses::Losses;
use super::suspicion::Suspicion;
use crate::diagnosis::Diagnosis;
use crate::monitor::{IntegrityReport, IntegrityState};
use crate::number::InvalidNumber;
use crate::observation::Observation;

/// Ranks classes of problems by the evidence for them.
///
/// What each edge has lost of its healthy capacity is put down to causes: to one that is everywhere, or to single nodes, those
/// that explain most first. A cause is of a class by the edges that tell of it, and weighs as much as the share of the healthy
/// capacity that it took across a cut, so neither the size of the collection nor the unit of its capacities matters. Then the
/// metrics are asked whether they agree *about the same node*: a partition that loses its links without more load than others
/// is no hotspot, and one with more load that serves it all is none either. Several causes are several diagnoses; one that
/// another brings about (a replica that lags behind an overloaded partition) comes after it.
///
/// | problem | in the graph | in the metrics |
/// | --- | --- | --- |
/// | `hotspot_congestion` | a partition's links | its load over the mean |
/// | `centroid_skew` | a centroid's routes | its population over the mean |
/// | `replication_lag` | a replica's replication edge | its lag |
/// | `maintenance_contention` | a maintenance service's dependencies | jobs that wait, or could |
/// | `memory_pressure` | the routes of all centroids | the used share of memory |
/// | `index_fragmentation` | the same, or a partition's routes from its centroids | the worst index's fragmented share |
///
/// Where the host does not measure something, the graph speaks alone; the evidence then says so, and the confidence is that of
/// the graph alone. A collection that is well and shows nothing has no diagnosis; one that is degraded, and nothing is found
/// that is more likely than not, is `unknown`, with the share that each kind of edge lost and the most suspicious place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EvidenceClassifier {
    config: EvidenceConfig,
}

impl EvidenceClassifier {
    /// A classifier with other thresholds.
    ///
    /// # Errors
    /// As [`EvidenceConfig::validate`].
    pub fn new(config: EvidenceConfig) -> Result<Self, InvalidNumber> {
        config.validate()?;
        Ok(Self { config })
    }

    /// Everything that some evidence speaks for, likely or not: what the diagnoses are made of, and what a host calibrates on.
    #[must_use]
    pub fn suspicions(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Suspicion> {
        self.gather(observation, report).suspicions()
    }

    fn gather<'a>(&'a self, observation: &'a Observation, report: &'a IntegrityReport) -> Gathering<'a> {
        let losses = Losses::of(&observation.graph, report);
        Gathering {
            config: &self.config,
            metrics: &observation.metrics,
            report,
            blame: Blame::of(&losses),
            losses,
        }
    }
}

impl Classifier for EvidenceClassifier {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let gathering = self.gather(observation, report);
        let suspicions = gathering.suspicions();
        let classes = suspicions.chunk_by(|one, other| one.kind == other.kind);
        let mut diagnoses: Vec<Diagnosis> = classes.filter_map(|of_class| gathering.diagnosis(of_class)).collect();
        diagnoses.sort_by_key(|diagnosis| Reverse(diagnosis.confidence));
        if diagnoses.is_empty() && is_degraded(report) {
            diagnoses.push(gathering.unknown(&suspicions));
        }
        diagnoses
    }
}

/// Whether the collection is not as it should be, or was not a moment ago.
fn is_degraded(report: &IntegrityReport) -> bool {
    report.state != IntegrityState::Normal || report.below_stress()
}
