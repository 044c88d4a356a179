//! What another policy would have been worth, from what was recorded.

use healing_core::learner::{Candidate, Choice, Ranked};
use healing_core::storage::{OutcomeRecord, RecordedCandidate, RecordedChoice};
use healing_core::{ProblemKind, Ratio};
use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::utility::Utility;

/// What a policy would have been worth a remediation, estimated from what came of the choices of another one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OfflineEstimate {
    /// How many outcomes the estimate rests on.
    pub outcomes: usize,
    /// How many were left out: no choice was recorded with them, or what was chosen or what the policy would have chosen had no
    /// chance to be, or their verdict was disturbed.
    pub left_out: usize,
    /// The mean utility of what was really chosen.
    pub recorded: f64,
    /// The estimate by inverse propensities: unbiased, but not bounded by the utilities that were seen.
    pub inverse_propensity: f64,
    /// The same with the weights made to add up to 1: slightly biased, and much less uncertain. `None` where the policy would
    /// have chosen nothing of what was chosen.
    pub self_normalised: Option<f64>,
    /// The standard error of the self-normalised estimate.
    pub standard_error: Option<f64>,
    /// How many outcomes of the policy's own the estimate is as good as (Kish 1965). Where it is small against
    /// [`outcomes`](Self::outcomes), the two policies chose differently and the estimate is a guess.
    pub effective_outcomes: f64,
}

/// Estimates what `policy` would have been worth in place of the one that made the recorded choices (Horvitz and Thompson
/// 1952; Swaminathan and Joachims 2015, "The Self-Normalized Estimator for Counterfactual Learning"): each outcome counts by
/// how much more probable its strategy would have been under `policy`.
///
/// `policy` begins without knowledge and learns along: before each choice, all recorded outcomes that had ended by then,
/// whatever it would have chosen itself. `None` where no outcome can be used. O(n log n) for n outcomes.
///
/// A choice says nothing of what had no chance in it. Where that is more than a hundredth of what `policy` would have chosen,
/// the outcome is left out, whatever came of it, and the estimate is about the other choices. In critical state most choices are
/// like that, and a deterministic policy's wherever `policy` disagrees.
#[must_use]
pub fn evaluate_offline(policy: &dyn Policy, utility: &Utility, outcomes: &[OutcomeRecord]) -> Option<OfflineEstimate> {
    let mut usable: Vec<Usable<'_>> = outcomes.iter().filter_map(Usable::new).collect();
    usable.sort_by_key(|usable| usable.choice.at);
    let mut ended: Vec<&OutcomeRecord> = outcomes.iter().collect();
    ended.sort_by_key(|outcome| outcome.completed_at);
    let mut unknown = ended.into_iter().peekable();
    let mut policy = policy.unlearned();
    let mut weighted = Vec::with_capacity(usable.len());
    for usable in &usable {
        while let Some(outcome) = unknown.next_if(|outcome| outcome.completed_at <= usable.choice.at) {
            policy.learn(outcome, outcome.completed_at);
        }
        if let Some(propensity) = usable.propensity_under(&*policy) {
            let worth = utility.of(usable.outcome, usable.chosen.candidate.impact);
            weighted.push((propensity / usable.chosen.propensity.get(), worth));
        }
    }
    estimate(&weighted, outcomes.len())
}

/// An outcome that says something of other policies.
struct Usable<'a> {
    outcome: &'a OutcomeRecord,
    choice: &'a RecordedChoice,
    chosen: &'a RecordedCandidate,
}

impl<'a> Usable<'a> {
    fn new(outcome: &'a OutcomeRecord) -> Option<Self> {
        let choice = outcome.choice.as_ref()?;
        let mut candidates = choice.candidates.iter();
        let chosen = candidates.find(|it| it.candidate.strategy == outcome.strategy_name)?;
        let usable = chosen.propensity.get() > 0.0 && outcome.disturbances.is_empty();
        usable.then_some(Self {
            outcome,
            choice,
            chosen,
        })
    }

    /// With what propensity `policy` would have chosen the same; `None` where what it would have chosen had no chance.
    fn propensity_under(&self, policy: &dyn Policy) -> Option<f64> {
        let recorded = self.choice.candidates.iter();
        let mut candidates: Vec<Candidate> = recorded.map(|it| it.candidate.clone()).collect();
        // The order they were recorded in is that of another policy's liking; the engine lists them by name.
        candidates.sort_by(|one, other| one.strategy.cmp(&other.strategy));
        let kind: ProblemKind = self.outcome.problem.kind();
        let choice = Choice {
            collection: self.outcome.collection(),
            kind: &kind,
            state: self.choice.state,
            at: self.choice.at,
            candidates: &candidates,
        };
        let ranking = policy.rank(&choice);
        let mut had_no_chance = 0.0;
        let mut of_chosen = 0.0;
        for Ranked { candidate, propensity } in ranking {
            if candidate.strategy == self.outcome.strategy_name {
                of_chosen = propensity.get();
            }
            let recorded = self.choice.propensity(&candidate.strategy);
            if recorded.is_none_or(|recorded| recorded == Ratio::ZERO) {
                had_no_chance += propensity.get();
            }
        }
        (had_no_chance <= MOST_WITHOUT_CHANCE).then_some(of_chosen)
    }
}

/// How much of what a policy would have chosen may have had no chance: next to nothing, as that is not in the estimate.
const MOST_WITHOUT_CHANCE: f64 = 0.01;

#[allow(clippy::cast_precision_loss, reason = "a number of outcomes far below 2^53")]
fn estimate(weighted: &[(f64, f64)], outcomes: usize) -> Option<OfflineEstimate> {
    if weighted.is_empty() {
        return None;
    }
    let number = weighted.len() as f64;
    let sum = |term: &dyn Fn(f64, f64) -> f64| weighted.iter().map(|&(weight, worth)| term(weight, worth)).sum::<f64>();
    let weights = sum(&|weight, _| weight);
    let squares = sum(&|weight, _| weight * weight);
    let worth = sum(&|weight, worth| weight * worth);
    let self_normalised = (weights > 0.0).then(|| worth / weights);
    let standard_error = |mean: f64| {
        let spread = sum(&|weight, worth| (weight * (worth - mean)).powi(2));
        spread.sqrt() / weights
    };
    Some(OfflineEstimate {
        outcomes: weighted.len(),
        left_out: outcomes - weighted.len(),
        recorded: sum(&|_, worth| worth) / number,
        inverse_propensity: worth / number,
        self_normalised,
        standard_error: self_normalised.map(standard_error),
        effective_outcomes: if squares > 0.0 {
            weights * weights / squares
        } else {
            0.0
        },
    })
}
