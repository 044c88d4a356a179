//! Moving vectors, and routing writes.

use healing_core::permit::Permit;
use healing_core::{Amount, CollectionId};
use healing_strategies::actuators::{
    ActuatorError, MoveProgress, Partitions, VectorId, VectorLoad, WriteRoute, WriteRouting,
};

use super::{found, refused, still_to_set};
use crate::cluster::Cluster;
use crate::state::State;

impl Partitions for Cluster {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        let state = self.reading(collection)?;
        existing(&state, partition)?;
        let heaviest = state.partitions.heaviest(partition, limit);
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
        let mut state = self.writing(permit)?;
        existing(&state, from)?;
        existing(&state, to)?;
        let arrived = state.partitions.send(vectors, from, to);
        Ok(if arrived {
            MoveProgress::Complete
        } else {
            MoveProgress::UnderWay
        })
    }
}

impl WriteRouting for Cluster {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        let state = self.reading(collection)?;
        existing(&state, partition)?;
        Ok(state.ingestion.route(partition))
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        existing(&state, partition)?;
        let ingestion = &mut state.ingestion;
        let what = format!("routing writes to partition {partition}");
        if still_to_set(&ingestion.route(partition), &from, &to, &what)? && !ingestion.set_route(partition, to) {
            return Err(refused(&what, "no other partition takes any"));
        }
        Ok(())
    }
}

fn existing(state: &State, partition: i64) -> Result<(), ActuatorError> {
    let exists = (1..=state.size.partitions()).contains(&partition);
    found(exists.then_some(()), "partition", partition)
}
