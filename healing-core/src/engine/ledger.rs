//! What the journal says of one collection: a fold of its records.
//!
//! The healer's own memory of numbers, attempts and unfinished work is this fold and nothing else, so a new healer that
//! reads the journal knows what the old one knew.

use super::config::HealingConfig;
use super::guard::Attempts;
use super::remediation::{Remediation, RemediationState};
use crate::storage::{Journal, JournalBody, JournalError, JournalRecord, Stream};

/// Records read at a time.
const PAGE: usize = 1000;

/// The fold so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The sequence number of the first record not read yet.
    next: u64,
    /// The number of the newest remediation.
    numbered: u64,
    pub(super) attempts: Attempts,
    /// The newest remediation, where it has not ended.
    pub(super) unfinished: Option<Remediation>,
}

impl Ledger {
    /// Reads what was written since.
    pub(super) fn catch_up(
        &mut self,
        journal: &dyn Journal,
        stream: &Stream,
        config: &HealingConfig,
    ) -> Result<(), JournalError> {
        loop {
            let records = journal.read(stream, self.next, PAGE)?;
            let Some(last) = records.last() else { return Ok(()) };
            self.next = last.sequence.saturating_add(1);
            for record in &records {
                self.fold(record, config);
            }
        }
    }

    /// Takes in a record that this healer wrote itself.
    pub(super) fn written(&mut self, record: &JournalRecord, config: &HealingConfig) {
        // After a gap the next catching up reads this record again, in its place.
        if record.sequence == self.next {
            self.next = self.next.saturating_add(1);
            self.fold(record, config);
        }
    }

    /// The number of the next remediation.
    pub(super) fn next_number(&self) -> u64 {
        self.numbered.saturating_add(1)
    }

    fn fold(&mut self, record: &JournalRecord, config: &HealingConfig) {
        match &record.body {
            JournalBody::Remediation(remediation) => {
                self.numbered = self.numbered.max(remediation.id.number());
                if let RemediationState::Executing { step: 0, .. } = remediation.state {
                    self.attempts.begin(record.at, config);
                }
                let ended = remediation.state.is_terminal();
                // What expired before it began need not be followed by a pause; what a human rejected should.
                if ended && !matches!(remediation.state, RemediationState::Expired { .. }) {
                    self.attempts.end(record.at);
                }
                self.unfinished = (!ended).then(|| (**remediation).clone());
            }
        }
    }
}
