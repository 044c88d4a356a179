//! Outcomes in, weights out.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use healing_core::storage::{OutcomeError, OutcomeRecord, OutcomeStore};
use healing_core::{Amount, Clock, CollectionId, Learner, ProblemKind, Ratio};
use parking_lot::Mutex;

use crate::effectiveness::{EffectivenessReport, RecentOutcome, StrategyEffectiveness};
use crate::original_weights::OriginalWeights;

/// How many recent outcomes of a strategy are kept for the report.
const RECENT: usize = 10;

/// Outcomes read from the store at a time.
const PAGE: usize = 1000;

/// Learns weights from outcomes, by the seed's formula.
///
/// It holds the verdicts of the formula's window and no more; the full outcomes stay in the store.
pub struct OutcomeTracker {
    clock: Arc<dyn Clock>,
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    strategies: BTreeMap<String, Strategy>,
    outcomes: u64,
    verified: u64,
    /// Over all verified outcomes.
    recovery_time: Duration,
}

#[derive(Default)]
struct Strategy {
    weights: OriginalWeights,
    /// Newest last.
    recent: VecDeque<RecentOutcome>,
}

impl OutcomeTracker {
    /// A tracker that knows nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            learned: Mutex::default(),
        }
    }

    /// A tracker that has learned from everything in `store`, in its order.
    ///
    /// # Errors
    /// [`OutcomeError`] when the store cannot be read.
    pub fn load(store: &dyn OutcomeStore, clock: Arc<dyn Clock>) -> Result<Self, OutcomeError> {
        let tracker = Self::new(clock);
        let mut after = None;
        loop {
            let page = store.outcomes(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(tracker) };
            after = Some(last.id);
            for stored in &page {
                tracker.learn(&stored.outcome);
            }
        }
    }

    /// How well the strategies do.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share of counts needs no more than 53 bits")]
    pub fn effectiveness_report(&self) -> EffectivenessReport {
        let now = self.clock.now();
        let learned = self.learned.lock();
        let strategies = learned.strategies.iter().map(|(name, strategy)| StrategyEffectiveness {
            name: name.clone(),
            weight: strategy.weights.weight(now),
            recent_outcomes: strategy.recent.iter().rev().cloned().collect(),
        });
        let verified = u32::try_from(learned.verified).unwrap_or(u32::MAX);
        EffectivenessReport {
            strategies: strategies.collect(),
            overall_success_rate: (learned.outcomes > 0)
                .then(|| Ratio::clamped(learned.verified as f64 / learned.outcomes as f64)),
            avg_time_to_recovery: learned.recovery_time.checked_div(verified),
        }
    }
}

impl Learner for OutcomeTracker {
    fn learn(&self, outcome: &OutcomeRecord) {
        let now = self.clock.now();
        let verified = outcome.success && outcome.verified == Some(true);
        let mut learned = self.learned.lock();
        learned.outcomes += 1;
        if verified {
            learned.verified += 1;
            learned.recovery_time = learned.recovery_time.saturating_add(outcome.duration());
        }
        let strategy = learned.strategies.entry(outcome.strategy_name.clone()).or_default();
        strategy
            .weights
            .learn(outcome.completed_at, verified, outcome.improvement_pct / 100.0, now);
        if strategy.recent.len() == RECENT {
            strategy.recent.pop_front();
        }
        strategy.recent.push_back(RecentOutcome {
            remediation: outcome.remediation.clone(),
            problem: outcome.problem.kind(),
            completed_at: outcome.completed_at,
            verified,
            improvement_pct: outcome.improvement_pct,
        });
    }

    fn weight(&self, strategy: &str, _kind: &ProblemKind, _collection: &CollectionId) -> Amount {
        let now = self.clock.now();
        let learned = self.learned.lock();
        let known = learned
            .strategies
            .get(strategy)
            .and_then(|known| known.weights.weight(now));
        known.unwrap_or_else(|| Amount::clamped(1.0))
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        let now = self.clock.now();
        let learned = self.learned.lock();
        let known = learned.strategies.iter();
        known
            .filter_map(|(name, strategy)| Some((name.clone(), strategy.weights.weight(now)?)))
            .collect()
    }
}

impl fmt::Debug for OutcomeTracker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutcomeTracker")
            .field("weights", &self.weights())
            .finish_non_exhaustive()
    }
}
