//! Outcomes in, weights and reports out.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use healing_core::identity::RemediationId;
use healing_core::learner::{Choice, Ranked};
use healing_core::storage::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore};
use healing_core::{Amount, Clock, CollectionId, Learner, ProblemKind, Timestamp};
use parking_lot::Mutex;
use serde_json::Value;

use crate::effectiveness::{EffectivenessReport, ProblemEffectiveness, RecentOutcome, StrategyEffectiveness};
use crate::policy::Policy;
use crate::posterior_weights::PosteriorWeights;
use crate::statistics::Statistics;
use crate::utility::is_verified;

/// How many recent outcomes of a strategy are kept for the report.
const RECENT: usize = 10;

/// Outcomes read from the store at a time.
const PAGE: usize = 1000;

/// Learns from outcomes by a [`Policy`], and reports how well the strategies do.
///
/// The full outcomes stay in the store; what is held here is the policy's state, running sums and the last ten outcomes of
/// each strategy, so memory does not grow with history.
///
/// A healer that was given the tracker as its [`Learner`] records outcomes itself and has the tracker learn them. A host
/// without a healer calls [`record`](Self::record) instead.
///
/// ```
/// use std::sync::Arc;
/// use healing_core::SystemClock;
/// use healing_learn::{OriginalWeights, OutcomeTracker, PosteriorConfig, PosteriorWeights};
///
/// let clock = Arc::new(SystemClock);
/// let by_default = OutcomeTracker::new(clock.clone());
/// let seeded = PosteriorConfig { seed: 42, ..PosteriorConfig::default() };
/// let seeded = OutcomeTracker::with_policy(PosteriorWeights::new(seeded), clock.clone());
/// let as_in_the_document = OutcomeTracker::with_policy(OriginalWeights::default(), clock);
/// ```
pub struct OutcomeTracker {
    clock: Arc<dyn Clock>,
    learned: Mutex<Learned>,
}

struct Learned {
    policy: Box<dyn Policy>,
    strategies: BTreeMap<String, Strategy>,
    problems: BTreeMap<ProblemKind, Statistics>,
    overall: Statistics,
}

#[derive(Default)]
struct Strategy {
    overall: Statistics,
    problems: BTreeMap<ProblemKind, Statistics>,
    /// Newest last.
    recent: VecDeque<RecentOutcome>,
}

impl OutcomeTracker {
    /// A tracker that knows nothing yet and learns by [`PosteriorWeights`] as it is by default.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_policy(PosteriorWeights::default(), clock)
    }

    /// A tracker that learns by `policy`, and knows of outcomes only what that knows already.
    #[must_use]
    pub fn with_policy(policy: impl Policy + 'static, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            learned: Mutex::new(Learned::new(Box::new(policy))),
        }
    }

    /// [`new`](Self::new), and [learns](Self::learn_from) everything in `store`.
    ///
    /// # Errors
    /// [`OutcomeError`] when the store cannot be read.
    pub fn load(store: &dyn OutcomeStore, clock: Arc<dyn Clock>) -> Result<Self, OutcomeError> {
        let tracker = Self::new(clock);
        tracker.learn_from(store)?;
        Ok(tracker)
    }

    /// Learns everything in `store`, in its order and a page at a time. To be called once, before anything else is learned.
    ///
    /// # Errors
    /// [`OutcomeError`] when the store cannot be read; what was read until then is learned.
    pub fn learn_from(&self, store: &dyn OutcomeStore) -> Result<(), OutcomeError> {
        let now = self.clock.now();
        let mut after = None;
        loop {
            let page = store.outcomes(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let mut learned = self.learned.lock();
            for stored in &page {
                learned.learn(&stored.outcome, now);
            }
        }
    }

    /// Keeps `outcome` in `store` and learns from it.
    ///
    /// # Errors
    /// [`OutcomeError`] when the store fails; nothing is learned then.
    pub fn record(&self, store: &dyn OutcomeStore, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let id = store.record(outcome)?;
        self.learn(outcome);
        Ok(id)
    }

    /// Keeps in `store` what a human says of a remediation, in place of what was said of it before, and learns from that.
    /// The remediation's outcome must have been learned.
    ///
    /// # Errors
    /// [`OutcomeError`] when `store` has no such outcome, keeps no feedback, or fails; nothing is learned then.
    pub fn feedback(
        &self,
        store: &dyn OutcomeStore,
        remediation: &RemediationId,
        score: FeedbackScore,
    ) -> Result<(), OutcomeError> {
        let outcome = store.set_feedback(remediation, score)?;
        self.revise(&outcome, score);
        Ok(())
    }

    /// A tracker with the same policy, which has learned `outcomes` instead of what this one has: with the same outcomes in
    /// the same order its weights are, at any time, bit for bit those of this one.
    #[must_use]
    pub fn replay<'a>(&self, outcomes: impl IntoIterator<Item = &'a OutcomeRecord>) -> Self {
        let now = self.clock.now();
        let mut learned = Learned::new(self.learned.lock().policy.unlearned());
        for outcome in outcomes {
            learned.learn(outcome, now);
        }
        Self {
            clock: self.clock.clone(),
            learned: Mutex::new(learned),
        }
    }

    /// How well the strategies do.
    #[must_use]
    pub fn effectiveness_report(&self) -> EffectivenessReport {
        let now = self.clock.now();
        let learned = self.learned.lock();
        let strategies = learned.strategies.iter();
        EffectivenessReport {
            strategies: strategies
                .map(|(name, strategy)| strategy.report(name, &*learned.policy, now))
                .collect(),
            problems: problems(&learned.problems, |_| None),
            overall_success_rate: learned.overall.success_rate(),
            avg_time_to_recovery: learned.overall.avg_time_to_recovery(),
            overall: learned.overall.effectiveness(),
        }
    }
}

impl Learner for OutcomeTracker {
    fn learn(&self, outcome: &OutcomeRecord) {
        let now = self.clock.now();
        self.learned.lock().learn(outcome, now);
    }

    fn revise(&self, outcome: &OutcomeRecord, score: FeedbackScore) {
        self.learned.lock().policy.revise(outcome, score);
    }

    fn effectiveness(&self) -> Value {
        serde_json::to_value(self.effectiveness_report()).unwrap_or(Value::Null)
    }

    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount {
        let now = self.clock.now();
        let known = self.learned.lock().policy.weight(strategy, kind, collection, now);
        known.unwrap_or_else(|| Amount::clamped(1.0))
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        let now = self.clock.now();
        let learned = self.learned.lock();
        let weigh = |name: &String| Some((name.clone(), learned.policy.overall_weight(name, now)?));
        learned.strategies.keys().filter_map(weigh).collect()
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Option<Vec<Ranked<'a>>> {
        Some(self.learned.lock().policy.rank(choice))
    }
}

impl Learned {
    fn new(policy: Box<dyn Policy>) -> Self {
        Self {
            policy,
            strategies: BTreeMap::new(),
            problems: BTreeMap::new(),
            overall: Statistics::default(),
        }
    }

    fn learn(&mut self, outcome: &OutcomeRecord, now: Timestamp) {
        self.policy.learn(outcome, now);
        let kind = outcome.problem.kind();
        self.overall.add(outcome);
        self.problems.entry(kind.clone()).or_default().add(outcome);
        if !self.strategies.contains_key(&outcome.strategy_name) {
            self.strategies
                .insert(outcome.strategy_name.clone(), Strategy::default());
        }
        let Some(strategy) = self.strategies.get_mut(&outcome.strategy_name) else {
            return;
        };
        strategy.overall.add(outcome);
        strategy.problems.entry(kind.clone()).or_default().add(outcome);
        if strategy.recent.len() == RECENT {
            strategy.recent.pop_front();
        }
        strategy.recent.push_back(RecentOutcome {
            remediation: outcome.remediation.clone(),
            problem: kind,
            completed_at: outcome.completed_at,
            verified: is_verified(outcome),
            improvement_pct: outcome.improvement_pct,
            disturbances: outcome.disturbances.clone(),
            credit: self.policy.credit(outcome),
        });
    }
}

impl Strategy {
    fn report(&self, name: &str, policy: &dyn Policy, now: Timestamp) -> StrategyEffectiveness {
        StrategyEffectiveness {
            name: name.to_owned(),
            weight: policy.overall_weight(name, now),
            recent_outcomes: self.recent.iter().rev().cloned().collect(),
            overall: self.overall.effectiveness(),
            problems: problems(&self.problems, |kind| policy.weight_for_kind(name, kind, now)),
        }
    }
}

fn problems(
    statistics: &BTreeMap<ProblemKind, Statistics>,
    weight: impl Fn(&ProblemKind) -> Option<Amount>,
) -> Vec<ProblemEffectiveness> {
    let report = |(kind, statistics): (&ProblemKind, &Statistics)| ProblemEffectiveness {
        problem: kind.clone(),
        weight: weight(kind),
        overall: statistics.effectiveness(),
    };
    statistics.iter().map(report).collect()
}

impl fmt::Debug for OutcomeTracker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutcomeTracker")
            .field("weights", &self.weights())
            .finish_non_exhaustive()
    }
}
