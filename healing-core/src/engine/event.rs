//! What a tick reports.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::ConsideredStrategy;
use super::guard::Refusal;
use super::remediation::{Remediation, RemediationState};
use crate::diagnosis::Diagnosis;
use crate::identity::{CollectionId, RemediationId};
use crate::monitor::{Drift, StateChange};
use crate::number::Lambda;
use crate::problem::ProblemKind;

/// What a tick did, and when the next one is due.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "the next tick is due at wake_at"]
#[non_exhaustive]
pub struct Tick {
    /// What happened, in order.
    pub events: Vec<HealingEvent>,
    /// When to call [`Healer::tick`](super::Healer::tick) next; earlier does no harm.
    pub wake_at: Timestamp,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HealingEvent {
    /// Where; `None` for what concerns all collections.
    pub collection: Option<CollectionId>,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The collection could not be observed, or what was observed has no minimum cut. It is tried again.
    ObservationFailed {
        /// Why.
        error: String,
    },
    /// The integrity state changed.
    StateChanged(StateChange),
    /// Integrity sinks so that the collection will soon be under stress if it goes on so. Nothing is treated for it.
    DriftBegan(Drift),
    /// It does so no longer; or what it warned of has come.
    DriftEnded,
    /// The collection is degraded, and this is what explains it. Reported when the kinds of the diagnoses change.
    Diagnosed {
        /// Most certain first.
        diagnoses: Vec<Diagnosis>,
    },
    /// A problem is not treated now. Reported when the reason changes.
    Deferred {
        /// The problem.
        problem: ProblemKind,
        /// Why not.
        reason: Refusal,
    },
    /// No strategy can treat the problem. Reported once until something changes.
    NoStrategy {
        /// The problem.
        problem: ProblemKind,
        /// What was considered, and why it will not do.
        considered: Vec<ConsideredStrategy>,
    },
    /// A remediation entered the state it holds here.
    Remediation(Box<Remediation>),
    /// Lambda was measured between two steps, or to verify.
    Measured {
        /// The remediation that asked.
        remediation: RemediationId,
        /// What it is now.
        lambda: Lambda,
    },
    /// The lease was lost: this healer stops acting on the collection in the middle of the remediation.
    LeaseLost {
        /// The remediation.
        remediation: RemediationId,
    },
    /// A step's call did not end in time and was given up: its thread may hang, but can do nothing more.
    CallAbandoned {
        /// The remediation.
        remediation: RemediationId,
        /// The step.
        step: usize,
        /// How many threads hang by now.
        abandoned: usize,
    },
    /// So many collections, or nodes of this collection, are unhealthy at once that the cause must be outside: no remediation
    /// begins from here on.
    StormBegan {
        /// How many are unhealthy.
        unhealthy: u32,
        /// Of how many.
        of: u32,
    },
    /// The storm is over.
    StormEnded,
    /// The configuration was changed, here or by another healer.
    Configured,
    /// The learner failed: it did not take in the outcome of a remediation, which is in the outcome store.
    LearnerFailed {
        /// What happened.
        error: String,
    },
    /// The journal was verified, and the healer was [told](super::Healer::audited).
    Audited {
        /// The first bad record, and how it is bad; `None`: it is sound.
        fault: Option<String>,
    },
    /// A store failed. What could not be written down is not done; it is tried again.
    StorageFailed {
        /// What failed.
        error: String,
    },
}

impl EventKind {
    /// Whether a human should look: nothing the healer may do by itself will help here.
    #[must_use]
    pub fn calls_human(&self) -> bool {
        match self {
            Self::NoStrategy { .. } | Self::StormBegan { .. } | Self::Audited { fault: Some(_) } => true,
            Self::Deferred { reason, .. } => reason.calls_human(),
            Self::Remediation(remediation) => match &remediation.state {
                RemediationState::AwaitingApproval { .. } | RemediationState::RollbackFailed { .. } => true,
                RemediationState::Completed { verification, .. } => !verification.is_verified(),
                _ => false,
            },
            _ => false,
        }
    }
}
