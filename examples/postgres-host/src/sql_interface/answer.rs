//! What an operator is told: a result, or an error with its code and what to do about it.

use healing_core::engine::ControlError;
use serde_json::Value;

/// An order that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// The SQLSTATE.
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: String,
}

pub(super) type Answer = Result<Value, Complaint>;

impl Complaint {
    /// An argument that cannot be used.
    pub(super) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: "22023",
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl From<ControlError> for Complaint {
    fn from(error: ControlError) -> Self {
        let (code, hint) = match &error {
            ControlError::UnknownCollection { .. } => ("RH002", "Start a healer that watches it."),
            ControlError::UnknownStrategy { .. } => ("RH009", "Name one of those that there are."),
            ControlError::AtWorkElsewhere { .. } => ("RH011", "Give the order again: the healer at work takes it."),
            ControlError::NotActive { .. } => ("RH005", "ruvector_healing_status() shows the actions at work."),
            ControlError::NotAwaitingApproval { .. } => (
                "RH006",
                "Only what awaits approval can be approved or rejected; ruvector_healing_abort() breaks off.",
            ),
            ControlError::AlreadyUndoing { .. } => ("RH006", "Wait for its end."),
            ControlError::Busy { .. } => ("RH007", "ruvector_healing_status() shows what is at work."),
            ControlError::NothingToRollBack { .. } => (
                "RH008",
                "Only the last remediation can be taken back, and only where it was completed.",
            ),
            ControlError::NothingToTreat { .. } => ("RH010", "ruvector_healing_status() shows how the collection is."),
            ControlError::NoPlan { .. } => (
                "RH010",
                "With {\"dry_run\": true} nothing is touched: try other options.",
            ),
            ControlError::Refused { .. } => (
                "RH011",
                "Orders too stop at a freeze, at enabled = false and at a busy healer.",
            ),
            ControlError::Lease(_) => (
                "RH011",
                "Another healer acts on the collection; try again a little later.",
            ),
            ControlError::NotObserved { .. } => ("RH012", "Try again a little later; the healer's log says more."),
            ControlError::InvalidConfig(_) => (
                "22023",
                "Nothing was changed. The names and ranges are those of HealingConfig.",
            ),
            ControlError::Journal(_) | ControlError::Outcomes(_) => (
                "RH013",
                "What could not be written down was not done. Try again a little later.",
            ),
            _ => ("RH013", "The healer's log says more."),
        };
        Self {
            code,
            message: error.to_string(),
            hint: hint.to_owned(),
        }
    }
}
