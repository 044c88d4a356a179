//! The operators' verbs (seed, "SQL Interface").
//!
//! What an operator orders is written down before it takes effect, with the name of who ordered it. To trigger is no order: it
//! makes the loop look now, and what begins is the loop's.

mod decision;
mod error;
mod standing_order;
mod treatment;

use jiff::Timestamp;
use serde_json::Value;

#[cfg(feature = "ed25519")]
use super::event::EventKind;
use super::healer::Healer;
use super::progress::Progress;
#[cfg(feature = "ed25519")]
use crate::audit::AuditError;
use crate::host_call::contained;
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::storage::{FeedbackScore, JournalBody, OutcomeStore, StoredOutcome};

pub use error::ControlError;
pub use treatment::{Executed, Execution};

impl Healer {
    /// The outcomes of the remediations that ended since, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`ControlError::Outcomes`] when the store cannot be read.
    pub fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, ControlError> {
        Ok(self.services.outcomes.history(since, limit)?)
    }

    /// Keeps what a human says of a remediation that has ended, -1 (it did harm) to 1 (just right), and learns from it.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when it cannot be written down; [`ControlError::Outcomes`] when there is no outcome of the
    /// remediation, or the store fails.
    pub fn feedback(
        &mut self,
        remediation: &RemediationId,
        score: FeedbackScore,
        by: &Operator,
    ) -> Result<(), ControlError> {
        self.write_order(|_| {
            Ok(JournalBody::Feedback {
                remediation: remediation.clone(),
                score,
                by: by.clone(),
            })
        })?;
        let outcome = self.services.outcomes.set_feedback(remediation, score)?;
        if self.services.config.learning_enabled && contained(|| self.services.learner.revise(&outcome, score)).is_err()
        {
            return Err(ControlError::LearnerPanicked);
        }
        Ok(())
    }

    /// How well the strategies do, as the learner reports it.
    ///
    /// # Errors
    /// [`ControlError::LearnerPanicked`].
    pub fn effectiveness(&self) -> Result<Value, ControlError> {
        contained(|| self.services.learner.effectiveness()).map_err(|_| ControlError::LearnerPanicked)
    }

    /// Takes note of what [`verify`](crate::audit::verify) found, for the next tick's events and for the observer: who
    /// verifies does so when they like, apart from the loop. A journal that could not be read was not found bad: its stores
    /// failed.
    #[cfg(feature = "ed25519")]
    pub fn audited<T>(&mut self, verified: &Result<T, AuditError>) {
        let fault = match verified {
            Ok(_) => None,
            Err(error @ (AuditError::Io(_) | AuditError::Journal(_))) => {
                let error = error.to_string();
                return self.announce(EventKind::StorageFailed { error });
            }
            Err(error) => Some(error.to_string()),
        };
        self.announce(EventKind::Audited { fault });
    }

    fn with_progress<T>(
        &mut self,
        collection: &CollectionId,
        what: impl FnOnce(&mut Progress<'_>) -> T,
    ) -> Result<T, ControlError> {
        let watched = self
            .watched
            .get_mut(collection)
            .ok_or_else(|| ControlError::UnknownCollection {
                collection: collection.clone(),
            })?;
        Ok(what(&mut Progress::new(&self.services, watched, &mut self.events)))
    }
}
