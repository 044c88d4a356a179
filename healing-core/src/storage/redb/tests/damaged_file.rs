//! Files that are no stores, or no longer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{append, checkpoint, clock, collection, event, holder, outcome, stream};
use crate::storage::redb::{RedbError, RedbStorage};
use crate::storage::{Journal, JournalRecord, LeaseStore, OutcomeStore, StoredOutcome, StreamHead};

/// What a store was given.
struct Written {
    records: Vec<JournalRecord>,
    outcomes: Vec<StoredOutcome>,
}

/// A store with a little of everything.
fn write(path: &Path) -> Written {
    let storage = RedbStorage::create(path, clock()).unwrap();
    let mut head = StreamHead::default();
    for number in 0..30 {
        let record = if number == 20 { checkpoint(head) } else { event(head) };
        head = append(&storage, &record).unwrap();
        storage.record(&outcome(number)).unwrap();
    }
    storage
        .acquire(&collection(), &holder(), Duration::from_secs(60))
        .unwrap();
    Written {
        records: storage.read(&stream(), 0, usize::MAX).unwrap(),
        outcomes: storage.outcomes(None, usize::MAX).unwrap(),
    }
}

/// Every call either fails or tells the truth. How many calls failed; `None` where the store did not even open.
fn tells_the_truth(path: &Path, written: &Written, how: &str) -> Option<usize> {
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
        Ok(checkpoint) => assert_eq!(checkpoint, Some(20), "{how}"),
        Err(_) => failed += 1,
    }
    match storage.outcomes(None, usize::MAX) {
        Ok(outcomes) => assert!(outcomes == written.outcomes, "{how}: {} outcomes", outcomes.len()),
        Err(_) => failed += 1,
    }
    match storage.acquire(&collection(), &holder(), Duration::from_secs(60)) {
        Ok(lease) => panic!("{how}: {lease:?}"),
        Err(error) => failed += usize::from(!matches!(error, crate::storage::LeaseError::Held { .. })),
    }
    Some(failed)
}

#[test]
fn a_file_of_something_else_is_named_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign");
    let foreign = [
        Vec::new(),
        b"x".to_vec(),
        b"redb".to_vec(),
        b"SQLite format 3\0 and so on".to_vec(),
        (0..100_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect(),
    ];
    for contents in foreign {
        fs::write(&path, &contents).unwrap();
        for opened in [
            RedbStorage::open(&path, clock()),
            RedbStorage::open_or_create(&path, clock()),
        ] {
            assert!(matches!(opened, Err(RedbError::NotAStore { .. })), "{opened:?}");
        }
        assert!(matches!(
            RedbStorage::create(&path, clock()),
            Err(RedbError::AlreadyExists { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), contents);
    }
    let directory_itself = RedbStorage::open(directory.path(), clock());
    assert!(
        matches!(directory_itself, Err(RedbError::NotAStore { .. })),
        "{directory_itself:?}"
    );
}

#[test]
fn a_database_of_another_program_is_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.redb");
    drop(::redb::Database::create(&path).unwrap());
    let opened = RedbStorage::open_or_create(&path, clock());
    assert!(matches!(opened, Err(RedbError::NotAStore { .. })), "{opened:?}");
}

#[test]
fn a_store_of_a_later_version_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("later.redb");
    drop(RedbStorage::create(&path, clock()).unwrap());
    let database = ::redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(crate::storage::redb::tables::SCHEMA)
        .unwrap()
        .insert("version", 2)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let opened = RedbStorage::open(&path, clock());
    assert!(
        matches!(opened, Err(RedbError::OtherVersion { found: 2, known: 1, .. })),
        "{opened:?}"
    );
}

#[test]
fn a_missing_store_is_made_only_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    assert!(matches!(
        RedbStorage::open(&path, clock()),
        Err(RedbError::NotFound { .. })
    ));
    drop(RedbStorage::open_or_create(&path, clock()).unwrap());
    assert!(matches!(
        RedbStorage::create(&path, clock()),
        Err(RedbError::AlreadyExists { .. })
    ));
    drop(RedbStorage::open_or_create(&path, clock()).unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts are left");
    let nowhere = RedbStorage::open_or_create(directory.path().join("no/such/directory"), clock());
    assert!(matches!(nowhere, Err(RedbError::Io { .. })), "{nowhere:?}");
}

#[test]
fn a_store_cut_off_at_any_length_tells_the_truth_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let written = write(&path);
    let whole = fs::read(&path).unwrap();
    assert_eq!(tells_the_truth(&path, &written, "whole"), Some(0));
    let steps = (0..600).chain((600..whole.len()).step_by(whole.len() / 150));
    for length in steps {
        fs::write(&path, &whole[..length]).unwrap();
        tells_the_truth(&path, &written, &format!("cut off at {length} of {}", whole.len()));
    }
}

#[test]
fn a_store_with_a_flipped_bit_tells_the_truth_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let written = write(&path);
    let whole = fs::read(&path).unwrap();
    // Every byte of the header, and a sample of the pages; unused pages are zeros and not worth a try.
    let used = (0..whole.len()).filter(|&at| at < 320 || whole[at] != 0);
    for (count, at) in used.enumerate().filter(|(count, at)| *at < 320 || count % 499 == 0) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (count % 8);
        fs::write(&path, &damaged).unwrap();
        tells_the_truth(&path, &written, &format!("bit {} of byte {at}", count % 8));
    }
}
