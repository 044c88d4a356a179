//! The policies that are compared.

use std::collections::BTreeMap;

use healing_core::learner::{Choice, Ranked};
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};
use healing_learn::{OriginalWeights, Policy, PosteriorConfig, PosteriorWeights, Utility, slowness};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A policy by its name in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// The seed's formula.
    Original,
    /// What was best on average so far.
    Greedy,
    /// The same, but one choice in ten is drawn blindly.
    Epsilon,
    /// What healing-learn does by default.
    Default,
    /// Knows the chances of success: nothing can do better.
    Oracle,
}

impl Contender {
    pub(crate) const ALL: [Self; 5] = [Self::Original, Self::Greedy, Self::Epsilon, Self::Default, Self::Oracle];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Greedy => "greedy",
            Self::Epsilon => "epsilon",
            Self::Default => "default",
            Self::Oracle => "oracle",
        }
    }

    /// The policy, which learns; `None` for the oracle, which knows.
    pub(crate) fn policy(self, seed: u64) -> Option<Box<dyn Policy>> {
        match self {
            Self::Original => Some(Box::new(OriginalWeights::default())),
            Self::Greedy => Some(Box::new(Averages::new(0.0, seed))),
            Self::Epsilon => Some(Box::new(Averages::new(0.1, seed))),
            Self::Default => Some(Box::new(PosteriorWeights::new(PosteriorConfig {
                seed,
                ..PosteriorConfig::default()
            }))),
            Self::Oracle => None,
        }
    }
}

/// The textbook's policies (Sutton and Barto, "Reinforcement Learning", chapter 2): the average utility of each strategy in
/// each collection, never forgotten. Each is tried once, then the best one is taken, or with probability epsilon any.
#[derive(Debug, Clone)]
struct Averages {
    epsilon: f64,
    seed: u64,
    averages: BTreeMap<(CollectionId, String), Average>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Average {
    /// Without the cost of the impact, which only the choice knows.
    sum: f64,
    number: f64,
}

impl Averages {
    fn new(epsilon: f64, seed: u64) -> Self {
        Self {
            epsilon,
            seed,
            averages: BTreeMap::new(),
        }
    }

    fn value(&self, choice: &Choice<'_>, candidate: usize) -> f64 {
        let candidate = &choice.candidates[candidate];
        let key = (choice.collection.clone(), candidate.strategy.clone());
        match self.averages.get(&key) {
            Some(average) => {
                // A utility of no success is what it costs, as a number below 0.
                let less_cost = Utility::default().expected(Ratio::ZERO, Ratio::ZERO, candidate.impact, Ratio::ZERO);
                average.sum / average.number + less_cost
            }
            // Better than anything: to be tried; the one that disrupts least goes first.
            None => 10.0 - candidate.impact.get() - slowness(candidate.estimated_duration).get() / 10.0,
        }
    }
}

impl Policy for Averages {
    fn learn(&mut self, outcome: &OutcomeRecord, _now: Timestamp) {
        let key = (outcome.collection().clone(), outcome.strategy_name.clone());
        let average = self.averages.entry(key).or_default();
        average.sum += Utility::default().of(outcome, Ratio::ZERO);
        average.number += 1.0;
    }

    fn weight(&self, _: &str, _: &ProblemKind, _: &CollectionId, _: Timestamp) -> Option<Amount> {
        None
    }

    fn weight_for_kind(&self, _: &str, _: &ProblemKind, _: Timestamp) -> Option<Amount> {
        None
    }

    fn overall_weight(&self, _: &str, _: Timestamp) -> Option<Amount> {
        None
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Vec<Ranked<'a>> {
        let number = choice.candidates.len();
        let mut order: Vec<usize> = (0..number).collect();
        order.sort_by(|one, other| self.value(choice, *other).total_cmp(&self.value(choice, *one)));
        let blindly = self.epsilon / number as f64;
        let mut ranking: Vec<Ranked<'a>> = order
            .into_iter()
            .enumerate()
            .map(|(place, index)| Ranked {
                candidate: &choice.candidates[index],
                propensity: Ratio::clamped(blindly + if place == 0 { 1.0 - self.epsilon } else { 0.0 }),
            })
            .collect();
        let time = u64::from_le_bytes(choice.at.as_millisecond().to_le_bytes());
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed ^ time);
        if rng.random_range(0.0..1.0) < self.epsilon {
            ranking.swap(0, rng.random_range(0..number));
        }
        ranking
    }

    fn unlearned(&self) -> Box<dyn Policy> {
        Box::new(Self::new(self.epsilon, self.seed))
    }
}
