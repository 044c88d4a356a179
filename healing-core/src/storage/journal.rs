//! The journal: what was decided, in order, before it was done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::HostError;
use crate::engine::Remediation;
use crate::identity::{CollectionId, FencingToken};

/// An append-only record of every transition, one stream per collection.
///
/// What an implementation must guarantee:
///
/// - [`append`](Self::append) returns `Ok` only once the record would survive the loss of the process, as far as this
///   store survives it at all.
/// - A failed append leaves nothing behind, or else a later [`read`](Self::read) shows the whole record: never a part.
/// - Within a stream, sequence numbers are 0, 1, 2, ... in the order of the appends.
/// - An append whose token is smaller than the greatest token of the stream is refused with [`JournalError::Fenced`].
pub trait Journal: Send + Sync {
    /// Appends a record to `stream`, durably.
    ///
    /// # Errors
    /// [`JournalError`]; nothing may then be done on the strength of this record.
    fn append(
        &self,
        stream: &Stream,
        token: FencingToken,
        at: Timestamp,
        body: JournalBody,
    ) -> Result<JournalRecord, JournalError>;

    /// The records of `stream` from sequence number `from` on, in order, at most `limit` of them.
    ///
    /// # Errors
    /// [`JournalError::Host`] when the store cannot be read.
    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError>;
}

/// A part of the journal with an order of its own, so that healers of different collections never wait for one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What concerns one collection.
    Collection(CollectionId),
    /// What concerns all.
    Global,
}

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalRecord {
    /// The stream it belongs to.
    pub stream: Stream,
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The token of the lease it was written under.
    pub token: FencingToken,
    /// What it says.
    pub body: JournalBody,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[non_exhaustive]
pub enum JournalBody {
    /// A remediation enters the state it holds here. Written before anything is done in that state.
    Remediation(Box<Remediation>),
}

/// A journal that could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The record was written under a lease that is no longer the newest.
    #[error("the token {token} is fenced off, the journal has seen {newest}: another healer took over")]
    Fenced {
        /// The token of the append.
        token: FencingToken,
        /// The greatest token of the stream.
        newest: FencingToken,
    },
    /// The store failed.
    #[error("the journal failed: {0}")]
    Host(#[source] HostError),
}
