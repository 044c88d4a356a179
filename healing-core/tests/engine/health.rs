//! What is healthy outlives the healer that learned it.

use std::sync::Arc;

use healing_core::engine::{EventKind, JournalRetention};
use healing_core::identity::Operator;
use healing_core::monitor::{IntegrityState, LearnedHealth};
use healing_core::storage::{Journal, JournalBody, Stream};
use healing_core::{Healer, Lambda};

use crate::world::{Fault, FaultyStorage, HEALTHY, MINUTE, Valves, World, collection, quick, run, states};

fn operator() -> Operator {
    Operator::new("alice").unwrap()
}

/// What is written of the collection's health.
fn written(world: &World) -> Vec<LearnedHealth> {
    let records = world.storage.read(&Stream::Health(collection()), 0, usize::MAX);
    let health = records.unwrap().into_iter().map(|record| match record.open().unwrap() {
        JournalBody::Healthy { health, .. } => *health,
        other => panic!("unexpected record {other:?}"),
    });
    health.collect()
}

/// A world in which one healer has learned what is healthy, and is gone.
fn learned() -> World {
    let world = World::new();
    let mut healer = world.healer([]).build().unwrap();
    run(&mut healer, &world.clock, 5 * MINUTE);
    world
}

fn state(healer: &Healer) -> IntegrityState {
    healer.report(&collection()).unwrap().state
}

#[test]
fn a_healer_that_begins_while_the_collection_is_sick_heals_it() {
    let world = learned();
    world.sicken(0.4);
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(states(&events).last(), Some(&"completed"));
    let baseline = healer.report(&collection()).unwrap().baseline.map(Lambda::get);
    assert_eq!(baseline, Some(HEALTHY));
}

#[test]
fn what_is_sick_is_never_written_down_as_healthy() {
    let world = learned();
    world.sicken(0.6);
    let mut healer = world.healer([]).build().unwrap();
    run(&mut healer, &world.clock, 300 * MINUTE);
    assert_eq!(state(&healer), IntegrityState::Critical);
    let lambdas: Vec<f64> = written(&world).iter().map(|health| health.lambda.get()).collect();
    assert_eq!(lambdas, [HEALTHY]);
}

#[test]
fn before_what_was_learned_can_be_read_nothing_is_taken_for_health() {
    let world = learned();
    world.sicken(0.6);
    let storage = FaultyStorage::over(&world.storage);
    let mut healer = world.healer([]).storage(Arc::new(storage.clone())).build().unwrap();
    storage.set(|faults| faults.read = Fault::Refuses);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(healer.report(&collection()).is_none());
    let failed = |kind: &EventKind| matches!(kind, EventKind::StorageFailed { .. });
    assert!(events.iter().any(|event| failed(&event.kind)), "{events:?}");
    storage.set(|faults| faults.read = Fault::None);
    run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(state(&healer), IntegrityState::Critical);
}

#[test]
fn what_was_ordered_to_be_learned_anew_is_learned_anew_by_every_healer() {
    let world = learned();
    let mut other = world.healer([]).holder("other").build().unwrap();
    run(&mut other, &world.clock, MINUTE);
    world.sicken(0.6);
    let mut healer = world.healer([]).build().unwrap();
    run(&mut healer, &world.clock, 30 * MINUTE);
    assert_eq!(state(&healer), IntegrityState::Critical);
    healer.relearn(&collection(), &operator()).unwrap();
    run(&mut other, &world.clock, 60 * MINUTE);
    assert_eq!(state(&other), IntegrityState::Normal);
    run(&mut healer, &world.clock, 60 * MINUTE);
    let mut third = world.healer([]).build().unwrap();
    run(&mut third, &world.clock, 10 * MINUTE);
    for healer in [&healer, &third] {
        let report = healer.report(&collection()).unwrap();
        assert_eq!(
            (report.state, report.baseline),
            (IntegrityState::Normal, Some(report.lambda))
        );
    }
}

#[test]
fn an_order_to_learn_anew_outlives_a_healer_that_had_no_time_to() {
    let world = learned();
    world.sicken(0.6);
    let mut healer = world.healer([]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    healer.relearn(&collection(), &operator()).unwrap();
    drop(healer);
    let mut next = world.healer([]).build().unwrap();
    run(&mut next, &world.clock, 10 * MINUTE);
    assert_eq!(state(&next), IntegrityState::Normal);
}

#[test]
fn what_has_changed_for_good_is_written_down_and_what_is_replaced_is_dropped() {
    let world = World::new();
    let mut config = quick();
    config.journal_retention = JournalRetention::Prune;
    let mut healer = world.healer([]).config(config).build().unwrap();
    run(&mut healer, &world.clock, 5 * MINUTE);
    let edges = |world: &World| {
        written(world)
            .iter()
            .map(|health| health.edges.len())
            .collect::<Vec<_>>()
    };
    assert_eq!(edges(&world), [6]);
    world.hang_on(40.0);
    run(&mut healer, &world.clock, 180 * MINUTE);
    assert_eq!(edges(&world), [7]);
}

#[test]
fn what_is_still_true_is_written_again_only_once_it_was_ordered_to_be_learned_anew() {
    let world = World::new();
    let mut config = quick();
    config.journal_retention = JournalRetention::Keep;
    let mut healer = world.healer([]).config(config).build().unwrap();
    run(&mut healer, &world.clock, 300 * MINUTE);
    assert_eq!(written(&world).len(), 1);
    healer.relearn(&collection(), &operator()).unwrap();
    run(&mut healer, &world.clock, 300 * MINUTE);
    assert_eq!(written(&world).len(), 2);
}
