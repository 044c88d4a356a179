//! A whole healer over a file that may not grow.

use std::io::Write;
use std::sync::Arc;

use healing_core::Clock;
use healing_core::engine::EventKind;
use healing_core::identity::FencingToken;
use healing_core::storage::{Journal, JournalBody, JournalRecord, OutcomeStore, RedbStorage, Stream, StreamHead};

use crate::child;
use crate::world::{MINUTE, Valves, World, collection, run};

/// Fills the store up, lets the healer find something to do, and says what became of it.
#[test]
#[ignore = "the other half of the test below"]
fn heal_on_a_full_disk() {
    let Some(path) = child::work() else { return };
    let world = World::new();
    let storage = Arc::new(RedbStorage::open_or_create(path, Arc::new(world.clock.clone())).unwrap());
    let mut healer = world
        .healer([Valves::working(&world)])
        .storage(Arc::clone(&storage))
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    let mut head = StreamHead::default();
    // Large records until none fits, then small ones.
    let mut padding = 20_000;
    while padding > 0 {
        let mut record = JournalRecord::seal(
            Stream::Global,
            head,
            FencingToken::new(0),
            Clock::now(&world.clock),
            &JournalBody::OrdersCheckpoint(Box::default()),
            None,
        )
        .unwrap();
        record.body.push_str(&" ".repeat(padding));
        match storage.append(&record) {
            Ok(()) => head = record.head(),
            Err(_) => padding /= 4,
        }
    }
    world.sicken(0.4);
    let mut events = Vec::new();
    for _ in 0..180 {
        events.extend(healer.tick().events);
        world.clock.advance(MINUTE / 60);
    }
    let failures = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StorageFailed { .. }))
        .count();
    let error = events.iter().find_map(|event| match &event.kind {
        EventKind::StorageFailed { error } => Some(error.clone()),
        _ => None,
    });
    let records = storage.read(&Stream::Collection(collection()), 0, 10).unwrap();
    let begun = records.iter().any(|record| record.body.contains("executing"));
    let outcomes = storage.outcomes(None, 10).map(|it| it.len());
    writeln!(
        std::io::stdout(),
        "failures {} calls {} begun {begun} outcomes {outcomes:?} error {error:?}",
        failures > 0,
        world.calls().len(),
    )
    .unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_full_disk_no_remediation_begins_and_the_failure_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    // Files of at most 4 MiB; what would go beyond fails instead of killing the process.
    let output = child::command("full_disk::heal_on_a_full_disk", &path, "trap '' XFSZ; ulimit -f 8192;")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("failures true calls 0 begun false outcomes Ok(0)") && said.contains("File too large"),
        "{said}"
    );
}
