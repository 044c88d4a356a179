//! Killed in the middle, taken over by the next.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{EventKind, JournalRetention, RemediationState, UndoCause};
use healing_core::identity::Operator;
use healing_core::storage::{Disturbance, Journal, Stream};
use healing_core::{Clock, Healer, HealingConfig};

use crate::world::{
    Behaviour, FaultyStorage, LastAppend, MINUTE, Valves, World, collection, quick, run, run_until, run_until_in,
    run_until_open, states,
};

/// How much each open valve helps in a world that was not told otherwise.
const HELPS: f64 = 0.1;

/// A world in which each open valve helps so much, and whose healer died in the middle, after `appends` records.
fn died(appends: usize, last: LastAppend, relief: f64) -> World {
    let world = World::new();
    world.set_relief(relief);
    let storage = FaultyStorage::dying_after(appends, last, &world.storage);
    let mut first = world
        .healer([Valves::working(&world)])
        .storage(Arc::new(storage.clone()))
        .build()
        .unwrap();
    run(&mut first, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until("death", &mut first, &world.clock, |_| storage.is_dead());
    world
}

/// Lets a healer die after `appends` records and another one take over; the states that the remediation then went through.
fn survived(appends: usize, last: LastAppend) -> (World, Vec<&'static str>) {
    let world = died(appends, last, HELPS);
    let mut second = world
        .healer([Valves::working(&world)])
        .holder("second")
        .build()
        .unwrap();
    run(&mut second, &world.clock, 5 * MINUTE);
    let states = world.journalled_names();
    (world, states)
}

#[test]
fn a_healer_that_dies_at_any_record_leaves_nothing_half_done() {
    // A complete remediation of three steps is ten records.
    for appends in 1..=10 {
        for acknowledged in [LastAppend::Acknowledged, LastAppend::KeptAndUnacknowledged] {
            let (world, states) = survived(appends, acknowledged);
            let last = *states.last().unwrap();
            match appends {
                // Nothing was done, so nothing is waited for: the next healer begins anew, and knows what is healthy.
                1 => assert_eq!((states[1], last), ("expired", "completed"), "{states:?}"),
                10 => assert_eq!(last, "completed", "{states:?}"),
                _ => assert_eq!(last, "rolled_back", "{states:?}"),
            }
            let open = world.open_valves();
            assert!(
                if last == "completed" {
                    open == [1, 2, 3]
                } else {
                    open.is_empty()
                },
                "{appends}: {open:?}"
            );
            assert_eq!(world.outcomes().len(), 1, "{appends} {acknowledged:?}: {states:?}");
        }
    }
}

#[test]
fn what_a_healer_without_the_strategy_takes_over_ends_with_a_human_where_anything_was_done() {
    // Where it does not help there are four records more: that it goes back, and each step of the way.
    for (relief, records) in [(HELPS, 10), (0.0, 14)] {
        for appends in 1..=records {
            let world = died(appends, LastAppend::Acknowledged, relief);
            let left = world.journalled().pop().unwrap();
            let open = world.open_valves();
            let other = Valves::new(&world, "another", [] as [(i64, Behaviour); 0]);
            let mut second = world.healer([other]).holder("second").build().unwrap();
            let events = run(&mut second, &world.clock, 5 * MINUTE);
            let state = world.journalled().pop().unwrap();
            if left.is_terminal() {
                assert_eq!((appends, &state), (records, &left));
                continue;
            }
            assert!(second.active(&collection()).is_none(), "{left:?} is over");
            assert_eq!(world.open_valves(), open, "nobody here knows how to close them");
            // What was taken back before is not counted as left.
            let to_undo = match &left {
                RemediationState::RollingBack { remaining, .. } => *remaining,
                other => other.begun(),
            };
            match state {
                RemediationState::Expired { .. } => assert_eq!(left.begun(), 0),
                RemediationState::RollbackFailed { begun, failures, .. } => {
                    assert_eq!(begun, left.begun());
                    let steps: Vec<usize> = failures.iter().map(|failure| failure.step).collect();
                    assert_eq!(steps, (0..to_undo).rev().collect::<Vec<_>>(), "{left:?}");
                    assert!(failures.iter().all(|failure| failure.error.contains("open_valves")));
                    let is_told = |kind: &EventKind| matches!(kind, EventKind::Remediation(it) if it.state.name() == "rollback_failed");
                    assert!(
                        events
                            .iter()
                            .any(|event| is_told(&event.kind) && event.kind.calls_human())
                    );
                }
                state => panic!("{left:?} became {state:?}"),
            }
        }
    }
}

#[test]
fn what_was_begun_before_the_crash_counts_after_it() {
    let world = World::new();
    let mut first = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut first, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut first, &world.clock, 3 * MINUTE);
    assert_eq!(first.last(&collection()).unwrap().id.number(), 1);
    drop(first);
    world.sicken(0.0);
    for valve in world.open_valves() {
        world.meddle(valve, false);
    }
    let mut second = world
        .healer([Valves::working(&world)])
        .holder("second")
        .build()
        .unwrap();
    run(&mut second, &world.clock, MINUTE / 2);
    world.sicken(0.4);
    let events = run(&mut second, &world.clock, MINUTE);
    assert!(
        states(&events).is_empty(),
        "the cool-down of the first healer's remediation still holds"
    );
    run(&mut second, &world.clock, 10 * MINUTE);
    assert_eq!(second.last(&collection()).unwrap().id.number(), 2);
}

#[test]
fn a_healer_that_slept_through_its_lease_stops_and_undoes_what_it_had_begun() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_open(&mut healer, &world, 2);
    world.clock.advance(60 * MINUTE);
    let events = run(&mut healer, &world.clock, MINUTE);
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::LeaseLost { .. }))
    );
    let interrupted = world.journalled().into_iter().any(|state| {
        matches!(
            state,
            RemediationState::RolledBack {
                cause: UndoCause::Interrupted { .. },
                ..
            }
        )
    });
    assert!(interrupted, "{:?}", world.journalled_names());
    let outcomes = world.outcomes();
    assert!((outcomes.iter()).any(|outcome| outcome.disturbances == [Disturbance::Interrupted]));
}

#[test]
fn two_healers_over_one_store_take_turns() {
    let world = World::new();
    let healer = |name: &str| {
        world
            .healer([Valves::working(&world)])
            .config(quick())
            .holder(name)
            .build()
            .unwrap()
    };
    let (mut one, mut other) = (healer("one"), healer("other"));
    for minute in 0..120 {
        if minute == 2 {
            world.sicken(0.4);
        }
        if minute % 20 == 19 {
            // Undo the cure, so that there is something to do again.
            for valve in world.open_valves() {
                world.meddle(valve, false);
            }
        }
        for _ in 0..12 {
            let _ = one.tick();
            let _ = other.tick();
            assert!(one.active(&collection()).is_none() || other.active(&collection()).is_none());
            world.clock.advance(MINUTE / 12);
        }
    }
    let tokens: Vec<_> = world.calls().iter().map(|call| call.token).collect();
    assert!(tokens.is_sorted(), "{tokens:?}");
    assert!(world.outcomes().len() > 2);
    let numbers: Vec<_> = world
        .outcomes()
        .iter()
        .map(|outcome| outcome.remediation.number())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn a_clock_that_is_set_back_wedges_nothing() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, 10 * 60 * MINUTE);
    world.sicken(0.4);
    run_until_in("stabilising", &mut healer, &world.clock);
    world
        .clock
        .set(Clock::now(&world.clock).checked_sub(300 * MINUTE).unwrap());
    run(&mut healer, &world.clock, MINUTE);
    assert!(healer.active(&collection()).is_none(), "{:?}", world.journalled_names());
}

/// More records than are written before a stream is summed up.
const MANY: u64 = 1100;

/// The sequences of a stream's records, from the oldest that is still there.
fn sequences(world: &World, stream: &Stream) -> Vec<u64> {
    let records = world.storage.read(stream, 0, usize::MAX).unwrap();
    records.iter().map(|record| record.sequence).collect()
}

#[test]
fn what_was_summed_up_is_known_to_the_next_healer_whether_or_not_its_records_were_dropped() {
    for journal_retention in [JournalRetention::Prune, JournalRetention::Keep] {
        let world = World::new();
        let lies = |name| Valves::new(&world, name, (1..=20).map(|valve| (valve, Behaviour::Lies)));
        let strategies = || [lies("open_valves"), lies("try_again")];
        let config = HealingConfig {
            min_healing_interval: Duration::from_secs(1),
            max_attempts_per_window: 100,
            ineffective_limit: 1000,
            quarantine_after: 10,
            step_settle: Duration::ZERO,
            journal_retention,
            ..quick()
        };
        let mut first = world.healer(strategies()).config(config.clone()).build().unwrap();
        run(&mut first, &world.clock, MINUTE);
        world.sicken(0.4);
        let stream = Stream::Collection(collection());
        // Nothing is at work at the end, or the next healer would have to end it; and there is something to know.
        let is_done = |first: &Healer| {
            sequences(&world, &stream).last() >= Some(&MANY)
                && first.active(&collection()).is_none()
                && !first.collection_status(&collection()).unwrap().quarantined.is_empty()
        };
        for _ in 0..1000 {
            if is_done(&first) {
                break;
            }
            run(&mut first, &world.clock, MINUTE);
        }
        assert!(is_done(&first), "too little happens");
        let kept = sequences(&world, &stream);
        let newest = world.storage.newest_checkpoint(&stream).unwrap();
        assert!(newest.is_some(), "nothing was summed up");
        let oldest = match journal_retention {
            JournalRetention::Prune => newest.unwrap(),
            _ => 0,
        };
        assert_eq!(kept.first(), Some(&oldest));

        let status = first.collection_status(&collection()).unwrap();
        let last = first.last(&collection()).unwrap().clone();
        drop(first);
        let mut second = world.healer(strategies()).config(config).build().unwrap();
        let told = second.tick().events;
        let known = second.collection_status(&collection()).unwrap();
        assert_eq!(known.quarantined, status.quarantined);
        assert_eq!(known.cooldown_until, status.cooldown_until);
        assert_eq!(known.baseline, status.baseline);
        assert_eq!(second.last(&collection()), Some(&last));
        assert!(!told.iter().any(|event| event.kind.calls_human()), "{told:?}");
    }
}

#[test]
fn orders_that_were_summed_up_still_hold() {
    let world = World::new();
    let alice = Operator::new("alice").unwrap();
    let mut first = world.healer([Valves::working(&world)]).build().unwrap();
    let changes = serde_json::json!({"max_attempts_per_window": 7});
    first.configure(changes.as_object().unwrap(), &alice).unwrap();
    first
        .freeze(Some(&collection()), "the auditors are here", &alice)
        .unwrap();
    for _ in 0..MANY / 2 {
        first.freeze(None, "release night", &alice).unwrap();
        first.unfreeze(None, &alice).unwrap();
    }
    let kept = sequences(&world, &Stream::Global);
    let newest = world.storage.newest_checkpoint(&Stream::Global).unwrap();
    assert!(
        newest.is_some() && kept.first().copied() == newest,
        "{kept:?}, {newest:?}"
    );
    drop(first);

    let mut second = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut second, &world.clock, MINUTE);
    assert_eq!(second.config().max_attempts_per_window, 7);
    let status = second.status().unwrap();
    assert_eq!(status.frozen, None);
    let frozen = status.collections[0].frozen.as_ref();
    assert_eq!(
        frozen.map(|freeze| freeze.reason.as_str()),
        Some("the auditors are here")
    );
}
