//! Host code that panics, or answers with something no one could use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{
    EventKind, Execution, HealingEvent, HumanNeeded, Refusal, RejectionReason, StrategyVerdict, TickObserver,
};
use healing_core::identity::{CollectionId, Operator};
use healing_core::learner::{Choice, Ranked};
use healing_core::metrics::SystemMetrics;
use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::storage::{FeedbackScore, OutcomeRecord};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{
    Amount, Healer, HealingConfig, Learner, ProblemClass, ProblemKind, Ratio, RemediationStrategy, StrategyRegistry,
};
use parking_lot::Mutex;
use serde_json::Map;

use crate::world::{Fault, Findings, MINUTE, Valves, World, collection, quick, run, states};

fn alice() -> Operator {
    Operator::new("alice").unwrap()
}

/// In which of its methods a strategy panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panics {
    Nowhere,
    Plan,
    Symptom,
    Execute,
    Rollback,
    /// It returns an error that panics when it is shown.
    Error,
}

/// A strategy whose plan has so many steps that do nothing.
struct Odd {
    panics: Panics,
    steps: usize,
    /// How long a step's description is.
    words: usize,
}

/// An error that cannot be shown.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}

impl Odd {
    fn panic_in(&self, method: Panics) {
        assert!(self.panics != method, "the strategy exploded in {method:?}");
    }
}

impl RemediationStrategy for Odd {
    fn name(&self) -> &str {
        "odd"
    }

    fn handles(&self) -> &[ProblemKind] {
        &[ProblemKind::HotspotCongestion]
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.1)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, _: &Case<'_>) -> Result<Plan, PlanError> {
        self.panic_in(Panics::Plan);
        let step = |number: usize| Step::new("x".repeat(self.words), &serde_json::json!({ "number": number }));
        Ok(Plan {
            strategy: "another".to_owned(),
            summary: String::new(),
            steps: (0..self.steps).map(step).collect::<Result<_, _>>()?,
        })
    }

    fn execute(&self, _: &Step, _: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.panic_in(Panics::Execute);
        match self.panics {
            Panics::Error => Err(StepError::Actuator(Box::new(Unspeakable))),
            _ => Ok(StepReport::Done),
        }
    }

    fn rollback(&self, _: &Step, _: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.panic_in(Panics::Rollback);
        Ok(StepReport::Done)
    }

    fn symptom(&self, _: &ProblemClass, _: &SystemMetrics) -> Option<Amount> {
        self.panic_in(Panics::Symptom);
        None
    }
}

fn healer(world: &World, odd: Odd) -> Healer {
    let mut registry = StrategyRegistry::new();
    registry.register(Arc::new(odd)).unwrap();
    registry.register(Arc::new(Valves::working(world))).unwrap();
    let config = HealingConfig {
        step_settle: Duration::ZERO,
        ..quick()
    };
    let mut healer = world.healer([]).strategies(registry).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    healer
}

fn calls_human(events: &[HealingEvent]) -> bool {
    events.iter().any(|event| event.kind.calls_human())
}

#[test]
fn a_strategy_that_panics_anywhere_is_a_failed_one_and_the_next_has_its_turn() {
    use Panics::{Error, Execute, Nowhere, Plan, Rollback, Symptom};
    for panics in [Nowhere, Plan, Symptom, Execute, Rollback, Error] {
        let world = World::new();
        let mut healer = healer(
            &world,
            Odd {
                panics,
                steps: 2,
                words: 5,
            },
        );
        run(&mut healer, &world.clock, 30 * MINUTE);
        assert_eq!(
            world.open_valves(),
            [1, 2, 3],
            "{panics:?}: {:?}",
            world.journalled_names()
        );
        assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
    }
}

#[test]
fn a_plan_that_is_empty_or_huge_is_not_carried_out_and_says_why() {
    for (steps, words) in [(0, 1), (MAX_PLAN_STEPS + 1, 1), (10_000, 1), (500, 10_000)] {
        let world = World::new();
        let mut healer = healer(
            &world,
            Odd {
                panics: Panics::Nowhere,
                steps,
                words,
            },
        );
        run(&mut healer, &world.clock, 2 * MINUTE);
        let candidates = &healer.explain(&collection()).unwrap().problems[0].candidates;
        let odd = candidates.iter().find(|candidate| candidate.strategy == "odd").unwrap();
        let StrategyVerdict::Rejected { reason } = &odd.verdict else {
            panic!("{odd:?}")
        };
        let expected = match words {
            1 => matches!(reason, RejectionReason::UnusablePlan { steps: found } if *found == steps),
            _ => matches!(reason, RejectionReason::OversizedPlan { .. }),
        };
        assert!(expected, "{reason:?}");
        let ordered = healer.execute(&collection(), "odd", Map::new(), Execution::DryRun, &alice());
        assert!(ordered.is_err());
    }
}

#[test]
fn the_longest_plan_allowed_is_carried_out_and_taken_back() {
    let world = World::new();
    let mut healer = healer(
        &world,
        Odd {
            panics: Panics::Nowhere,
            steps: MAX_PLAN_STEPS,
            words: 5,
        },
    );
    // Where steps do not take time, all of them are done in one tick.
    run(&mut healer, &world.clock, 2 * MINUTE);
    let outcome = &world.outcomes()[0];
    assert_eq!(
        (outcome.actions_taken as usize, outcome.rolled_back),
        (MAX_PLAN_STEPS, true)
    );
}

#[test]
fn a_classifier_that_panics_or_finds_nothing_heals_nothing_and_what_it_cannot_explain_calls_a_human() {
    for (findings, called) in [
        (Findings::Panic, false),
        (Findings::Nothing, true),
        (Findings::Unknown, true),
    ] {
        let world = World::new();
        world.set_findings(findings);
        let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        let events = run(&mut healer, &world.clock, 10 * MINUTE);
        assert!(world.calls().is_empty() && states(&events).is_empty());
        assert_eq!(calls_human(&events), called, "{findings:?}");
        let needed = healer.collection_status(&collection()).unwrap().human_needed;
        let unknown = |needed: &HumanNeeded| {
            matches!(
                needed,
                HumanNeeded::Deferred {
                    reason: Refusal::UnknownProblem { .. },
                    ..
                }
            )
        };
        assert_eq!(needed.iter().any(unknown), called, "{needed:?}");
        world.set_findings(Findings::Hotspot);
        run(&mut healer, &world.clock, 10 * MINUTE);
        assert_eq!(world.open_valves(), [1, 2, 3], "it is looked at again, and again");
        assert!(healer.collection_status(&collection()).unwrap().human_needed.is_empty());
    }
}

#[test]
fn a_source_of_observations_that_panics_is_one_that_fails() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    world.set_observer(Fault::Panics);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    let failed = |event: &&HealingEvent| matches!(event.kind, EventKind::ObservationFailed { .. });
    assert!(events.iter().filter(failed).count() >= 59);
    world.set_observer(Fault::None);
    run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(world.open_valves(), [1, 2, 3]);
}

/// A learner that panics whatever it is asked.
struct Hopeless;

impl Learner for Hopeless {
    fn learn(&self, _: &OutcomeRecord) {
        panic!("cannot learn")
    }

    fn weight(&self, _: &str, _: &ProblemKind, _: &CollectionId) -> Amount {
        panic!("cannot weigh")
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        panic!("cannot tell")
    }

    fn revise(&self, _: &OutcomeRecord, _: FeedbackScore) {
        panic!("cannot revise")
    }

    fn effectiveness(&self) -> serde_json::Value {
        panic!("cannot report")
    }

    fn rank<'a>(&self, _: &Choice<'a>) -> Option<Vec<Ranked<'a>>> {
        panic!("cannot rank")
    }
}

#[test]
fn a_learner_that_panics_costs_only_what_it_would_have_learned() {
    let world = World::new();
    let config = HealingConfig {
        selection: healing_core::engine::Selection::Learned,
        ..quick()
    };
    let mut healer = world
        .healer([Valves::working(&world)])
        .learner(Arc::new(Hopeless))
        .config(config)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(world.open_valves(), [1, 2, 3]);
    assert_eq!(world.outcomes().len(), 1);
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::LearnerFailed { .. }))
    );
    let id = healer.last(&collection()).unwrap().id.clone();
    assert!(
        healer
            .feedback(&id, FeedbackScore::new(1.0).unwrap(), &alice())
            .is_err()
    );
    assert!(healer.effectiveness().is_err());
    assert!(healer.status().is_ok());
}

/// Keeps what it is shown, but for the first tick, at which it panics.
struct Onlooker {
    has_panicked: bool,
    seen: Arc<Mutex<Vec<HealingEvent>>>,
}

impl TickObserver for Onlooker {
    fn after_tick(&mut self, healer: &Healer, events: &[HealingEvent]) {
        assert!(std::mem::replace(&mut self.has_panicked, true), "not ready");
        assert_eq!(healer.collections().next(), Some(&collection()));
        self.seen.lock().extend(events.iter().cloned());
    }
}

#[test]
fn an_observer_sees_every_tick_but_those_at_which_it_panics() {
    let world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let onlooker = Onlooker {
        has_panicked: false,
        seen: Arc::clone(&seen),
    };
    let mut healer = world
        .healer([Valves::working(&world)])
        .observer(onlooker)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(*seen.lock(), events);
    assert_eq!(world.open_valves(), [1, 2, 3]);
}
