//! What the journal's records say.

use serde::{Deserialize, Serialize};

use crate::audit::PublicKey;
use crate::engine::{HealingConfig, Remediation, RemediationState, Standing, StandingOrders};
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::monitor::LearnedHealth;
use crate::storage::FeedbackScore;

/// What a record says. The first three kinds are in a collection's stream, written under its lease; [`Healthy`](Self::Healthy)
/// has a stream of its own; the others are in the global one.
///
/// As JSON an object whose one key is the kind, before all else, so that nothing has to be kept until the kind is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JournalBody {
    /// A remediation begins, in the state it holds here, or is taken up again. Written before anything is done in that
    /// state.
    Remediation(Box<Remediation>),
    /// The newest remediation enters another state. Written before anything is done in that state.
    Entered {
        /// The remediation's number.
        number: u64,
        /// The state.
        state: RemediationState,
    },
    /// What all earlier records of the collection's stream amount to.
    Checkpoint(Box<Standing>),
    /// What is healthy in the collection, as a healer has learned it while all was well: all that its stream says.
    Healthy {
        /// How often operators had ordered to learn it anew.
        relearned: u64,
        /// What was learned.
        health: Box<LearnedHealth>,
    },
    /// What is healthy in a collection is to be learned anew.
    Relearn {
        /// The collection.
        collection: CollectionId,
        /// Who ordered it.
        by: Operator,
    },
    /// The configuration was changed.
    Configured {
        /// By whom.
        by: Operator,
        /// The whole configuration from here on.
        config: Box<HealingConfig>,
    },
    /// No new remediation may begin.
    Frozen {
        /// In which collection; `None`: in none at all.
        collection: Option<CollectionId>,
        /// Why, and by whom.
        freeze: Freeze,
    },
    /// New remediations may begin again.
    Unfrozen {
        /// In which collection; `None`: everywhere but where a collection is frozen by itself.
        collection: Option<CollectionId>,
        /// By whom.
        by: Operator,
    },
    /// A human said what they think of a remediation that has ended.
    Feedback {
        /// The remediation.
        remediation: RemediationId,
        /// What they think of it.
        score: FeedbackScore,
        /// Who.
        by: Operator,
    },
    /// From the next record on, in any stream, another key may sign, and the old one no longer does once the new one has.
    KeyRotated {
        /// The new key.
        to: PublicKey,
        /// By whom.
        by: Operator,
    },
    /// What all earlier records of the global stream amount to.
    OrdersCheckpoint(Box<StandingOrders>),
}

/// An operator's order to begin no new remediation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who gave it.
    pub by: Operator,
    /// Why.
    pub reason: String,
}
