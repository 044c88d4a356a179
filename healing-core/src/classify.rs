//! From an observation and the monitor's report to ranked diagnoses.

mod blame;
mod calibration;
mod composed;
mod evidence_classifier;
mod evidence_config;
mod gathering;
mod losses;
mod measured;
mod rules;
mod suspicion;
mod wording;

pub use calibration::{Calibration, Weights};
pub use composed::{FirstOf, Vote, Weighted, Weightless};
pub use evidence_classifier::EvidenceClassifier;
pub use evidence_config::EvidenceConfig;
pub use rules::{RuleClassifier, RuleThresholds};
pub use suspicion::{Strengths, Suspicion};

use crate::diagnosis::Diagnosis;
use crate::monitor::IntegrityReport;
use crate::observation::Observation;

/// Reads what is wrong from what was observed.
///
/// An implementation is a pure function of its input: the same observation and report give the same diagnoses in the same
/// order, whatever came before.
pub trait Classifier: Send + Sync {
    /// The problems that explain the report, most certain first; several at once are several diagnoses, and a degraded
    /// collection that nothing explains is one `unknown`.
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis>;
}
