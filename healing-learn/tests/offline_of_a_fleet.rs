//! Offline estimates from what the engine itself recorded, against what is true in a simulated fleet.
//!
//! What makes this hard is made hard on purpose: the strategy that works best has no plan in just those cases in which the
//! others work worst, one is disruptive enough to need approval unless the state is critical, what failed comes last for a
//! while, and critical state hardly explores.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::cast_precision_loss, reason = "counts of a few thousand")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::by_lot::ByLot;
use common::{collection, numbers};
use healing_core::diagnosis::Diagnosis;
use healing_core::engine::{HealerBuilder, Selection};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::{IntegrityReport, IntegrityState};
use healing_core::observation::ObservationError;
use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::storage::{MemoryStorage, OutcomeRecord, OutcomeStore, RecordedChoice};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{
    Amount, Classifier, Clock, CollectionId, Healer, HealingConfig, Observation, ObservationSource, ProblemClass,
    ProblemKind, Ratio, RemediationStrategy, StrategyRegistry, VirtualClock,
};
use healing_learn::{HalfLife, OutcomeTracker, PosteriorConfig, PosteriorWeights, Utility, evaluate_offline};
use parking_lot::Mutex;

const HOUR: Duration = Duration::from_secs(3600);

/// A hotspot, easy to treat or hard; a classifier cannot but see the one or the other in its load ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hotspot {
    Easy,
    Hard,
}

impl Hotspot {
    fn problem(self) -> ProblemClass {
        ProblemClass::HotspotCongestion {
            partition_ids: vec![1],
            load_ratio: Amount::clamped(if self == Self::Easy { 3.0 } else { 5.0 }),
        }
    }

    fn of(problem: &ProblemClass) -> Self {
        if *problem == Self::Easy.problem() {
            Self::Easy
        } else {
            Self::Hard
        }
    }

    /// How often a strategy works.
    fn cured_by(self, strategy: &str) -> f64 {
        match (strategy, self) {
            ("best", Self::Easy) => 0.9,
            ("drastic", _) => 0.7,
            ("fair", Self::Easy) => 0.6,
            ("fair", Self::Hard) => 0.2,
            ("poor", Self::Easy) => 0.4,
            ("poor", Self::Hard) => 0.1,
            other => panic!("{other:?} is not to be tried"),
        }
    }
}

/// What is wrong with a collection.
#[derive(Clone, Copy)]
struct Struck {
    hotspot: Hotspot,
    /// What is left of its capacity.
    left: f64,
}

/// Collections of two nodes and the edge between them.
#[derive(Clone)]
struct Fleet {
    clock: VirtualClock,
    struck: Arc<Mutex<BTreeMap<CollectionId, Struck>>>,
    /// Draws whether a treatment works.
    works: Arc<Mutex<dyn FnMut() -> f64 + Send>>,
}

impl ObservationSource for Fleet {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let left = self.struck.lock().get(collection).map_or(1.0, |struck| struck.left);
        let (one, other) = (NodeRef::partition(1), NodeRef::partition(2));
        let mut graph = ContractedGraph::builder();
        graph
            .node(one, 1.0)?
            .node(other, 1.0)?
            .edge(Edge::new(EdgeKind::PartitionLink, one, other, 100.0 * left)?)?;
        Ok(Observation {
            collection: collection.clone(),
            observed_at: self.clock.now(),
            graph: graph.build(),
            metrics: SystemMetrics::default(),
        })
    }
}

impl Classifier for Fleet {
    fn classify(&self, observation: &Observation, _: &IntegrityReport) -> Vec<Diagnosis> {
        let struck = self.struck.lock();
        let found = struck.get(&observation.collection).map(|struck| Diagnosis {
            problem: struck.hotspot.problem(),
            confidence: Ratio::ONE,
            evidence: Vec::new(),
        });
        found.into_iter().collect()
    }
}

/// Cures what it treats, or does nothing, by lot.
struct Treatment {
    name: &'static str,
    impact: f64,
    fleet: Fleet,
}

impl RemediationStrategy for Treatment {
    fn name(&self) -> &str {
        self.name
    }

    fn handles(&self) -> &[ProblemKind] {
        &[ProblemKind::HotspotCongestion]
    }

    fn impact(&self) -> Ratio {
        Ratio::clamped(self.impact)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        if self.name == "best" && Hotspot::of(&case.diagnosis.problem) == Hotspot::Hard {
            let reason = "it is beyond this strategy".to_owned();
            return Err(PlanError::NothingToDo { reason });
        }
        Ok(Plan {
            strategy: self.name.to_owned(),
            summary: "treat it".to_owned(),
            steps: vec![Step::new("treat it", &"treat")?.touching([NodeRef::partition(1)])],
        })
    }

    fn execute(&self, _: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let permit = context.permit()?;
        let mut struck = self.fleet.struck.lock();
        let hotspot = struck[permit.collection()].hotspot;
        if (self.fleet.works.lock())() < hotspot.cured_by(self.name) {
            struck.remove(permit.collection());
        }
        Ok(StepReport::Done)
    }

    fn rollback(&self, _: &Step, _: &StepContext<'_>) -> Result<StepReport, StepError> {
        Ok(StepReport::Done)
    }
}

/// What a healer that ranks by the default policy recorded of so many incidents.
fn live_through(incidents: usize, seed: u64) -> Vec<OutcomeRecord> {
    let clock = VirtualClock::default();
    let fleet = Fleet {
        clock: clock.clone(),
        struck: Arc::default(),
        works: Arc::new(Mutex::new(numbers(2 * seed))),
    };
    let storage = MemoryStorage::new(Arc::new(clock.clone()));
    let collections = ["one", "two", "three"].map(collection);
    let mut healer = healer(&fleet, &storage, &collections, seed);
    let mut run = |for_long: Duration| {
        let end = clock.now().checked_add(for_long).unwrap();
        loop {
            let wake_at = healer.tick().wake_at;
            if wake_at > end {
                break clock.set(end);
            }
            clock.set(wake_at);
        }
    };
    run(HOUR);
    let mut number = numbers(2 * seed + 1);
    for _ in 0..incidents {
        let struck = Struck {
            hotspot: if number() < 0.5 { Hotspot::Easy } else { Hotspot::Hard },
            left: if number() < 0.5 { 0.6 } else { 0.3 },
        };
        let place = (number() * collections.len() as f64) as usize;
        fleet.struck.lock().insert(collections[place].clone(), struck);
        run(HOUR);
        // What was not healed by then passes.
        fleet.struck.lock().clear();
        run(HOUR);
    }
    let stored = storage.outcomes(None, usize::MAX).unwrap();
    stored.into_iter().map(|stored| stored.outcome).collect()
}

fn healer(fleet: &Fleet, storage: &MemoryStorage, collections: &[CollectionId], seed: u64) -> Healer {
    let mut registry = StrategyRegistry::new();
    // The drastic one may be used without approval in critical state alone.
    for (name, impact) in [("best", 0.2), ("drastic", 0.6), ("fair", 0.2), ("poor", 0.2)] {
        let fleet = fleet.clone();
        registry.register(Arc::new(Treatment { name, impact, fleet })).unwrap();
    }
    // Forgets quickly and samples plainly, so that it never comes to know what is best and goes on exploring.
    let policy = PosteriorWeights::new(PosteriorConfig {
        seed,
        half_life: HalfLife::new(24 * HOUR).unwrap(),
        optimism: Ratio::literal(0.5),
        sharpness: Amount::clamped(1.0),
        critical_exploration: Ratio::literal(0.5),
        ..PosteriorConfig::default()
    });
    let mut config = HealingConfig {
        selection: Selection::Learned,
        sample_interval: HOUR / 6,
        step_settle: Duration::ZERO,
        stabilisation: Duration::ZERO,
        min_healing_interval: HOUR / 6,
        max_attempts_per_window: 100,
        ineffective_limit: 100,
        ..HealingConfig::default()
    };
    config.monitor.baseline_samples = 1;
    config.monitor.hysteresis.stress_samples = 1;
    config.monitor.hysteresis.critical_samples = 1;
    let clock = Arc::new(fleet.clock.clone());
    let healer = Healer::builder(Arc::new(fleet.clone()), clock.clone())
        .classifier(Arc::new(fleet.clone()))
        .strategies(registry)
        .learner(Arc::new(OutcomeTracker::with_policy(policy, clock)))
        .storage(Arc::new(storage.clone()))
        .config(config);
    let watching = collections.iter().cloned().fold(healer, HealerBuilder::watch);
    watching.build().unwrap()
}

/// What a policy is worth in a recorded choice; `None` where what it would have chosen had no chance.
fn worth(policy: &ByLot, choice: &RecordedChoice, hotspot: Hotspot) -> Option<f64> {
    let chances = policy.chances(choice.candidates.iter().map(|it| it.candidate.strategy.as_str()));
    let chances = chances.into_iter().map(|(strategy, chance)| {
        let had_a_chance = choice.propensity(strategy) > Some(Ratio::ZERO);
        had_a_chance.then(|| chance * hotspot.cured_by(strategy))
    });
    chances.sum()
}

/// A success is all that counts.
const SUCCESS_ALONE: Utility = Utility {
    improvement: Ratio::ZERO,
    impact: Ratio::ZERO,
    duration: Ratio::ZERO,
};

#[test]
fn an_estimate_from_what_the_engine_recorded_agrees_with_the_truth_within_its_interval() {
    const RUNS: u64 = 12;
    let policies = [
        ByLot::weighing(|_| 1.0),
        ByLot::weighing(|strategy| if strategy == "fair" { 4.0 } else { 1.0 }),
        ByLot::weighing(|strategy| if strategy == "best" { 4.0 } else { 1.0 }),
    ];
    let lives: Vec<Vec<OutcomeRecord>> = (1..=RUNS).map(|seed| live_through(150, seed)).collect();
    for life in &lives {
        assert_is_hard(life);
    }
    let mut covered = 0;
    for policy in &policies {
        let (mut error, mut variance) = (0.0, 0.0);
        for life in &lives {
            let worths: Vec<f64> = life
                .iter()
                .filter_map(|outcome| worth(policy, outcome.choice.as_ref()?, Hotspot::of(&outcome.problem)))
                .collect();
            let truth = worths.iter().sum::<f64>() / worths.len() as f64;
            let estimate = evaluate_offline(policy, &SUCCESS_ALONE, life).unwrap();
            assert_eq!(estimate.outcomes, worths.len());
            let found = estimate.self_normalised.unwrap();
            let standard_error = estimate.standard_error.unwrap();
            covered += u64::from((found - truth).abs() <= 1.96 * standard_error);
            error += found - truth;
            variance += standard_error * standard_error;
        }
        let (error, standard_error) = (error / RUNS as f64, variance.sqrt() / RUNS as f64);
        assert!(error.abs() <= 1.96 * standard_error, "{error} with {standard_error}");
    }
    let share = covered as f64 / (RUNS * policies.len() as u64) as f64;
    assert!(share >= 0.85, "{share} of the intervals hold the truth");
}

/// Whether the choices of `life` are such that a propensity over anything but what could be chosen would show.
fn assert_is_hard(life: &[OutcomeRecord]) {
    let choices = || life.iter().map(|outcome| (outcome, outcome.choice.as_ref().unwrap()));
    let candidates = |choice: &RecordedChoice| choice.candidates.len();
    let has = |choice: &RecordedChoice, strategy| choice.propensity(strategy).is_some();
    for (outcome, choice) in choices() {
        let is_easy = Hotspot::of(&outcome.problem) == Hotspot::Easy;
        assert!(is_easy || !has(choice, "best"), "{choice:?}");
        let is_critical = choice.state == IntegrityState::Critical;
        assert!(is_critical || !has(choice, "drastic"), "{choice:?}");
        let sum: f64 = choice.candidates.iter().map(|it| it.propensity.get()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{choice:?}");
        assert_eq!(choice.candidates[0].candidate.strategy, outcome.strategy_name);
    }
    for number in 1..=4 {
        let of_so_many = choices().filter(|(_, choice)| candidates(choice) == number).count();
        assert!(of_so_many > 2, "{of_so_many} of {number} candidates");
    }
}
