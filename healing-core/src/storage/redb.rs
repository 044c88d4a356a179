//! Storage in one file, for a service that heals itself from a single process.
//!
//! Everything is in a [redb](https://docs.rs/redb) file: a copy-on-write B+tree whose commits are whole or not there.
//! What must never break: what a call acknowledged is still there after the process was killed or the power was lost.
//! For that each call is one transaction, committed in two phases and synced, which costs a few syncs of the disk; the
//! allocator's state is saved with each, so that opening after a crash does not read the whole file.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `healing_schema` | `version` | the version of this table |
//! | `streams` | the stream's name | its number, first and next sequence number, greatest token, newest checkpoint |
//! | `records` | the stream's number, the sequence number | the record's header, its body |
//! | `outcomes` | the outcome's number | the latest end of any outcome so far, the outcome |
//! | `outcome_of` | the remediation | the outcome's number |
//! | `leases` | the collection | its newest lease, and whether that was given back |
//!
//! Each value but the first table's begins with a checksum over its key and itself, and what must be without gaps is read
//! as such; what is asked by name (streams, leases) is read through when the store is opened, for a name that is not found counts
//! as one that never was. So what was damaged on the disk is an error ([`RedbError::Damaged`]) and never a shorter truth.

mod codec;
mod create;
mod error;
mod file;
mod journal;
mod leases;
mod outcomes;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use self::file::StoreFile;
use crate::clock::Clock;

pub use self::error::RedbError;

/// Journal, outcomes and leases in one file.
///
/// - A call that returns `Ok` has its effect on the disk, as far as the disk keeps what was synced.
/// - A call that fails with an input or output error (a full disk, for one) may have left its whole effect behind or
///   nothing. The file is closed then and opened again at the next call, so the store works again once the disk does.
/// - One process at a time has the file open; others are refused with [`RedbError::InUse`].
/// - Writes wait for one another, also those of different streams; reads wait for nobody.
///
/// The file does not shrink: what pruning frees is used again.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// use std::sync::Arc;
///
/// use healing_core::storage::{Journal, RedbError, RedbStorage};
/// use healing_core::{Clock, SystemClock};
///
/// let path = directory.path().join("healing.redb");
/// let clock: Arc<dyn Clock> = Arc::new(SystemClock);
/// let storage = RedbStorage::open_or_create(&path, Arc::clone(&clock))?;
/// assert!(storage.streams()?.is_empty());
///
/// let second = RedbStorage::open(&path, clock);
/// assert!(matches!(second, Err(RedbError::InUse { .. })));
/// # Ok(())
/// # }
/// ```
pub struct RedbStorage {
    clock: Arc<dyn Clock>,
    file: StoreFile,
}

impl RedbStorage {
    /// Makes a new store at `path`, whose leases run by `clock`. It appears there whole or not at all; a process that is
    /// killed meanwhile may leave a file behind whose name ends in `.new` and that nobody needs.
    ///
    /// # Errors
    /// [`RedbError::AlreadyExists`] when anything is at `path`; [`RedbError::Io`] when the file cannot be written.
    pub fn create(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, RedbError> {
        create::create(path.as_ref())?;
        Self::open(path, clock)
    }

    /// Opens the store at `path`, whose leases run by `clock`. What an unfinished write left there is undone.
    ///
    /// # Errors
    /// [`RedbError::NotFound`] when nothing is there; [`RedbError::NotAStore`] when it is something else;
    /// [`RedbError::OtherVersion`] when it is from another version of this crate; [`RedbError::InUse`] while it is open
    /// elsewhere, also in this process; [`RedbError::Damaged`] when it was changed by something else than this crate;
    /// [`RedbError::Io`] when it cannot be read or written.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, RedbError> {
        let path = path.as_ref().to_owned();
        let file = StoreFile::open(move || file::open(&path))?;
        Ok(Self { clock, file })
    }

    /// Opens the store at `path`, or makes it where nothing is at `path`: an empty file there is an error, for it is not a
    /// store, and might have been one.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for [`RedbError::NotFound`].
    pub fn open_or_create(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, RedbError> {
        let path = path.as_ref();
        match Self::open(path, Arc::clone(&clock)) {
            Err(RedbError::NotFound { .. }) => {}
            opened => return opened,
        }
        match create::create(path) {
            // Someone else was faster, and what they made is as good.
            Ok(()) | Err(RedbError::AlreadyExists { .. }) => Self::open(path, clock),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for RedbStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedbStorage")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
