//! What the store looks like, asked of the database itself.
//!
//! One sample is one read-only transaction: what it shows was so at one moment. The graph has
//!
//! | node | what it is |
//! | --- | --- |
//! | partition | a partition of the collection: a table of its own |
//! | custom | the index of the partition with the same number |
//! | centroid | a centroid of the served version |
//! | shard 1 | the server |
//! | maintenance_dep 1 | the maintenance of the collection |
//! | replication_target | a standby |
//!
//! and its capacities are requests a second. Nominal ones are shares of what one partition is provisioned for, so laid out that
//! in a store that is well every node is held by about as much: what isolates one node is then the minimum cut. That holds
//! where there are at least twice as many partitions as centroids. What is left of them follows from what is measured:
//!
//! | edge | what it loses |
//! | --- | --- |
//! | every edge of a partition | the share of the requests that the partition refused in the last seconds, and of its sessions that wait for locks |
//! | partition - partition | the same of either end; partitions with the most similar vectors are linked |
//! | partition - index, index - server | of the index's pages, those beyond what a B-tree in steady use takes |
//! | centroid - partition | the share of the centroid's list that is beyond a search's budget, and of the hot partitions' bytes that is beyond the memory there is; as much as the list has vectors in the partition |
//! | partition - maintenance | of the jobs that are due, those beyond twice what runs at a time |
//! | server - standby | reads that miss what it has not replayed yet |
//!
//! Requests are counted by the store's own functions (table `requests`), rows and sizes by the system's statistics, lag by
//! `pg_stat_replication`, waits by `pg_locks`.
//!
//! What an index wastes is measured: the extension pgstattuple reads all of it. That is too dear for every sample, so the
//! result is kept (table `index_measurements`, shared by all healers) until a twentieth of the index may be different or a
//! vacuum has been through it, and at most half a gibibyte is read in a sample. Without the extension, where this role may not
//! use it (it takes `pg_stat_scan_tables`, which is part of `pg_monitor`), and for a larger index, the waste is estimated: what
//! a new index of as many rows would take follows from the width of its key, and the number of rows is the statistics'. That
//! is as right as they are, and calls waste too what is taken by the entries of rows that were deleted and not yet vacuumed.
//! The view `partition_facts` says of each index which of the two it is.

mod facts;
mod graph;
mod metrics;

use std::time::Duration;

use healing_core::observation::ObservationError;
use healing_core::{CollectionId, Observation, ObservationSource};

use crate::actuators::measure;
use crate::database::Session;
use crate::error::PostgresError;
use crate::host::{Collection, PostgresHost};

pub(crate) use facts::Routes;
use facts::{Facts, read_routes};

/// Loads are taken over so many whole seconds.
pub(crate) const LOAD_SECONDS: i64 = 3;

/// Requests are forgotten after so many seconds.
const KEPT_SECONDS: i64 = 60;

/// Which partitions the vectors of a centroid are in changes slowly, and is expensive to find out.
const ROUTES_LAST: Duration = Duration::from_secs(60);

impl ObservationSource for PostgresHost {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let observed_at = self.clock.now();
        let known = self
            .database
            .transaction(|session| {
                let found = Collection::named(session, collection)?;
                if let Some(found) = &found {
                    forget_old_requests(session, found)?;
                    measure(session, found)?;
                }
                Ok(found)
            })
            .map_err(failed)?;
        let known = known.ok_or_else(|| ObservationError::UnknownCollection {
            collection: collection.clone(),
        })?;
        let routes = self.routes.lock().get(&known.id).cloned();
        let routes = routes.filter(|routes| {
            let age = Duration::try_from(observed_at.duration_since(routes.read_at));
            routes.version == known.served_version && age.is_ok_and(|age| age < ROUTES_LAST)
        });
        let (facts, routes) = self
            .database
            .transaction(|session| {
                session.batch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
                let routes = match routes {
                    Some(routes) => routes,
                    None => read_routes(session, &known, observed_at)?,
                };
                Ok((Facts::read(session, known)?, routes))
            })
            .map_err(failed)?;
        let observation = Observation {
            collection: collection.clone(),
            observed_at,
            graph: facts.graph(&routes)?,
            metrics: facts.metrics(),
        };
        self.routes.lock().insert(facts.collection.id, routes);
        Ok(observation)
    }
}

/// Drops requests that no longer count, but notes of each partition when it was last read.
fn forget_old_requests(session: &mut Session<'_>, collection: &Collection) -> Result<(), PostgresError> {
    session.execute(
        "WITH old AS (
             DELETE FROM ruvector.requests
             WHERE collection_id = $1 AND second < ruvector.this_second() - $2::bigint
             RETURNING partition_id, second
         ), newest AS (SELECT partition_id, to_timestamp(max(second)) AS at FROM old GROUP BY partition_id)
         UPDATE ruvector.partitions SET last_read_at = greatest(last_read_at, newest.at) FROM newest
         WHERE collection_id = $1 AND partitions.partition_id = newest.partition_id",
        &[&collection.id, &KEPT_SECONDS],
    )?;
    // A standby gets its number when it is first seen.
    session.execute(
        "INSERT INTO ruvector.replicas (application_name) SELECT application_name FROM ruvector.standbys AS it
         WHERE NOT EXISTS (SELECT FROM ruvector.replicas WHERE replicas.application_name = it.application_name)
         ON CONFLICT DO NOTHING",
        &[],
    )?;
    Ok(())
}

fn failed(error: PostgresError) -> ObservationError {
    ObservationError::Host(Box::new(error))
}
