//! The journal: what was decided, in order, before it was done.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::journal_body::JournalBody;
use crate::HostError;
use crate::audit::{Digest, RecordSignature, Signer};
use crate::clock::to_microsecond;
use crate::identity::{CollectionId, FencingToken};

/// An append-only record of every transition, in a stream per collection and one for what concerns all; and of what is healthy,
/// in streams of its own.
///
/// A store keeps records and need not understand them: who writes them numbers, chains and signs them
/// ([`JournalRecord::seal`]). What an implementation must guarantee:
///
/// - [`append`](Self::append) returns `Ok` only once the record would survive the loss of the process, as far as this
///   store survives it at all.
/// - A failed append leaves nothing behind, or else a later [`read`](Self::read) shows the whole record: never a part.
/// - An append whose sequence number is not the next of its stream (0 for the first) is refused with
///   [`JournalError::OutOfSequence`]: two writers cannot both continue from the same record.
/// - An append whose token is smaller than the greatest of its stream is refused with [`JournalError::Fenced`].
/// - What is read is what was appended, to the byte.
///
/// `testkit::storage::journal` (feature `testkit`) tells whether one does.
pub trait Journal: Send + Sync {
    /// Appends a record to its stream, durably.
    ///
    /// # Errors
    /// [`JournalError`]; nothing may then be done on the strength of this record.
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError>;

    /// The records of `stream` from sequence number `from` on that are still there, in order, at most `limit` of them.
    ///
    /// # Errors
    /// [`JournalError::Host`] when the store cannot be read.
    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError>;

    /// The sequence number of the newest record of `stream` that is a [`RecordKind::Checkpoint`].
    ///
    /// # Errors
    /// [`JournalError::Host`] when the store cannot be read.
    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError>;

    /// Drops the records of `stream` before its newest checkpoint. What is left still begins with a record that holds the
    /// digest of what was dropped.
    ///
    /// # Errors
    /// [`JournalError::Host`] when the store fails; some, all or none of them may then be gone, oldest first.
    fn prune(&self, stream: &Stream) -> Result<(), JournalError>;

    /// The streams that have records, sorted.
    ///
    /// # Errors
    /// [`JournalError::Host`] when the store cannot be read.
    fn streams(&self) -> Result<Vec<Stream>, JournalError>;
}

/// A part of the journal with an order of its own, so that healers of different collections never wait for one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What concerns all.
    Global,
    /// What concerns one collection.
    Collection(CollectionId),
    /// What is healthy in one collection.
    Health(CollectionId),
}

impl fmt::Display for Stream {
    /// `global`, or `collection:` or `health:` and the collection's name: different for different streams.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => formatter.write_str(GLOBAL),
            Self::Collection(collection) => write!(formatter, "{COLLECTION}{collection}"),
            Self::Health(collection) => write!(formatter, "{HEALTH}{collection}"),
        }
    }
}

const GLOBAL: &str = "global";
const COLLECTION: &str = "collection:";
const HEALTH: &str = "health:";

/// A text that names no stream.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name:?} names no stream; there are `global`, `collection:NAME` and `health:NAME`")]
#[non_exhaustive]
pub struct UnknownStream {
    /// The text.
    pub name: String,
}

impl FromStr for Stream {
    type Err = UnknownStream;

    /// Reads what it is [shown](fmt::Display) as.
    fn from_str(name: &str) -> Result<Self, UnknownStream> {
        let of = |collection: &str, stream: fn(CollectionId) -> Self| CollectionId::new(collection).ok().map(stream);
        let stream = match (name.strip_prefix(COLLECTION), name.strip_prefix(HEALTH)) {
            (Some(collection), _) => of(collection, Self::Collection),
            (_, Some(collection)) => of(collection, Self::Health),
            _ => (name == GLOBAL).then_some(Self::Global),
        };
        stream.ok_or_else(|| UnknownStream { name: name.to_owned() })
    }
}

/// One record of the journal, as stores keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRecord {
    /// The stream it belongs to.
    pub stream: Stream,
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// When it was written, to the microsecond.
    pub at: Timestamp,
    /// The token of the lease it was written under; 0 in the streams that need none: the global one, and those of what is
    /// healthy.
    pub token: FencingToken,
    /// Whether reading may begin with it.
    pub kind: RecordKind,
    /// What it says: a [`JournalBody`] as JSON. Kept as the text that was signed.
    pub body: String,
    /// The digest of the record before it in the stream.
    pub previous: Digest,
    /// Who vouches for it; `None` where the host signs nothing.
    pub signature: Option<RecordSignature>,
}

/// Whether reading may begin with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// It says what happened after the record before it.
    Event,
    /// It says what all records before it amount to.
    Checkpoint,
}

/// Where a stream ends: what the next record has to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamHead {
    /// The sequence number of the next record.
    pub next: u64,
    /// The digest of the last record.
    pub digest: Digest,
}

impl Default for StreamHead {
    /// That of a stream without records.
    fn default() -> Self {
        Self {
            next: 0,
            digest: Digest::GENESIS,
        }
    }
}

impl JournalRecord {
    /// Numbers, chains and signs what `body` says, to be appended to `stream` at its head.
    ///
    /// # Errors
    /// [`JournalError::Unwritable`] when the body cannot be written as JSON, [`JournalError::Unsigned`] when the signer
    /// fails or panics.
    pub fn seal(
        stream: Stream,
        head: StreamHead,
        token: FencingToken,
        at: Timestamp,
        body: &JournalBody,
        signer: Option<&dyn Signer>,
    ) -> Result<Self, JournalError> {
        let kind = match body {
            JournalBody::Checkpoint(_) | JournalBody::OrdersCheckpoint(_) | JournalBody::Healthy { .. } => {
                RecordKind::Checkpoint
            }
            _ => RecordKind::Event,
        };
        let mut record = Self {
            stream,
            sequence: head.next,
            // What stores cannot return must not be signed.
            at: to_microsecond(at),
            token,
            kind,
            body: serde_json::to_string(body).map_err(JournalError::Unwritable)?,
            previous: head.digest,
            signature: None,
        };
        if let Some(signer) = signer {
            record.signature = Some(RecordSignature::of(&record.digest(), signer).map_err(JournalError::Unsigned)?);
        }
        Ok(record)
    }

    /// The digest of everything in it but the signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let kind: &[u8] = match self.kind {
            RecordKind::Event => b"event",
            RecordKind::Checkpoint => b"checkpoint",
        };
        Digest::of_parts([
            b"healing journal record 1".as_slice(),
            self.stream.to_string().as_bytes(),
            &self.sequence.to_le_bytes(),
            &self.at.as_microsecond().to_le_bytes(),
            &self.token.get().to_le_bytes(),
            kind,
            self.body.as_bytes(),
            self.previous.as_bytes(),
        ])
    }

    /// Where the stream ends with this record.
    #[must_use]
    pub fn head(&self) -> StreamHead {
        StreamHead {
            next: self.sequence.saturating_add(1),
            digest: self.digest(),
        }
    }

    /// Reads what it says.
    ///
    /// # Errors
    /// [`JournalError::Unreadable`] when another version wrote something this one does not know, or the text was damaged.
    pub fn open(&self) -> Result<JournalBody, JournalError> {
        serde_json::from_str(&self.body).map_err(|source| JournalError::Unreadable {
            stream: self.stream.clone(),
            sequence: self.sequence,
            source,
        })
    }
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
    /// The record is not the next of its stream: someone else wrote meanwhile.
    #[error("the record has the sequence number {sequence}, the next one of {stream} is {next}: read on and try again")]
    OutOfSequence {
        /// The stream.
        stream: Stream,
        /// The number of the refused record.
        sequence: u64,
        /// The number it should have had.
        next: u64,
    },
    /// A body cannot be written as JSON.
    #[error("what was to be written down is no JSON: {0}")]
    Unwritable(#[source] serde_json::Error),
    /// The record could not be signed.
    #[error("the record could not be signed: {0}")]
    Unsigned(#[source] HostError),
    /// A record's body cannot be read.
    #[error("record {sequence} of {stream} cannot be read: {source}")]
    Unreadable {
        /// The stream.
        stream: Stream,
        /// The record.
        sequence: u64,
        /// What the reader stumbled over.
        source: serde_json::Error,
    },
    /// A record does not follow from the one before it.
    #[error(
        "record {sequence} of {stream} does not follow from the one before it: the journal was tampered with or damaged"
    )]
    Broken {
        /// The stream.
        stream: Stream,
        /// The first record that does not follow.
        sequence: u64,
    },
    /// The store failed.
    #[error("the journal failed: {0}")]
    Host(#[source] HostError),
}
