//! Where each remediation is, for operators: read off the journal in the transaction that appends to it, so that the two
//! never differ.

use healing_core::Remediation;
use healing_core::engine::RemediationState;
use healing_core::storage::{JournalBody, JournalRecord, Stream};

use super::{collection_number, signed};
use crate::database::Session;
use crate::error::PostgresError;
use crate::json::printable;
use crate::timestamp::Micros;

/// Every change is told on this channel, as `{"action_id": ..., "remediation": ..., "state": ...}`.
pub(crate) const CHANNEL: &str = "ruvector_healing_actions";

/// Notes what `record` says of a remediation. Other records say nothing of one, nor does what this version cannot read.
pub(super) fn follow(session: &mut Session<'_>, record: &JournalRecord) -> Result<(), PostgresError> {
    let Stream::Collection(collection) = &record.stream else {
        return Ok(());
    };
    let (number, state) = match record.open() {
        Ok(JournalBody::Remediation(remediation)) => {
            let collection = collection_number(session, collection)?;
            begin(session, collection, record, &remediation)?;
            (remediation.id.number(), remediation.state)
        }
        Ok(JournalBody::Entered { number, state }) => (number, state),
        Ok(_) | Err(_) => return Ok(()),
    };
    let collection_id = collection_number(session, collection)?;
    enter(session, collection_id, record, number, &state)
}

fn begin(
    session: &mut Session<'_>,
    collection: i32,
    record: &JournalRecord,
    remediation: &Remediation,
) -> Result<(), PostgresError> {
    session.execute(
        "INSERT INTO ruvector.healing_actions
             (collection_id, number, strategy_name, problem_class, summary, ordered_by, state, ended, started_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, '', false, $7, $8)
         ON CONFLICT (collection_id, number) DO NOTHING",
        &[
            &collection,
            &signed("a remediation's number", remediation.id.number())?,
            &remediation.plan.strategy,
            &remediation.diagnosis.problem.kind().as_str(),
            &printable(&remediation.plan.summary),
            &remediation.ordered_by.as_ref().map(healing_core::identity::Operator::as_str),
            &Micros(remediation.started_at),
            &Micros(record.at),
        ],
    )?;
    Ok(())
}

fn enter(
    session: &mut Session<'_>,
    collection: i32,
    record: &JournalRecord,
    number: u64,
    state: &RemediationState,
) -> Result<(), PostgresError> {
    session.execute(
        "WITH entered AS (
             UPDATE ruvector.healing_actions SET state = $3, ended = $4, updated_at = $5
             WHERE collection_id = $1 AND number = $2
             RETURNING action_id, collection_id, number, state
         )
         SELECT pg_notify($6, json_build_object(
                    'action_id', action_id, 'remediation', collections.name || '#' || number, 'state', state)::text)
         FROM entered JOIN ruvector.collections ON collections.id = collection_id",
        &[
            &collection,
            &signed("a remediation's number", number)?,
            &state.name(),
            &state.is_terminal(),
            &Micros(record.at),
            &CHANNEL,
        ],
    )?;
    Ok(())
}
