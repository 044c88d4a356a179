//! What every way of learning has in common.

use healing_core::learner::{Choice, Ranked};
use healing_core::storage::{FeedbackScore, OutcomeRecord};
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};

/// A way to learn from outcomes: [`OriginalWeights`](crate::OriginalWeights),
/// [`PosteriorWeights`](crate::PosteriorWeights), or a host's own.
///
/// An implementation is a deterministic fold: it asks no clock, and what it draws by lot it draws from the choice and a seed
/// of its own. The same outcomes in the same order give bit-identical weights, and the same choice the same ranking. What it
/// keeps is bounded whatever the number of outcomes.
pub trait Policy: Send {
    /// Takes in an outcome, with its feedback where it has some. `now` is when it is learned, at or after its end; it may be
    /// long after when outcomes are read back from a store.
    fn learn(&mut self, outcome: &OutcomeRecord, now: Timestamp);

    /// Takes in that a human now says `score` of `outcome`, which is as it was learned before: with its former feedback where
    /// there was some. Afterwards it knows what it would know had it learned the outcome with that feedback.
    fn revise(&mut self, outcome: &OutcomeRecord, score: FeedbackScore) {
        let _ = (outcome, score);
    }

    /// How much `outcome` counts in what is learned: 0 not at all, 1 in full.
    fn credit(&self, outcome: &OutcomeRecord) -> Ratio {
        let _ = outcome;
        Ratio::ONE
    }

    /// How much a strategy is trusted with a kind of problem in a collection; `None` where nothing is known.
    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId, now: Timestamp) -> Option<Amount>;

    /// How much a strategy is trusted with a kind of problem in whatever collection; `None` where nothing is known.
    fn weight_for_kind(&self, strategy: &str, kind: &ProblemKind, now: Timestamp) -> Option<Amount>;

    /// How much a strategy is trusted all in all; `None` where nothing is known.
    fn overall_weight(&self, strategy: &str, now: Timestamp) -> Option<Amount>;

    /// The candidates of `choice`, each once, best first, with the propensities of this very order's first place.
    fn rank<'a>(&self, choice: &Choice<'a>) -> Vec<Ranked<'a>>;

    /// The same policy before it learned anything.
    fn unlearned(&self) -> Box<dyn Policy>;
}
