//! From a fault to a verified recovery.

use std::collections::BTreeMap;
use std::sync::Arc;

use healing_core::engine::{EventKind, RemediationState, Verification};
use healing_core::identity::Operator;
use healing_core::monitor::IntegrityState;
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, HealingConfig, Learner, ProblemKind, Ratio};

use crate::world::{Behaviour, HEALTHY, MINUTE, Valves, World, collection, lambda, quick, run, states};

#[test]
fn a_sick_partition_is_healed_step_by_step_and_verified() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    assert_eq!(healer.report(&collection()).unwrap().lambda, lambda(HEALTHY));
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);

    let expected = [
        "planned",
        "executing",
        "settling",
        "executing",
        "settling",
        "executing",
        "settling",
    ];
    assert_eq!(
        states(&events),
        [&expected[..], &["stabilising", "verifying", "completed"]].concat()
    );
    assert_eq!(world.journalled_names(), states(&events));
    assert_eq!(world.open_valves(), [1, 2, 3]);
    let report = healer.report(&collection()).unwrap();
    assert!((report.lambda.get() - 0.9 * HEALTHY).abs() < 1e-6, "{}", report.lambda);
    assert_eq!(report.state, IntegrityState::Normal);

    let outcomes = world.outcomes();
    assert_eq!(outcomes.len(), 1);
    assert!(outcomes[0].success && outcomes[0].verified == Some(true));
    assert_eq!(outcomes[0].actions_taken, 3);
    assert!(
        (outcomes[0].improvement_pct - 50.0).abs() < 1e-6,
        "{}",
        outcomes[0].improvement_pct
    );
}

#[test]
fn it_stops_as_soon_as_the_target_is_reached() {
    let world = World::new();
    world.set_relief(0.4);
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(world.open_valves(), [1]);
    assert!(matches!(
        healer.last(&collection()).unwrap().state,
        RemediationState::Completed {
            done: 1,
            verification: Verification::Lambda { .. },
            ..
        }
    ));
}

#[test]
fn a_fall_that_the_minimum_cut_does_not_show_is_healed_and_verified_too() {
    let world = World::new();
    world.hang_on(0.5);
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(states(&events).last(), Some(&"completed"));
    assert_eq!(world.open_valves(), [1, 2, 3]);
    let verification = match &healer.last(&collection()).unwrap().state {
        RemediationState::Completed { verification, .. } => *verification,
        other => panic!("{other:?}"),
    };
    let Verification::Integrity { relative_change } = verification else {
        panic!("{verification:?}");
    };
    assert!((relative_change - 0.5).abs() < 1e-6, "{relative_change}");
    assert_eq!(healer.report(&collection()).unwrap().lambda, lambda(0.5));
}

#[test]
fn a_collection_that_was_made_smaller_on_purpose_is_well_once_that_is_learned() {
    let world = World::new();
    let mut healer = world.healer([]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.6);
    run(&mut healer, &world.clock, 60 * MINUTE);
    assert_eq!(healer.report(&collection()).unwrap().state, IntegrityState::Critical);
    healer.relearn(&collection(), &Operator::new("alice").unwrap()).unwrap();
    run(&mut healer, &world.clock, 10 * MINUTE);
    let report = healer.report(&collection()).unwrap();
    assert_eq!(
        (report.state, report.baseline),
        (IntegrityState::Normal, Some(report.lambda))
    );
}

#[test]
fn a_slow_decay_is_told_before_it_is_stress() {
    let world = World::new();
    let mut healer = world.healer([]).build().unwrap();
    let mut events = run(&mut healer, &world.clock, 70 * MINUTE);
    assert_eq!(events, []);
    let mut warned_at = None;
    for minute in 1..=240 {
        world.sicken(0.001 * f64::from(minute));
        events.extend(run(&mut healer, &world.clock, MINUTE));
        let drift = healer.collection_status(&collection()).unwrap().drift;
        warned_at = warned_at.or(drift.map(|_| minute));
    }
    let names: Vec<&EventKind> = events.iter().map(|event| &event.kind).collect();
    assert!(matches!(names[0], EventKind::DriftBegan(_)), "{names:?}");
    // A fifth is lost after 200 minutes.
    assert!(
        warned_at.is_some_and(|minute| (100..=170).contains(&minute)),
        "{warned_at:?}"
    );
    let position = |wanted: fn(&EventKind) -> bool| names.iter().position(|kind| wanted(kind));
    let stress = position(|kind| matches!(kind, EventKind::StateChanged(_))).unwrap();
    assert_eq!(position(|kind| matches!(kind, EventKind::DriftEnded)), Some(stress + 1));
}

#[test]
fn a_problem_that_was_treated_is_not_treated_again_while_the_state_still_remembers_it() {
    let world = World::new();
    world.set_relief(0.4);
    let mut config = quick();
    config.min_healing_interval = std::time::Duration::ZERO;
    let mut healer = world.healer([Valves::working(&world)]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 3 * MINUTE);
    assert_eq!(healer.report(&collection()).unwrap().state, IntegrityState::Stress);
    run(&mut healer, &world.clock, 60 * MINUTE);
    assert_eq!(world.outcomes().len(), 1);
}

#[test]
fn a_healthy_world_is_left_alone() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    assert!(run(&mut healer, &world.clock, 120 * MINUTE).is_empty());
    assert!(world.calls().is_empty() && world.journalled().is_empty());
}

#[test]
fn a_step_that_takes_time_is_awaited_without_blocking() {
    let world = World::new();
    world.set_relief(0.4);
    let slow = Valves::new(&world, "slow", [(1, Behaviour::TakesTime)]);
    let mut healer = world.healer([slow]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(
        states(&events),
        [
            "planned",
            "executing",
            "settling",
            "stabilising",
            "verifying",
            "completed"
        ]
    );
}

#[test]
fn the_least_disruptive_strategy_goes_first_and_the_next_one_after_it_failed() {
    let world = World::new();
    let gentle = Valves {
        impact: Ratio::literal(0.1),
        ..Valves::new(&world, "gentle", [(9, Behaviour::Lies)])
    };
    let mut healer = world.healer([Valves::working(&world), gentle]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 30 * MINUTE);
    let tried: Vec<_> = world
        .outcomes()
        .into_iter()
        .map(|it| (it.strategy_name, it.verified))
        .collect();
    assert_eq!(
        tried,
        [
            ("gentle".to_owned(), Some(false)),
            ("open_valves".to_owned(), Some(true))
        ]
    );
    assert_eq!(healer.status().unwrap().success_rate.map(Ratio::get), Some(0.5));
}

#[test]
fn the_plan_is_priced_before_it_is_begun() {
    let world = World::new();
    let harmful = Valves {
        promises: Some(3.0),
        ..Valves::working(&world)
    };
    let mut healer = world.healer([harmful]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert!(world.calls().is_empty());
    let no_strategy = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::NoStrategy { .. }))
        .count();
    assert_eq!(no_strategy, 1, "{events:#?}");

    let world = World::new();
    let promising = Valves {
        promises: Some(29.0),
        ..Valves::working(&world)
    };
    let mut healer = world.healer([promising]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 5 * MINUTE);
    let prediction = healer.last(&collection()).unwrap().prediction.unwrap();
    assert!((prediction.lambda_before.get() - 18.0).abs() < 1e-6);
    assert!((prediction.lambda_after.get() - 29.0).abs() < 1e-6);
}

#[test]
fn of_plans_those_that_promise_a_cure_go_first_and_those_that_cannot_be_verified_last() {
    // All is well at 30, the sickness leaves 18, and normal again is what is above 24 + 1.5. The first of two disrupts less.
    let nothing_said = None;
    for (gentle, rough, first) in [
        (Some(29.0), Some(30.0), "gentle"),
        (Some(25.6), Some(30.0), "gentle"),
        (Some(25.4), Some(30.0), "rough"),
        (Some(25.4), Some(20.0), "gentle"),
        (Some(18.5), Some(20.0), "rough"),
        (Some(18.5), Some(18.6), "gentle"),
        (nothing_said, Some(30.0), "rough"),
        (nothing_said, Some(20.0), "gentle"),
        (Some(20.0), nothing_said, "gentle"),
        (Some(18.5), nothing_said, "rough"),
    ] {
        let world = World::new();
        let promising = |name, promises, impact| Valves {
            impact,
            promises,
            ..Valves::new(&world, name, (1..=3).map(|valve| (valve, Behaviour::Opens)))
        };
        let strategies = [
            promising("gentle", gentle, Ratio::literal(0.1)),
            promising("rough", rough, Ratio::literal(0.3)),
        ];
        let mut healer = world.healer(strategies).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 5 * MINUTE);
        let tried = &world.outcomes()[0].strategy_name;
        assert_eq!(tried, first, "gentle promises {gentle:?}, rough {rough:?}");
    }
}

/// A learner that has made up its mind about two strategies.
struct Weighs {
    gentle: f64,
    rough: f64,
}

impl Learner for Weighs {
    fn learn(&self, _outcome: &OutcomeRecord) {}

    fn weight(&self, strategy: &str, _kind: &ProblemKind, _collection: &CollectionId) -> Amount {
        self.weights()[strategy]
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        let weighed = [("gentle", self.gentle), ("rough", self.rough)];
        weighed
            .map(|(strategy, weight)| (strategy.to_owned(), Amount::clamped(weight)))
            .into()
    }
}

#[test]
fn the_less_disruptive_goes_first_if_it_weighs_at_least_half_as_much() {
    for (gentle, rough, first) in [
        (1.0, 1.0, "gentle"),
        (2.0, 1.0, "gentle"),
        (0.8, 1.6, "gentle"),
        (0.5, 1.1, "rough"),
        (0.1, 0.3, "rough"),
        (3.0, 7.0, "rough"),
    ] {
        let world = World::new();
        let disrupting = |name, impact| Valves {
            impact,
            ..Valves::new(&world, name, (1..=3).map(|valve| (valve, Behaviour::Opens)))
        };
        let strategies = [
            disrupting("gentle", Ratio::literal(0.1)),
            disrupting("rough", Ratio::literal(0.3)),
        ];
        let learner = Arc::new(Weighs { gentle, rough });
        let mut healer = world.healer(strategies).learner(learner).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 5 * MINUTE);
        let tried = &world.outcomes()[0].strategy_name;
        assert_eq!(tried, first, "gentle weighs {gentle}, rough {rough}");
    }
}

#[test]
fn the_seeds_rules_choose_by_weight_alone_and_do_not_look_at_failures() {
    let world = World::new();
    let gentle = Valves {
        impact: Ratio::literal(0.1),
        ..Valves::new(&world, "gentle", [(9, Behaviour::Lies)])
    };
    let mut config = HealingConfig::original();
    config.monitor.baseline_samples = 1;
    let mut healer = world
        .healer([Valves::working(&world), gentle])
        .config(config)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 30 * MINUTE);
    assert!(world.outcomes().iter().all(|outcome| outcome.strategy_name == "gentle"));
}
