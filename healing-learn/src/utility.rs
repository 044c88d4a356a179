//! What an outcome is worth, and what it costs.

use std::time::Duration;

use healing_core::Ratio;
use healing_core::storage::OutcomeRecord;
use serde::{Deserialize, Serialize};

/// What a host wants of a remediation: how much a success is worth beside what it costs.
///
/// The *utility* of a remediation is, in units of a bare verified success,
///
/// ```text
/// verified x (1 + improvement x gained) - impact x (the strategy's impact) - duration x (time / (time + PATIENCE))
/// ```
///
/// where *gained* is the share of the final lambda that was gained: 0 where lambda did not rise, 0.5 where it doubled,
/// nearly 1 where the graph was disconnected before. Unlike the seed's relative improvement it cannot grow without bounds, so one
/// lucky case of an almost disconnected graph does not outweigh a hundred others.
///
/// The defaults are a preference and no measurement: the first thing asked of a remediation is that it works, and everything
/// else together weighs about half of that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Utility {
    /// What gaining all of the final lambda adds to a success. 0.25.
    pub improvement: Ratio,
    /// What a remediation as disruptive as an outage costs. 0.2.
    pub impact: Ratio,
    /// What a remediation that takes for ever costs. 0.1.
    pub duration: Ratio,
}

impl Default for Utility {
    fn default() -> Self {
        Self {
            improvement: Ratio::literal(0.25),
            impact: Ratio::literal(0.2),
            duration: Ratio::literal(0.1),
        }
    }
}

impl Utility {
    /// A remediation that takes this long costs half of what one costs that takes for ever.
    pub const PATIENCE: Duration = Duration::from_secs(600);

    /// What `outcome` of a strategy with this `impact` was worth, in units of a bare verified success: -2 to 2, and by default
    /// -0.3 to 1.25.
    #[must_use]
    pub fn of(&self, outcome: &OutcomeRecord, impact: Ratio) -> f64 {
        let success = if is_verified(outcome) { Ratio::ONE } else { Ratio::ZERO };
        self.expected(success, gained(outcome), impact, slowness(outcome.duration()))
    }

    /// What a remediation is worth on average that succeeds with probability `success`, then gains the share `gained` of the
    /// final lambda, is as disruptive as `impact` and as slow as `slowness` (see [`slowness`]). In the unit of [`of`](Self::of).
    #[must_use]
    pub fn expected(&self, success: Ratio, gained: Ratio, impact: Ratio, slowness: Ratio) -> f64 {
        success.get() * self.of_success(gained.get()) - self.cost(impact.get(), slowness.get())
    }

    pub(crate) fn of_success(&self, gained: f64) -> f64 {
        1.0 + self.improvement.get() * gained
    }

    pub(crate) fn cost(&self, impact: f64, slowness: f64) -> f64 {
        self.impact.get() * impact + self.duration.get() * slowness
    }
}

/// Whether an outcome counts as a success: everything was done and it was seen to have helped.
#[must_use]
pub fn is_verified(outcome: &OutcomeRecord) -> bool {
    outcome.success && outcome.verified == Some(true)
}

/// The share of the final lambda that an outcome gained: 0 where lambda did not rise. `improvement_pct` is the change of lambda
/// in percent of the initial one, as in [`OutcomeRecord`].
///
/// ```
/// # use healing_learn::gained_share;
/// assert_eq!(gained_share(100.0).get(), 0.5, "lambda doubled");
/// assert_eq!(gained_share(-30.0).get(), 0.0);
/// ```
#[must_use]
pub fn gained_share(improvement_pct: f64) -> Ratio {
    let improvement = improvement_pct.max(0.0) / 100.0;
    Ratio::clamped(improvement / (1.0 + improvement))
}

/// How slow a remediation is: 0 at once, one half after [`Utility::PATIENCE`], 1 never.
#[must_use]
pub fn slowness(duration: Duration) -> Ratio {
    let seconds = duration.as_secs_f64();
    Ratio::clamped(seconds / (seconds + Utility::PATIENCE.as_secs_f64()))
}

pub(crate) fn gained(outcome: &OutcomeRecord) -> Ratio {
    gained_share(outcome.improvement_pct)
}
