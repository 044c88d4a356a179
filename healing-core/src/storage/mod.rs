//! Where the loop remembers: the journal, the outcomes, the leases.
//!
//! Three small traits that a host implements on its own database, [`MemoryStorage`], which keeps all three for as long
//! as the process lives, and `RedbStorage` (feature `redb`, on by default), which keeps them in one file. Whether
//! a host's own implementation keeps what the traits promise, `testkit::storage` (feature `testkit`) finds out.

mod journal;
mod journal_body;
mod lease;
mod memory;
mod outcome;
#[cfg(feature = "redb")]
mod redb;

pub use journal::{Journal, JournalError, JournalRecord, RecordKind, Stream, StreamHead, UnknownStream};
pub use journal_body::{Freeze, JournalBody};
pub use lease::{Lease, LeaseError, LeaseStore};
pub use memory::MemoryStorage;
pub use outcome::{
    Disturbance, FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, RecordedCandidate,
    RecordedChoice, StoredOutcome,
};
#[cfg(feature = "redb")]
pub use redb::{RedbError, RedbStorage};
