//! What strategies may do to the cluster. A call with an older fencing token than one seen before is refused.

use healing_core::permit::Permit;
use healing_core::{Amount, CollectionId};
use healing_strategies::actuators::{ActuatorError, Job, Jobs, MoveProgress, Partitions, VectorId, VectorLoad};
use parking_lot::MutexGuard;

use crate::cluster::Cluster;
use crate::design::PARTITIONS;
use crate::state::State;

impl Cluster {
    /// The state, for a call that reads.
    fn reading(&self, collection: &CollectionId) -> Result<MutexGuard<'_, State>, ActuatorError> {
        if collection == self.collection() {
            Ok(self.state())
        } else {
            Err(ActuatorError::NotFound {
                what: format!("the collection {collection}"),
            })
        }
    }

    /// The state, for a call that writes: the token is checked where the effect takes place.
    fn writing(&self, permit: &Permit<'_>) -> Result<MutexGuard<'_, State>, ActuatorError> {
        let mut state = self.reading(permit.collection())?;
        let token = permit.token().get();
        if token < state.newest_token {
            return Err(ActuatorError::Fenced {
                token,
                newest: state.newest_token,
            });
        }
        state.newest_token = token;
        Ok(state)
    }
}

impl Partitions for Cluster {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        existing(partition)?;
        let heaviest = self.reading(collection)?.partitions.heaviest(partition, limit);
        Ok(heaviest
            .into_iter()
            .map(|(vector, rate)| VectorLoad {
                vector,
                load: Amount::clamped(rate),
            })
            .collect())
    }

    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        let state = self.reading(collection)?;
        Ok(vectors
            .iter()
            .map(|&vector| state.partitions.partition_of(vector))
            .collect())
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        existing(from)?;
        existing(to)?;
        let arrived = self.writing(permit)?.partitions.send(vectors, from, to);
        Ok(if arrived {
            MoveProgress::Complete
        } else {
            MoveProgress::UnderWay
        })
    }
}

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
        found(job, self.writing(permit)?.maintenance.pause(job, permit.remediation()))
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        found(job, self.writing(permit)?.maintenance.resume(job))
    }
}

fn existing(partition: i64) -> Result<(), ActuatorError> {
    if (1..=PARTITIONS).contains(&partition) {
        Ok(())
    } else {
        Err(ActuatorError::NotFound {
            what: format!("partition {partition}"),
        })
    }
}

fn found(job: i64, found: bool) -> Result<(), ActuatorError> {
    if found {
        Ok(())
    } else {
        Err(ActuatorError::NotFound {
            what: format!("job {job}"),
        })
    }
}
