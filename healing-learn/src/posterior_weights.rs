//! The default policy: a posterior that forgets, pools and explores.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use healing_core::learner::{Candidate, Choice, Ranked};
use healing_core::monitor::IntegrityState;
use healing_core::storage::{FeedbackScore, OutcomeRecord};
use healing_core::{Amount, CollectionId, ProblemKind, Ratio, Timestamp};

use crate::belief::Belief;
use crate::by_collection::ByCollection;
use crate::changing_chance::ChangingChance;
use crate::counts::{Average, Counts, Tally};
use crate::critical_choices::{CriticalChoice, CriticalChoices};
use crate::evidence::{Evidence, Memory, Opinion, Verdict};
use crate::lots::lot;
use crate::paces::Paces;
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
/// # What is believed
///
/// - **Posterior.** Of each strategy's chance of success, for each kind of problem in each collection, the distribution given
///   all its outcomes, each counting by its [credit](crate::CreditRule), and the [prior](crate::Prior). Were the chance
///   constant, that would be the Beta distribution with the numbers of successes and failures.
/// - **Forgetting.** It is not constant. Within a half-life it is drawn anew with probability one half, in the time of the
///   outcomes themselves, as no clock is asked: so a strategy that breaks is noticed after a few outcomes, and one that was
///   not tried for long is worth another try. Between that it may wander. The chance is the hidden state of a Markov chain of
///   64 states, its posterior the forward recursion over them (Rabiner 1989, "A Tutorial on Hidden Markov Models"); to
///   discount old outcomes (Raj and Kalyani 2017, "Taming Non-stationary Bandits: A Bayesian Approach") is an approximation
///   of this.
/// - **Pace.** How quickly chances wander is not configured. Four paces are thought possible, from not at all to over the whole
///   range within a third of a half-life, and each outcome makes those more probable that foretold it. The pace is one for all
///   strategies, kinds and collections, as it is the same service that changes, so that it is soon known.
/// - **Pooling.** Where a collection has few outcomes of its own, those of the others are believed, up to
///   [`pooling`](PosteriorConfig::pooling) outcomes' worth.
/// - **Feedback.** What a human says counts as [`feedback`](PosteriorConfig::feedback) outcomes, halved with every half-life.
///
/// # How it is chosen
///
/// - **Lots.** With a sharpness of 1 and an optimism of 0.5 a lot is a draw from the posterior, and the choice plain Thompson
///   sampling. That tries more than pays within a few thousand choices, so lots are drawn closer together (Chapelle and Li
///   2011, "An Empirical Evaluation of Thompson Sampling", on posterior reshaping), around an upper
///   [quantile](PosteriorConfig::optimism) (Kaufmann, Cappe and Garivier 2012, "On Bayesian Upper Confidence Bounds for Bandit
///   Problems"; May, Korda, Lee and Leslie 2012, "Optimistic Bayesian Sampling in Contextual-Bandit Problems"; Vaswani,
///   Mehrabian, Durand and Kveton 2020, "Old Dog Learns New Tricks: Randomized UCB for Bandit Problems").
/// - **Utility.** What a strategy gains when it succeeds, how disruptive it is and how long it takes count by the
///   [utility](crate::Utility) that the host sets.
/// - **Critical.** In critical state only every so many choices of a collection may explore, by
///   [`critical_exploration`](PosteriorConfig::critical_exploration); the others take what is best as far as is known, with
///   propensity 1.
/// - **Guards.** What the guards and the state do not allow is no candidate, and is not explored either.
///
/// Lots are drawn by ChaCha8 from the seed, the collection, the kind, the time of the choice and the strategy, so the same
/// choice after the same outcomes draws the same lots. Propensities are computed and not sampled: the chance to have the
/// greatest utility, summed over the histograms that lots are drawn from.
///
/// # What it costs
///
/// An outcome takes O(1) time, about a microsecond, but for the maps it is found in; a choice O(n^2) for n candidates. What
/// is kept is 2 KiB for each strategy, kind and collection of which not everything is forgotten, whatever the number of
/// outcomes.
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
    critical: ByCollection<CriticalChoices>,
    paces: Paces,
}

/// What is known of one strategy for one kind of problem.
#[derive(Debug, Clone, Default)]
struct Treated {
    everywhere: Memory,
    collections: ByCollection<Evidence>,
}

/// What is known at some time of one strategy, for one kind of problem in one collection.
struct Known {
    chance: ChangingChance,
    /// What counts beside the verdicts that `chance` comes from.
    beside: Tally,
    /// How many outcomes all of it is worth.
    number: f64,
    gained: Average,
    slowness: Average,
}

impl PosteriorWeights {
    /// A policy that learned nothing yet.
    #[must_use]
    pub fn new(config: PosteriorConfig) -> Self {
        Self {
            config,
            ..Self::default()
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
        if let Some(choice) = CriticalChoice::of(outcome) {
            self.critical_choices_of(outcome).learn(choice);
        }
        let credit = self.credit(outcome).get();
        let opinion = outcome.feedback_score.map(|score| self.opinion(outcome, score));
        if credit == 0.0 && opinion.is_none() {
            return;
        }
        let verdict = Verdict {
            at: outcome.completed_at,
            credit,
            verified: is_verified(outcome),
            gained: gained(outcome).get(),
            slowness: slowness(outcome.duration()).get(),
        };
        let half_life = self.config.half_life;
        let (everywhere, own) = self.memories_of(outcome);
        if let Some(opinion) = opinion {
            everywhere.hear(opinion);
            own.memory.hear(opinion);
        }
        if credit > 0.0 {
            everywhere.learn(verdict, half_life);
            let foretold = own.learn(verdict, half_life);
            self.paces.learn(verdict.at, foretold, half_life);
        }
    }

    fn revise(&mut self, outcome: &OutcomeRecord, score: FeedbackScore) {
        let former = outcome.feedback_score.map(|score| self.opinion(outcome, score));
        let opinion = self.opinion(outcome, score);
        let (everywhere, own) = self.memories_of(outcome);
        for memory in [everywhere, &mut own.memory] {
            if let Some(former) = former {
                memory.unhear(former);
            }
            memory.hear(opinion);
        }
    }

    fn credit(&self, outcome: &OutcomeRecord) -> Ratio {
        self.config.credit.credit(&outcome.disturbances)
    }

    /// What was learned elsewhere counts where the collection has little of its own.
    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId, now: Timestamp) -> Option<Amount> {
        let known = self.known(self.treated(strategy, kind)?, collection, now);
        (known.number > FORGOTTEN).then(|| self.weigh(&known, kind, now))
    }

    /// The mean over the collections, each counting by its outcomes.
    fn weight_for_kind(&self, strategy: &str, kind: &ProblemKind, now: Timestamp) -> Option<Amount> {
        let mut sum = Average::default();
        self.weigh_everywhere(self.treated(strategy, kind)?, kind, now, &mut sum);
        weight_of(&sum)
    }

    /// The mean over the kinds of problem and the collections, each counting by its outcomes.
    fn overall_weight(&self, strategy: &str, now: Timestamp) -> Option<Amount> {
        let mut sum = Average::default();
        for (kind, treated) in self.strategies.get(strategy)? {
            self.weigh_everywhere(treated, kind, now, &mut sum);
        }
        weight_of(&sum)
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Vec<Ranked<'a>> {
        let prospects: Vec<Prospect> = choice.candidates.iter().map(|it| self.prospect(choice, it)).collect();
        let best = best_mean(&prospects);
        let explores = choice.state != IntegrityState::Critical || self.may_explore_in_critical(choice.collection);
        let candidates = choice.candidates.iter().zip(&prospects).zip(propensities(&prospects));
        let mut ranking: Vec<(f64, Ranked<'a>)> = candidates
            .enumerate()
            .map(|(index, ((candidate, prospect), chance))| {
                let (utility, chance) = if explores {
                    let lot = lot(self.config.seed, choice, &candidate.strategy);
                    (prospect.drawn(lot), chance)
                } else {
                    (prospect.mean(), if Some(index) == best { 1.0 } else { 0.0 })
                };
                let propensity = Ratio::clamped(chance);
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

    /// What an outcome is evidence in: of its strategy for its kind of problem everywhere, and in its collection.
    fn memories_of(&mut self, outcome: &OutcomeRecord) -> (&mut Memory, &mut Evidence) {
        let half_life = self.config.half_life;
        let kinds = match self.strategies.entry(outcome.strategy_name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(BTreeMap::new()),
        };
        let treated = kinds.entry(outcome.problem.kind()).or_default();
        let now = outcome.completed_at;
        let is_forgotten = |own: &Evidence| own.memory.counts(now, half_life).all().number() <= FORGOTTEN;
        let own = treated.collections.of(outcome.collection(), is_forgotten);
        (&mut treated.everywhere, own)
    }

    fn critical_choices_of(&mut self, outcome: &OutcomeRecord) -> &mut CriticalChoices {
        let (now, half_life) = (outcome.completed_at, self.config.half_life);
        let is_forgotten = |choices: &CriticalChoices| choices.left(now, half_life) <= FORGOTTEN;
        self.critical.of(outcome.collection(), is_forgotten)
    }

    fn may_explore_in_critical(&self, collection: &CollectionId) -> bool {
        let unknown = CriticalChoices::default();
        let known = self.critical.get(collection).unwrap_or(&unknown);
        known.may_explore(self.config.critical_exploration)
    }

    fn opinion(&self, outcome: &OutcomeRecord, score: FeedbackScore) -> Opinion {
        Opinion {
            at: outcome.completed_at,
            outcomes: score.get() * self.config.feedback.get(),
        }
    }

    fn prospect(&self, choice: &Choice<'_>, candidate: &Candidate) -> Prospect {
        let known = self
            .treated(&candidate.strategy, choice.kind)
            .map_or(Known::NOTHING, |treated| {
                self.known(treated, choice.collection, choice.at)
            });
        let belief = self.belief(&known, choice.kind, candidate.impact, choice.at);
        let utility = &self.config.utility;
        let slow = slowness(candidate.estimated_duration).get();
        Prospect {
            success: belief.mean(),
            lots: belief.lots(self.config.boldness()),
            of_success: utility.of_success(known.gained.mean(PRIOR_GAINED, PRIOR_MEASUREMENTS)),
            cost: utility.cost(candidate.impact.get(), known.slowness.mean(slow, PRIOR_MEASUREMENTS)),
        }
    }

    fn belief(&self, known: &Known, kind: &ProblemKind, impact: Ratio, now: Timestamp) -> Belief {
        let paces = self.paces.probabilities(now, self.config.half_life);
        let beside = known.beside.with(&self.config.prior.tally(kind, impact));
        Belief::new(known.chance.with(&paces, beside))
    }

    /// What is known of a strategy in `collection`, with what others know of it.
    fn known(&self, treated: &Treated, collection: &CollectionId, now: Timestamp) -> Known {
        let half_life = self.config.half_life;
        let own = treated.collections.get(collection);
        let chance = own.map_or(ChangingChance::UNKNOWN, |own| own.chance(now, half_life));
        let own = own.map_or(Counts::default(), |own| own.memory.counts(now, half_life));
        let (all, most) = (treated.everywhere.counts(now, half_life), self.config.pooling.get());
        let others = all.all().beside(&own.all(), most);
        Known {
            chance,
            beside: own.feedback.with(&others),
            number: own.all().with(&others).number(),
            gained: own.gained.borrowing(&all.gained, most),
            slowness: own.slowness.borrowing(&all.slowness, most),
        }
    }

    /// Adds the weight in each collection to `sum`, as often as it has outcomes.
    fn weigh_everywhere(&self, treated: &Treated, kind: &ProblemKind, now: Timestamp, sum: &mut Average) {
        for collection in treated.collections.collections() {
            let known = self.known(treated, collection, now);
            sum.add(self.weigh(&known, kind, now).get(), known.number);
        }
    }

    /// The mean of what a strategy gives, costs aside, relative to what it would be believed to give without evidence.
    fn weigh(&self, known: &Known, kind: &ProblemKind, now: Timestamp) -> Amount {
        let prior = self.config.prior.mean(kind, Ratio::ZERO).get();
        let success = self.belief(known, kind, Ratio::ZERO, now).mean();
        let gained = known.gained.mean(PRIOR_GAINED, PRIOR_MEASUREMENTS);
        let worth = |success: f64, gained: f64| success * self.config.utility.of_success(gained);
        Amount::clamped(worth(success, gained) / worth(prior, PRIOR_GAINED))
    }
}

impl Known {
    const NOTHING: Self = Self {
        chance: ChangingChance::UNKNOWN,
        beside: Tally::NONE,
        number: 0.0,
        gained: Average::NONE,
        slowness: Average::NONE,
    };
}

/// The mean of weights; `None` where they stand for no outcomes.
fn weight_of(sum: &Average) -> Option<Amount> {
    (sum.number() > FORGOTTEN).then(|| Amount::clamped(sum.mean(0.0, 0.0)))
}

/// The candidate that is best as far as is known; the first of equals.
fn best_mean(prospects: &[Prospect]) -> Option<usize> {
    let means = prospects.iter().map(Prospect::mean).enumerate();
    let best = means.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(index, _)| index)
}

/// Fewer outcomes than this, by what is left of them, are as good as none.
const FORGOTTEN: f64 = 1e-6;

/// What a success is believed to gain before one was seen: lambda rises by a quarter.
const PRIOR_GAINED: f64 = 0.2;

/// How many measurements what is believed of gain and duration before there are any weighs.
const PRIOR_MEASUREMENTS: f64 = 4.0;
