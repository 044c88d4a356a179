//! The errors that all strategies answer with.

use std::fmt::Debug;

use healing_core::plan::PlanError;
use healing_core::strategy::StepError;

use crate::actuators::ActuatorError;

/// The actuator failed in a step.
pub(crate) fn failed(error: ActuatorError) -> StepError {
    StepError::Actuator(Box::new(error))
}

/// The actuator could not be read for a plan.
pub(crate) fn unreadable(error: ActuatorError) -> PlanError {
    PlanError::Actuator(Box::new(error))
}

pub(crate) fn nothing_to_do(reason: impl Into<String>) -> PlanError {
    PlanError::NothingToDo { reason: reason.into() }
}

/// An actuator has claimed more than can be seen: `subject` was to be as `wanted`, and is as `found`.
pub(crate) fn not_seen(subject: &str, wanted: &impl Debug, found: &impl Debug) -> StepError {
    StepError::Actuator(format!("{subject} was set to {wanted:?} by its own account, and is {found:?}").into())
}

/// What has ended or was deleted meanwhile needs nothing more.
pub(crate) fn unless_gone<T>(result: Result<T, ActuatorError>) -> Result<Option<T>, StepError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ActuatorError::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
