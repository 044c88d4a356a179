//! A policy that learns nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use healing_core::learner::{Choice, Ranked};
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};
use healing_learn::Policy;

/// Chooses by lot, with a fixed weight for each strategy.
#[derive(Clone)]
pub struct ByLot(Arc<dyn Fn(&str) -> f64 + Send + Sync>);

impl ByLot {
    pub fn weighing(weight: impl Fn(&str) -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(weight))
    }

    /// The chance of each candidate.
    pub fn chances<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, f64> {
        let weights: BTreeMap<&str, f64> = candidates.into_iter().map(|it| (it, (self.0)(it))).collect();
        let whole: f64 = weights.values().sum();
        weights.into_iter().map(|(it, weight)| (it, weight / whole)).collect()
    }
}

impl Policy for ByLot {
    fn learn(&mut self, _: &OutcomeRecord, _: Timestamp) {}

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
        let chances = self.chances(choice.candidates.iter().map(|it| it.strategy.as_str()));
        let ranked = choice.candidates.iter().map(|candidate| Ranked {
            candidate,
            propensity: Ratio::clamped(chances[candidate.strategy.as_str()]),
        });
        ranked.collect()
    }

    fn unlearned(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }
}
