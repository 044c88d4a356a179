//! What is healthy, written down and recalled: a healer that begins while a collection is sick must not take that for health.

use std::time::Duration;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::config::JournalRetention;
use super::healer::Healer;
use super::ledger::Ledger;
use super::mutation::Mutation;
use super::progress::Progress;
use super::standing::Fold;
use crate::identity::CollectionId;
use crate::monitor::{IntegrityState, LearnedHealth};
use crate::storage::{Journal, JournalBody, JournalError, JournalRecord, Stream};

/// What was learned is compared with what is written this often.
const REWRITTEN: Duration = Duration::from_secs(3600);

/// What is known of one collection's health, beside what the monitor itself has learned.
pub(super) struct Health {
    written: Ledger<Written>,
    /// How often operators ordered to learn it anew, as far as the monitor was told; `None` while no orders were read.
    relearned: Option<u64>,
    next_writing: Alarm,
}

/// What the newest record says.
#[derive(Debug, Default)]
struct Written {
    relearned: u64,
    health: Option<Box<LearnedHealth>>,
}

impl Health {
    pub(super) fn new(collection: &CollectionId, now: Timestamp) -> Self {
        Self {
            written: Ledger::new(Stream::Health(collection.clone())),
            relearned: None,
            next_writing: Alarm::now(now),
        }
    }
}

impl Fold for Written {
    fn fold(&mut self, _: &JournalRecord, body: JournalBody) {
        if let JournalBody::Healthy { relearned, health } = body {
            (self.relearned, self.health) = (relearned, Some(health));
        }
    }

    /// What it says is checked as it is read.
    fn is_possible(&self, _: &Stream) -> bool {
        true
    }

    /// Every record is one already.
    fn checkpoint(&self) -> Option<JournalBody> {
        None
    }
}

impl Progress<'_> {
    /// Before the first observation: has the monitor go by what was written down, unless it was ordered to learn anew since.
    pub(super) fn recall_health(&mut self) -> Result<(), String> {
        let health = &mut self.watched.health;
        if !health.written.is_new() {
            return Ok(());
        }
        let Some(relearned) = health.relearned else {
            return Err(
                "the operators' orders are not known, nor whether what was learned of it still holds".to_owned(),
            );
        };
        if let Err(error) = health.written.catch_up(&self.services.journal) {
            let error = format!("what is healthy is not known: {error}");
            self.storage_failed(&error);
            return Err(error);
        }
        let Written {
            relearned: then,
            health: Some(learned),
        } = health.written.sum()
        else {
            return Ok(());
        };
        if *then == relearned && !self.services.is_broken_by(Mutation::HealthForgotten) {
            // What has no minimum cut is of no use; it is learned as if nothing had been.
            drop(self.watched.monitor.recall(learned));
        }
        Ok(())
    }

    /// After a sample: writes down what was learned, where that is news.
    pub(super) fn remember_health(&mut self, state: IntegrityState) {
        let now = self.now();
        let health = &self.watched.health;
        if state != IntegrityState::Normal || self.watched.active.is_some() || !health.next_writing.is_due(now) {
            return;
        }
        let (Some(learned), Some(relearned)) = (self.watched.monitor.learned(), health.relearned) else {
            return;
        };
        let written = self.write_health(learned, relearned);
        let health = &mut self.watched.health;
        match written {
            Ok(()) => health.next_writing = Alarm::after(now, REWRITTEN),
            // Another healer has just done so.
            Err(JournalError::OutOfSequence { .. }) => {}
            Err(error) => self.storage_failed(&error),
        }
    }

    fn write_health(&mut self, learned: LearnedHealth, relearned: u64) -> Result<(), JournalError> {
        let journal = &self.services.journal;
        let written = &mut self.watched.health.written;
        written.catch_up(journal)?;
        let Written {
            relearned: then,
            health,
        } = written.sum();
        let is_news = *then < relearned || health.as_ref().is_none_or(|known| !known.is_about(&learned));
        if *then > relearned || !is_news {
            return Ok(());
        }
        let health = Box::new(learned);
        written.append(
            &self.services.pen(Healer::NO_LEASE),
            JournalBody::Healthy { relearned, health },
        )?;
        if self.services.config.journal_retention == JournalRetention::Prune {
            journal.prune(&Stream::Health(self.watched.collection.clone()))?;
        }
        Ok(())
    }
}

impl Healer {
    /// Tells the monitors what operators have ordered to be learned anew.
    pub(super) fn apply_relearning(&mut self) {
        let ordered = &self.orders.sum().relearned;
        let now = self.services.now();
        for watched in self.watched.values_mut() {
            let times = ordered.get(&watched.collection).copied().unwrap_or(0);
            match watched.health.relearned.replace(times) {
                Some(before) if before < times => {
                    watched.monitor.relearn();
                    watched.health.next_writing = Alarm::now(now);
                }
                _ => {}
            }
        }
    }
}
