//! What is wrong with a journal.

use thiserror::Error;

use super::PublicKey;
use crate::storage::{JournalError, Stream};

/// A journal that is not sound, or could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A record is bad.
    #[error("record {sequence} of {stream} {fault}")]
    Bad {
        /// The stream.
        stream: Stream,
        /// The place in it of the first bad record.
        sequence: u64,
        /// How it is bad.
        fault: Fault,
    },
    /// A line of a file of records is none as it was written.
    #[error("line {line} is no record as it was written: it was changed or cut off")]
    BadLine {
        /// The line, from 1.
        line: u64,
    },
    /// A head is not signed by a key that is vouched for, so nothing can be held against it.
    #[error("the head of {stream} is not signed by a key that is vouched for")]
    BadHead {
        /// The stream.
        stream: Stream,
    },
    /// A file of records could not be read.
    #[error("the records could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The journal could not be read.
    #[error("the journal could not be read: {0}")]
    Journal(#[from] JournalError),
}

/// How a record is bad.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// What it says is not what was signed.
    #[error("was changed after it was signed")]
    Changed,
    /// It is not there, though later ones are.
    #[error("is missing, though record {found} is there")]
    Missing {
        /// The record that stands in its place.
        found: u64,
    },
    /// Another record of the stream stands in its place, or that one stands there twice.
    #[error("is not in its place: record {found} is there")]
    Reordered {
        /// The record that stands in its place.
        found: u64,
    },
    /// It is not signed by a key that may sign here.
    #[error("is forged: {}", by.map_or_else(|| "nobody signed it".to_owned(), |key| format!("{key} signed it, which may not")))]
    Forged {
        /// The key that it says it is signed with.
        by: Option<PublicKey>,
    },
    /// It is signed, but follows on another record than the one before it, or a signed head knows another in its place.
    #[error("is of another history: it is genuine by itself, and does not fit the others")]
    Spliced,
    /// It and all after it are gone: a signed head knows of them.
    #[error("and all after it were cut off: there were {next} by the signed head")]
    Truncated {
        /// How many records the stream had at least.
        next: u64,
    },
}
