//! Taking over what another healer, or this one before it lost its lease, left unfinished.

use std::collections::BTreeSet;

use super::alarm::Alarm;
use super::mutation::Mutation;
use super::outcome::outcome_of;
use super::progress::{Progress, undo_all};
use super::remediation::{Remediation, RemediationState, UndoCause};
use super::standing::Standing;
use super::trace::RemediationSpan;
use super::watched::{Active, Tenure};
use crate::storage::{JournalError, LeaseError, LeaseStore};

impl Progress<'_> {
    /// Looks into the journal from time to time, and takes over what is unfinished there and whose lease is to be had. Whether
    /// the way is free for something new, as far as can be told without the lease.
    pub(super) fn take_over(&mut self) -> bool {
        let look_again = self.watched.next_reading.is_due(self.now());
        if (look_again || !self.watched.ledger.is_read())
            && let Err(error) = self.catch_up()
        {
            self.storage_failed(&error);
            return false;
        }
        if self.watched.ledger.sum().unfinished().is_none() {
            return true;
        }
        match self.acquire() {
            Ok(tenure) => match self.adopt_unfinished(tenure) {
                Ok(Some(tenure)) => {
                    self.give_back(&tenure);
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    self.storage_failed(&error);
                    false
                }
            },
            // Its holder is still at it. Whoever wants to begin something asks again, and is told who that is.
            Err(LeaseError::Held { .. }) => true,
            Err(error) => {
                self.storage_failed(&error);
                false
            }
        }
    }

    /// Reads what was written to the collection's stream since, and records what came of remediations that have ended in it.
    pub(super) fn catch_up(&mut self) -> Result<(), JournalError> {
        let read = self.read_on();
        self.record_outcomes();
        read
    }

    /// Reads what was written to the collection's stream since.
    pub(super) fn read_on(&mut self) -> Result<(), JournalError> {
        let from_the_beginning = self.watched.ledger.is_new();
        let mut ended = Vec::new();
        let number = |standing: &Standing| standing.last().map(|last| last.id.number());
        let mut newest = number(self.watched.ledger.sum());
        let read = self.watched.ledger.follow(&self.services.journal, |standing| {
            if number(standing) != newest {
                newest = number(standing);
                let last = standing.last().zip(standing.ended());
                ended.extend(last.and_then(|(last, at)| outcome_of(last, at)));
            }
        });
        if from_the_beginning && let Some(last) = ended.pop() {
            // What came before it was recorded, or is lost to all but the journal.
            ended = vec![last];
        }
        // Who wrote that they had ended may have died before it recorded what came of them. A store keeps one outcome a
        // remediation.
        ended
            .into_iter()
            .for_each(|outcome| self.watched.unrecorded.add(outcome));
        read?;
        self.watched.next_reading = Alarm::after(self.now(), self.services.config.lease);
        Ok(())
    }

    /// Makes what was left unfinished the active remediation, on its way back to where it began. Returns the lease where
    /// nothing was left; gives it back where that cannot be read or written down.
    pub(super) fn adopt_unfinished(&mut self, tenure: Tenure) -> Result<Option<Tenure>, JournalError> {
        // What others did before the lease was ours counts.
        if let Err(error) = self.catch_up() {
            self.give_back(&tenure);
            return Err(error);
        }
        let Some(unfinished) = self.watched.ledger.sum().unfinished().cloned() else {
            return Ok(Some(tenure));
        };
        let now = self.now();
        let interrupted = UndoCause::Interrupted {
            state: unfinished.state.name().to_owned(),
        };
        let state = match &unfinished.state {
            begun if begun.begun() > 0 && self.services.is_broken_by(Mutation::InterruptedForgotten) => {
                Some(RemediationState::RolledBack {
                    begun: begun.begun(),
                    cause: interrupted,
                    final_lambda: None,
                })
            }
            RemediationState::Executing { .. }
            | RemediationState::Settling { .. }
            | RemediationState::Stabilising { .. }
            | RemediationState::Verifying { .. } => {
                let strategy = self.services.registry.registered(&unfinished.plan.strategy);
                Some(undo_all(strategy, &unfinished, now, interrupted))
            }
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
            self.watched.span = RemediationSpan::none();
            if let Some(active) = self.watched.active.take() {
                self.give_back(&active.tenure);
            }
            return Err(error);
        }
        Ok(None)
    }

    pub(super) fn acquire(&self) -> Result<Tenure, LeaseError> {
        let Self { services, watched, .. } = self;
        let asked_at = self.now();
        let lease = services.acquire(&watched.collection)?;
        Ok(Tenure::new(lease, asked_at, services.config.lease))
    }

    pub(super) fn give_back(&mut self, tenure: &Tenure) {
        if let Err(error) = self.services.leases.release(&tenure.lease) {
            self.storage_failed(&error);
        }
    }

    pub(super) fn put_to_work(&mut self, tenure: Tenure, remediation: Remediation) {
        let wake = Alarm::now(self.now());
        self.watched.span = RemediationSpan::of(&self.watched.collection, &remediation);
        self.watched.active = Some(Active {
            remediation,
            tenure,
            unwritten: None,
            wake,
            vetted: false,
            call: None,
            no_thread_until: None,
            touched_elsewhere: BTreeSet::new(),
            disturbances: BTreeSet::new(),
            recovery: None,
        });
    }
}
