//! The seed's weight formula.

use std::collections::VecDeque;
use std::time::Duration;

use healing_core::{Amount, Timestamp};

/// The seed's formula (seed, "Strategy Weight Updates"): *success rate x (1 + average improvement)* over the outcomes of
/// the last 30 days, the success rate being the share of them that succeeded and were verified, the improvement the change
/// of lambda as a fraction. A strategy without an outcome in that time has the weight 1.
///
/// Known to mislead: a strategy that only failed gets 0 and, where another is at hand, never another chance; one lucky try
/// beats a hundred good ones; what a strategy does for one problem counts for all.
#[derive(Debug, Clone, Default)]
pub struct OriginalWeights {
    /// In the order they were learned.
    outcomes: VecDeque<Verdict>,
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    at: Timestamp,
    verified: bool,
    /// The change of lambda as a fraction.
    improvement: f64,
}

impl OriginalWeights {
    /// How far back outcomes count.
    pub const WINDOW: Duration = Duration::from_secs(30 * 24 * 3600);

    /// Takes in an outcome and forgets those that no longer count.
    pub(crate) fn learn(&mut self, at: Timestamp, verified: bool, improvement: f64, now: Timestamp) {
        self.outcomes.retain(|verdict| counts(verdict, now));
        self.outcomes.push_back(Verdict {
            at,
            verified,
            improvement,
        });
    }

    /// The weight now; `None` where no outcome counts.
    #[allow(clippy::cast_precision_loss, reason = "a number of outcomes far below 2^53")]
    pub(crate) fn weight(&self, now: Timestamp) -> Option<Amount> {
        let counting = || self.outcomes.iter().filter(|verdict| counts(verdict, now));
        let number = counting().count() as f64;
        if number == 0.0 {
            return None;
        }
        let success_rate = counting().filter(|verdict| verdict.verified).count() as f64 / number;
        let average_improvement: f64 = counting().map(|verdict| verdict.improvement / number).sum();
        Some(Amount::clamped(success_rate * (1.0 + average_improvement)))
    }
}

/// Whether an outcome is in the window. One from the future, by a clock that was set back since, is.
fn counts(verdict: &Verdict, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(verdict.at)).is_ok_and(|age| age < OriginalWeights::WINDOW)
        || verdict.at > now
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 24 * 3600).unwrap()
    }

    fn weight(outcomes: &[(bool, f64)]) -> Option<f64> {
        let mut weights = OriginalWeights::default();
        for &(verified, improvement) in outcomes {
            weights.learn(day(0), verified, improvement, day(0));
        }
        weights.weight(day(0)).map(Amount::get)
    }

    #[test]
    fn the_weight_is_the_success_rate_times_one_plus_the_average_improvement() {
        assert_eq!(weight(&[]), None);
        assert_eq!(weight(&[(true, 0.5)]), Some(1.5));
        assert_eq!(weight(&[(true, 0.5), (false, -0.25)]), Some(0.5 * 1.125));
        assert_eq!(weight(&[(false, 0.0), (false, 0.0)]), Some(0.0));
    }

    #[test]
    fn what_is_thirty_days_old_no_longer_counts() {
        let mut weights = OriginalWeights::default();
        weights.learn(day(0), false, 0.0, day(0));
        weights.learn(day(10), true, 1.0, day(10));
        assert_eq!(weights.weight(day(29)).map(Amount::get), Some(0.5 * 1.5));
        assert_eq!(weights.weight(day(30)).map(Amount::get), Some(2.0));
        assert_eq!(weights.weight(day(40)), None);
    }

    proptest! {
        #[test]
        fn forgetting_as_it_goes_equals_the_formula_over_everything(
            stream in prop::collection::vec((0i64..20, any::<bool>(), -1.0..5.0f64), 1..60),
        ) {
            let mut weights = OriginalWeights::default();
            let mut now = 0;
            let mut all = Vec::new();
            for (gap, verified, improvement) in stream {
                now += gap;
                all.push((now, verified, improvement));
                weights.learn(day(now), verified, improvement, day(now));
                let counting: Vec<_> = all.iter().filter(|(at, ..)| now - at < 30).collect();
                let number = counting.len() as f64;
                let verified = counting.iter().filter(|(_, verified, _)| *verified).count() as f64;
                let improvement: f64 = counting.iter().map(|(.., improvement)| improvement).sum();
                let expected = (verified / number * (1.0 + improvement / number)).max(0.0);
                let found = weights.weight(day(now)).map(Amount::get).unwrap();
                prop_assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
            }
        }
    }
}
