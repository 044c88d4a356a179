//! What beside a remediation may have brought about its verdict is recorded with it.

use healing_core::storage::{Disturbance, OutcomeRecord};
use healing_core::{CollectionId, Percent, ProblemClass};

use crate::world::{MINUTE, Valves, World, run, run_until_open};

fn memory_pressure() -> ProblemClass {
    ProblemClass::MemoryPressure {
        current_usage_pct: Percent::new(97.0).unwrap(),
        largest_consumers: Vec::new(),
    }
}

/// Sickens the world, lets the first step happen, then `meanwhile`; and returns what is recorded in the end.
fn treated_while(sickness: f64, meanwhile: impl FnOnce(&World)) -> OutcomeRecord {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(sickness);
    run_until_open(&mut healer, &world, 1);
    meanwhile(&world);
    run(&mut healer, &world.clock, 4 * MINUTE);
    world.outcomes().remove(0)
}

#[test]
fn nothing_is_recorded_of_a_remediation_that_was_left_alone() {
    let outcome = treated_while(0.7, |_| {});
    assert_eq!(outcome.verified, Some(true));
    assert_eq!(outcome.disturbances, []);
}

#[test]
fn another_fault_that_is_there_at_the_verification_is_recorded() {
    let outcome = treated_while(0.7, |world| world.break_too(memory_pressure(), 0.7));
    assert_eq!(outcome.verified, Some(true));
    assert_eq!(outcome.disturbances, [Disturbance::AnotherFault]);
}

#[test]
fn another_fault_for_which_a_step_seemed_to_do_harm_is_recorded() {
    let outcome = treated_while(0.5, |world| world.break_too(memory_pressure(), 0.9));
    assert!(outcome.rolled_back && outcome.verified != Some(true), "{outcome:?}");
    assert_eq!(outcome.disturbances, [Disturbance::AnotherFault]);
}

/// Outcomes when these of three collections, which share their nodes, fall sick at once.
fn treated_in(sick: &[&str]) -> Vec<OutcomeRecord> {
    let world = World::new();
    let named = |name| CollectionId::new(name).unwrap();
    let mut healer = world
        .healer([Valves::working(&world)])
        .watch(named("other"))
        .watch(named("third"))
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.confine_to(sick.iter().copied().map(named));
    world.sicken(0.4);
    run(&mut healer, &world.clock, 4 * MINUTE);
    world.outcomes()
}

#[test]
fn collections_that_are_treated_at_once_on_the_same_nodes_disturb_each_other() {
    for sick in [&["embeddings", "other"][..], &["embeddings", "other", "third"]] {
        let all = treated_in(sick);
        assert_eq!(all.len(), sick.len());
        for outcome in all {
            assert_eq!(outcome.disturbances, [Disturbance::AnotherRemediation]);
        }
    }
    let one = treated_in(&["embeddings"]);
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].disturbances, []);
}
