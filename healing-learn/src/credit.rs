//! How much an outcome counts whose verdict something else may have brought about.

use healing_core::Ratio;
use healing_core::storage::Disturbance;
use serde::{Deserialize, Serialize};

/// How much a disturbed outcome counts: 0 not at all, 1 like an undisturbed one. Of several disturbances the worst decides.
///
/// ```
/// use healing_core::Ratio;
/// use healing_core::storage::Disturbance;
/// use healing_learn::CreditRule;
///
/// let rule = CreditRule::default();
/// assert_eq!(rule.credit(&[]), Ratio::ONE);
/// assert!(rule.credit(&[Disturbance::AnotherFault]) < Ratio::ONE);
/// assert_eq!(rule.credit(&[Disturbance::AnotherFault, Disturbance::Aborted]), Ratio::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreditRule {
    /// Something else broke meanwhile, or another remediation was at work: the verdict says something, but not of this
    /// strategy alone. 0.25.
    pub confounded: Ratio,
    /// The remediation never came to a verdict of its own: someone else changed the same thing, an operator aborted it, its
    /// healer was interrupted, or its effect could not be measured. 0.
    pub cut_short: Ratio,
}

impl Default for CreditRule {
    fn default() -> Self {
        Self {
            confounded: Ratio::literal(0.25),
            cut_short: Ratio::ZERO,
        }
    }
}

impl CreditRule {
    /// How much an outcome with these disturbances counts.
    #[must_use]
    pub fn credit(&self, disturbances: &[Disturbance]) -> Ratio {
        let credits = disturbances.iter().map(|disturbance| match disturbance {
            Disturbance::AnotherFault | Disturbance::AnotherRemediation => self.confounded,
            // A disturbance not known here is judged like the worst that is.
            _ => self.cut_short,
        });
        credits.min().unwrap_or(Ratio::ONE)
    }
}
