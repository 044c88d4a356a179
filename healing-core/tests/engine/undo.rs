//! What goes wrong is taken back.

use healing_core::engine::{EventKind, HumanNeeded, RemediationState, UndoCause, Verification};
use healing_core::storage::Disturbance;

use crate::world::{Behaviour, MINUTE, Valves, World, collection, run, run_until_open};

/// Sickens a world that has one strategy with these valves, and lets it run.
fn treated(relief: f64, valves: impl IntoIterator<Item = (i64, Behaviour)>) -> (World, RemediationState) {
    let world = World::new();
    world.set_relief(relief);
    let strategy = Valves::new(&world, "open_valves", valves);
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 4 * MINUTE);
    let state = healer.last(&collection()).expect("a remediation ended").state.clone();
    (world, state)
}

#[test]
fn what_does_not_help_is_undone_newest_first() {
    let (world, state) = treated(0.0, (1..=3).map(|valve| (valve, Behaviour::Opens)));
    assert!(matches!(
        state,
        RemediationState::RolledBack {
            begun: 3,
            cause: UndoCause::NotVerified { .. },
            ..
        }
    ));
    assert!(world.open_valves().is_empty());
    let closed: Vec<i64> = world
        .calls()
        .iter()
        .filter(|call| !call.open)
        .map(|call| call.valve)
        .collect();
    assert_eq!(closed, [3, 2, 1]);
    let outcome = &world.outcomes()[0];
    assert!(outcome.success && outcome.verified == Some(false));
    assert!(outcome.error_message.as_ref().unwrap().contains("did not help"));
}

#[test]
fn a_lie_is_found_out() {
    let (_, state) = treated(0.1, (1..=3).map(|valve| (valve, Behaviour::Lies)));
    assert!(matches!(
        state,
        RemediationState::RolledBack {
            cause: UndoCause::NotVerified { .. },
            ..
        }
    ));
}

#[test]
fn a_step_that_fails_half_done_is_undone_with_all_before_it() {
    let (world, state) = treated(
        0.05,
        [
            (1, Behaviour::Opens),
            (2, Behaviour::OpensAndFails),
            (3, Behaviour::Opens),
        ],
    );
    let RemediationState::RolledBack {
        begun: 2,
        cause: UndoCause::StepFailed { step: 1, error },
        ..
    } = state
    else {
        panic!("{state:?}");
    };
    assert!(error.contains("lost the connection"));
    assert!(world.open_valves().is_empty());
    assert!(!world.outcomes()[0].success && world.outcomes()[0].verified.is_none());
}

#[test]
fn a_step_that_gives_way_to_someone_else_ends_the_remediation_and_says_nothing_of_the_strategy() {
    let (world, state) = treated(0.1, [(1, Behaviour::Opens), (2, Behaviour::GivesWay)]);
    let RemediationState::RolledBack {
        cause: UndoCause::Conflict { step: 1, error },
        ..
    } = state
    else {
        panic!("{state:?}");
    };
    assert!(error.contains("valve 2 is half open"), "{error}");
    assert!(world.open_valves().is_empty());
    let outcome = &world.outcomes()[0];
    assert_eq!((outcome.success, outcome.verified), (false, None));
    assert_eq!(outcome.disturbances, [Disturbance::Conflict]);
}

#[test]
fn a_panic_is_a_failed_step_and_the_healer_goes_on() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Opens), (2, Behaviour::Panics)]);
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 30 * MINUTE);
    assert!(world.open_valves().is_empty());
    assert!(
        world.outcomes().len() > 1,
        "the next attempt must not be kept from starting"
    );
    for outcome in world.outcomes() {
        assert!(outcome.error_message.unwrap().contains("valve 2 exploded"));
    }
}

#[test]
fn a_step_that_never_ends_is_undone_after_twice_its_time() {
    let (world, state) = treated(0.05, [(1, Behaviour::Opens), (2, Behaviour::Hangs)]);
    assert!(
        matches!(
            state,
            RemediationState::RolledBack {
                cause: UndoCause::TimedOut { step: 1 },
                ..
            }
        ),
        "{state:?}"
    );
    assert!(world.open_valves().is_empty());
}

#[test]
fn a_step_that_does_harm_is_undone_alone_and_the_rest_is_verified() {
    let world = World::new();
    world.set_relief(0.1);
    let strategy = Valves::new(&world, "open_valves", (1..=3).map(|valve| (valve, Behaviour::Opens)));
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    // Run until the second valve is open, then make the world answer with harm.
    run_until_open(&mut healer, &world, 2);
    world.sicken(0.7);
    run(&mut healer, &world.clock, MINUTE / 6);
    world.sicken(0.3);
    let events = run(&mut healer, &world.clock, MINUTE);
    assert_eq!(world.open_valves(), [1], "{events:#?}");
    let last = healer.last(&collection()).unwrap();
    assert!(
        matches!(
            last.state,
            RemediationState::Completed {
                done: 1,
                verification: Verification::Lambda { .. },
                ..
            }
        ),
        "{:?}",
        last.state
    );
}

#[test]
fn where_a_step_that_does_harm_cannot_be_taken_back_none_before_it_is_worth_keeping() {
    let world = World::new();
    world.set_relief(0.1);
    let valves = [(1, Behaviour::Opens), (2, Behaviour::Sticks), (3, Behaviour::Opens)];
    let mut healer = world
        .healer([Valves::new(&world, "open_valves", valves)])
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_open(&mut healer, &world, 2);
    world.sicken(0.7);
    run(&mut healer, &world.clock, 2 * MINUTE);
    let RemediationState::RollbackFailed { begun, failures, .. } = &healer.last(&collection()).unwrap().state else {
        panic!("{:?}", healer.last(&collection()))
    };
    let steps: Vec<usize> = failures.iter().map(|failure| failure.step).collect();
    assert_eq!((*begun, steps), (2, vec![1]));
    assert_eq!(world.open_valves(), [2]);
    let needed = healer.collection_status(&collection()).unwrap().human_needed;
    assert!(
        matches!(needed[0], HumanNeeded::RollbackFailed { .. }),
        "a human is called: {needed:?}"
    );
}

#[test]
fn what_cannot_be_undone_is_told_and_the_other_steps_are_undone_all_the_same() {
    let (world, state) = treated(
        0.0,
        [(1, Behaviour::Opens), (2, Behaviour::Sticks), (3, Behaviour::Opens)],
    );
    let RemediationState::RollbackFailed { failures, .. } = &state else {
        panic!("{state:?}")
    };
    assert_eq!(failures.len(), 1);
    assert!(failures[0].step == 1 && failures[0].error.contains("rusted"));
    assert_eq!(world.open_valves(), [2]);
}

#[test]
fn an_irreversible_strategy_that_did_not_help_stays_and_calls_a_human() {
    let world = World::new();
    world.set_relief(0.0);
    let strategy = Valves {
        reversible: false,
        ..Valves::working(&world)
    };
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 4 * MINUTE);
    assert_eq!(world.open_valves(), [1, 2, 3]);
    let called = events.iter().filter(|event| {
        matches!(&event.kind, EventKind::Remediation(it) if matches!(it.state, RemediationState::Completed { .. }))
            && event.kind.calls_human()
    });
    assert_eq!(called.count(), 1);
    let needed = healer.collection_status(&collection()).unwrap().human_needed;
    assert!(matches!(needed[0], HumanNeeded::NotVerified { .. }), "{needed:?}");
}

#[test]
fn what_cannot_be_measured_for_a_while_is_waited_for() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_open(&mut healer, &world, 1);
    world.set_observable(false);
    // The default's patience is two minutes.
    run(&mut healer, &world.clock, MINUTE + MINUTE / 2);
    assert_eq!(world.open_valves(), [1], "nothing was undone");
    world.set_observable(true);
    run(&mut healer, &world.clock, 3 * MINUTE);
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
}

#[test]
fn what_cannot_be_measured_any_more_is_undone() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_open(&mut healer, &world, 1);
    world.set_observable(false);
    run(&mut healer, &world.clock, 10 * MINUTE);
    let last = healer.last(&collection()).unwrap();
    assert!(
        matches!(
            last.state,
            RemediationState::RolledBack {
                cause: UndoCause::NotMeasured { .. },
                ..
            }
        ),
        "{:?}",
        last.state
    );
    assert!(world.open_valves().is_empty());
    assert_eq!(world.outcomes()[0].disturbances, [Disturbance::NotMeasured]);
}
