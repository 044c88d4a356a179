//! Stores that go wrong on order.

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{CollectionId, FencingToken, HolderId};
use healing_core::storage::{Journal, JournalBody, JournalRecord, LeaseStore, MemoryStorage, Stream, StreamHead};
use healing_core::testkit::{CallFault, Faults, FaultyStorage};
use healing_core::{Timestamp, VirtualClock};

fn record(head: StreamHead) -> JournalRecord {
    let body = JournalBody::OrdersCheckpoint(Box::default());
    JournalRecord::seal(
        Stream::Global,
        head,
        FencingToken::new(0),
        Timestamp::UNIX_EPOCH,
        &body,
        None,
    )
    .unwrap()
}

#[test]
fn a_call_goes_wrong_as_ordered_and_when_it_was_ordered() {
    for (fault, said, kept) in [
        (CallFault::Fails, false, false),
        (CallFault::LosesItsAnswer, false, true),
        (CallFault::Lies, true, false),
    ] {
        let faults = Faults::default();
        let storage = FaultyStorage::new(MemoryStorage::new(Arc::new(VirtualClock::default())), faults.clone());
        faults.strike_once(1, fault);
        let first = record(StreamHead::default());
        assert!(storage.append(&first).is_ok());
        let second = record(first.head());
        assert_eq!(storage.append(&second).is_ok(), said, "{fault:?}");
        let there = storage.read(&Stream::Global, 0, 10).unwrap();
        assert_eq!(there.contains(&second), kept, "{fault:?}");
        let next = record(there.last().unwrap().head());
        assert!(storage.append(&next).is_ok(), "only one call goes wrong");
    }
}

#[test]
fn what_was_ordered_for_good_ends_when_it_is_cleared() {
    let faults = Faults::default();
    let storage = FaultyStorage::new(MemoryStorage::new(Arc::new(VirtualClock::default())), faults.clone());
    let collection = CollectionId::new("embeddings").unwrap();
    let take = || storage.acquire(&collection, &HolderId::new("a").unwrap(), Duration::from_secs(60));
    // There is no lease to make up, so a lie about one is a failure.
    for fault in [CallFault::Fails, CallFault::Lies] {
        faults.strike(0, fault);
        assert!(take().is_err() && take().is_err(), "{fault:?}");
    }
    faults.clear();
    assert!(take().is_ok());
}

#[test]
#[should_panic(expected = "it panics on order")]
fn it_panics_on_order() {
    let faults = Faults::default();
    let storage = FaultyStorage::new(MemoryStorage::new(Arc::new(VirtualClock::default())), faults.clone());
    faults.strike(0, CallFault::Panics);
    let _ = storage.append(&record(StreamHead::default()));
}
