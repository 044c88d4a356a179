//! Diagnoses: a problem, how sure we are of it, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::Ratio;
use crate::problem::ProblemClass;

/// A problem that a classifier found, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong.
    pub problem: ProblemClass,
    /// How sure the classifier is, 0..=1.
    pub confidence: Ratio,
    /// Why it thinks so, strongest first.
    pub evidence: Vec<Evidence>,
}

/// One reason for a diagnosis, in words and numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was measured: "partition_link edges in the witness".
    pub measure: String,
    /// The measured value.
    pub value: f64,
    /// The value above which it speaks for the problem.
    pub threshold: f64,
}

impl Evidence {
    /// `measure` came out at `value`, and speaks for the problem above `threshold`.
    #[must_use]
    pub fn measured(measure: impl Into<String>, value: f64, threshold: f64) -> Self {
        Self {
            measure: measure.into(),
            value,
            threshold,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.value > self.threshold {
            "above"
        } else {
            "not above"
        };
        write!(
            formatter,
            "{}: {:.4} ({place} {:.4})",
            self.measure,
            Trimmed(self.value),
            Trimmed(self.threshold)
        )
    }
}

/// A number with at most the asked-for decimals and no trailing zeros.
struct Trimmed(f64);

impl fmt::Display for Trimmed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.*}", formatter.precision().unwrap_or(3), self.0);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        formatter.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        assert_eq!(
            Evidence::measured("load ratio", 2.5, 1.0).to_string(),
            "load ratio: 2.5 (above 1)"
        );
        assert_eq!(
            Evidence::measured("queue depth", 100.0, 30.0).to_string(),
            "queue depth: 100 (above 30)"
        );
        assert_eq!(
            Evidence::measured("share lost", 0.0, 0.05).to_string(),
            "share lost: 0 (not above 0.05)"
        );
    }
}
