//! Vectors on the move.

use std::collections::BTreeMap;
use std::time::Instant;

use healing_core::permit::Permit;
use healing_core::{Amount, CollectionId};
use healing_strategies::actuators::{ActuatorError, MoveProgress, Partitions, VectorId, VectorLoad};

use super::{Partition, refused};
use crate::host::PostgresHost;

/// Vectors moved in one transaction: so few that those who write to them hardly wait.
const BATCH: usize = 1000;

/// The load of single vectors is taken over so many whole seconds.
const LOAD_SECONDS: i64 = 5;

impl Partitions for PostgresHost {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(collection, |session, collection| {
            Partition::find(session, collection, partition)?;
            // A vector that was moved or deleted meanwhile is no longer its load.
            let rows = session.query(
                "SELECT vector_id, (count(*) * $3::bigint)::float8 / $4::bigint
                 FROM ruvector.requests
                 WHERE collection_id = $1 AND partition_id = $2
                     AND second >= ruvector.this_second() - $4::bigint AND second < ruvector.this_second()
                     AND EXISTS (SELECT FROM ruvector.vectors AS it
                                 WHERE it.vector_id = requests.vector_id AND it.collection_id = $1 AND it.partition_id = $2)
                 GROUP BY vector_id ORDER BY count(*) DESC, vector_id LIMIT $5",
                &[&collection.id, &partition, &i64::from(collection.count_every), &LOAD_SECONDS, &limit],
            )?;
            let load = |row: &postgres::Row| VectorLoad {
                vector: VectorId(row.get(0)),
                load: Amount::clamped(row.get(1)),
            };
            Ok(rows.iter().map(load).collect())
        })
    }

    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        let numbers: Vec<i64> = vectors.iter().map(|vector| vector.0).collect();
        self.read(collection, |session, collection| {
            let rows = session.query(
                "SELECT vector_id, partition_id FROM ruvector.vectors WHERE collection_id = $1 AND vector_id = ANY ($2)
                 UNION ALL
                 SELECT vector_id, partition_id FROM ruvector.archived_vectors
                 WHERE collection_id = $1 AND vector_id = ANY ($2)",
                &[&collection.id, &numbers],
            )?;
            let places: BTreeMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            Ok(numbers.iter().map(|number| places.get(number).copied()).collect())
        })
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let begun = Instant::now();
        let numbers: Vec<i64> = vectors.iter().map(|vector| vector.0).collect();
        // What was moved by the calls before is not gone through again, or a long move would never end.
        let left: Vec<i64> = self.act(permit, |session, collection| {
            Partition::find(session, collection, from)?;
            if Partition::find(session, collection, to)?.archived {
                return Err(refused(format!("a move to partition {to}"), "it is archived"));
            }
            let rows = session.query(
                "SELECT vector_id FROM ruvector.vectors JOIN unnest($3::bigint[]) AS asked (vector_id) USING (vector_id)
                 WHERE collection_id = $1 AND partition_id = $2 ORDER BY vector_id",
                &[&collection.id, &from, &numbers],
            )?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        })?;
        for (number, batch) in left.chunks(BATCH).enumerate() {
            if number > 0 && begun.elapsed() >= self.slice {
                return Ok(MoveProgress::UnderWay);
            }
            self.act(permit, |session, collection| {
                // The server moves each row from table to table. A writer that waits for one of them is told so, and looks
                // for it again: see `update_vector` in the schema.
                session.execute(
                    "UPDATE ruvector.vectors SET partition_id = $3
                     WHERE collection_id = $1 AND partition_id = $2 AND vector_id = ANY ($4)",
                    &[&collection.id, &from, &to, &batch],
                )?;
                Ok(())
            })?;
        }
        Ok(MoveProgress::Complete)
    }
}
