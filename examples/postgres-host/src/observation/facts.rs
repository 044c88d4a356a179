//! What the database says of a collection.

use std::collections::BTreeMap;

use healing_core::metrics::JobMetrics;
use healing_core::{Percent, Timestamp};

use super::LOAD_SECONDS;
use crate::actuators::{job_priority, job_state};
use crate::database::Session;
use crate::error::PostgresError;
use crate::host::Collection;

/// Everything that graph and metrics are made from, as it was at one moment.
pub(super) struct Facts {
    pub(super) collection: Collection,
    pub(super) partitions: BTreeMap<i64, PartitionFacts>,
    pub(super) links: Vec<(i64, i64)>,
    /// Entries of each centroid's list.
    pub(super) populations: BTreeMap<i64, i64>,
    pub(super) jobs: Vec<JobMetrics>,
    pub(super) standbys: Vec<Standby>,
}

pub(super) struct PartitionFacts {
    pub(super) vectors: i64,
    pub(super) bytes: i64,
    /// Neither archived nor in the cold tablespace.
    pub(super) hot: bool,
    /// The share of its index's pages that it could do without.
    pub(super) index_waste: f64,
    /// Requests a second, served or not, and those of them that were refused.
    pub(super) asked: f64,
    pub(super) refused: f64,
    /// Sessions that wait for a lock on it.
    pub(super) waiting: i64,
}

pub(super) struct Standby {
    pub(super) id: i64,
    pub(super) lag_seconds: f64,
    pub(super) bound_seconds: Option<f64>,
}

/// Which partitions the vectors on each centroid's list are in.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    pub(super) version: i64,
    pub(super) read_at: Timestamp,
    /// By centroid and partition.
    pub(super) vectors: BTreeMap<(i64, i64), i64>,
}

impl Facts {
    pub(super) fn read(session: &mut Session<'_>, collection: Collection) -> Result<Self, PostgresError> {
        Ok(Self {
            partitions: partitions(session, &collection)?,
            links: links(session, &collection)?,
            populations: populations(session, &collection)?,
            jobs: jobs(session, &collection)?,
            standbys: standbys(session, &collection)?,
            collection,
        })
    }

    /// What the hot partitions take of the memory there is, which can be more than all.
    #[allow(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
    pub(super) fn memory_used(&self) -> f64 {
        let hot: i64 = self.partitions.values().filter(|it| it.hot).map(|it| it.bytes).sum();
        hot as f64 / self.collection.memory_budget as f64
    }

    pub(super) fn wasted_percent(&self) -> impl Iterator<Item = (i64, Percent)> {
        let wasted = |it: &PartitionFacts| Percent::clamped(it.index_waste * 100.0);
        self.partitions
            .iter()
            .map(move |(&id, partition)| (id, wasted(partition)))
    }
}

fn partitions(
    session: &mut Session<'_>,
    collection: &Collection,
) -> Result<BTreeMap<i64, PartitionFacts>, PostgresError> {
    let rows = session.query(
        "SELECT partition_id, vectors, bytes, NOT (archived OR in_cold_tablespace),
                ruvector.wasted_share(index_pages, index_pages_needed),
                coalesce(asked, 0)::float8, coalesce(refused, 0)::float8, coalesce(lock_waits.sessions, 0)
         FROM ruvector.partition_facts
         LEFT JOIN (
             SELECT partition_id, count(*) * $2::float8 / $3::bigint AS asked,
                    count(*) FILTER (WHERE requests.refused) * $2::float8 / $3::bigint AS refused
             FROM ruvector.requests
             WHERE collection_id = $1 AND second >= ruvector.this_second() - $3::bigint AND second < ruvector.this_second()
             GROUP BY partition_id
         ) AS load USING (partition_id)
         LEFT JOIN ruvector.lock_waits USING (relation)
         WHERE collection_id = $1",
        &[&collection.id, &f64::from(collection.count_every), &LOAD_SECONDS],
    )?;
    let facts = |row: &postgres::Row| PartitionFacts {
        vectors: row.get(1),
        bytes: row.get(2),
        hot: row.get(3),
        index_waste: row.get(4),
        asked: row.get(5),
        refused: row.get(6),
        waiting: row.get(7),
    };
    Ok(rows.iter().map(|row| (row.get(0), facts(row))).collect())
}

fn links(session: &mut Session<'_>, collection: &Collection) -> Result<Vec<(i64, i64)>, PostgresError> {
    let rows = session.query(
        "SELECT one, other FROM ruvector.partition_links WHERE collection_id = $1 ORDER BY one, other",
        &[&collection.id],
    )?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn populations(session: &mut Session<'_>, collection: &Collection) -> Result<BTreeMap<i64, i64>, PostgresError> {
    let rows = session.query(
        "SELECT centroid_id, coalesce(entries, 0) FROM ruvector.centroids
         LEFT JOIN (SELECT centroid_id, count(*) AS entries FROM ruvector.centroid_lists
                    WHERE collection_id = $1 AND version = $2 GROUP BY centroid_id) AS list USING (centroid_id)
         WHERE collection_id = $1 AND version = $2",
        &[&collection.id, &collection.served_version],
    )?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn jobs(session: &mut Session<'_>, collection: &Collection) -> Result<Vec<JobMetrics>, PostgresError> {
    let rows = session.query(
        "SELECT id, job_type, priority, state FROM ruvector.maintenance_jobs
         WHERE collection_id = $1 AND state <> 'ended' ORDER BY id",
        &[&collection.id],
    )?;
    let job = |row: &postgres::Row| {
        Ok(JobMetrics {
            id: row.get(0),
            job_type: row.get(1),
            priority: job_priority(row.get(2))?,
            state: job_state(row.get(3))?,
            service: None,
        })
    };
    rows.iter().map(job).collect()
}

fn standbys(session: &mut Session<'_>, collection: &Collection) -> Result<Vec<Standby>, PostgresError> {
    let rows = session.query(
        "SELECT replicas.id, lag_seconds, (milliseconds / 1000.0)::float8
         FROM ruvector.standbys JOIN ruvector.replicas USING (application_name)
         LEFT JOIN ruvector.lag_bounds ON replica_id = replicas.id AND collection_id = $1
         ORDER BY replicas.id",
        &[&collection.id],
    )?;
    let standby = |row: &postgres::Row| Standby {
        id: row.get(0),
        lag_seconds: row.get(1),
        bound_seconds: row.get(2),
    };
    Ok(rows.iter().map(standby).collect())
}

pub(super) fn read_routes(
    session: &mut Session<'_>,
    collection: &Collection,
    read_at: Timestamp,
) -> Result<Routes, PostgresError> {
    let rows = session.query(
        "SELECT centroid_id, partition_id, count(*)
         FROM ruvector.centroid_lists AS list JOIN ruvector.vectors AS it
             ON it.vector_id = list.vector_id AND it.collection_id = list.collection_id
         WHERE list.collection_id = $1 AND version = $2 GROUP BY centroid_id, partition_id",
        &[&collection.id, &collection.served_version],
    )?;
    Ok(Routes {
        version: collection.served_version,
        read_at,
        vectors: rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect(),
    })
}
