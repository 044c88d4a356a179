//! When lambda is too low.

use serde::{Deserialize, Serialize};

use crate::number::{Lambda, Ratio};

/// Below which lambda a collection is stressed or critical, and above which it has recovered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Thresholds {
    /// In lambda's own unit.
    Absolute(ResolvedThresholds),
    /// In shares of the collection's own learned healthy baseline.
    Relative {
        /// Below this share the collection is stressed. 0.8.
        stress: Ratio,
        /// Below this share it is critical. 0.5; at most `stress`.
        critical: Ratio,
        /// It must rise this share above a threshold before it has recovered from being below. 0.05.
        recovery_offset: Ratio,
    },
}

impl Default for Thresholds {
    /// 0.8 and 0.5 of the baseline, and 0.05 above to recover.
    fn default() -> Self {
        Self::Relative {
            stress: Ratio::literal(0.8),
            critical: Ratio::literal(0.5),
            recovery_offset: Ratio::literal(0.05),
        }
    }
}

impl Thresholds {
    /// Whether they hang on a baseline.
    #[must_use]
    pub fn are_relative(&self) -> bool {
        matches!(self, Self::Relative { .. })
    }

    /// The thresholds in lambda's unit; `None` where they hang on a baseline that is not known yet.
    #[must_use]
    pub fn resolve(&self, baseline: Option<Lambda>) -> Option<ResolvedThresholds> {
        match *self {
            Self::Absolute(thresholds) => Some(thresholds),
            Self::Relative {
                stress,
                critical,
                recovery_offset,
            } => {
                let share = |ratio: Ratio| baseline.map(|baseline| Lambda::clamped(baseline.get() * ratio.get()));
                Some(ResolvedThresholds {
                    stress: share(stress)?,
                    critical: share(critical)?,
                    recovery_offset: share(recovery_offset)?,
                })
            }
        }
    }
}

/// Thresholds in lambda's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedThresholds {
    /// Below this the collection is stressed.
    pub stress: Lambda,
    /// Below this it is critical.
    pub critical: Lambda,
    /// It must rise this far above a threshold before it has recovered from being below.
    pub recovery_offset: Lambda,
}

impl ResolvedThresholds {
    /// The lambda from which on a collection counts as recovered: what a remediation aims for.
    #[must_use]
    pub fn target(&self) -> Lambda {
        Lambda::clamped(self.stress.get() + self.recovery_offset.get())
    }
}
