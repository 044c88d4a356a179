//! Moving vectors, and routing writes.

use healing_core::permit::Permit;
use healing_core::{Amount, CollectionId};
use healing_strategies::actuators::{
    ActuatorError, MoveProgress, Partitions, VectorId, VectorLoad, WriteRoute, WriteRouting,
};

use super::{found, refused, still_to_set};
use crate::cluster::Cluster;
use crate::design::PARTITIONS;

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

impl WriteRouting for Cluster {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        existing(partition)?;
        Ok(self.reading(collection)?.ingestion.route(partition))
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        existing(partition)?;
        let ingestion = &mut self.writing(permit)?.ingestion;
        let what = format!("routing writes to partition {partition}");
        if still_to_set(&ingestion.route(partition), &from, &to, &what)? && !ingestion.set_route(partition, to) {
            return Err(refused(&what, "no other partition takes any"));
        }
        Ok(())
    }
}

fn existing(partition: i64) -> Result<(), ActuatorError> {
    found(
        (1..=PARTITIONS).contains(&partition).then_some(()),
        "partition",
        partition,
    )
}
