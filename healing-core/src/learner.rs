//! What was learned, as the engine sees it: outcomes go in, weights and rankings come out.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::duration_serde;
use crate::identity::CollectionId;
use crate::monitor::IntegrityState;
use crate::number::{Amount, Ratio};
use crate::problem::ProblemKind;
use crate::storage::{FeedbackScore, OutcomeRecord};

/// Turns outcomes into weights, by which the engine chooses among strategies. The healing-learn crate implements it.
///
/// An implementation is deterministic: the same outcomes in the same order give the same weights, and the same choice after
/// the same outcomes gives the same ranking. One that draws lots draws them from the choice and a seed of its own.
pub trait Learner: Send + Sync {
    /// Takes one finished remediation into account.
    fn learn(&self, outcome: &OutcomeRecord);

    /// How much the strategy is trusted with this kind of problem in this collection: 1 is the weight of a strategy about
    /// which nothing is known, larger is better.
    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount;

    /// Every weight that differs from "nothing known", by strategy name: for status and reports.
    fn weights(&self) -> BTreeMap<String, Amount>;

    /// Takes a human's judgement of a remediation into account, in place of the one that `outcome` holds. The outcome was
    /// learned before.
    fn revise(&self, outcome: &OutcomeRecord, score: FeedbackScore) {
        let _ = (outcome, score);
    }

    /// How well the strategies do, as JSON: each learner has its own report. `Null` where there is none.
    fn effectiveness(&self) -> Value {
        Value::Null
    }

    /// The candidates of `choice`, each once, best first; `None` to leave the choice to the engine's own rule over the weights.
    ///
    /// Under [`Selection::Learned`](crate::engine::Selection::Learned) the first one is what is done, so that its propensity is
    /// that of the choice. A ranking that does not have each candidate once counts as none.
    fn rank<'a>(&self, choice: &Choice<'a>) -> Option<Vec<Ranked<'a>>> {
        let _ = choice;
        None
    }
}

/// A choice to be made: what is to be treated, where and when, and by what it may be.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The collection to be treated.
    pub collection: &'a CollectionId,
    /// What is wrong with it.
    pub kind: &'a ProblemKind,
    /// How it is.
    pub state: IntegrityState,
    /// When the choice is made.
    pub at: Timestamp,
    /// Of what one is chosen, by name: the strategies that have a plan to which no guard objects, failed as seldom of late as any
    /// that has one, need nobody's approval, and do not promise too little by their own plans.
    pub candidates: &'a [Candidate],
}

/// A strategy that may be chosen, with what it says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name.
    pub strategy: String,
    /// How disruptive it is.
    pub impact: Ratio,
    /// How long a typical plan of it takes.
    #[serde(rename = "estimated_duration_seconds", with = "duration_serde::seconds")]
    pub estimated_duration: Duration,
}

/// A candidate in its place in a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'a> {
    /// The candidate.
    pub candidate: &'a Candidate,
    /// With what probability it would have been ranked first, and so chosen, over the lots that might have been drawn. Those of
    /// a ranking add up to 1.
    pub propensity: Ratio,
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
