//! What can be wrong with a store in a file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::HostError;
use crate::storage::{JournalError, LeaseError, OutcomeError};

/// A store in a file that cannot be made, opened or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedbError {
    /// Nothing is there to be opened.
    #[error("there is no store at {path:?}: create one, or check the path")]
    NotFound {
        /// Where.
        path: PathBuf,
    },
    /// Something is where a store was to be made.
    #[error("there is something at {path:?} already: open it, or create the store elsewhere")]
    AlreadyExists {
        /// Where.
        path: PathBuf,
    },
    /// The store is open elsewhere.
    #[error("the store {path:?} is open elsewhere: one process at a time can use it")]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path:?} is no store of healing-core: {why}; nothing was written to it")]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// The store is from another version of this crate.
    #[error("the store {path:?} has version {found}, this program knows version {known}: use the program it is from")]
    OtherVersion {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version this program knows.
        known: u64,
    },
    /// What is in the file is not what was written there.
    #[error("the store {path:?} is damaged: {what}; restore it from a copy")]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The file cannot be read or written.
    #[error("the store {path:?} cannot be read or written: {source}")]
    Io {
        /// The store.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The value cannot be kept: it would not come back as it is.
    #[error("{what} would not come back from the store as it is: {why}")]
    Unkeepable {
        /// The value.
        what: String,
        /// Why.
        why: String,
    },
    /// The database failed in another way.
    #[error("the store {path:?} failed: {source}")]
    Database {
        /// The store.
        path: PathBuf,
        /// What the database says.
        source: HostError,
    },
}

impl RedbError {
    /// What an error of the database says about the store at `path`.
    pub(super) fn of(path: &Path, error: ::redb::Error) -> Self {
        let path = path.to_owned();
        match error {
            ::redb::Error::DatabaseAlreadyOpen | ::redb::Error::LockProtocolMismatch => Self::InUse { path },
            ::redb::Error::Corrupted(what) => Self::Damaged { path, what },
            ::redb::Error::Io(source) => Self::of_io(&path, source),
            ::redb::Error::UpgradeRequired(version) => Self::NotAStore {
                path,
                why: format!("it is a redb database of the old format {version}"),
            },
            error @ (::redb::Error::TableDoesNotExist(_)
            | ::redb::Error::TableTypeMismatch { .. }
            | ::redb::Error::TypeDefinitionChanged { .. }
            | ::redb::Error::TableIsMultimap(_)
            | ::redb::Error::TableIsNotMultimap(_)) => Self::Damaged {
                path,
                what: error.to_string(),
            },
            other => Self::Database {
                path,
                source: Box::new(other),
            },
        }
    }

    /// What an error of the operating system says about the store at `path`.
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::AlreadyExists => Self::AlreadyExists { path },
            // The file's beginning was looked at before, so this is a store that ends too early.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged {
                path,
                what: source.to_string(),
            },
            _ => Self::Io { path, source },
        }
    }
}

impl From<RedbError> for JournalError {
    fn from(error: RedbError) -> Self {
        Self::Host(Box::new(error))
    }
}

impl From<RedbError> for OutcomeError {
    fn from(error: RedbError) -> Self {
        Self::Host(Box::new(error))
    }
}

impl From<RedbError> for LeaseError {
    fn from(error: RedbError) -> Self {
        Self::Host(Box::new(error))
    }
}
