//! The remediation's state machine.
//!
//! One `match` over [`RemediationState`] says what is done in each state and which state comes next. Nothing here waits:
//! a state that has to wait says until when.

mod calling;
mod freshness;
mod measurement;
mod transition;
mod undo;

use std::fmt;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::config::JournalRetention;
use super::event::{EventKind, HealingEvent};
use super::guard::Circumstances;
use super::mutation::Mutation;
use super::outcome::outcome_of;
use super::remediation::RemediationState;
use super::services::Services;
use super::trace::RemediationSpan;
use super::watched::{Active, Tenure, Watched};
use crate::clock::later;
use crate::host_call::told;
use crate::storage::{JournalBody, JournalError, LeaseError, LeaseStore, OutcomeStore};

use calling::SHORTEST_POLL;

pub(super) use undo::undo_all;

/// One collection's share of a tick.
pub(super) struct Progress<'a> {
    pub(super) services: &'a Services,
    pub(super) watched: &'a mut Watched,
    pub(super) events: &'a mut Vec<HealingEvent>,
}

/// What is to be done with the active remediation.
enum Next {
    /// It enters this state; look again.
    Enter(RemediationState),
    /// Nothing to do before this time.
    Wait(Timestamp),
    /// The right to act is gone.
    LoseLease,
    /// Nothing more will happen in it.
    Over,
}

impl<'a> Progress<'a> {
    pub(super) fn new(services: &'a Services, watched: &'a mut Watched, events: &'a mut Vec<HealingEvent>) -> Self {
        Self {
            services,
            watched,
            events,
        }
    }

    /// Moves the active remediation as far as it can be moved now.
    pub(super) fn advance(&mut self, circumstances: &Circumstances) {
        let now = self.now();
        if !self
            .watched
            .active
            .as_ref()
            .is_some_and(|active| active.wake.is_due(now) || active.call.is_some())
        {
            return;
        }
        loop {
            if let Err(error) = self.reconcile() {
                self.storage_failed(&error);
                return self.wait(later(self.now(), self.services.config.sample_interval));
            }
            let Some(mut active) = self.watched.active.take() else {
                return;
            };
            let next = self.decide(&mut active, circumstances);
            self.watched.active = Some(active);
            let entered = match next {
                Next::Enter(state) => self.enter(state),
                Next::Wait(until) => return self.wait(until),
                Next::LoseLease => return self.lose_lease(),
                Next::Over => return,
            };
            match entered {
                Ok(()) => {}
                Err(JournalError::Fenced { .. }) => return self.lose_lease(),
                Err(JournalError::OutOfSequence { .. }) => {
                    // Only a newer lease, or this healer itself in a record that it thought lost, can have written: what it
                    // was is read before anything else is done.
                    return self.wait(later(self.now(), SHORTEST_POLL));
                }
                Err(error) => {
                    self.storage_failed(&error);
                    return self.wait(later(self.now(), self.services.config.sample_interval));
                }
            }
        }
    }

    /// Writes down that the active remediation enters `state`, and only then lets it.
    pub(super) fn enter(&mut self, state: RemediationState) -> Result<(), JournalError> {
        let Some(active) = &mut self.watched.active else {
            return Ok(());
        };
        if self.services.is_broken_by(Mutation::UnwrittenStates) && !state.is_terminal() {
            self.entered(state, self.services.now());
            return Ok(());
        }
        let state = match self.services.is_broken_by(Mutation::LastStepForgotten) {
            true => state.without_last_step(),
            false => state,
        };
        let number = active.remediation.id.number();
        let pen = self.services.pen(active.tenure.lease.token);
        let body = JournalBody::Entered {
            number,
            state: state.clone(),
        };
        if let Err(error) = self.watched.ledger.append(&pen, body) {
            // A step that has not begun is decided on anew.
            active.unwritten = Some(state).filter(|state| !matches!(state, RemediationState::Executing { .. }));
            return Err(error);
        }
        self.entered(state, pen.at);
        Ok(())
    }

    /// Takes note that the active remediation's state, which was written down, is `state`.
    pub(super) fn entered(&mut self, state: RemediationState, at: Timestamp) {
        let Some(active) = &mut self.watched.active else { return };
        active.remediation.state = state;
        active.unwritten = None;
        active.no_thread_until = None;
        active.wake = Alarm::now(at);
        let remediation = active.remediation.clone();
        let ended = remediation.state.is_terminal();
        if !(ended && self.services.is_broken_by(Mutation::NobodyTold)) {
            self.report(EventKind::Remediation(Box::new(remediation)));
        }
        if ended {
            self.conclude();
        }
    }

    /// Where a record could not be written, as far as was known, looks whether it is in the journal after all: what the
    /// journal says is what holds.
    pub(super) fn reconcile(&mut self) -> Result<(), JournalError> {
        if self.watched.ledger.is_read() {
            return Ok(());
        }
        self.catch_up()?;
        let Some(active) = &self.watched.active else {
            return Ok(());
        };
        if self.watched.ledger.newest_token() > active.tenure.lease.token {
            self.lose_lease();
            return Ok(());
        }
        let standing = self.watched.ledger.sum();
        let newest = standing.unfinished().or(standing.last());
        let journalled = newest.filter(|newest| newest.id == active.remediation.id);
        if let Some(state) = journalled.map(|newest| newest.state.clone())
            && state != active.remediation.state
        {
            self.entered(state, self.now());
        }
        Ok(())
    }

    /// Renews the lease of the active remediation, well before half its time.
    pub(super) fn keep_lease(&mut self) {
        let now = self.now();
        let duration = self.services.config.lease;
        let Some(active) = self
            .watched
            .active
            .as_mut()
            .filter(|active| active.tenure.renewal_is_due(now))
        else {
            return;
        };
        match self.services.leases.renew(&active.tenure.lease, duration) {
            Ok(lease) => {
                active.tenure = Tenure::new(lease, now, duration);
                if let Some(call) = &active.call {
                    call.running.extend(active.tenure.ends_at());
                }
            }
            Err(LeaseError::Lost { .. } | LeaseError::Held { .. }) => self.lose_lease(),
            Err(error) => {
                active.tenure.renew_later(now);
                self.storage_failed(&error);
            }
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.services.now()
    }

    pub(super) fn report(&mut self, kind: EventKind) {
        let event = HealingEvent {
            collection: Some(self.watched.collection.clone()),
            at: self.now(),
            kind,
        };
        self.watched.span.tell(&event);
        self.events.push(event);
    }

    pub(super) fn storage_failed(&mut self, error: &dyn fmt::Display) {
        self.report(EventKind::StorageFailed { error: told(error) });
    }

    /// Records what came of remediations that have ended; what cannot be recorded now is tried again at the next sample.
    pub(super) fn record_outcomes(&mut self) {
        let outcomes = &self.services.outcomes;
        if let Err(error) = self
            .watched
            .unrecorded
            .record(|outcome| outcomes.record(outcome).map(drop))
        {
            self.storage_failed(&error);
        }
    }

    fn wait(&mut self, until: Timestamp) {
        let now = self.now();
        if let Some(active) = &mut self.watched.active {
            active.wake = Alarm::at(now, until);
        }
    }

    /// Stops acting at once. Whoever gets the lease next, perhaps this healer, finds the remediation in the journal.
    fn lose_lease(&mut self) {
        if let Some(active) = &self.watched.active {
            let remediation = active.remediation.id.clone();
            self.report(EventKind::LeaseLost { remediation });
            self.watched.active = None;
            self.watched.span = RemediationSpan::none();
        }
    }

    /// Gives the lease back and hands on what came of a remediation that has ended.
    fn conclude(&mut self) {
        let Some(Active {
            remediation,
            tenure,
            disturbances,
            call,
            ..
        }) = self.watched.active.take()
        else {
            return;
        };
        if let Some(call) = call {
            self.give_up(call, &remediation);
        }
        let at = self.watched.ledger.sum().ended().unwrap_or_else(|| self.now());
        if let Some(mut outcome) = outcome_of(&remediation, at) {
            outcome.disturbances.extend(disturbances);
            if let Err(error) = self.services.learn(&outcome) {
                self.report(EventKind::LearnerFailed { error });
            }
            self.watched.unrecorded.add(outcome);
            self.record_outcomes();
        }
        let prune = self.services.config.journal_retention == JournalRetention::Prune;
        if let Err(error) = self
            .watched
            .ledger
            .compact(&self.services.pen(tenure.lease.token), prune)
        {
            self.storage_failed(&error);
        }
        if let Err(error) = self.services.leases.release(&tenure.lease) {
            self.storage_failed(&error);
        }
        self.watched.span = RemediationSpan::none();
    }
}
