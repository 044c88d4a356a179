//! How long the journal takes.

use std::sync::Arc;

use metrics::Histogram;

use crate::clock::{Clock, elapsed};
use crate::storage::{Journal, JournalError, JournalRecord, Stream};

/// A journal whose appends are timed by the healer's clock.
pub(super) struct TimedJournal {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    seconds: Histogram,
}

impl TimedJournal {
    pub(super) fn new(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>, seconds: Histogram) -> Self {
        Self {
            journal,
            clock,
            seconds,
        }
    }
}

impl Journal for TimedJournal {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let began = self.clock.now();
        let appended = self.journal.append(record);
        self.seconds.record(elapsed(began, self.clock.now()).as_secs_f64());
        appended
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.journal.read(stream, from, limit)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.journal.newest_checkpoint(stream)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        self.journal.prune(stream)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.journal.streams()
    }
}
