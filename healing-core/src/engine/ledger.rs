//! One stream of the journal, as a healer follows and continues it.

use jiff::Timestamp;

use super::standing::Fold;
use crate::audit::Signer;
use crate::identity::FencingToken;
use crate::storage::{Journal, JournalBody, JournalError, JournalRecord, RecordKind, Stream, StreamHead};

/// Records read at a time.
const PAGE: usize = 1000;

/// After so many records comes a checkpoint, as soon as nothing is unfinished.
const CHECKPOINT_EVERY: u64 = 1000;

/// What the records so far amount to, and where the stream ends.
#[derive(Debug)]
pub(super) struct Ledger<S> {
    stream: Stream,
    sum: S,
    /// `None` before anything was read.
    head: Option<StreamHead>,
    /// Whether a record may be in the stream after all that could not be appended.
    in_doubt: bool,
    since_checkpoint: u64,
}

/// What a record is appended with.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a> {
    pub(super) journal: &'a dyn Journal,
    pub(super) signer: Option<&'a dyn Signer>,
    pub(super) token: FencingToken,
    pub(super) at: Timestamp,
}

impl<S: Fold> Ledger<S> {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            sum: S::default(),
            head: None,
            in_doubt: false,
            since_checkpoint: 0,
        }
    }

    pub(super) fn sum(&self) -> &S {
        &self.sum
    }

    /// Whether all that was written so far, by this healer at least, is known.
    pub(super) fn is_read(&self) -> bool {
        self.head.is_some() && !self.in_doubt
    }

    /// Reads what was written since; at first, from the newest checkpoint on.
    pub(super) fn catch_up(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        let mut from = match self.head {
            Some(head) => head.next,
            None => journal.newest_checkpoint(&self.stream)?.unwrap_or(0),
        };
        loop {
            let records = journal.read(&self.stream, from, PAGE)?;
            let full = records.len() >= PAGE;
            for record in records {
                self.take_in(&record)?;
                from = record.sequence.saturating_add(1);
            }
            if !full {
                self.head.get_or_insert_default();
                self.in_doubt = false;
                return Ok(());
            }
        }
    }

    /// Writes a record and takes it in. Where it is not known what was written before, that is read first.
    pub(super) fn append(&mut self, pen: &Pen<'_>, body: JournalBody) -> Result<(), JournalError> {
        if !self.is_read() {
            self.catch_up(pen.journal)?;
        }
        let head = self.head.unwrap_or_default();
        let record = JournalRecord::seal(self.stream.clone(), head, pen.token, pen.at, &body, pen.signer)?;
        if let Err(error) = pen.journal.append(&record) {
            self.in_doubt = true;
            return Err(error);
        }
        self.head = Some(record.head());
        self.count(&record);
        self.sum.fold(record.at, body);
        Ok(())
    }

    /// Sums up what is finished once enough has been written, so that whoever opens the store need not read it all; with
    /// `prune`, drops what was summed up.
    pub(super) fn compact(&mut self, pen: &Pen<'_>, prune: bool) -> Result<(), JournalError> {
        if self.since_checkpoint < CHECKPOINT_EVERY {
            return Ok(());
        }
        let Some(checkpoint) = self.sum.checkpoint() else {
            return Ok(());
        };
        self.append(pen, checkpoint)?;
        if prune { pen.journal.prune(&self.stream) } else { Ok(()) }
    }

    fn take_in(&mut self, record: &JournalRecord) -> Result<(), JournalError> {
        // The first record read is trusted to follow from what was pruned; `audit::verify` checks its signature.
        if let Some(head) = self.head
            && (record.sequence != head.next || record.previous != head.digest)
        {
            return Err(JournalError::Broken {
                stream: self.stream.clone(),
                sequence: record.sequence,
            });
        }
        let body = record.open()?;
        self.head = Some(record.head());
        self.count(record);
        self.sum.fold(record.at, body);
        Ok(())
    }

    fn count(&mut self, record: &JournalRecord) {
        self.since_checkpoint = match record.kind {
            RecordKind::Checkpoint => 0,
            RecordKind::Event => self.since_checkpoint.saturating_add(1),
        };
    }
}
