//! Taking over what another healer, or this one before it lost its lease, left unfinished.

use super::alarm::Alarm;
use super::outcome::outcome_of;
use super::progress::{Progress, undo};
use super::remediation::{Remediation, RemediationState, UndoCause};
use super::watched::{Active, Tenure};
use crate::storage::{LeaseError, LeaseStore, OutcomeStore};

impl Progress<'_> {
    /// Brings the ledger up to date once, and takes over what another healer, or this one before it lost its lease, left
    /// unfinished. Whether the way is free for something new.
    pub(super) fn take_over(&mut self) -> bool {
        if !self.watched.ledger.is_read() {
            if let Err(error) = self.watched.ledger.catch_up(&self.services.journal) {
                self.storage_failed(&error);
                return false;
            }
            self.record_last_outcome();
        }
        if self.watched.ledger.sum().unfinished().is_none() {
            return true;
        }
        match self.acquire() {
            Ok(tenure) => match self.adopt_unfinished(tenure) {
                Some(tenure) => {
                    self.give_back(&tenure);
                    true
                }
                None => false,
            },
            // Its holder is still at it.
            Err(_) => false,
        }
    }

    /// Makes what was left unfinished the active remediation, on its way back to where it began. Returns the lease where
    /// nothing was left.
    pub(super) fn adopt_unfinished(&mut self, tenure: Tenure) -> Option<Tenure> {
        // What others did before the lease was ours counts.
        if let Err(error) = self.watched.ledger.catch_up(&self.services.journal) {
            self.storage_failed(&error);
            self.give_back(&tenure);
            return None;
        }
        let Some(unfinished) = self.watched.ledger.sum().unfinished().cloned() else {
            return Some(tenure);
        };
        let now = self.now();
        let interrupted = UndoCause::Interrupted {
            state: unfinished.state.name().to_owned(),
        };
        let state = match &unfinished.state {
            RemediationState::Executing { .. }
            | RemediationState::Settling { .. }
            | RemediationState::Stabilising { .. }
            | RemediationState::Verifying { .. } => self
                .services
                .registry
                .registered(&unfinished.plan.strategy)
                .map(|strategy| undo(strategy, unfinished.state.begun(), 0, now, interrupted)),
            // Where only the last step was to be taken back, the others would have gone on to be verified by a healer that
            // is gone: all of them go.
            RemediationState::RollingBack {
                begun,
                remaining,
                cause,
                failures,
                ..
            } => Some(RemediationState::RollingBack {
                begun: *begun,
                remaining: *remaining,
                keep: 0,
                failed_attempts: 0,
                since: now,
                cause: cause.clone(),
                failures: failures.clone(),
            }),
            // Nobody approved it, and the loop would plan anew.
            RemediationState::Planned { approved_by: None, .. } => Some(RemediationState::Expired {
                reason: "its healer was interrupted before it began".to_owned(),
            }),
            _ => None,
        };
        self.put_to_work(tenure, unfinished);
        if let Some(state) = state
            && let Err(error) = self.enter(state)
        {
            // It stays the journal's unfinished remediation, for the next sample.
            self.storage_failed(&error);
            if let Some(active) = self.watched.active.take() {
                self.give_back(&active.tenure);
            }
        }
        None
    }

    pub(super) fn acquire(&self) -> Result<Tenure, LeaseError> {
        let Self { services, watched, .. } = self;
        let asked_at = self.now();
        let duration = services.config.lease;
        let lease = services
            .leases
            .acquire(&watched.collection, &services.holder, duration)?;
        Ok(Tenure::new(lease, asked_at, duration))
    }

    pub(super) fn give_back(&mut self, tenure: &Tenure) {
        if let Err(error) = self.services.leases.release(&tenure.lease) {
            self.storage_failed(&error);
        }
    }

    pub(super) fn put_to_work(&mut self, tenure: Tenure, remediation: Remediation) {
        let wake = Alarm::now(self.now());
        self.watched.active = Some(Active {
            remediation,
            tenure,
            unwritten: None,
            wake,
            vetted: false,
            call: None,
            another_fault: false,
        });
    }

    /// Records the outcome of the last remediation once more: the healer before this one may have died between writing its
    /// end down and recording that. A store keeps one outcome a remediation.
    fn record_last_outcome(&mut self) {
        let standing = self.watched.ledger.sum();
        let outcome = standing
            .last()
            .zip(standing.ended())
            .and_then(|(last, ended)| outcome_of(last, ended));
        if let Some(outcome) = outcome
            && let Err(error) = self.services.outcomes.record(&outcome)
        {
            self.storage_failed(&error);
        }
    }
}
