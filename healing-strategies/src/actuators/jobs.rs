//! Pausing and resuming background jobs.

use healing_core::CollectionId;
use healing_core::identity::RemediationId;
use healing_core::metrics::{JobPriority, JobState};
use healing_core::permit::Permit;
use serde::{Deserialize, Serialize};

use super::ActuatorError;

/// A background job as its scheduler knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The host's number for it.
    pub id: i64,
    /// What kind of work it is.
    pub job_type: String,
    /// How much it matters.
    pub priority: JobPriority,
    /// What it is doing.
    pub state: JobState,
    /// The remediation in whose name it was paused; `None` where it is not paused, or where a human paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_by: Option<RemediationId>,
}

/// Pauses and resumes the background jobs of a collection.
///
/// The scheduler remembers who paused a job: an undo lets those jobs go on that its own remediation paused, and no others.
pub trait Jobs: Send + Sync {
    /// Every unfinished job, by number.
    ///
    /// # Errors
    /// [`ActuatorError`] when the host fails.
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError>;

    /// Asks a job to pause. It finishes the operation it is in ([`JobState::Draining`]) and is then
    /// [`JobState::Paused`]; a waiting job is paused at once. [`Job::paused_by`] then names the permit's remediation. A job that
    /// is draining or paused already is left as it is.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the job has ended; [`ActuatorError`] when the host fails.
    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError>;

    /// Lets a paused or draining job go on: it is then [`JobState::Running`] or [`JobState::Waiting`], and
    /// [`Job::paused_by`] is `None`.
    ///
    /// # Errors
    /// [`ActuatorError::NotFound`] when the job has ended; [`ActuatorError`] when the host fails.
    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError>;
}
