//! When too much is down at once.

use std::time::Duration;

use healing_core::engine::{EventKind, Refusal};
use healing_core::{CollectionId, Healer};

use crate::world::{MINUTE, Valves, World, run, states};

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
    assert_eq!(healer.status().unwrap().storm, Some((4, 6)));
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
