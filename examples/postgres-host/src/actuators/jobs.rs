//! Maintenance jobs: their worker reads, between two operations, what they are to do.

use healing_core::CollectionId;
use healing_core::identity::RemediationId;
use healing_core::metrics::{JobPriority, JobState};
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, Job, Jobs};
use postgres::Row;

use super::damaged;
use crate::error::PostgresError;
use crate::host::PostgresHost;

impl Jobs for PostgresHost {
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        self.read(collection, |session, collection| {
            let rows = session.query(
                "SELECT id, job_type, priority, state, paused_by FROM ruvector.maintenance_jobs
                 WHERE collection_id = $1 AND state <> 'ended' ORDER BY id",
                &[&collection.id],
            )?;
            Ok(rows.iter().map(job).collect::<Result<_, _>>()?)
        })
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let by = permit.remediation().to_string();
        self.change(
            permit,
            job,
            "UPDATE ruvector.maintenance_jobs
             SET state = CASE state WHEN 'running' THEN 'draining' ELSE 'paused' END, paused_by = $3
             WHERE collection_id = $1 AND id = $2 AND state IN ('waiting', 'running')",
            Some(&by),
        )
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        self.change(
            permit,
            job,
            "UPDATE ruvector.maintenance_jobs
             SET state = CASE state WHEN 'draining' THEN 'running' ELSE 'waiting' END, paused_by = NULL
             WHERE collection_id = $1 AND id = $2 AND state IN ('draining', 'paused')",
            None,
        )
    }
}

impl PostgresHost {
    fn change(&self, permit: &Permit<'_>, job: i64, sql: &str, by: Option<&String>) -> Result<(), ActuatorError> {
        self.act(permit, |session, collection| {
            let unfinished = session.query_opt(
                "SELECT FROM ruvector.maintenance_jobs WHERE collection_id = $1 AND id = $2 AND state <> 'ended' FOR UPDATE",
                &[&collection.id, &job],
            )?;
            if unfinished.is_none() {
                return Err(ActuatorError::NotFound {
                    what: format!("job {job}"),
                });
            }
            match by {
                Some(by) => session.execute(sql, &[&collection.id, &job, by])?,
                None => session.execute(sql, &[&collection.id, &job])?,
            };
            Ok(())
        })
    }
}

fn job(row: &Row) -> Result<Job, PostgresError> {
    let paused_by: Option<&str> = row.get("paused_by");
    let paused_by = paused_by.map(str::parse::<RemediationId>).transpose();
    Ok(Job {
        id: row.get("id"),
        job_type: row.get("job_type"),
        priority: job_priority(row.get("priority"))?,
        state: job_state(row.get("state"))?,
        paused_by: paused_by.map_err(|error| damaged("who paused a job", error.to_string()))?,
    })
}

pub(crate) fn job_priority(name: &str) -> Result<JobPriority, PostgresError> {
    match name {
        "low" => Ok(JobPriority::Low),
        "normal" => Ok(JobPriority::Normal),
        "high" => Ok(JobPriority::High),
        other => Err(damaged("a job's priority", format!("it is {other}"))),
    }
}

pub(crate) fn job_state(name: &str) -> Result<JobState, PostgresError> {
    match name {
        "waiting" => Ok(JobState::Waiting),
        "running" => Ok(JobState::Running),
        "draining" => Ok(JobState::Draining),
        "paused" => Ok(JobState::Paused),
        other => Err(damaged("a job's state", format!("it is {other}"))),
    }
}
