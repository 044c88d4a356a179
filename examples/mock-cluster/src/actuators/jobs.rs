//! Pausing and resuming maintenance.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, Job, Jobs};

use super::found;
use crate::cluster::Cluster;

impl Jobs for Cluster {
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        let state = self.reading(collection)?;
        let jobs = state.maintenance.jobs.iter().map(|(&id, job)| Job {
            id,
            job_type: job.job_type.to_owned(),
            priority: job.priority,
            state: job.state,
            paused_by: job.paused_by.clone(),
        });
        Ok(jobs.collect())
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let paused = self.writing(permit)?.maintenance.pause(job, permit.remediation());
        found(paused.then_some(()), "job", job)
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let resumed = self.writing(permit)?.maintenance.resume(job);
        found(resumed.then_some(()), "job", job)
    }
}
