//! How seldom a critical choice explores.
//!
//! The share holds at any time and not on average: each choice that explores comes after so many others that it is no more
//! than its share of them. That takes one counter, which is a fold over outcomes like everything else.

use healing_core::monitor::IntegrityState;
use healing_core::storage::OutcomeRecord;
use healing_core::{Ratio, Timestamp};

use crate::half_life::HalfLife;

/// What is known of a collection's choices in critical state.
#[derive(Debug, Clone, Default)]
pub(crate) struct CriticalChoices {
    /// How many were made since the last that explored.
    in_between: u32,
    /// When the newest was made.
    newest: Option<Timestamp>,
}

/// A choice in critical state that had an alternative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CriticalChoice {
    at: Timestamp,
    /// Whether anything was left to chance in it.
    explored: bool,
}

impl CriticalChoice {
    /// The choice that `outcome` came from, where it was one.
    pub(crate) fn of(outcome: &OutcomeRecord) -> Option<Self> {
        let choice = outcome.choice.as_ref()?;
        if choice.state != IntegrityState::Critical || choice.candidates.len() < 2 {
            return None;
        }
        let propensity = choice.propensity(&outcome.strategy_name);
        Some(Self {
            at: choice.at,
            explored: propensity != Some(Ratio::ONE),
        })
    }
}

impl CriticalChoices {
    pub(crate) fn learn(&mut self, choice: CriticalChoice) {
        self.in_between = if choice.explored {
            0
        } else {
            self.in_between.saturating_add(1)
        };
        self.newest = self.newest.max(Some(choice.at));
    }

    /// Whether the next one may explore, where at most this `share` of them may.
    pub(crate) fn may_explore(&self, share: Ratio) -> bool {
        (f64::from(self.in_between) + 1.0) * share.get() >= 1.0
    }

    /// How much is left of them at `now`, where they fade as outcomes do.
    pub(crate) fn left(&self, now: Timestamp, half_life: HalfLife) -> f64 {
        self.newest.map_or(0.0, |newest| half_life.left_after(newest, now))
    }
}
