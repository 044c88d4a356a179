//! How bad a fault is.

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    pub(crate) fn between(self, mild: f64, bad: f64) -> f64 {
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
