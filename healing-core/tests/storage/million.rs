//! A store that has seen a million records.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use healing_core::identity::{FencingToken, Operator};
use healing_core::storage::{Journal, JournalBody, JournalRecord, RedbStorage, Stream, StreamHead};
use healing_core::{CollectionId, SystemClock, Timestamp};

use crate::child;

#[test]
#[ignore = "writes for minutes: run it in release, with `--ignored --nocapture`"]
fn a_store_with_a_million_old_records_is_open_and_read_from_its_checkpoint_within_a_second() {
    let path = child::work().unwrap_or_else(|| tempfile::tempdir().unwrap().keep().join("healing.redb"));
    let mut out = std::io::stdout();
    let stream = Stream::Collection(CollectionId::new("embeddings").unwrap());
    let event = JournalBody::Unfrozen {
        collection: None,
        by: Operator::new("x".repeat(200)).unwrap(),
    };
    let record = |head, body: &JournalBody| {
        JournalRecord::seal(
            stream.clone(),
            head,
            FencingToken::new(1),
            Timestamp::UNIX_EPOCH,
            body,
            None,
        )
        .unwrap()
    };
    let storage = RedbStorage::open_or_create(&path, Arc::new(SystemClock)).unwrap();
    let begun = Instant::now();
    let mut head = StreamHead::default();
    for number in 0..1_000_100 {
        let next = match number {
            1_000_000 => record(head, &JournalBody::Checkpoint(Box::default())),
            _ => record(head, &event),
        };
        storage.append(&next).unwrap();
        head = next.head();
    }
    writeln!(out, "{:?} an append", begun.elapsed() / 1_000_100).unwrap();
    drop(storage);
    writeln!(out, "{} bytes", std::fs::metadata(&path).unwrap().len()).unwrap();

    let begun = Instant::now();
    let storage = RedbStorage::open(&path, Arc::new(SystemClock)).unwrap();
    let from = storage.newest_checkpoint(&stream).unwrap().unwrap();
    let records = storage.read(&stream, from, 1000).unwrap();
    let took = begun.elapsed();
    assert_eq!(records.len(), 100);
    writeln!(out, "{took:?} to open and read from the checkpoint").unwrap();

    // A copy of an open store is what a crash leaves behind.
    let crashed = path.with_extension("crashed");
    std::fs::copy(&path, &crashed).unwrap();
    let begun = Instant::now();
    let recovered = RedbStorage::open(&crashed, Arc::new(SystemClock)).unwrap();
    let records = recovered.read(&stream, from, 1000).unwrap();
    let after_crash = begun.elapsed();
    assert_eq!(records.len(), 100);
    writeln!(out, "{after_crash:?} after a crash").unwrap();

    let begun = Instant::now();
    storage.prune(&stream).unwrap();
    writeln!(out, "{:?} to prune", begun.elapsed()).unwrap();
    assert_eq!(storage.read(&stream, 0, 1000).unwrap().len(), 100);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert!(
        took.as_secs_f64() < 1.0 && after_crash.as_secs_f64() < 1.0,
        "{took:?} {after_crash:?}"
    );
}
