//! A disk that fills up at any moment.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::redb::backends::InMemoryBackend;
use ::redb::{Database, StorageBackend};

use super::{append, clock, collection, event, holder, outcome, stream};
use crate::host_call::contained;
use crate::mutex::Mutex;
use crate::storage::redb::error::RedbError;
use crate::storage::redb::file::{self, StoreFile};
use crate::storage::redb::{RedbStorage, tables};
use crate::storage::{Journal, JournalError, LeaseStore, OutcomeStore, StreamHead};

/// A disk that takes so many more writes, and survives the closing of the file on it.
#[derive(Debug, Clone)]
struct Disk {
    contents: Arc<InMemoryBackend>,
    writes_left: Arc<Mutex<Option<usize>>>,
}

impl Disk {
    fn new() -> Self {
        let disk = Self {
            contents: Arc::new(InMemoryBackend::new()),
            writes_left: Arc::default(),
        };
        let database = Database::builder().create_with_backend(disk.clone()).unwrap();
        let mut transaction = database.begin_write().unwrap();
        transaction.set_quick_repair(true);
        tables::make(&transaction).unwrap();
        transaction.commit().unwrap();
        disk
    }

    fn storage(&self) -> Result<RedbStorage, RedbError> {
        let disk = self.clone();
        let file = StoreFile::open(move || {
            let disk = disk.clone();
            file::checked(
                &PathBuf::from("disk"),
                contained(|| {
                    Database::builder()
                        .create_with_backend(disk)
                        .map_err(::redb::Error::from)
                }),
            )
        })?;
        Ok(RedbStorage { clock: clock(), file })
    }

    fn fill_up_after(&self, writes: usize) {
        *self.writes_left.lock() = Some(writes);
    }

    fn make_room(&self) {
        *self.writes_left.lock() = None;
    }

    fn is_full(&self) -> bool {
        *self.writes_left.lock() == Some(0)
    }

    fn use_up(&self) -> io::Result<()> {
        match self.writes_left.lock().as_mut() {
            Some(0) => Err(ErrorKind::StorageFull.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.contents.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.contents.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.use_up()?;
        self.contents.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.use_up()?;
        self.contents.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.use_up()?;
        self.contents.write(offset, data)
    }
}

fn is_full(error: &JournalError) -> bool {
    let JournalError::Host(error) = error else { return false };
    matches!(
        error.downcast_ref(),
        Some(RedbError::Io { source, .. }) if source.kind() == ErrorKind::StorageFull
    )
}

#[test]
fn a_disk_that_fills_up_at_any_moment_loses_nothing_acknowledged_and_works_again_when_there_is_room() {
    for writes in 0..60 {
        let disk = Disk::new();
        let storage = disk.storage().unwrap();
        disk.fill_up_after(writes);
        let mut head = StreamHead::default();
        let failure = loop {
            match append(&storage, &event(head)) {
                Ok(next) => head = next,
                Err(error) => break error,
            }
        };
        assert!(is_full(&failure), "after {writes} writes: {failure}");
        assert!(disk.is_full());
        // Full it stays, and says so.
        let again = storage.append(&event(head)).unwrap_err();
        assert!(
            is_full(&again) || matches!(again, JournalError::OutOfSequence { .. }),
            "after {writes} writes: {again}"
        );
        assert!(storage.record(&outcome(1)).is_err());
        assert!(
            storage
                .acquire(&collection(), &holder(), Duration::from_secs(60))
                .is_err()
        );

        disk.make_room();
        let kept = storage.read(&stream(), 0, usize::MAX).unwrap();
        assert!(kept.len() as u64 >= head.next, "after {writes} writes");
        for (sequence, record) in kept.iter().enumerate() {
            assert_eq!(record.sequence, sequence as u64);
        }
        let head = kept
            .last()
            .map_or_else(StreamHead::default, crate::storage::JournalRecord::head);
        append(&storage, &event(head)).unwrap();
        storage.record(&outcome(1)).unwrap();
        storage
            .acquire(&collection(), &holder(), Duration::from_secs(60))
            .unwrap();
    }
}

#[test]
fn what_was_acknowledged_before_the_disk_was_full_is_there_for_the_next_process() {
    for writes in (0..200).step_by(7) {
        let disk = Disk::new();
        let storage = disk.storage().unwrap();
        disk.fill_up_after(writes);
        let mut head = StreamHead::default();
        while let Ok(next) = append(&storage, &event(head)) {
            head = next;
        }
        drop(storage);
        disk.make_room();
        let kept = disk.storage().unwrap().read(&stream(), 0, usize::MAX).unwrap();
        assert!(kept.len() as u64 >= head.next, "after {writes} writes");
        assert!(kept.len() as u64 <= head.next + 1, "after {writes} writes");
    }
}
