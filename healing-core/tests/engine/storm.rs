//! When too much is down at once.

use std::time::Duration;

use healing_core::engine::{EventKind, Refusal, Storm};
use healing_core::identity::Operator;
use healing_core::{CollectionId, Healer, HealingConfig, ProblemKind};

use crate::world::{MINUTE, Valves, World, quick, run, states};

fn counts(storm: Storm) -> (u32, u32) {
    (storm.unhealthy, storm.of)
}

fn collections(count: usize) -> Vec<CollectionId> {
    (0..count)
        .map(|number| CollectionId::new(format!("collection_{number}")).unwrap())
        .collect()
}

fn healer(world: &World, collections: &[CollectionId]) -> Healer {
    let mut builder = world.healer([Valves::working(world)]);
    for collection in collections {
        builder = builder.watch(collection.clone());
    }
    builder.build().unwrap()
}

#[test]
fn while_most_collections_are_down_nothing_begins_and_a_human_is_called() {
    let world = World::new();
    let watched = collections(5);
    let mut healer = healer(&world, &watched);
    run(&mut healer, &world.clock, MINUTE);
    world.confine_to(watched[..4].to_vec());
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 30 * MINUTE);
    assert!(world.calls().is_empty(), "{:?}", states(&events));
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::StormBegan { unhealthy: 4, of: 6 }))
    );
    assert!(events.iter().any(|event| event.kind.calls_human()));
    assert_eq!(healer.status().unwrap().storm.map(counts), Some((4, 6)));
    let refused = healer.explain(&watched[0]).unwrap().refusal.clone();
    assert_eq!(refused, Some(Refusal::Storm { unhealthy: 4, of: 6 }));
}

#[test]
fn what_is_still_down_a_while_after_the_storm_is_healed() {
    let world = World::new();
    let watched = collections(5);
    let mut healer = healer(&world, &watched);
    run(&mut healer, &world.clock, MINUTE);
    world.confine_to(watched[..4].to_vec());
    world.sicken(0.4);
    run(&mut healer, &world.clock, 10 * MINUTE);
    world.confine_to(watched[..1].to_vec());
    let events = run(&mut healer, &world.clock, Duration::from_secs(59));
    assert!(states(&events).is_empty(), "the share must stay low for a minute first");
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::StormEnded)));
    assert_eq!(
        states(&events).last(),
        Some(&"completed"),
        "a problem that arose during the storm is treated after it"
    );
}

#[test]
fn a_storm_ends_at_a_sample_and_nobody_is_called_in_between_for_it() {
    let world = World::new();
    let watched = collections(5);
    let mut builder = world.healer([Valves::working(&world)]).config(HealingConfig {
        storm_delay: Duration::from_secs(55),
        ..quick()
    });
    for collection in &watched {
        builder = builder.watch(collection.clone());
    }
    let mut healer = builder.build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.confine_to(watched.clone());
    world.sicken(0.4);
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.0);
    // `run` fails where the healer asks to be called again at once.
    let events = run(&mut healer, &world.clock, 2 * MINUTE);
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::StormEnded)));
}

#[test]
fn while_most_nodes_of_a_collection_are_down_nothing_begins_in_it_nor_a_while_after() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.set_unwell(3);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 30 * MINUTE);
    assert!(world.calls().is_empty() && states(&events).is_empty());
    let began = events
        .iter()
        .find(|event| matches!(event.kind, EventKind::StormBegan { unhealthy: 3, of: 4 }));
    assert_eq!(began.unwrap().collection, Some(crate::world::collection()));
    assert!(began.unwrap().kind.calls_human());
    let storm = Refusal::Storm { unhealthy: 3, of: 4 };
    assert_eq!(
        healer.explain(&crate::world::collection()).unwrap().refusal,
        Some(storm)
    );
    let status = healer.status().unwrap();
    assert_eq!(
        (status.storm.map(counts), status.collections[0].storm.map(counts)),
        (None, Some((3, 4)))
    );

    // Half of them is not more than half.
    world.set_unwell(2);
    let events = run(&mut healer, &world.clock, Duration::from_secs(59));
    assert!(states(&events).is_empty(), "the share must stay low for a minute first");
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::StormEnded)));
    assert_eq!(states(&events).last(), Some(&"completed"));
}

#[test]
fn what_was_approved_before_a_storm_does_not_begin_in_it() {
    let world = World::new();
    let config = HealingConfig {
        require_approval: vec![ProblemKind::HotspotCongestion],
        ..quick()
    };
    let mut healer = world.healer([Valves::working(&world)]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 5 * MINUTE);
    world.set_unwell(3);
    run(&mut healer, &world.clock, MINUTE);
    let id = healer.active(&crate::world::collection()).unwrap().id.clone();
    healer.approve(&id, &Operator::new("alice").unwrap()).unwrap();
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(states(&events), ["planned", "expired"]);
    assert!(world.calls().is_empty());
}
