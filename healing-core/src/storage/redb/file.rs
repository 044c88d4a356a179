//! The file that a store is in: opened once, closed when it fails, opened again when it is next needed.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redb::{CommitError, Database, ReadTransaction, ReadableDatabase, StorageError, TableError, WriteTransaction};

use super::error::RedbError;
use super::tables;
use crate::host_call::{Panicked, contained};

/// How every redb file begins (redb, `docs/design.md`).
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

/// Memory for pages that were read. A healer reads the newest records, and these are few.
const CACHE_BYTES: usize = 32 << 20;

/// A database and where it is.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) database: Database,
}

/// An open store.
pub(super) struct StoreFile {
    reopen: Box<dyn Fn() -> Result<Opened, RedbError> + Send + Sync>,
    path: PathBuf,
    /// `None` after it failed, until it is needed again.
    database: RwLock<Option<Database>>,
}

/// Why a transaction came to nothing.
pub(super) enum Failure<E> {
    /// The caller's own reason.
    Refused(E),
    /// Something is in the file that was not written there.
    Damaged(String),
    /// The database failed.
    Database(::redb::Error),
}

impl StoreFile {
    /// Opens with `open`, now and after each failure.
    pub(super) fn open(
        open: impl Fn() -> Result<Opened, RedbError> + Send + Sync + 'static,
    ) -> Result<Self, RedbError> {
        let Opened { path, database } = open()?;
        Ok(Self {
            reopen: Box::new(open),
            path,
            database: RwLock::new(Some(database)),
        })
    }

    /// Reads from one state of the store.
    pub(super) fn read<T, E: From<RedbError>>(
        &self,
        query: impl FnOnce(&ReadTransaction) -> Result<T, Failure<E>>,
    ) -> Result<T, E> {
        self.work(|database| query(&database.begin_read().map_err(|error| Failure::Database(error.into()))?))
    }

    /// Changes the store as a whole, durably, or not at all where `change` fails.
    pub(super) fn write<T, E: From<RedbError>>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failure<E>>,
    ) -> Result<T, E> {
        self.work(|database| {
            let mut transaction = database
                .begin_write()
                .map_err(|error| Failure::Database(error.into()))?;
            transaction.set_quick_repair(true);
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    fn work<T, E: From<RedbError>>(&self, work: impl FnOnce(&Database) -> Result<T, Failure<E>>) -> Result<T, E> {
        let slot = self.slot()?;
        let Some(database) = slot.as_ref() else {
            return Err(self.damaged("it was closed by a failure at the same time").into());
        };
        let error = match contained(|| work(database)) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(Failure::Refused(refusal))) => return Err(refusal),
            Ok(Err(Failure::Damaged(what))) => return Err(self.damaged(what).into()),
            Ok(Err(Failure::Database(error))) => RedbError::of(&self.path, error),
            Err(panicked) => self.damaged(format!("the database {panicked}")),
        };
        drop(slot);
        self.close();
        Err(error.into())
    }

    /// The database, opened if need be.
    fn slot(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, RedbError> {
        let slot = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Ok(slot);
        }
        drop(slot);
        let mut slot = self.locked();
        if slot.is_none() {
            *slot = Some((self.reopen)()?.database);
        }
        Ok(RwLockWriteGuard::downgrade(slot))
    }

    /// What a failed database has in memory is not to be relied on, and it refuses to write.
    fn close(&self) {
        let failed = self.locked().take();
        discard(failed);
    }

    /// The slot is whole whenever a panic could leave it.
    fn locked(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self, what: impl Into<String>) -> RedbError {
        RedbError::Damaged {
            path: self.path.clone(),
            what: what.into(),
        }
    }
}

impl Drop for StoreFile {
    fn drop(&mut self) {
        let database = self.database.get_mut().unwrap_or_else(PoisonError::into_inner);
        discard(database.take());
    }
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, formatter)
    }
}

/// Opens the store at `path`.
pub(super) fn open(path: &Path) -> Result<Opened, RedbError> {
    check_beginning(path)?;
    let opened = contained(|| {
        Database::builder()
            .set_cache_size(CACHE_BYTES)
            .open(path)
            .map_err(::redb::Error::from)
    });
    checked(path, opened)
}

/// What a database turned out to be.
enum Looked {
    /// A store, and what is wrong with it.
    Known(Option<String>),
    OtherVersion(u64),
    Foreign,
}

/// The opened database, if it is a store that this version knows.
pub(super) fn checked(
    path: &Path,
    opened: Result<Result<Database, ::redb::Error>, Panicked>,
) -> Result<Opened, RedbError> {
    let damaged = |panicked: Panicked| RedbError::Damaged {
        path: path.to_owned(),
        what: format!("the database {panicked}"),
    };
    let database = opened.map_err(damaged)?.map_err(|error| RedbError::of(path, error))?;
    let looked = contained(|| match tables::version(&database)? {
        Some(tables::VERSION) => tables::damage_among_names(&database).map(Looked::Known),
        Some(found) => Ok(Looked::OtherVersion(found)),
        None => Ok(Looked::Foreign),
    });
    let wrong = match looked {
        Ok(Ok(Looked::Known(None))) => {
            return Ok(Opened {
                path: path.to_owned(),
                database,
            });
        }
        Ok(Ok(Looked::Known(Some(what)))) => RedbError::Damaged {
            path: path.to_owned(),
            what,
        },
        Ok(Ok(Looked::OtherVersion(found))) => RedbError::OtherVersion {
            path: path.to_owned(),
            found,
            known: tables::VERSION,
        },
        Ok(Ok(Looked::Foreign)) => RedbError::NotAStore {
            path: path.to_owned(),
            why: "it is a redb database of another program".to_owned(),
        },
        Ok(Err(error)) => RedbError::of(path, error),
        Err(panicked) => damaged(panicked),
    };
    discard(Some(database));
    Err(wrong)
}

/// Closes a database. One on a damaged file may panic at that too, and there is nothing left to lose: what was
/// acknowledged is on the disk.
fn discard(database: Option<Database>) {
    let _ = contained(|| drop(database));
}

/// Looks at the file before the database may write to it.
fn check_beginning(path: &Path) -> Result<(), RedbError> {
    let io = |error| RedbError::of_io(path, error);
    let not_a_store = |why: &str| RedbError::NotAStore {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(not_a_store("it is not a file"));
    }
    if metadata.len() == 0 {
        return Err(not_a_store("it is empty"));
    }
    let mut beginning = [0; MAGIC.len()];
    match file.read_exact(&mut beginning) {
        Ok(()) if beginning == MAGIC => Ok(()),
        Ok(()) => Err(not_a_store("it does not begin as one does")),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(not_a_store("it is too short")),
        Err(error) => Err(io(error)),
    }
}

impl<E> From<StorageError> for Failure<E> {
    fn from(error: StorageError) -> Self {
        Self::Database(error.into())
    }
}

impl<E> From<TableError> for Failure<E> {
    fn from(error: TableError) -> Self {
        Self::Database(error.into())
    }
}

impl<E> From<CommitError> for Failure<E> {
    fn from(error: CommitError) -> Self {
        Self::Database(error.into())
    }
}
