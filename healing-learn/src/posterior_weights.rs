//! The default policy: a posterior that forgets, pools and explores.

use std::collections::BTreeMap;

use healing_core::learner::{Candidate, Choice, Ranked};
use healing_core::monitor::IntegrityState;
use healing_core::storage::{FeedbackScore, OutcomeRecord};
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};

use crate::belief::{Belief, WeightedBeta, mean};
use crate::evidence::{Evidence, Opinion, Verdict};
use crate::half_life::HalfLife;
use crate::known::Known;
use crate::lots::lot;
use crate::policy::Policy;
use crate::posterior_config::PosteriorConfig;
use crate::prospect::{Prospect, propensities};
use crate::utility::{gained, is_verified, slowness};

/// Learns how often each strategy works for each kind of problem in each collection, and chooses by Thompson sampling
/// (Thompson 1933, "On the likelihood that one unknown probability exceeds another"; Agrawal and Goyal 2012, "Analysis of
/// Thompson Sampling for the Multi-armed Bandit Problem"): from what is believed of each candidate's success a lot is drawn,
/// and the candidate with the greatest utility under its lot goes first. What is known to be worse is hardly ever drawn, what
/// is not known well is tried, and failures fade.
///
/// - **Posterior.** Verified outcomes and others are counted for each strategy, kind of problem and collection, each by its
///   [credit](crate::CreditRule); with the [prior](crate::Prior) they make a Beta distribution.
/// - **Forgetting.** The chance that a strategy is still what it was halves with every half-life, in the time of the outcomes
///   themselves; no clock is asked. When it last changed is inferred with the rest (Adams and MacKay 2007, "Bayesian Online
///   Changepoint Detection"; Mellor and Shapiro 2013, "Thompson Sampling in Switching Environments with Bayesian Online Change
///   Detection"): one that breaks is noticed after a few outcomes, one that never changes is not forgotten, and one that was
///   not tried for long is worth another try. Within the time that nothing changed, older outcomes give way to newer ones.
/// - **Pooling.** Where a collection has few outcomes of its own, those of the others are believed, up to
///   [`pooling`](PosteriorConfig::pooling) outcomes' worth.
/// - **Exploration.** Lots are drawn from a posterior that is sharper than what is known
///   (the configuration's `sharpness`): plain Thompson sampling tries more than pays within a few hundred choices
///   (Chapelle and Li 2011, "An Empirical Evaluation of Thompson Sampling", on posterior reshaping).
/// - **Utility.** What a strategy gains when it succeeds, how disruptive it is and how long it takes count by the
///   [utility](crate::Utility) that the host sets.
/// - **Critical.** In critical state exploration is bounded by
///   [`critical_exploration`](PosteriorConfig::critical_exploration); the rest goes by what is best as far as is known.
///
/// Lots are drawn by ChaCha8 from the seed, the collection, the kind, the time of the choice and the strategy, so the same
/// choice after the same outcomes draws the same lots. Propensities are computed and not sampled: the chance to have the
/// greatest utility, summed over the histograms that lots are drawn from.
///
/// An outcome takes O(1) time but for the maps it is found in; what is kept is a dozen pairs of counts for each strategy, kind
/// and collection of which not everything is forgotten.
///
/// ```
/// use healing_learn::{PosteriorConfig, PosteriorWeights};
///
/// let policy = PosteriorWeights::new(PosteriorConfig { seed: 42, ..PosteriorConfig::default() });
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, Default)]
pub struct PosteriorWeights {
    config: PosteriorConfig,
    strategies: BTreeMap<String, BTreeMap<ProblemKind, Treated>>,
}

/// What is known of one strategy for one kind of problem.
#[derive(Debug, Clone, Default)]
struct Treated {
    everywhere: Evidence,
    collections: BTreeMap<CollectionId, Evidence>,
    /// At so many collections those are looked for of which everything is forgotten.
    sweep_at: usize,
}

impl PosteriorWeights {
    /// A policy that learned nothing yet.
    #[must_use]
    pub fn new(config: PosteriorConfig) -> Self {
        Self {
            config,
            strategies: BTreeMap::new(),
        }
    }

    /// How it learns and chooses.
    #[must_use]
    pub fn config(&self) -> &PosteriorConfig {
        &self.config
    }
}

impl Policy for PosteriorWeights {
    fn learn(&mut self, outcome: &OutcomeRecord, _now: Timestamp) {
        let credit = self.credit(outcome).get();
        let verdict = Verdict {
            at: outcome.completed_at,
            credit,
            verified: is_verified(outcome),
            gained: gained(outcome).get(),
            slowness: slowness(outcome.duration()).get(),
        };
        let opinion = outcome.feedback_score.map(|score| self.opinion(outcome, score));
        let half_life = self.config.half_life;
        self.for_each_record_of(outcome, |evidence| {
            if credit > 0.0 {
                evidence.learn(verdict, half_life);
            }
            if let Some(opinion) = opinion {
                evidence.hear(opinion);
            }
        });
    }

    fn revise(&mut self, outcome: &OutcomeRecord, score: FeedbackScore) {
        let former = outcome.feedback_score.map(|score| self.opinion(outcome, score));
        let opinion = self.opinion(outcome, score);
        self.for_each_record_of(outcome, |evidence| {
            if let Some(former) = former {
                evidence.unhear(former);
            }
            evidence.hear(opinion);
        });
    }

    fn credit(&self, outcome: &OutcomeRecord) -> Ratio {
        self.config.credit.credit(&outcome.disturbances)
    }

    /// What was learned elsewhere counts where the collection has little of its own.
    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId, now: Timestamp) -> Option<Amount> {
        let treated = self.treated(strategy, kind)?;
        self.weigh(&self.pooled(treated, collection, now), kind)
    }

    fn weight_for_kind(&self, strategy: &str, kind: &ProblemKind, now: Timestamp) -> Option<Amount> {
        let treated = self.treated(strategy, kind)?;
        self.weigh(&treated.everywhere.known(now, self.config.half_life), kind)
    }

    /// The mean over the kinds of problem, each counting by its outcomes.
    fn overall_weight(&self, strategy: &str, now: Timestamp) -> Option<Amount> {
        let (mut sum, mut number) = (0.0, 0.0);
        for (kind, treated) in self.strategies.get(strategy)? {
            let known = treated.everywhere.known(now, self.config.half_life);
            if let Some(weight) = self.weigh(&known, kind) {
                sum += weight.get() * known.number();
                number += known.number();
            }
        }
        (number > 0.0).then(|| Amount::clamped(sum / number))
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Vec<Ranked<'a>> {
        let prospects: Vec<Prospect> = choice.candidates.iter().map(|it| self.prospect(choice, it)).collect();
        let best = best_mean(&prospects);
        let share = match choice.state {
            IntegrityState::Critical => self.config.critical_exploration.get(),
            IntegrityState::Normal | IntegrityState::Stress => 1.0,
        };
        let explores = lot(self.config.seed, choice, EXPLORES) < share;
        let candidates = choice.candidates.iter().zip(&prospects).zip(propensities(&prospects));
        let mut ranking: Vec<(f64, Ranked<'a>)> = candidates
            .enumerate()
            .map(|(index, ((candidate, prospect), chance))| {
                let utility = if explores {
                    prospect.at(lot(self.config.seed, choice, &candidate.strategy))
                } else {
                    prospect.mean()
                };
                let known_best = if Some(index) == best { 1.0 - share } else { 0.0 };
                let propensity = Ratio::clamped(share * chance + known_best);
                (utility, Ranked { candidate, propensity })
            })
            .collect();
        // Stable: equal ones stay in the order of the candidates.
        ranking.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        ranking.into_iter().map(|(_, ranked)| ranked).collect()
    }

    fn unlearned(&self) -> Box<dyn Policy> {
        Box::new(Self::new(self.config.clone()))
    }
}

impl PosteriorWeights {
    fn treated(&self, strategy: &str, kind: &ProblemKind) -> Option<&Treated> {
        self.strategies.get(strategy)?.get(kind)
    }

    fn prospect(&self, choice: &Choice<'_>, candidate: &Candidate) -> Prospect {
        let known = self.treated(&candidate.strategy, choice.kind);
        let known = known.map_or_else(Known::nothing, |treated| {
            self.pooled(treated, choice.collection, choice.at)
        });
        let prior = self.config.prior.mean(choice.kind, candidate.impact).get();
        let mixture = known.mixture(prior, self.config.prior.strength());
        let sharpened = mixture.into_iter().map(|beta| beta.sharpened(self.config.sharpness()));
        let utility = &self.config.utility;
        let slow = slowness(candidate.estimated_duration).get();
        Prospect {
            belief: Belief::new(&sharpened.collect::<Vec<WeightedBeta>>()),
            of_success: utility.of_success(known.gained.mean(PRIOR_GAINED, PRIOR_MEASUREMENTS)),
            cost: utility.cost(candidate.impact.get(), known.slowness.mean(slow, PRIOR_MEASUREMENTS)),
        }
    }

    fn pooled(&self, treated: &Treated, collection: &CollectionId, now: Timestamp) -> Known {
        let half_life = self.config.half_life;
        let own = treated.collections.get(collection);
        let own = own.map_or_else(Known::nothing, |own| own.known(now, half_life));
        own.pooled_with(&treated.everywhere.known(now, half_life), self.config.pooling.get())
    }

    /// The mean of what a strategy gives, costs aside, relative to what it would be believed to give without evidence; `None`
    /// where there is no evidence.
    fn weigh(&self, known: &Known, kind: &ProblemKind) -> Option<Amount> {
        let prior = self.config.prior.mean(kind, Ratio::ZERO).get();
        let success = mean(&known.mixture(prior, self.config.prior.strength()));
        let gained = known.gained.mean(PRIOR_GAINED, PRIOR_MEASUREMENTS);
        let worth = |success: f64, gained: f64| success * self.config.utility.of_success(gained);
        let weight = || Amount::clamped(worth(success, gained) / worth(prior, PRIOR_GAINED));
        (known.number() > FORGOTTEN).then(weight)
    }

    /// Hands `change` everything that an outcome is evidence in.
    fn for_each_record_of(&mut self, outcome: &OutcomeRecord, mut change: impl FnMut(&mut Evidence)) {
        let half_life = self.config.half_life;
        if !self.strategies.contains_key(&outcome.strategy_name) {
            self.strategies.insert(outcome.strategy_name.clone(), BTreeMap::new());
        }
        let Some(kinds) = self.strategies.get_mut(&outcome.strategy_name) else {
            return;
        };
        let treated = kinds.entry(outcome.problem.kind()).or_default();
        change(&mut treated.everywhere);
        match treated.collections.get_mut(outcome.collection()) {
            Some(evidence) => change(evidence),
            None => {
                treated.sweep(outcome.completed_at, half_life);
                let evidence = treated.collections.entry(outcome.collection().clone()).or_default();
                change(evidence);
            }
        }
    }

    fn opinion(&self, outcome: &OutcomeRecord, score: FeedbackScore) -> Opinion {
        Opinion {
            at: outcome.completed_at,
            outcomes: score.get() * self.config.feedback.get(),
        }
    }
}

impl Treated {
    /// Lets go of the collections of which everything is forgotten, where there are twice as many as after the last time: so
    /// collections that come and go cost no more than those that are there.
    fn sweep(&mut self, now: Timestamp, half_life: HalfLife) {
        if self.collections.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.collections
                .retain(|_, evidence| evidence.known(now, half_life).number() > FORGOTTEN);
            self.sweep_at = 2 * self.collections.len();
        }
    }
}

/// The candidate that is best as far as is known; the first of equals.
fn best_mean(prospects: &[Prospect]) -> Option<usize> {
    let means = prospects.iter().map(Prospect::mean).enumerate();
    let best = means.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(index, _)| index)
}

/// For what the lot is drawn that decides whether a critical choice explores; no strategy has such a name.
const EXPLORES: &str = "explores?";

/// Fewer outcomes than this, by what is left of them, are as good as none.
const FORGOTTEN: f64 = 1e-6;

/// Up to so many collections nothing is swept.
const SWEEP_FROM: usize = 64;

/// What a success is believed to gain before one was seen: lambda rises by a quarter.
const PRIOR_GAINED: f64 = 0.2;

/// How many measurements what is believed of gain and duration before there are any weighs.
const PRIOR_MEASUREMENTS: f64 = 4.0;
