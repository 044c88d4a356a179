//! Where the loop remembers: the journal, the outcomes, the leases.
//!
//! Three small traits that a host implements on its own database, and [`MemoryStorage`], which keeps all three for as long
//! as the process lives.

mod journal;
mod lease;
mod memory;
mod outcome;

pub use journal::{Journal, JournalBody, JournalError, JournalRecord, Stream};
pub use lease::{Lease, LeaseError, LeaseStore};
pub use memory::MemoryStorage;
pub use outcome::{
    Disturbance, FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, RecordedCandidate,
    RecordedChoice, StoredOutcome,
};
