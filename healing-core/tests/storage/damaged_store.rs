//! A store with something in it, and whether it still tells the truth once its file was damaged. The fuzz target
//! `store_file` asks that, too.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::HolderId;
use healing_core::storage::{
    Journal, JournalRecord, LeaseError, LeaseStore, OutcomeStore, RedbError, RedbStorage, StoredOutcome, StreamHead,
};
use healing_core::{Clock, VirtualClock};

use crate::contents::{collection, outcome, record, stream};

const MINUTE: Duration = Duration::from_secs(60);

fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::default())
}

fn holder() -> HolderId {
    HolderId::new("healer").unwrap()
}

/// What a store was given.
pub struct Written {
    records: Vec<JournalRecord>,
    outcomes: Vec<StoredOutcome>,
}

/// A store with a little of everything.
pub fn write(path: &Path) -> Written {
    let storage = RedbStorage::create(path, clock()).unwrap();
    let mut head = StreamHead::default();
    for number in 0..60 {
        let record = record(head);
        storage.append(&record).unwrap();
        head = record.head();
        storage.record(&outcome(number)).unwrap();
    }
    storage.acquire(&collection(), &holder(), MINUTE).unwrap();
    Written {
        records: storage.read(&stream(), 0, usize::MAX).unwrap(),
        outcomes: storage.outcomes(None, usize::MAX).unwrap(),
    }
}

/// Every call either fails or tells the truth. How many calls failed; `None` where the store did not even open.
pub fn tells_the_truth(path: &Path, written: &Written, how: &str) -> Option<usize> {
    let storage = match RedbStorage::open(path, clock()) {
        Ok(storage) => storage,
        Err(
            RedbError::NotAStore { .. }
            | RedbError::Damaged { .. }
            | RedbError::OtherVersion { .. }
            | RedbError::Database { .. }
            | RedbError::Io { .. },
        ) => return None,
        Err(error) => panic!("{how}: {error}"),
    };
    let mut failed = 0;
    match storage.read(&stream(), 0, usize::MAX) {
        Ok(records) => assert!(records == written.records, "{how}: {} records", records.len()),
        Err(_) => failed += 1,
    }
    match storage.newest_checkpoint(&stream()) {
        Ok(checkpoint) => assert_eq!(checkpoint, Some(49), "{how}"),
        Err(_) => failed += 1,
    }
    match storage.outcomes(None, usize::MAX) {
        Ok(outcomes) => assert!(outcomes == written.outcomes, "{how}: {} outcomes", outcomes.len()),
        Err(_) => failed += 1,
    }
    match storage.acquire(&collection(), &holder(), MINUTE) {
        Ok(lease) => panic!("{how}: {lease:?}"),
        Err(error) => failed += usize::from(!matches!(error, LeaseError::Held { .. })),
    }
    Some(failed)
}
