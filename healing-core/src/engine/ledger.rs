//! One stream of the journal, as a healer follows and continues it.

use jiff::Timestamp;

use super::standing::Fold;
use crate::audit::Signer;
use crate::identity::FencingToken;
use crate::storage::{Journal, JournalBody, JournalError, JournalRecord, RecordKind, Stream, StreamHead};

/// Records read at a time.
const PAGE: usize = 1000;

/// So often is reading begun anew because records were dropped between two pages; after that, the journal is broken.
const MOST_BEGINNINGS: u32 = 3;

/// After so many records comes a checkpoint, as soon as nothing is unfinished.
const CHECKPOINT_EVERY: u64 = 1000;

/// What the records so far amount to, and where the stream ends.
#[derive(Debug)]
pub(super) struct Ledger<S> {
    stream: Stream,
    sum: S,
    /// `None` before anything was read.
    head: Option<StreamHead>,
    /// The greatest token that a record was written under.
    newest_token: FencingToken,
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
            newest_token: FencingToken::new(0),
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

    /// Whether anything was read yet.
    pub(super) fn is_new(&self) -> bool {
        self.head.is_none()
    }

    /// The greatest token that a record was written under, as far as is known.
    pub(super) fn newest_token(&self) -> FencingToken {
        self.newest_token
    }

    /// Reads what was written since; at first, and where that was dropped meanwhile, from the newest checkpoint on.
    pub(super) fn catch_up(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        self.follow(journal, |_| {})
    }

    /// Reads what was written since, and shows what it adds up to after each record.
    pub(super) fn follow(&mut self, journal: &dyn Journal, mut after_each: impl FnMut(&S)) -> Result<(), JournalError> {
        let mut beginnings = 0;
        let mut from = self.head.map(|head| head.next);
        loop {
            let next = match from {
                Some(next) => next,
                None => journal.newest_checkpoint(&self.stream)?.unwrap_or(0),
            };
            let records = journal.read(&self.stream, next, PAGE)?;
            let full = records.len() >= PAGE;
            from = Some(next);
            for record in records {
                if self.misses_records_before(&record) && beginnings < MOST_BEGINNINGS {
                    beginnings += 1;
                    self.head = None;
                    from = None;
                    break;
                }
                self.take_in(&record)?;
                after_each(&self.sum);
                from = Some(record.sequence.saturating_add(1));
            }
            if from.is_some() && !full {
                self.head.get_or_insert_default();
                self.in_doubt = false;
                return Ok(());
            }
        }
    }

    fn misses_records_before(&self, record: &JournalRecord) -> bool {
        self.head.is_some_and(|head| record.sequence > head.next)
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
        self.move_head_to(&record);
        self.sum.fold(&record, body);
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
        let follows = match self.head {
            Some(head) => record.sequence == head.next && record.previous == head.digest,
            // What a checkpoint stands for was dropped, or need not be read; `audit::verify` checks who signed it.
            None => record.sequence == 0 || record.kind == RecordKind::Checkpoint,
        };
        let broken = || JournalError::Broken {
            stream: self.stream.clone(),
            sequence: record.sequence,
        };
        if !follows {
            return Err(broken());
        }
        let body = record.open()?;
        if self.head.is_none() {
            self.sum = S::default();
        }
        self.sum.fold(record, body);
        if !self.sum.is_possible(&self.stream) {
            let broken = broken();
            // Neither now nor when it is read again is anything of it believed.
            (self.head, self.sum) = (None, S::default());
            return Err(broken);
        }
        self.move_head_to(record);
        Ok(())
    }

    fn move_head_to(&mut self, record: &JournalRecord) {
        self.head = Some(record.head());
        self.newest_token = self.newest_token.max(record.token);
        self.since_checkpoint = match record.kind {
            RecordKind::Checkpoint => 0,
            RecordKind::Event => self.since_checkpoint.saturating_add(1),
        };
    }
}
