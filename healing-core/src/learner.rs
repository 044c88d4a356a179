//! What was learned, as the engine sees it: outcomes go in, weights come out.

use std::collections::BTreeMap;

use crate::identity::CollectionId;
use crate::number::Amount;
use crate::problem::ProblemKind;
use crate::storage::OutcomeRecord;

/// Turns outcomes into weights, by which the engine chooses among strategies. The healing-learn crate implements it.
///
/// An implementation is deterministic: the same outcomes in the same order give the same weights.
pub trait Learner: Send + Sync {
    /// Takes one finished remediation into account.
    fn learn(&self, outcome: &OutcomeRecord);

    /// How much the strategy is trusted with this kind of problem in this collection: 1 is the weight of a strategy about
    /// which nothing is known, larger is better.
    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount;

    /// Every weight that differs from "nothing known", by strategy name: for status and reports.
    fn weights(&self) -> BTreeMap<String, Amount>;
}

/// Learns nothing: every strategy keeps the weight 1. What a healer uses that was not given a [`Learner`].
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLearning;

impl Learner for NoLearning {
    fn learn(&self, _outcome: &OutcomeRecord) {}

    fn weight(&self, _strategy: &str, _kind: &ProblemKind, _collection: &CollectionId) -> Amount {
        Amount::clamped(1.0)
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        BTreeMap::new()
    }
}
