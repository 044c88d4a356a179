//! Orders about one remediation: approve, reject, abort.

use super::ControlError;
use crate::engine::healer::Healer;
use crate::engine::progress::undo;
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

    /// Breaks a remediation off: the step at work gets no further permit, and everything that was done is taken back.
    ///
    /// # Errors
    /// [`ControlError`] when it is not at work or is being taken back already, or the order cannot be written down.
    pub fn abort(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        let state = self.active_state(remediation)?.clone();
        let next = match &state {
            RemediationState::AwaitingApproval { .. } | RemediationState::Planned { .. } => {
                RemediationState::Rejected { by: by.clone() }
            }
            RemediationState::RollingBack { .. } => {
                let state = state.name();
                return Err(ControlError::AlreadyUndoing {
                    remediation: remediation.clone(),
                    state,
                });
            }
            at_work => {
                let cause = UndoCause::Aborted { by: by.clone() };
                let strategy = self
                    .active(remediation.collection())
                    .map(|active| active.plan.strategy.as_str());
                match strategy.and_then(|strategy| self.services.registry.registered(strategy)) {
                    Some(strategy) => undo(strategy, at_work.begun(), 0, self.services.now(), cause),
                    None => RemediationState::RollbackFailed {
                        begun: at_work.begun(),
                        cause,
                        failures: Vec::new(),
                    },
                }
            }
        };
        if let Some(call) = self
            .watched
            .get(remediation.collection())
            .and_then(|watched| watched.active.as_ref())
            .and_then(|active| active.call.as_ref())
        {
            call.running.cancel();
        }
        self.order(remediation, next)
    }

    /// What is ordered is ordered of the state that the journal knows.
    fn reconcile(&mut self, remediation: &RemediationId) -> Result<(), ControlError> {
        self.with_progress(remediation.collection(), |progress| {
            progress.reconcile().map_err(ControlError::Journal)
        })?
    }

    fn decide_waiting(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        match self.active_state(remediation)? {
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

    fn active_state(&self, remediation: &RemediationId) -> Result<&RemediationState, ControlError> {
        self.active(remediation.collection())
            .filter(|active| active.id == *remediation)
            .map(|active| &active.state)
            .ok_or_else(|| ControlError::NotActive {
                remediation: remediation.clone(),
            })
    }
}
