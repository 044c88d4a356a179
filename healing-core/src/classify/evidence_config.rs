//! What the evidence must come to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use crate::duration_serde;
use crate::number::{Amount, InvalidNumber, Percent, Ratio};

/// Where evidence begins to speak for a problem. Just at its threshold a piece of evidence says nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvidenceConfig {
    /// The share of the healthy capacity across a cut that a cause takes. 0.05: five times what a noisy network loses in the
    /// simulated cluster, a quarter of what makes a collection stressed.
    pub lost_share: Ratio,
    /// A partition's load over the mean of all. 1.5: healthy partitions differ by a sixth in the simulated cluster, and a
    /// partition that is planned for its mean load with half in reserve is full there.
    pub load_ratio: Amount,
    /// A centroid's population over the mean of all. 1.3: searches are planned for lists a quarter longer than the mean.
    pub skew_factor: Amount,
    /// How far behind a replica is. 5 s, more than a hundred times the healthy lag of streaming replication in one place.
    #[serde(rename = "lag_seconds", with = "duration_serde::seconds")]
    pub lag: Duration,
    /// Jobs that wait for their turn, or are at work and of low priority, at one maintenance service; where the host does not
    /// tell which service does a job, at all of them. 1: a single one is in nobody's way.
    pub contending_jobs: Amount,
    /// The used share of memory. The seed's 85 %.
    pub memory_used_pct: Percent,
    /// The fragmented share of an index. The seed's 30 %.
    pub fragmentation_pct: Percent,
    /// A diagnosis less sure than this is not made. 0.5: as likely wrong as right.
    pub min_confidence: Ratio,
    /// From the strengths of the evidence to confidence.
    pub calibration: Calibration,
}

impl Default for EvidenceConfig {
    fn default() -> Self {
        Self {
            lost_share: Ratio::literal(0.05),
            load_ratio: Amount::clamped(1.5),
            skew_factor: Amount::clamped(1.3),
            lag: Duration::from_secs(5),
            contending_jobs: Amount::clamped(1.0),
            memory_used_pct: Percent::clamped(85.0),
            fragmentation_pct: Percent::clamped(30.0),
            min_confidence: Ratio::literal(0.5),
            calibration: Calibration::default(),
        }
    }
}

impl EvidenceConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`InvalidNumber`] when a threshold is 0, which no measurement could be compared with, or a weight is not finite.
    pub fn validate(&self) -> Result<(), InvalidNumber> {
        for (field, value) in [
            ("lost_share", self.lost_share.get()),
            ("load_ratio", self.load_ratio.get()),
            ("skew_factor", self.skew_factor.get()),
            ("lag_seconds", self.lag.as_secs_f64()),
            ("contending_jobs", self.contending_jobs.get()),
            ("memory_used_pct", self.memory_used_pct.get()),
            ("fragmentation_pct", self.fragmentation_pct.get()),
        ] {
            if value <= 0.0 {
                return Err(InvalidNumber {
                    field,
                    value,
                    expected: "more than 0",
                });
            }
        }
        self.calibration.validate()
    }
}
