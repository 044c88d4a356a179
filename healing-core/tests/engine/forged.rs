//! Journals that say what no healer writes: whoever else can write to the store must not get more by it than that nothing is
//! done.

use healing_core::engine::{EventKind, HealingEvent, RemediationState, UndoCause};
use healing_core::identity::{FencingToken, Operator, RemediationId};
use healing_core::storage::{Journal, JournalBody, JournalRecord, Stream, StreamHead};
use healing_core::{Clock, CollectionId, Healer, HealingConfig, Timestamp};
use serde_json::json;

use crate::world::{MINUTE, Valves, World, collection, lambda, quick, run, run_until, states};

/// Appends a record that fits on those before it.
fn forge(world: &World, stream: &Stream, body: &JournalBody) {
    let records = world.storage.read(stream, 0, usize::MAX).unwrap();
    let head = records.last().map_or_else(StreamHead::default, JournalRecord::head);
    let token = records.last().map_or(FencingToken::new(0), |last| last.token);
    let record = JournalRecord::seal(stream.clone(), head, token, world.clock.now(), body, None).unwrap();
    world.storage.append(&record).unwrap();
}

/// A journal in which a remediation has begun, and then, as somebody says, came to `state`.
fn said_to_be(state: RemediationState) -> World {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let begun = |healer: &Healer| healer.active(&collection()).is_some();
    run_until("a remediation", &mut healer, &world.clock, begun);
    let number = healer.active(&collection()).unwrap().id.number();
    drop(healer);
    forge(
        &world,
        &Stream::Collection(collection()),
        &JournalBody::Entered { number, state },
    );
    world
}

fn complaints(events: &[HealingEvent]) -> usize {
    let is_one = |event: &&HealingEvent| matches!(event.kind, EventKind::StorageFailed { .. });
    events.iter().filter(is_one).count()
}

#[test]
fn a_state_that_no_plan_comes_to_is_not_believed() {
    let since = Timestamp::UNIX_EPOCH;
    let undoing = |begun, remaining, keep| RemediationState::RollingBack {
        begun,
        remaining,
        keep,
        failed_attempts: 0,
        since,
        cause: UndoCause::StepFailed {
            step: 0,
            error: "none".to_owned(),
        },
        failures: Vec::new(),
    };
    let executing = |step| RemediationState::Executing {
        step,
        since,
        lambda_before: lambda(1.0),
    };
    let settling = RemediationState::Settling {
        done: 0,
        until: since,
        lambda_before: lambda(1.0),
    };
    let impossible = [
        executing(3),
        executing(usize::MAX),
        settling,
        undoing(3, 4, 0),
        undoing(3, 2, 3),
        undoing(usize::MAX, usize::MAX, 0),
    ];
    for state in impossible {
        let world = said_to_be(state.clone());
        let (records, calls) = (world.journalled().len(), world.calls().len());
        let mut healer = world.healer([Valves::working(&world)]).holder("next").build().unwrap();
        let events = run(&mut healer, &world.clock, 10 * MINUTE);
        assert!(
            complaints(&events) > 0 && states(&events).is_empty(),
            "{state:?}: {events:?}"
        );
        assert_eq!(
            (world.journalled().len(), world.calls().len()),
            (records, calls),
            "{state:?}"
        );
    }
}

#[test]
fn a_remediation_of_another_collection_is_not_taken_over() {
    let world = said_to_be(RemediationState::Rejected {
        by: Operator::new("alice").unwrap(),
    });
    let stream = Stream::Collection(collection());
    let mut begun = world.storage.read(&stream, 0, 1).unwrap()[0].open().unwrap();
    let JournalBody::Remediation(remediation) = &mut begun else {
        panic!("{begun:?}");
    };
    remediation.id = RemediationId::new(CollectionId::new("another").unwrap(), 7);
    remediation.state = RemediationState::Executing {
        step: 0,
        since: world.clock.now(),
        lambda_before: lambda(1.0),
    };
    forge(&world, &stream, &begun);
    let calls = world.calls();
    let mut healer = world.healer([Valves::working(&world)]).holder("next").build().unwrap();
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(complaints(&events) > 0 && states(&events).is_empty(), "{events:?}");
    assert_eq!(world.calls(), calls);
}

/// It would tick for ever.
#[test]
fn an_invalid_configuration_is_not_lived_by_and_can_be_replaced() {
    let world = World::new();
    let alice = Operator::new("alice").unwrap();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    let config = HealingConfig {
        sample_interval: std::time::Duration::ZERO,
        lease: std::time::Duration::ZERO,
        ..quick()
    };
    let by = alice.clone();
    forge(
        &world,
        &Stream::Global,
        &JournalBody::Configured {
            by,
            config: Box::new(config),
        },
    );
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert!(complaints(&events) > 0 && states(&events).is_empty(), "{events:?}");
    assert!(healer.trigger(&collection()).is_err());

    let changes = json!({ "max_active": 5 });
    let config = healer.configure(changes.as_object().unwrap(), &alice).unwrap();
    assert_eq!(
        *config,
        HealingConfig {
            max_active: 5,
            ..quick()
        }
    );
    let events = run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(states(&events).last(), Some(&"completed"));
}
