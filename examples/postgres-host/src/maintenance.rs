//! Background jobs on partitions, one operation after another, so that they can be paused in between.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres::Client;

use crate::database::Database;
use crate::error::PostgresError;
use crate::locks::JOBS;

/// Carries out maintenance jobs (table `maintenance_jobs`), one at a time and the most important first, of any collection
/// that has a slot free. Several may work on one database; clones share the order to stop.
///
/// `analyze` and `vacuum` are one operation each. `verify` reads the partition a thousand vectors at a time and fails where
/// one is on no list of the served centroids. Between two operations it looks whether it is to pause. A job whose worker
/// died is taken up where it was.
#[derive(Clone)]
pub struct MaintenanceWorker {
    database: Database,
    stopped: Arc<AtomicBool>,
}

/// After finding nothing to do, or an error, it waits so long.
const PAUSE: Duration = Duration::from_millis(500);

/// Vectors verified in one operation.
const BATCH: i64 = 1000;

impl MaintenanceWorker {
    /// A worker on the collections of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            stopped: Arc::default(),
        }
    }

    /// Works until [`stop`](Self::stop) is called, and hands out errors.
    pub fn run(&self, mut on_error: impl FnMut(PostgresError)) {
        while !self.is_stopped() {
            let worked = self.database.connection_of_its_own().and_then(|mut client| {
                while !self.is_stopped() && self.work_on_next(&mut client)? {}
                Ok(())
            });
            if let Err(error) = worked {
                on_error(error);
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Ends [`run`](Self::run) after the operation it is in.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Works on the next job until it ends or is to pause. Whether there was one.
    fn work_on_next(&self, client: &mut Client) -> Result<bool, PostgresError> {
        let Some(job) = take_next(client)? else {
            return Ok(false);
        };
        let mut result = Ok(());
        while result.is_ok() && !self.is_stopped() && goes_on(client, &job)? {
            result = operate(client, &job);
        }
        if let Err(error) = &result {
            end(client, &job, Some(&error.to_string()))?;
        }
        client.execute("SELECT pg_advisory_unlock($1, $2::bigint::integer)", &[&JOBS, &job.id])?;
        Ok(true)
    }
}

impl fmt::Debug for MaintenanceWorker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MaintenanceWorker").finish_non_exhaustive()
    }
}

struct Job {
    id: i64,
    kind: String,
    collection: i32,
    partition: i64,
    /// The partition's quoted name.
    table: String,
}

/// Takes a job that waits and has a slot, or one whose worker died: its advisory lock is free.
fn take_next(client: &mut Client) -> Result<Option<Job>, PostgresError> {
    let mut transaction = client.transaction()?;
    let candidates = transaction.query(
        "SELECT job.id, job_type, job.collection_id, job.partition_id,
                format('ruvector.%I', format('vectors_%s_%s', job.collection_id, job.partition_id))
         FROM ruvector.maintenance_jobs AS job JOIN ruvector.vector_collections AS store USING (collection_id)
         WHERE state IN ('running', 'draining') OR state = 'waiting' AND maintenance_slots > (
             SELECT count(*) FROM ruvector.maintenance_jobs AS other
             WHERE other.collection_id = job.collection_id AND other.state IN ('running', 'draining'))
         ORDER BY state = 'waiting', array_position('{high,normal,low}', priority), job.id
         FOR UPDATE OF job SKIP LOCKED
         -- Who counts the slots counts alone; writers do not wait for that.
         FOR NO KEY UPDATE OF store",
        &[],
    )?;
    for row in candidates {
        let job = Job {
            id: row.get(0),
            kind: row.get(1),
            collection: row.get(2),
            partition: row.get(3),
            table: row.get(4),
        };
        let free = transaction.query_one(
            "SELECT pg_try_advisory_lock($1, $2::bigint::integer)",
            &[&JOBS, &job.id],
        )?;
        if free.get(0) {
            transaction.execute(
                "UPDATE ruvector.maintenance_jobs SET state = 'running' WHERE id = $1 AND state = 'waiting'",
                &[&job.id],
            )?;
            transaction.commit()?;
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Whether the job is to go on. One that was asked to pause is paused now.
fn goes_on(client: &mut Client, job: &Job) -> Result<bool, PostgresError> {
    client.execute(
        "UPDATE ruvector.maintenance_jobs SET state = 'paused' WHERE id = $1 AND state = 'draining'",
        &[&job.id],
    )?;
    let row = client.query_opt(
        "SELECT state = 'running' FROM ruvector.maintenance_jobs WHERE id = $1",
        &[&job.id],
    )?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Does one operation, the last one included.
fn operate(client: &mut Client, job: &Job) -> Result<(), PostgresError> {
    match job.kind.as_str() {
        "analyze" => client.batch_execute(&format!("ANALYZE {}", job.table))?,
        "vacuum" => client.batch_execute(&format!("VACUUM {}", job.table))?,
        _ => return verify_some(client, job),
    }
    end(client, job, None)
}

fn verify_some(client: &mut Client, job: &Job) -> Result<(), PostgresError> {
    let row = client.query_one(
        "SELECT max(vector_id), count(*) FILTER (WHERE NOT listed), max(done_up_to) FROM (
             SELECT vector_id, done_up_to, EXISTS (
                 SELECT FROM ruvector.centroid_lists AS list JOIN ruvector.vector_collections AS store USING (collection_id)
                 WHERE list.vector_id = it.vector_id AND list.collection_id = $2 AND version = served_version) AS listed
             FROM ruvector.vectors AS it JOIN ruvector.maintenance_jobs AS job ON job.id = $1
             WHERE it.collection_id = $2 AND it.partition_id = $3 AND vector_id > done_up_to
             ORDER BY vector_id LIMIT $4) AS batch",
        &[&job.id, &job.collection, &job.partition, &BATCH],
    )?;
    let (up_to, unlisted): (Option<i64>, i64) = (row.get(0), row.get(1));
    if unlisted > 0 {
        return Err(PostgresError::Damaged {
            what: format!("partition {}", job.partition),
            why: format!("{unlisted} of its vectors are on no list"),
        });
    }
    match up_to {
        Some(up_to) => {
            client.execute(
                "UPDATE ruvector.maintenance_jobs SET done_up_to = $2 WHERE id = $1",
                &[&job.id, &up_to],
            )?;
            Ok(())
        }
        None => end(client, job, None),
    }
}

fn end(client: &mut Client, job: &Job, failure: Option<&str>) -> Result<(), PostgresError> {
    client.execute(
        "UPDATE ruvector.maintenance_jobs
         SET state = 'ended', ended_at = clock_timestamp(), paused_by = NULL, failure = $2 WHERE id = $1",
        &[&job.id, &failure],
    )?;
    Ok(())
}
