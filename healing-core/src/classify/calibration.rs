//! From evidence to confidence.

use serde::{Deserialize, Serialize};

use super::suspicion::Strengths;
use crate::number::{InvalidNumber, Ratio};
use crate::problem::ProblemKind;

/// How sure evidence makes: a logistic function of its strengths, one for each situation that a host can be in.
///
/// The default weights were fitted to 2,000 labelled incidents of the simulated cluster (each class alone, pairs, look-alikes,
/// noise) and checked on others: `cargo run --release -p healing-benches --bin diagnose -- --seed 1 --incidents 2000 --calibrate`
/// repeats the fit. A host with labelled incidents of its own can fit its own weights to
/// [`EvidenceClassifier::suspicions`](super::EvidenceClassifier::suspicions): the label is whether the suspicion was right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calibration {
    /// Hotspots, skew, lag and contention, where the host measures them: the graph shows them, the metrics corroborate.
    pub corroborated: Weights,
    /// The same where the host does not measure them.
    pub graph_alone: Weights,
    /// Memory and fragmentation, where the host measures them: the measurement is the problem, the graph corroborates.
    pub resource: Weights,
    /// The same where the host does not measure them.
    pub resource_graph_alone: Weights,
}

/// The weights of one logistic function, *1 / (1 + exp(-z))* with *z* the sum of the weighted strengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// What is added whatever the evidence.
    pub bias: f64,
    /// Of the strength of the loss in the graph.
    pub lost: f64,
    /// Of the strength of the measurement; of no account where there is none.
    pub measured: f64,
    /// What is added where something else was found that brings it about.
    pub symptom: f64,
}

impl Default for Weights {
    /// No weight at all: an even chance.
    fn default() -> Self {
        Self {
            bias: 0.0,
            lost: 0.0,
            measured: 0.0,
            symptom: 0.0,
        }
    }
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            corroborated: Weights {
                bias: -4.34,
                lost: 9.66,
                measured: 16.57,
                symptom: -3.0,
            },
            graph_alone: Weights {
                bias: -2.96,
                lost: 11.12,
                measured: 0.0,
                symptom: -3.0,
            },
            resource: Weights {
                bias: -0.35,
                lost: 2.61,
                measured: 16.25,
                symptom: 0.0,
            },
            resource_graph_alone: Weights {
                bias: -2.93,
                lost: 6.06,
                measured: 0.0,
                symptom: 0.0,
            },
        }
    }
}

impl Calibration {
    /// The weights that a suspicion is judged by.
    #[must_use]
    pub fn weights_for(&self, kind: &ProblemKind, strengths: &Strengths) -> &Weights {
        let is_resource = matches!(kind, ProblemKind::MemoryPressure | ProblemKind::IndexFragmentation);
        match (is_resource, strengths.measured.is_some()) {
            (false, true) => &self.corroborated,
            (false, false) => &self.graph_alone,
            (true, true) => &self.resource,
            (true, false) => &self.resource_graph_alone,
        }
    }

    /// How sure a suspicion with these strengths makes, 0..=1.
    #[must_use]
    pub fn confidence(&self, kind: &ProblemKind, strengths: &Strengths) -> Ratio {
        self.weights_for(kind, strengths).confidence(strengths)
    }

    /// Checks every weight.
    pub(super) fn validate(&self) -> Result<(), InvalidNumber> {
        for weights in [
            &self.corroborated,
            &self.graph_alone,
            &self.resource,
            &self.resource_graph_alone,
        ] {
            for (field, value) in [
                ("bias", weights.bias),
                ("lost", weights.lost),
                ("measured", weights.measured),
                ("symptom", weights.symptom),
            ] {
                if !value.is_finite() {
                    return Err(InvalidNumber {
                        field,
                        value,
                        expected: "a finite weight",
                    });
                }
            }
        }
        Ok(())
    }
}

impl Weights {
    fn confidence(&self, strengths: &Strengths) -> Ratio {
        let symptom = if strengths.is_symptom { self.symptom } else { 0.0 };
        let measured = self.measured * strengths.measured.unwrap_or(0.0);
        let z = self.bias + self.lost * strengths.lost + measured + symptom;
        Ratio::clamped(1.0 / (1.0 + (-z).exp()))
    }
}
