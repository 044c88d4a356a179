//! What is recorded of a remediation that has ended.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use super::remediation::{Remediation, RemediationState, UndoCause};
use crate::clock::to_microsecond;
use crate::storage::{Disturbance, OutcomeRecord};

/// The outcome of a remediation that has ended; `None` where none of its steps was begun. Being taken back on an operator's
/// order changes nothing about the outcome that it had.
pub(crate) fn outcome_of(remediation: &Remediation, completed_at: Timestamp) -> Option<OutcomeRecord> {
    let (verified, final_lambda, error_message) = match &remediation.state {
        RemediationState::Completed {
            final_lambda,
            verification,
            ..
        } => (Some(verification.is_verified()), Some(*final_lambda), None),
        RemediationState::RolledBack {
            cause: UndoCause::Ordered { .. },
            ..
        }
        | RemediationState::RollbackFailed {
            cause: UndoCause::Ordered { .. },
            ..
        } => return None,
        RemediationState::RolledBack {
            cause, final_lambda, ..
        } => (verdict_of(cause), *final_lambda, Some(cause.to_string())),
        RemediationState::RollbackFailed { cause, failures, .. } => {
            let failures = failures
                .iter()
                .map(|failure| format!("; undo of step {}: {}", failure.step + 1, failure.error));
            (
                verdict_of(cause),
                None,
                Some(format!("{cause}{}", failures.collect::<String>())),
            )
        }
        _ => return None,
    };
    let begun = remediation.state.begun();
    let improvement = final_lambda.map_or(0.0, |lambda| {
        remediation
            .initial
            .lambda
            .relative_change(lambda, remediation.initial.floor())
            * 100.0
    });
    Some(OutcomeRecord {
        remediation: remediation.id.clone(),
        tenant: None,
        problem: remediation.diagnosis.problem.clone(),
        strategy_name: remediation.plan.strategy.clone(),
        strategy_params: (!remediation.parameters.is_empty()).then(|| Value::Object((*remediation.parameters).clone())),
        started_at: to_microsecond(remediation.started_at),
        completed_at: to_microsecond(completed_at),
        // Not verified is the one cause that comes after all wanted steps were done.
        success: verified.is_some(),
        verified,
        actions_taken: u32::try_from(begun).unwrap_or(u32::MAX),
        improvement_pct: improvement.clamp(f64::MIN, f64::MAX),
        error_message,
        initial_lambda: remediation.initial.lambda,
        final_lambda,
        witness_edges: remediation.initial.witness.clone(),
        system_metrics: remediation.initial.metrics.clone(),
        feedback_score: None,
        predicted_lambda: remediation.prediction.map(|prediction| prediction.lambda_after),
        rolled_back: !matches!(remediation.state, RemediationState::Completed { .. }),
        disturbances: disturbance_of(&remediation.state).into_iter().collect(),
        choice: remediation.choice.as_deref().cloned(),
    })
}

/// Outcomes that wait to be recorded, oldest first.
#[derive(Debug, Default)]
pub(super) struct Unrecorded(VecDeque<OutcomeRecord>);

/// So many outcomes wait at most; of more, the oldest are lost, though the journal still tells how their remediations ended.
const MOST_UNRECORDED: usize = 100;

impl Unrecorded {
    pub(super) fn add(&mut self, outcome: OutcomeRecord) {
        if self.0.len() >= MOST_UNRECORDED {
            self.0.pop_front();
        }
        self.0.push_back(outcome);
    }

    /// Records them one by one, up to the first that cannot be.
    pub(super) fn record<E>(&mut self, mut record: impl FnMut(&OutcomeRecord) -> Result<(), E>) -> Result<(), E> {
        while let Some(oldest) = self.0.front() {
            record(oldest)?;
            self.0.pop_front();
        }
        Ok(())
    }
}

fn verdict_of(cause: &UndoCause) -> Option<bool> {
    matches!(cause, UndoCause::NotVerified { .. }).then_some(false)
}

/// What broke a remediation off that says nothing of its strategy.
fn disturbance_of(state: &RemediationState) -> Option<Disturbance> {
    let (RemediationState::RolledBack { cause, .. } | RemediationState::RollbackFailed { cause, .. }) = state else {
        return None;
    };
    match cause {
        UndoCause::Conflict { .. } => Some(Disturbance::Conflict),
        UndoCause::Aborted { .. } => Some(Disturbance::Aborted),
        UndoCause::Interrupted { .. } => Some(Disturbance::Interrupted),
        UndoCause::NotMeasured { .. } => Some(Disturbance::NotMeasured),
        _ => None,
    }
}
