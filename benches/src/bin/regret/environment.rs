//! The worlds in which policies choose: strategies whose chances of success only the world knows.

use std::time::Duration;

use healing_core::Ratio;
use healing_core::learner::Candidate;
use healing_learn::{Utility, gained_share, slowness};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How many strategies there are to choose from.
pub(crate) const STRATEGIES: usize = 4;

const DAY: f64 = 24.0 * 3600.0;

/// How far a drifting chance wanders in a day: the standard deviation. In a month that is a third of the whole range.
const DRIFT: f64 = 0.06;

/// A kind of world. Everything about a world that is not said here is drawn anew for each run.
///
/// Incidents come at random, in a steady stream, and what changes does so in time, whether there are incidents or not. How
/// often they come is the benchmark's to say, and its front page tells what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Nothing changes.
    Stationary,
    /// Each strategy's chance of success wanders in time, as a Brownian motion that is reflected near 0 and 1.
    Drifting,
    /// The best strategy works no more from half time on.
    Breaking,
    /// Nothing changes, but there is an incident every other day only, and outcomes are known days later.
    SparseAndDelayed,
    /// Nothing changes, but each of five collections has chances of its own.
    Collections,
    /// Nothing changes, but the best strategy failed when it was first tried and the worst one succeeded greatly.
    LuckyStart,
    /// Nothing changes, but all strategies except the best one have been in use for a while.
    NeverTried,
}

impl Environment {
    pub(crate) const ALL: [Self; 7] = [
        Self::Stationary,
        Self::Drifting,
        Self::Breaking,
        Self::SparseAndDelayed,
        Self::Collections,
        Self::LuckyStart,
        Self::NeverTried,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stationary => "stationary",
            Self::Drifting => "drifting",
            Self::Breaking => "breaks_at_half_time",
            Self::SparseAndDelayed => "sparse_and_delayed",
            Self::Collections => "collections_differ",
            Self::LuckyStart => "lucky_early_success",
            Self::NeverTried => "never_tried",
        }
    }

    /// Whether chances of success stay what they are.
    pub(crate) const fn is_stationary(self) -> bool {
        !matches!(self, Self::Drifting | Self::Breaking)
    }

    pub(crate) const fn collections(self) -> usize {
        match self {
            Self::Collections => 5,
            _ => 1,
        }
    }

    /// The mean time between incidents in seconds, where there are so many a day.
    fn seconds_between_incidents(self, incidents_per_day: f64) -> f64 {
        match self {
            Self::SparseAndDelayed => 2.0 * DAY,
            _ => DAY / incidents_per_day,
        }
    }

    /// The longest time after the end of a remediation until its outcome is known.
    fn longest_delay(self) -> f64 {
        match self {
            Self::SparseAndDelayed => 8.0 * DAY,
            _ => 0.0,
        }
    }
}

/// One world, with everything that will happen in it whatever is chosen: so policies differ by their choices alone.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) strategies: Vec<Strategy>,
    pub(crate) rounds: Vec<Round>,
    /// Outcomes from before the first round: which strategy, and whether it succeeded.
    pub(crate) history: Vec<(usize, bool)>,
    lucky: Option<usize>,
}

/// What is the same about a strategy in all rounds.
#[derive(Debug)]
pub(crate) struct Strategy {
    pub(crate) candidate: Candidate,
    /// How long it really takes.
    pub(crate) duration: Duration,
    /// What it improves lambda by when it succeeds, in percent.
    pub(crate) improvement_pct: f64,
}

/// An incident, and what would come of each strategy.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) collection: usize,
    /// Since the round before.
    pub(crate) gap: Duration,
    /// From the end of the remediation until its outcome is known.
    pub(crate) delay: Duration,
    pub(crate) chances: [Ratio; STRATEGIES],
    pub(crate) succeeds: [bool; STRATEGIES],
}

impl World {
    pub(crate) fn new(environment: Environment, rounds: usize, incidents_per_day: f64, seed: u64) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let strategies: Vec<Strategy> = (0..STRATEGIES).map(|number| Strategy::draw(number, &mut rng)).collect();
        let mut chances: Vec<[f64; STRATEGIES]> = (0..environment.collections())
            .map(|_| std::array::from_fn(|_| rng.random_range(0.1..0.95)))
            .collect();
        let utilities = utilities(&strategies, &chances[0].map(Ratio::clamped));
        let (best, worst) = (extreme(&utilities, 1.0), extreme(&utilities, -1.0));
        let mut drawn = Vec::with_capacity(rounds);
        let mean_gap = environment.seconds_between_incidents(incidents_per_day);
        for round in 0..rounds {
            let gap = exponential(mean_gap, &mut rng);
            match environment {
                Environment::Drifting => {
                    // An even step has a standard deviation of a root of three less than its greatest size.
                    let greatest = DRIFT * (3.0 * gap.as_secs_f64() / DAY).sqrt();
                    for chance in chances.iter_mut().flatten() {
                        *chance = reflected(*chance + greatest * rng.random_range(-1.0..1.0));
                    }
                }
                Environment::Breaking if round == rounds / 2 => chances[0][best] = 0.05,
                _ => {}
            }
            let collection = rng.random_range(0..environment.collections());
            let chances = chances[collection].map(Ratio::clamped);
            drawn.push(Round {
                collection,
                gap,
                delay: Duration::from_secs_f64(rng.random_range(0.0..1.0) * environment.longest_delay()),
                chances,
                succeeds: chances.map(|chance| rng.random_range(0.0..1.0) < chance.get()),
            });
        }
        let history = match environment {
            Environment::LuckyStart => vec![(best, false), (worst, true)],
            Environment::NeverTried => {
                let tried = (0..STRATEGIES).filter(|strategy| *strategy != best);
                let outcomes = tried.flat_map(|strategy| {
                    let outcome = |_| (strategy, rng.random_range(0.0..1.0) < chances[0][strategy]);
                    (0..10).map(outcome).collect::<Vec<_>>()
                });
                outcomes.collect()
            }
            _ => Vec::new(),
        };
        Self {
            strategies,
            rounds: drawn,
            history,
            lucky: (environment == Environment::LuckyStart).then_some(worst),
        }
    }

    /// What an outcome from before the first round improved lambda by, in percent.
    pub(crate) fn historic_improvement(&self, strategy: usize) -> f64 {
        match self.lucky {
            // An almost disconnected graph that came back: lambda ten times what it was.
            Some(lucky) if lucky == strategy => 900.0,
            _ => self.strategies[strategy].improvement_pct,
        }
    }

    pub(crate) fn utilities(&self, round: &Round) -> [f64; STRATEGIES] {
        utilities(&self.strategies, &round.chances)
    }
}

impl Strategy {
    fn draw(number: usize, rng: &mut impl Rng) -> Self {
        let estimated = rng.random_range(30.0..1200.0);
        Self {
            candidate: Candidate {
                strategy: format!("strategy_{number}"),
                impact: Ratio::clamped(rng.random_range(0.05..0.5)),
                estimated_duration: Duration::from_secs_f64(estimated),
            },
            duration: Duration::from_secs_f64(estimated * rng.random_range(0.5..2.0)),
            improvement_pct: rng.random_range(10.0..100.0),
        }
    }
}

/// What each strategy is worth on average, by the utility that policies have by default.
fn utilities(strategies: &[Strategy], chances: &[Ratio; STRATEGIES]) -> [f64; STRATEGIES] {
    std::array::from_fn(|index| {
        let strategy = &strategies[index];
        Utility::default().expected(
            chances[index],
            gained_share(strategy.improvement_pct),
            strategy.candidate.impact,
            slowness(strategy.duration),
        )
    })
}

/// The strategy with the greatest utility times `sign`.
pub(crate) fn extreme(utilities: &[f64; STRATEGIES], sign: f64) -> usize {
    let mut found = 0;
    for (index, utility) in utilities.iter().enumerate() {
        if sign * utility > sign * utilities[found] {
            found = index;
        }
    }
    found
}

fn reflected(chance: f64) -> f64 {
    const LOWEST: f64 = 0.05;
    const HIGHEST: f64 = 0.95;
    let reflected = if chance < LOWEST {
        2.0 * LOWEST - chance
    } else if chance > HIGHEST {
        2.0 * HIGHEST - chance
    } else {
        chance
    };
    reflected.clamp(LOWEST, HIGHEST)
}

fn exponential(mean: f64, rng: &mut impl Rng) -> Duration {
    let lot: f64 = rng.random_range(0.0..1.0);
    Duration::from_secs_f64(-mean * (1.0 - lot).ln())
}
