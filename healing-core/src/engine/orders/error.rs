//! Why an order cannot be carried out.

use thiserror::Error;

use crate::engine::config::InvalidConfig;
use crate::engine::decision::RejectionReason;
use crate::engine::guard::Refusal;
use crate::identity::{CollectionId, RemediationId};
use crate::problem::ProblemKind;
use crate::storage::{JournalError, LeaseError, OutcomeError};

/// An operator's order that cannot be carried out. Nothing was changed, unless a store kept the order before it failed: then it
/// holds, as soon as the journal can be read again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The healer does not look after the collection.
    #[error("no collection {collection} is watched by this healer")]
    UnknownCollection {
        /// The collection.
        collection: CollectionId,
    },
    /// No such strategy is registered.
    #[error("no strategy {strategy:?} is registered; there are: {}", known.join(", "))]
    UnknownStrategy {
        /// The strategy.
        strategy: String,
        /// Those that are.
        known: Vec<String>,
    },
    /// No such remediation is at work.
    #[error("no remediation {remediation} is at work")]
    NotActive {
        /// The remediation.
        remediation: RemediationId,
    },
    /// Another healer that shares the journal is at work on the remediation: the order is to be given to that one.
    #[error("another healer is at work on the remediation {remediation}; give it the order")]
    AtWorkElsewhere {
        /// The remediation.
        remediation: RemediationId,
    },
    /// The remediation is not in a state in which this can be ordered.
    #[error("the remediation {remediation} is {state}, it does not await approval")]
    NotAwaitingApproval {
        /// The remediation.
        remediation: RemediationId,
        /// Its state's name.
        state: &'static str,
    },
    /// The remediation is being taken back already.
    #[error("the remediation {remediation} is {state} already")]
    AlreadyUndoing {
        /// The remediation.
        remediation: RemediationId,
        /// Its state's name.
        state: &'static str,
    },
    /// Another remediation of the collection is at work.
    #[error("the remediation {remediation} is at work; abort it first or wait for its end")]
    Busy {
        /// The one at work.
        remediation: RemediationId,
    },
    /// The last remediation that touched anything was not completed, so it was taken back already or cannot be.
    #[error("the last remediation that did anything in {collection} {}, there is nothing to take back", state.map_or_else(|| "does not exist".to_owned(), |state| format!("is {state}")))]
    NothingToRollBack {
        /// The collection.
        collection: CollectionId,
        /// The state of its last remediation, where there is one.
        state: Option<&'static str>,
    },
    /// The strategy treats none of the problems that are found in the collection.
    #[error("{strategy} treats none of what is found in {collection}: {}", found_list(found))]
    NothingToTreat {
        /// The strategy.
        strategy: String,
        /// The collection.
        collection: CollectionId,
        /// What is found.
        found: Vec<ProblemKind>,
    },
    /// The strategy has no plan for the case.
    #[error("{strategy} cannot be carried out: {reason}")]
    NoPlan {
        /// The strategy.
        strategy: String,
        /// Why not.
        reason: RejectionReason,
    },
    /// A guard is in the way that operators do not pass either.
    #[error("not now: {reason}")]
    Refused {
        /// Which one.
        reason: Refusal,
    },
    /// The collection could not be observed.
    #[error("the collection could not be observed: {error}")]
    NotObserved {
        /// Why not.
        error: String,
    },
    /// The configuration is invalid; every faulty field is named.
    #[error(transparent)]
    InvalidConfig(#[from] InvalidConfig),
    /// The order could not be written down, so it was not carried out.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lease on the collection is not to be had.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The learner panicked.
    #[error("the learner panicked")]
    LearnerPanicked,
    /// The outcomes could not be read or written.
    #[error(transparent)]
    Outcomes(#[from] OutcomeError),
}

fn found_list(found: &[ProblemKind]) -> String {
    match found {
        [] => "nothing".to_owned(),
        found => found.iter().map(ProblemKind::as_str).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_cannot_be_carried_out_says_why_in_words() {
        let refused = ControlError::Refused {
            reason: Refusal::Disabled,
        };
        assert_eq!(refused.to_string(), "not now: healing is switched off");
        let unplanned = ControlError::NoPlan {
            strategy: "scale_replicas".to_owned(),
            reason: RejectionReason::UnusablePlan { steps: 0 },
        };
        assert_eq!(
            unplanned.to_string(),
            "scale_replicas cannot be carried out: its plan has 0 steps, 1 to 1000 are allowed"
        );
    }
}
