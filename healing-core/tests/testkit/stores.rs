//! The suites on the crate's own stores.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use healing_core::storage::{MemoryStorage, RedbStorage};
use healing_core::testkit::storage::{LeaseFactory, StoreFactory, suite};
use healing_core::{Clock, HostError, VirtualClock};
use tempfile::TempDir;

/// Stores in memory: a restart is another handle.
#[derive(Default)]
struct InMemory {
    clock: VirtualClock,
    newest: Option<MemoryStorage>,
}

impl StoreFactory for InMemory {
    type Store = MemoryStorage;

    fn fresh(&mut self) -> Result<MemoryStorage, HostError> {
        let store = MemoryStorage::new(Arc::new(self.clock.clone()));
        Ok(self.newest.insert(store).clone())
    }

    fn reopen(&mut self) -> Result<MemoryStorage, HostError> {
        self.newest.clone().ok_or_else(|| "nothing to open".into())
    }

    fn beside(&mut self) -> Result<Option<MemoryStorage>, HostError> {
        Ok(self.newest.clone())
    }
}

impl LeaseFactory for InMemory {
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn set_clock_back(&self, by: Duration) -> bool {
        self.clock.set(self.clock.now() - by);
        true
    }
}

/// Stores in files of one directory.
struct InFiles {
    clock: VirtualClock,
    directory: TempDir,
    files: usize,
}

impl InFiles {
    fn newest(&self) -> PathBuf {
        self.directory.path().join(format!("{}.redb", self.files))
    }
}

impl StoreFactory for InFiles {
    type Store = RedbStorage;

    fn fresh(&mut self) -> Result<RedbStorage, HostError> {
        self.files += 1;
        Ok(RedbStorage::create(self.newest(), Arc::new(self.clock.clone()))?)
    }

    fn reopen(&mut self) -> Result<RedbStorage, HostError> {
        Ok(RedbStorage::open(self.newest(), Arc::new(self.clock.clone()))?)
    }
}

impl LeaseFactory for InFiles {
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn set_clock_back(&self, by: Duration) -> bool {
        self.clock.set(self.clock.now() - by);
        true
    }
}

#[test]
fn the_store_in_memory_conforms() {
    let report = suite(&mut InMemory::default());
    assert!(report.is_clean() && report.not_tried().is_empty(), "{report}");
}

#[test]
fn the_store_in_one_file_conforms() {
    let mut files = InFiles {
        clock: VirtualClock::default(),
        directory: tempfile::tempdir().unwrap(),
        files: 0,
    };
    let report = suite(&mut files);
    assert!(report.is_clean(), "{report}");
    // One process at a time has the file open.
    let not_tried: Vec<_> = report.not_tried().iter().map(|it| it.check).collect();
    assert_eq!(
        not_tried,
        [
            "journal.another_handle_sees_what_was_appended",
            "leases.another_handle_sees_it"
        ]
    );
}
