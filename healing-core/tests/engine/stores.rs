//! Stores that fail, in every call, and come back.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{EventKind, HealingEvent, RemediationState};
use healing_core::identity::HolderId;
use healing_core::storage::{Journal, LeaseStore, MemoryStorage, OutcomeStore, Stream};
use healing_core::{CollectionId, Healer, HealingConfig};

use crate::world::{
    Behaviour, Fault, Faults, FaultyStorage, MINUTE, Valves, World, collection, quick, run, run_until_in, states,
};

const FAULTS: [Fault; 3] = [Fault::Refuses, Fault::DoesAndFails, Fault::Panics];

fn world() -> (World, FaultyStorage, Healer) {
    world_with(quick())
}

fn world_with(config: HealingConfig) -> (World, FaultyStorage, Healer) {
    let world = World::new();
    let storage = FaultyStorage::over(&world.storage);
    let mut healer = world
        .healer([Valves::working(&world)])
        .config(config)
        .storage(Arc::new(storage.clone()))
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    (world, storage, healer)
}

fn storage_failed(events: &[HealingEvent]) -> usize {
    let failed = |event: &&HealingEvent| matches!(event.kind, EventKind::StorageFailed { .. });
    events.iter().filter(failed).count()
}

#[test]
fn a_lease_that_cannot_be_renewed_is_tried_again_without_hurry_and_lost_at_its_end() {
    for fault in [Fault::Refuses, Fault::Panics] {
        let (world, storage, mut healer) = world_with(HealingConfig {
            lease: Duration::from_secs(15),
            ..quick()
        });
        run_until_in("settling", &mut healer, &world.clock);
        storage.set(|faults| faults.renew = fault);
        // `run` fails where the healer asks to be called again at once.
        let events = run(&mut healer, &world.clock, MINUTE);
        assert!(
            (3..30).contains(&storage_failed(&events)),
            "{}",
            storage_failed(&events)
        );
        assert!(
            events
                .iter()
                .any(|event| matches!(event.kind, EventKind::LeaseLost { .. }))
        );
        storage.set(|faults| faults.renew = Fault::None);
        run(&mut healer, &world.clock, MINUTE);
        assert_eq!(healer.last(&collection()).unwrap().state.name(), "rolled_back");
        assert!(world.open_valves().is_empty());
    }
}

#[test]
fn a_step_that_takes_time_is_not_called_again_while_the_journal_cannot_be_read() {
    for fault in [Fault::Refuses, Fault::Panics] {
        let world = World::new();
        let storage = FaultyStorage::over(&world.storage);
        let valves = Valves::new(&world, "open_valves", [(1, Behaviour::TakesTime)]);
        let calls = Arc::clone(&valves.calls);
        let mut healer = world
            .healer([valves])
            .storage(Arc::new(storage.clone()))
            .build()
            .unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run_until_in("executing", &mut healer, &world.clock);
        assert_eq!(calls.lock()[&1], 1);
        storage.set(|faults| faults.read = fault);
        let events = run(&mut healer, &world.clock, Duration::from_secs(12));
        assert!((1..5).contains(&storage_failed(&events)), "{}", storage_failed(&events));
        assert_eq!(calls.lock()[&1], 1, "who has the lease by now cannot be known");
        storage.set(|faults| faults.read = Fault::None);
        run(&mut healer, &world.clock, 2 * MINUTE);
        assert_eq!(calls.lock()[&1], 3);
        assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
    }
}

#[test]
fn an_outcome_that_cannot_be_recorded_at_once_is_recorded_later() {
    for fault in FAULTS {
        let (world, storage, mut healer) = world();
        run_until_in("stabilising", &mut healer, &world.clock);
        storage.set(|faults| faults.outcomes = fault);
        run(&mut healer, &world.clock, MINUTE);
        assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
        storage.set(|faults| faults.outcomes = Fault::None);
        run(&mut healer, &world.clock, MINUTE / 2);
        assert_eq!(world.outcomes().len(), 1, "{fault:?}");
    }
}

#[test]
fn what_was_left_half_done_is_taken_back_though_nothing_can_be_observed() {
    for observer in [Fault::Refuses, Fault::Panics] {
        let (world, _, mut first) = world();
        run_until_in("settling", &mut first, &world.clock);
        drop(first);
        world.set_observer(observer);
        let mut second = world
            .healer([Valves::working(&world)])
            .holder("second")
            .build()
            .unwrap();
        run(&mut second, &world.clock, 2 * MINUTE);
        assert!(world.open_valves().is_empty(), "{:?}", world.journalled_names());
    }
}

type SetFault = fn(&mut Faults, Fault);

/// Each call that a store can fail in.
const CALLS: [(&str, SetFault); 7] = [
    ("append", |faults, fault| faults.append = fault),
    ("read", |faults, fault| faults.read = fault),
    ("prune", |faults, fault| faults.prune = fault),
    ("outcomes", |faults, fault| faults.outcomes = fault),
    ("acquire", |faults, fault| faults.acquire = fault),
    ("renew", |faults, fault| faults.renew = fault),
    ("release", |faults, fault| faults.release = fault),
];

#[test]
fn whatever_call_fails_for_a_while_and_whenever_the_healer_goes_on_once_it_is_over() {
    for (name, set) in CALLS {
        for fault in FAULTS {
            for begins in (0..60).step_by(5) {
                let (world, storage, mut healer) = world();
                run(&mut healer, &world.clock, Duration::from_secs(begins));
                storage.set(|faults| set(faults, fault));
                run(&mut healer, &world.clock, Duration::from_secs(40));
                storage.set(|faults| set(faults, Fault::None));
                run(&mut healer, &world.clock, 20 * MINUTE);
                let what = format!("{name} {fault:?} after {begins} s: {:?}", world.journalled_names());
                assert!(healer.active(&collection()).is_none(), "{what}");
                assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed", "{what}");
                assert_eq!(world.open_valves(), [1, 2, 3], "{what}");
                let begun = |state: &RemediationState| state.begun() > 0 && state.is_terminal();
                let ended = world.journalled().iter().filter(|state| begun(state)).count();
                assert_eq!(world.outcomes().len(), ended, "{what}");
            }
        }
    }
}

#[test]
fn while_the_orders_cannot_be_read_nothing_begins() {
    let (world, storage, mut healer) = world();
    storage.set(|faults| faults.read = Fault::Refuses);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(states(&events).is_empty() && world.calls().is_empty());
    assert!(storage_failed(&events) > 0);
}

#[test]
fn a_healer_whose_every_store_panics_goes_on_watching() {
    let (world, storage, mut healer) = world();
    storage.set(|faults| CALLS.iter().for_each(|(_, set)| set(faults, Fault::Panics)));
    run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(world.calls().is_empty());
    assert!(healer.status().is_err());
    storage.set(|faults| *faults = Faults::default());
    run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(world.open_valves(), [1, 2, 3]);
}

#[test]
fn what_may_have_begun_counts_against_the_number_that_may_be_at_work() {
    let images = CollectionId::new("images").unwrap();
    let world = World::new();
    let storage = FaultyStorage::over(&world.storage);
    let mut healer = world
        .healer([Valves::working(&world)])
        .config(HealingConfig {
            max_active: 1,
            ..quick()
        })
        .storage(Arc::new(storage.clone()))
        .watch(images.clone())
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    // That it is planned is acknowledged; that it is executing is kept, and said to have failed.
    let (second, third) = (storage.clone(), storage.clone());
    storage.interject(move || second.interject(move || third.set(|faults| faults.append = Fault::DoesAndFails)));
    run_until_in("planned", &mut healer, &world.clock);
    storage.set(|faults| faults.append = Fault::None);
    assert_eq!(world.journalled_names(), ["planned", "executing"]);
    for _ in 0..200 {
        let tick = healer.tick();
        let at_work = [collection(), images.clone()].map(|it| healer.active(&it).is_some());
        assert!(at_work != [true, true], "two are at work, one may be");
        world.clock.set(tick.wake_at);
    }
    assert_eq!(world.open_valves_of(&images), [1, 2, 3], "its turn came");
}

#[test]
fn journal_outcomes_and_leases_may_each_be_kept_in_a_place_of_their_own() {
    let world = World::new();
    let [journal, outcomes, leases] = [(); 3].map(|()| MemoryStorage::new(Arc::new(world.clock.clone())));
    let mut healer = world
        .healer([Valves::working(&world)])
        .journal(Arc::new(journal.clone()))
        .outcomes(Arc::new(outcomes.clone()))
        .leases(Arc::new(leases.clone()))
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(states(&events).last(), Some(&"completed"));
    let stream = Stream::Collection(collection());
    let is_journalled = |storage: &MemoryStorage| !storage.read(&stream, 0, 1).unwrap().is_empty();
    let stores = [&journal, &outcomes, &leases, &world.storage];
    assert_eq!(stores.map(is_journalled), [true, false, false, false]);
    let recorded = |storage: &MemoryStorage| storage.outcomes(None, usize::MAX).unwrap().len();
    assert_eq!(stores.map(recorded), [0, 1, 0, 0]);
    // A lease that was handed out before has used up the first token.
    let rival = HolderId::new("rival").unwrap();
    let token = |storage: &MemoryStorage| storage.acquire(&collection(), &rival, MINUTE).unwrap().token.get();
    assert_eq!(stores.map(token), [1, 1, 2, 1]);
}
