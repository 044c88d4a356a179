//! Orders about one remediation: approve, reject, abort.

use super::ControlError;
use crate::engine::healer::Healer;
use crate::engine::progress::undo_all;
use crate::engine::remediation::{RemediationState, UndoCause};
use crate::identity::{Operator, RemediationId};

impl Healer {
    /// Lets a remediation that awaits approval go on at the next tick, where it is checked once more against what is then
    /// observed.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn approve(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        let since = self.services.now();
        self.decide_waiting(
            remediation,
            RemediationState::Planned {
                since,
                approved_by: Some(by.clone()),
            },
        )
    }

    /// Ends a remediation that awaits approval. Nothing was touched.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn reject(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.decide_waiting(remediation, RemediationState::Rejected { by: by.clone() })
    }

    /// Breaks a remediation off: the step at work gets no further permit, and once it has ended, everything that was done is
    /// taken back, also where only a part was to be.
    ///
    /// # Errors
    /// [`ControlError`] when it is not at work or is being taken back already, or the order cannot be written down.
    pub fn abort(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        self.state_of(remediation)?;
        let Some(active) = self.active(remediation.collection()) else {
            return Err(self.not_active(remediation));
        };
        let next = match active.state.clone() {
            RemediationState::AwaitingApproval { .. } | RemediationState::Planned { .. } => {
                RemediationState::Rejected { by: by.clone() }
            }
            RemediationState::RollingBack {
                begun,
                remaining,
                keep,
                failed_attempts,
                since,
                failures,
                ..
            } if keep > 0 => RemediationState::RollingBack {
                begun,
                remaining,
                keep: 0,
                failed_attempts,
                since,
                cause: UndoCause::Aborted { by: by.clone() },
                failures,
            },
            state @ RemediationState::RollingBack { .. } => {
                return Err(ControlError::AlreadyUndoing {
                    remediation: remediation.clone(),
                    state: state.name(),
                });
            }
            _ => {
                let strategy = self.services.registry.registered(&active.plan.strategy);
                let cause = UndoCause::Aborted { by: by.clone() };
                undo_all(strategy, active, self.services.now(), cause)
            }
        };
        self.order(remediation, next)?;
        let still_active = self.watched.get(remediation.collection());
        if let Some(call) = still_active.and_then(|watched| watched.active.as_ref()?.call.as_ref()) {
            call.running.cancel();
        }
        Ok(())
    }

    /// What is ordered is ordered of the state that the journal knows.
    fn reconcile(&mut self, remediation: &RemediationId) -> Result<(), ControlError> {
        self.with_progress(remediation.collection(), |progress| {
            progress.reconcile().map_err(ControlError::Journal)
        })?
    }

    fn decide_waiting(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        match self.state_of(remediation)? {
            RemediationState::AwaitingApproval { .. } => self.order(remediation, to),
            other => {
                let state = other.name();
                Err(ControlError::NotAwaitingApproval {
                    remediation: remediation.clone(),
                    state,
                })
            }
        }
    }

    /// Moves an active remediation on an operator's order.
    fn order(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        let entered = self.with_progress(remediation.collection(), |progress| {
            let entered = progress.enter(to);
            if entered.is_err()
                && let Some(active) = &mut progress.watched.active
            {
                // The operator was told that it failed.
                active.unwritten = None;
            }
            entered
        })?;
        self.services.bell.ring();
        Ok(entered?)
    }

    /// The state of a remediation that is at work here.
    fn state_of(&mut self, remediation: &RemediationId) -> Result<RemediationState, ControlError> {
        let active = self.active(remediation.collection());
        match active.filter(|active| active.id == *remediation) {
            Some(active) => Ok(active.state.clone()),
            None => Err(self.not_active(remediation)),
        }
    }

    /// Why an order cannot be given of a remediation that is not at work here.
    fn not_active(&mut self, remediation: &RemediationId) -> ControlError {
        let read = self.with_progress(remediation.collection(), |progress| {
            progress.catch_up()?;
            let unfinished = progress.watched.ledger.sum().unfinished();
            Ok(unfinished.is_some_and(|unfinished| unfinished.id == *remediation))
        });
        let remediation = remediation.clone();
        match read {
            Err(error) => error,
            Ok(Err(error)) => ControlError::Journal(error),
            Ok(Ok(true)) => ControlError::AtWorkElsewhere { remediation },
            Ok(Ok(false)) => ControlError::NotActive { remediation },
        }
    }
}
