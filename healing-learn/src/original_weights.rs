//! The seed's weight formula.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use healing_core::learner::{Choice, Ranked};
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};

use crate::policy::Policy;

/// The seed's formula (seed, "Strategy Weight Updates"): *success rate x (1 + average improvement)* over the outcomes of
/// the last 30 days, the success rate being the share of them that succeeded and were verified, the improvement the change
/// of lambda as a fraction. A strategy without an outcome in that time has the weight 1. The heaviest one is chosen.
///
/// Known to mislead: a strategy that only failed gets 0 and, where another is at hand, never another chance before the
/// window has forgotten it; one lucky try beats a hundred good ones; what a strategy does for one problem counts for all.
/// It is here to be measured against. [`PosteriorWeights`](crate::PosteriorWeights) is the default.
///
/// The window is exact. What is kept is the verdicts in it and their sums, so memory is bounded by the outcomes of 30 days
/// (32 bytes each; a healer's attempt limit of three an hour makes that at most 69 KB a collection) and not by history.
/// Sums are integers, to which an outcome can be added and from which it can be taken without a rounding error: an improvement
/// is counted in steps of 2^-32, finer than the 24 bits of the seed's numbers.
#[derive(Debug, Clone, Default)]
pub struct OriginalWeights {
    strategies: BTreeMap<String, Window>,
}

impl OriginalWeights {
    /// How far back outcomes count.
    pub const WINDOW: Duration = Duration::from_secs(30 * 24 * 3600);
}

impl Policy for OriginalWeights {
    fn learn(&mut self, outcome: &OutcomeRecord, now: Timestamp) {
        for window in self.strategies.values_mut() {
            window.forget(now);
        }
        let verdict = Verdict {
            at: outcome.completed_at,
            verified: outcome.success && outcome.verified == Some(true),
            improvement: steps(outcome.improvement_pct / 100.0),
        };
        if !counts(&verdict, now) {
            return;
        }
        match self.strategies.get_mut(&outcome.strategy_name) {
            Some(window) => window.add(verdict),
            None => {
                let mut window = Window::default();
                window.add(verdict);
                self.strategies.insert(outcome.strategy_name.clone(), window);
            }
        }
    }

    fn weight(
        &self,
        strategy: &str,
        _kind: &ProblemKind,
        _collection: &CollectionId,
        now: Timestamp,
    ) -> Option<Amount> {
        self.overall_weight(strategy, now)
    }

    fn weight_for_kind(&self, strategy: &str, _kind: &ProblemKind, now: Timestamp) -> Option<Amount> {
        self.overall_weight(strategy, now)
    }

    fn overall_weight(&self, strategy: &str, now: Timestamp) -> Option<Amount> {
        self.strategies.get(strategy)?.weight(now)
    }

    /// Heaviest first; equal weights stay in the order of the candidates. Nothing is drawn: the first has the propensity 1.
    fn rank<'a>(&self, choice: &Choice<'a>) -> Vec<Ranked<'a>> {
        let weight = |strategy: &str| {
            let known = self.overall_weight(strategy, choice.at);
            known.unwrap_or_else(|| Amount::clamped(1.0))
        };
        let mut candidates: Vec<_> = choice.candidates.iter().collect();
        candidates.sort_by_cached_key(|candidate| Reverse(weight(&candidate.strategy)));
        let ranked = candidates.into_iter().enumerate().map(|(place, candidate)| Ranked {
            candidate,
            propensity: if place == 0 { Ratio::ONE } else { Ratio::ZERO },
        });
        ranked.collect()
    }

    fn unlearned(&self) -> Box<dyn Policy> {
        Box::new(Self::default())
    }
}

/// One strategy's verdicts, oldest first, and their sums.
#[derive(Debug, Clone, Default)]
struct Window {
    verdicts: VecDeque<Verdict>,
    sums: Sums,
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    at: Timestamp,
    verified: bool,
    /// The change of lambda as a fraction, in steps of 1 / [`STEPS`].
    improvement: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    outcomes: i64,
    verified: i64,
    improvement: i128,
}

impl Window {
    fn add(&mut self, verdict: Verdict) {
        self.sums.add(&verdict, 1);
        // Outcomes come in order, or almost: the search ends where it begins.
        let earlier = self.verdicts.iter().rposition(|known| known.at <= verdict.at);
        self.verdicts.insert(earlier.map_or(0, |last| last + 1), verdict);
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some(verdict) = self.verdicts.pop_front_if(|oldest| !counts(oldest, now)) {
            self.sums.add(&verdict, -1);
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "the sums stay below 2^53 but for improvements no lambda can have"
    )]
    fn weight(&self, now: Timestamp) -> Option<Amount> {
        let mut sums = self.sums;
        for expired in self.verdicts.iter().take_while(|verdict| !counts(verdict, now)) {
            sums.add(expired, -1);
        }
        if sums.outcomes == 0 {
            return None;
        }
        let number = sums.outcomes as f64;
        let success_rate = sums.verified as f64 / number;
        let average_improvement = sums.improvement as f64 / STEPS / number;
        Some(Amount::clamped(success_rate * (1.0 + average_improvement)))
    }
}

impl Sums {
    fn add(&mut self, verdict: &Verdict, times: i64) {
        self.outcomes += times;
        self.verified += times * i64::from(verdict.verified);
        self.improvement += i128::from(times) * i128::from(verdict.improvement);
    }
}

const STEPS: f64 = (1u64 << 32) as f64;

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float that is no i64 becomes the nearest one"
)]
fn steps(improvement: f64) -> i64 {
    (improvement * STEPS).round() as i64
}

/// Whether an outcome is in the window. One from the future, by a clock that was set back since, is.
fn counts(verdict: &Verdict, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(verdict.at)).is_ok_and(|age| age < OriginalWeights::WINDOW)
        || verdict.at > now
}
