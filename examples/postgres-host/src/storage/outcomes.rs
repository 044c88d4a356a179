//! Outcomes: the design document's table.

use healing_core::Timestamp;
use healing_core::identity::RemediationId;
use healing_core::storage::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use postgres::Row;
use postgres::types::Json;
use serde_json::{Value, json};

use super::{PostgresStorage, at_most, collection_number, unsigned};
use crate::database::Session;
use crate::error::PostgresError;
use crate::json::{printable, printable_value};
use crate::locks::Lock;
use crate::timestamp::Micros;

impl OutcomeStore for PostgresStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let record = to_json(outcome)?;
        self.database.transaction(|session| {
            // Who reads on from the last number it knows would miss a smaller one that becomes visible later.
            Lock::Outcomes.hold(session)?;
            let recorded = session.query_opt(
                "SELECT id FROM ruvector.healing_outcomes WHERE remediation = $1",
                &[&outcome.remediation.to_string()],
            )?;
            let id: i64 = match recorded {
                Some(row) => row.get(0),
                None => insert(session, outcome, &record)?,
            };
            Ok(OutcomeId::new(unsigned("an outcome's number", id)?))
        })
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let after = after.map_or(-1, |after| i64::try_from(after.get()).unwrap_or(i64::MAX));
        let rows = self.database.transaction(|session| {
            session.query(
                "SELECT id, record::text FROM ruvector.healing_outcomes WHERE id > $1 ORDER BY id LIMIT $2",
                &[&after, &at_most(limit)],
            )
        })?;
        Ok(rows.iter().map(stored).collect::<Result<_, _>>()?)
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let mut found = Vec::new();
        let mut before = i64::MAX;
        while found.len() < limit {
            let page = at_most(limit - found.len());
            let rows = self.database.transaction(|session| {
                session.query(
                    "SELECT id, record::text FROM ruvector.healing_outcomes
                     WHERE completed_at >= $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                    &[&Micros(since), &before, &page],
                )
            })?;
            let Some(last) = rows.last() else { break };
            before = last.get(0);
            for row in &rows {
                let stored = stored(row)?;
                // The column is cut to microseconds.
                if stored.outcome.completed_at >= since {
                    found.push(stored);
                }
            }
        }
        Ok(found)
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        self.database.transaction(|session| {
            // What was said becomes visible in the order of its numbers, as outcomes do: see `news`.
            Lock::Outcomes.hold(session)?;
            let row = session.query_opt(
                "SELECT id, record::text FROM ruvector.healing_outcomes WHERE remediation = $1 FOR UPDATE",
                &[&remediation.to_string()],
            )?;
            let row = row.ok_or_else(|| OutcomeError::NoSuchOutcome {
                remediation: remediation.clone(),
            })?;
            let StoredOutcome { outcome: before, .. } = stored(&row)?;
            let judged = to_json(&OutcomeRecord {
                feedback_score: Some(score),
                ..before.clone()
            })?;
            session.execute(
                "UPDATE ruvector.healing_outcomes SET feedback_score = $2, record = $3::text::json WHERE id = $1",
                &[&row.get::<_, i64>(0), &real(score.get()), &judged],
            )?;
            session.execute(
                "INSERT INTO ruvector.healing_feedback (outcome_id, former, score) VALUES ($1, $2, $3)",
                &[
                    &row.get::<_, i64>(0),
                    &before.feedback_score.map(FeedbackScore::get),
                    &score.get(),
                ],
            )?;
            Ok(before)
        })
    }
}

fn insert(session: &mut Session<'_>, outcome: &OutcomeRecord, record: &str) -> Result<i64, PostgresError> {
    let collection = collection_number(session, outcome.collection())?;
    let mut problem = printable_value(json!(outcome.problem));
    let details = problem.get_mut("problem_details").map(Value::take).unwrap_or_default();
    let params = outcome
        .strategy_params
        .clone()
        .map(|params| Json(printable_value(params)));
    let column = |value: Value| Json(printable_value(value));
    let row = session.query_one(
        "INSERT INTO ruvector.healing_outcomes (
             collection_id, tenant_id, problem_class, problem_details, strategy_name, strategy_params,
             started_at, completed_at, duration_ms, success, verified, actions_taken, improvement_pct, error_message,
             initial_lambda, final_lambda, witness_edges, system_metrics, feedback_score, remediation, record,
             rolled_back)
         VALUES ($1, coalesce($2, (SELECT tenant_id FROM ruvector.collections WHERE id = $1)), $3, $4, $5, $6, $7, $8, $9,
                 $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21::text::json, $22)
         RETURNING id",
        &[
            &collection,
            // A healer does not know tenants; the collection does.
            &outcome.tenant.as_ref().map(healing_core::identity::TenantId::as_str),
            &outcome.problem.kind().as_str(),
            &Json(details),
            &printable(&outcome.strategy_name),
            &params,
            &Micros(outcome.started_at),
            &Micros(outcome.completed_at),
            &i32::try_from(outcome.duration().as_millis()).unwrap_or(i32::MAX),
            &outcome.success,
            &outcome.verified,
            &i32::try_from(outcome.actions_taken).unwrap_or(i32::MAX),
            &real(outcome.improvement_pct),
            &outcome.error_message.as_deref().map(printable),
            &real(outcome.initial_lambda.get()),
            &outcome.final_lambda.map(|lambda| real(lambda.get())),
            &column(json!(outcome.witness_edges)),
            &column(json!(outcome.system_metrics)),
            &outcome.feedback_score.map(|score| real(score.get())),
            &outcome.remediation.to_string(),
            &record,
            &outcome.rolled_back,
        ],
    )?;
    Ok(row.get(0))
}

/// The number as a `real` column keeps it.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a column for SQL; the record keeps the number itself"
)]
fn real(number: f64) -> f32 {
    (number as f32).clamp(f32::MIN, f32::MAX)
}

/// The outcome as text that reads back as the same outcome: what did not would stop whoever reads all of them.
fn to_json(outcome: &OutcomeRecord) -> Result<String, PostgresError> {
    let unkeepable = |why: String| PostgresError::Unkeepable {
        what: format!("the outcome of {}", outcome.remediation),
        why,
    };
    let json = serde_json::to_string(outcome).map_err(|error| unkeepable(error.to_string()))?;
    match serde_json::from_str::<OutcomeRecord>(&json) {
        Ok(read_back) if read_back == *outcome => Ok(json),
        Ok(_) => Err(unkeepable("it reads back as another".to_owned())),
        Err(error) => Err(unkeepable(error.to_string())),
    }
}

pub(super) fn stored(row: &Row) -> Result<StoredOutcome, PostgresError> {
    let id: i64 = row.get(0);
    let outcome = serde_json::from_str(row.get(1)).map_err(|error| PostgresError::Damaged {
        what: format!("outcome {id}"),
        why: error.to_string(),
    })?;
    Ok(StoredOutcome {
        id: OutcomeId::new(unsigned("an outcome's number", id)?),
        outcome,
    })
}
