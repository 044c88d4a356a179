//! Guards: why a problem is not treated now.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::HealingConfig;
use crate::clock::{elapsed, later};
use crate::identity::HolderId;

/// Why a problem is not treated now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// Healing is switched off.
    Disabled,
    /// Nothing explains the problem: a human must look.
    UnknownProblem {
        /// The weakened edges, in words.
        witness_summary: String,
    },
    /// The last remediation ended a short while ago.
    CoolingDown {
        /// Until then.
        until: Timestamp,
    },
    /// As many remediations as allowed have begun within the window.
    TooManyAttempts {
        /// How many.
        attempts: u32,
        /// When the oldest of them leaves the window.
        until: Timestamp,
    },
    /// Another healer acts on the collection.
    LeaseHeld {
        /// Who.
        holder: HolderId,
    },
    /// Whether another healer acts on the collection cannot be told.
    LeaseUnavailable {
        /// Why not.
        error: String,
    },
}

impl Refusal {
    /// Whether only a human can change it.
    #[must_use]
    pub fn calls_human(&self) -> bool {
        match self {
            Self::UnknownProblem { .. } | Self::TooManyAttempts { .. } => true,
            Self::Disabled | Self::CoolingDown { .. } | Self::LeaseHeld { .. } | Self::LeaseUnavailable { .. } => false,
        }
    }
}

/// The remediations of one collection that count against its limits.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts {
    /// When each began, oldest first, as far back as a window reaches.
    begun: VecDeque<Timestamp>,
    last_ended: Option<Timestamp>,
}

impl Attempts {
    /// Counts an attempt when it begins, not when it ends: one that never ends counts too.
    pub(super) fn begin(&mut self, now: Timestamp, config: &HealingConfig) {
        while self
            .begun
            .front()
            .is_some_and(|&oldest| elapsed(oldest, now) >= config.attempt_window)
        {
            self.begun.pop_front();
        }
        self.begun.push_back(now);
    }

    pub(super) fn end(&mut self, now: Timestamp) {
        self.last_ended = Some(now);
    }

    /// Why no further attempt may begin now.
    pub(super) fn refuse(&self, now: Timestamp, config: &HealingConfig) -> Option<Refusal> {
        if let Some(ended) = self.last_ended
            && elapsed(ended, now) < config.min_healing_interval
        {
            return Some(Refusal::CoolingDown {
                until: later(ended, config.min_healing_interval),
            });
        }
        let mut within = self
            .begun
            .iter()
            .filter(|&&begun| elapsed(begun, now) < config.attempt_window);
        let oldest = within.next()?;
        let attempts = u32::try_from(within.count()).unwrap_or(u32::MAX).saturating_add(1);
        let until = later(*oldest, config.attempt_window);
        (attempts >= config.max_attempts_per_window).then_some(Refusal::TooManyAttempts { attempts, until })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cool_down_counts_from_the_end_of_the_last_remediation() {
        let config = HealingConfig::default();
        let start = Timestamp::UNIX_EPOCH;
        let mut attempts = Attempts::default();
        assert_eq!(attempts.refuse(start, &config), None);
        attempts.begin(start, &config);
        let end = later(start, Duration::from_secs(50));
        attempts.end(end);
        let over = later(end, config.min_healing_interval);
        let just_before = over.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(
            attempts.refuse(just_before, &config),
            Some(Refusal::CoolingDown { until: over })
        );
        assert_eq!(attempts.refuse(over, &config), None);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_attempts_than_allowed(
            gaps in prop::collection::vec(0u64..2000, 1..200), limit in 1u32..5,
        ) {
            let config = HealingConfig {
                max_attempts_per_window: limit,
                min_healing_interval: Duration::ZERO,
                ..HealingConfig::default()
            };
            let mut attempts = Attempts::default();
            let mut now = Timestamp::UNIX_EPOCH;
            let mut begun: Vec<Timestamp> = Vec::new();
            for gap in gaps {
                now = later(now, Duration::from_secs(gap));
                if attempts.refuse(now, &config).is_none() {
                    attempts.begin(now, &config);
                    begun.push(now);
                }
                let within = begun.iter().filter(|&&at| elapsed(at, now) < config.attempt_window).count();
                prop_assert!(within <= limit as usize);
            }
        }
    }
}
