//! Two healers over one store: a standby, a clock that is off, a process that was away.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{EventKind, HealingEvent, RemediationState, UndoCause};
use healing_core::identity::FencingToken;
use healing_core::storage::{Journal, JournalBody, JournalRecord, Stream, StreamHead};
use healing_core::{Clock, Healer, Timestamp, VirtualClock};

use crate::world::{Behaviour, MINUTE, Valves, World, collection, run, run_until_in, run_until_open};

fn healer(world: &World, name: &str) -> Healer {
    world.healer([Valves::working(world)]).holder(name).build().unwrap()
}

/// Ticks both, ten seconds apart, for so long.
fn run_both(one: &mut Healer, other: &mut Healer, world: &World, minutes: u32) {
    for _ in 0..6 * minutes {
        let _ = one.tick();
        let _ = other.tick();
        assert!(one.active(&collection()).is_none() || other.active(&collection()).is_none());
        world.clock.advance(Duration::from_secs(10));
    }
}

#[test]
fn a_standby_that_was_there_before_takes_back_what_a_healer_that_died_had_begun() {
    let world = World::new();
    let (mut first, mut standby) = (healer(&world, "first"), healer(&world, "standby"));
    run_both(&mut first, &mut standby, &world, 2);
    world.sicken(0.4);
    run_until_open(&mut first, &world, 2);
    drop(first);
    // With nothing wrong any more, the standby has no reason of its own to look into the journal.
    world.sicken(0.0);
    run(&mut standby, &world.clock, 3 * MINUTE);
    assert!(world.open_valves().is_empty(), "{:?}", world.journalled_names());
    assert_eq!(standby.last(&collection()).unwrap().state.name(), "rolled_back");
}

/// Appends a checkpoint to the stream as another healer would, and drops what is before it.
fn compact(world: &World, stream: &Stream, token: FencingToken, checkpoint: &JournalBody) {
    let records = world.storage.read(stream, 0, usize::MAX).unwrap();
    let head = records.last().map_or_else(StreamHead::default, JournalRecord::head);
    let record = JournalRecord::seal(stream.clone(), head, token, world.clock.now(), checkpoint, None).unwrap();
    world.storage.append(&record).unwrap();
    world.storage.prune(stream).unwrap();
}

#[test]
fn a_healer_that_was_away_while_the_journal_was_compacted_goes_on_from_the_checkpoint() {
    let world = World::new();
    let mut healer = healer(&world, "healer");
    run(&mut healer, &world.clock, MINUTE);
    let token = FencingToken::new(0);
    for _ in 0..2 {
        compact(
            &world,
            &Stream::Collection(collection()),
            token,
            &JournalBody::Checkpoint(Box::default()),
        );
        compact(
            &world,
            &Stream::Global,
            token,
            &JournalBody::OrdersCheckpoint(Box::default()),
        );
    }
    world.sicken(0.4);
    run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(
        healer.last(&collection()).map(|last| last.state.name()),
        Some("completed")
    );
}

#[test]
fn clocks_that_are_off_never_let_two_act_on_the_same_collection() {
    for skew in [-25, -5, 5, 25] {
        let world = World::new();
        let off = VirtualClock::default();
        let read = |clock: &VirtualClock, skew| Timestamp::from_second(clock.now().as_second() + skew).unwrap();
        world.clock.set(Timestamp::from_second(1000).unwrap());
        off.set(read(&world.clock, skew));
        let mut one = healer(&world, "one");
        let strategies = [Valves::working(&world)];
        let mut other = world
            .healer_by(Arc::new(off.clone()), strategies)
            .holder("other")
            .build()
            .unwrap();
        let mut begun_by = std::collections::BTreeSet::new();
        for round in 0..2400_u32 {
            match round % 300 {
                60 => world.sicken(0.4),
                200 => {
                    world
                        .open_valves()
                        .into_iter()
                        .for_each(|valve| world.meddle(valve, false));
                    world.sicken(0.0);
                }
                _ => {}
            }
            off.set(read(&world.clock, skew));
            // Every other time the one is away when it begins.
            let away = round / 300 % 2 == 1 && (60..120).contains(&(round % 300));
            if !away {
                let _ = one.tick();
            }
            let _ = other.tick();
            let at_work = [&one, &other].map(|healer| healer.active(&collection()).is_some());
            assert!(at_work != [true, true], "both are at work with a skew of {skew} s");
            begun_by.extend(at_work.iter().position(|at_work| *at_work));
            world.clock.advance(Duration::from_secs(3));
        }
        let tokens: Vec<_> = world.calls().iter().map(|call| call.token).collect();
        assert!(tokens.is_sorted(), "skew {skew}: {tokens:?}");
        assert_eq!(begun_by.len(), 2, "skew {skew}: each has its turn");
        assert!(world.outcomes().len() >= 4, "skew {skew}: {}", world.outcomes().len());
    }
}

#[test]
fn a_holder_that_slept_while_the_clock_was_set_back_does_not_go_on_with_its_step() {
    let world = World::new();
    let valves = Valves::new(&world, "open_valves", [(1, Behaviour::TakesTime)]);
    let calls = Arc::clone(&valves.calls);
    let mut first = world.healer([valves]).holder("first").build().unwrap();
    let mut second = healer(&world, "second");
    run_both(&mut first, &mut second, &world, 2);
    world.sicken(0.4);
    run_until_in("executing", &mut first, &world.clock);
    let (asleep_at, called) = (world.clock.now(), calls.lock().clone());
    // To before the lease was granted: the store no longer knows of one that is in force.
    world.clock.set(asleep_at.checked_sub(2 * MINUTE).unwrap());
    run(&mut second, &world.clock, MINUTE);
    assert_eq!(second.last(&collection()).unwrap().state.name(), "rolled_back");
    // By its own clock, the first one has its lease for a while yet.
    world.clock.set(asleep_at.checked_add(Duration::from_secs(5)).unwrap());
    let tick = first.tick();
    let lost = |event: &HealingEvent| matches!(event.kind, EventKind::LeaseLost { .. });
    assert!(tick.events.iter().any(lost), "{:?}", tick.events);
    assert_eq!(*calls.lock(), called);
}

#[test]
fn a_newer_lease_is_noticed_though_the_journal_cannot_be_read_beyond_it() {
    let world = World::new();
    let valves = Valves::new(&world, "open_valves", [(1, Behaviour::TakesTime)]);
    let calls = Arc::clone(&valves.calls);
    let mut first = world.healer([valves]).build().unwrap();
    run(&mut first, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_in("executing", &mut first, &world.clock);
    let (number, called) = (first.active(&collection()).unwrap().id.number(), calls.lock().clone());
    let stream = Stream::Collection(collection());
    let records = world.storage.read(&stream, 0, usize::MAX).unwrap();
    let newest = records.last().unwrap();
    let append = |head, state| {
        let (token, body) = (
            FencingToken::new(newest.token.get() + 1),
            JournalBody::Entered { number, state },
        );
        let record = JournalRecord::seal(stream.clone(), head, token, world.clock.now(), &body, None).unwrap();
        world.storage.append(&record).unwrap();
        record.head()
    };
    let taken_over = append(newest.head(), RemediationState::Expired { reason: String::new() });
    let follows_nothing = StreamHead {
        digest: StreamHead::default().digest,
        ..taken_over
    };
    append(follows_nothing, RemediationState::Expired { reason: String::new() });
    world.clock.advance(Duration::from_secs(5));
    let tick = first.tick();
    let lost = |event: &HealingEvent| matches!(event.kind, EventKind::LeaseLost { .. });
    assert!(tick.events.iter().any(lost), "{:?}", tick.events);
    assert_eq!(*calls.lock(), called);
}

#[test]
fn a_healer_whose_clock_stood_still_while_another_took_over_touches_nothing_more() {
    let world = World::new();
    let stopped = VirtualClock::default();
    let mut first = world
        .healer_by(Arc::new(stopped.clone()), [Valves::working(&world)])
        .holder("first")
        .build()
        .unwrap();
    let mut second = healer(&world, "second");
    for _ in 0..6 {
        let _ = (first.tick(), second.tick());
        world.clock.advance(Duration::from_secs(10));
        stopped.set(world.clock.now());
    }
    world.sicken(0.4);
    for _ in 0..120 {
        let _ = first.tick();
        if world.open_valves().len() == 2 {
            break;
        }
        world.clock.advance(Duration::from_secs(1));
        stopped.set(world.clock.now());
    }
    assert_eq!(world.open_valves().len(), 2);
    // The first one's machine is suspended here, its clock with it; the second sees the lease run out.
    run(&mut second, &world.clock, 2 * MINUTE);
    assert!(world.open_valves().is_empty());
    let calls = world.calls().len();
    // For the first no time has passed: its lease holds, as far as it can tell.
    let mut events = Vec::new();
    for _ in 0..20 {
        stopped.advance(Duration::from_secs(1));
        events.extend(first.tick().events);
    }
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::LeaseLost { .. }))
    );
    assert_eq!(world.calls().len(), calls, "{:?}", world.calls());
    let interrupted = |state: &RemediationState| {
        matches!(
            state,
            RemediationState::RolledBack {
                cause: UndoCause::Interrupted { .. },
                ..
            }
        )
    };
    assert_eq!(world.journalled().iter().filter(|state| interrupted(state)).count(), 1);
    assert!(first.active(&collection()).is_none());
}
