//! The way back: which steps are taken back, and what that ends in.

use jiff::Timestamp;

use super::{Next, Progress};
use crate::clock::later;
use crate::engine::remediation::{Remediation, RemediationState, UndoCause, UndoFailure};
use crate::registry::Registered;
use crate::strategy::StepError;

/// Takes the steps from `keep` to `begun` back, as far as the strategy can.
pub(in crate::engine) fn undo(
    strategy: &Registered,
    begun: usize,
    keep: usize,
    since: Timestamp,
    cause: UndoCause,
) -> RemediationState {
    if strategy.reversible {
        RemediationState::RollingBack {
            begun,
            remaining: begun,
            keep,
            failed_attempts: 0,
            since,
            cause,
            failures: Vec::new(),
        }
    } else {
        let failure = |step| UndoFailure {
            step,
            error: StepError::NotReversible.to_string(),
        };
        RemediationState::RollbackFailed {
            begun,
            cause,
            failures: (keep..begun).rev().map(failure).collect(),
        }
    }
}

/// Ends a remediation whose strategy this healer does not have.
pub(super) fn give_up_without(remediation: &Remediation) -> Next {
    let missing = format!(
        "the strategy {} is not registered with this healer",
        remediation.plan.strategy
    );
    Next::Enter(match remediation.state.begun() {
        _ if remediation.state.is_terminal() => return Next::Over,
        0 => RemediationState::Expired { reason: missing },
        begun => RemediationState::RollbackFailed {
            begun,
            cause: UndoCause::Interrupted {
                state: remediation.state.name().to_owned(),
            },
            failures: (0..begun)
                .rev()
                .map(|step| UndoFailure {
                    step,
                    error: missing.clone(),
                })
                .collect(),
        },
    })
}

impl Progress<'_> {
    /// What comes after the last undo.
    pub(super) fn rolled_back(
        &mut self,
        remediation: &Remediation,
        begun: usize,
        keep: usize,
        cause: UndoCause,
        failures: Vec<UndoFailure>,
    ) -> RemediationState {
        let now = self.now();
        if !failures.is_empty() {
            RemediationState::RollbackFailed { begun, cause, failures }
        } else if keep > 0 {
            RemediationState::Stabilising {
                done: keep,
                until: later(now, self.services.config.stabilisation),
            }
        } else {
            let final_lambda = self.measure(remediation, now).ok().map(|(_, report)| report.lambda);
            RemediationState::RolledBack {
                begun,
                cause,
                final_lambda,
            }
        }
    }
}
