//! The way back: which steps are taken back, and what that ends in.

use jiff::Timestamp;

use super::{Next, Progress};
use crate::clock::later;
use crate::engine::remediation::{Remediation, RemediationState, UndoCause, UndoFailure};
use crate::registry::Registered;
use crate::strategy::StepError;

/// Takes the steps from `keep` to `begun` back, as far as the strategy can.
pub(super) fn undo(
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

/// The way back of a remediation in which so many steps were begun: all of them go, as far as that can be done here.
pub(in crate::engine) fn undo_all(
    strategy: Option<&Registered>,
    remediation: &Remediation,
    since: Timestamp,
    cause: UndoCause,
) -> RemediationState {
    let begun = remediation.state.begun();
    match strategy {
        Some(strategy) => undo(strategy, begun, 0, since, cause),
        None => RemediationState::RollbackFailed {
            begun,
            cause,
            failures: (0..begun).rev().map(|step| not_registered(remediation, step)).collect(),
        },
    }
}

/// What comes of a remediation whose strategy this healer does not have.
pub(super) fn give_up_without(remediation: &Remediation) -> Next {
    let interrupted = UndoCause::Interrupted {
        state: remediation.state.name().to_owned(),
    };
    Next::Enter(match &remediation.state {
        state if state.is_terminal() => return Next::Over,
        state if state.begun() == 0 => RemediationState::Expired {
            reason: missing(remediation),
        },
        RemediationState::RollingBack {
            begun,
            remaining,
            cause,
            failures,
            ..
        } => {
            let left = (0..*remaining).rev().map(|step| not_registered(remediation, step));
            RemediationState::RollbackFailed {
                begun: *begun,
                cause: cause.clone(),
                failures: failures.iter().cloned().chain(left).collect(),
            }
        }
        _ => undo_all(None, remediation, Timestamp::UNIX_EPOCH, interrupted),
    })
}

fn not_registered(remediation: &Remediation, step: usize) -> UndoFailure {
    UndoFailure {
        step,
        error: missing(remediation),
    }
}

fn missing(remediation: &Remediation) -> String {
    format!(
        "the strategy {} is not registered with this healer",
        remediation.plan.strategy
    )
}

impl Progress<'_> {
    /// What comes after the last undo. Where only the last steps were to go and one of them could not be taken back, nothing
    /// of it is worth keeping.
    pub(super) fn rolled_back(
        &mut self,
        remediation: &Remediation,
        begun: usize,
        keep: usize,
        cause: UndoCause,
        failures: Vec<UndoFailure>,
    ) -> RemediationState {
        let now = self.now();
        if !failures.is_empty() && keep > 0 {
            RemediationState::RollingBack {
                begun,
                remaining: keep,
                keep: 0,
                failed_attempts: 0,
                since: now,
                cause,
                failures,
            }
        } else if !failures.is_empty() {
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
