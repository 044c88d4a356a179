//! The outcomes' two tables.

use ::redb::{ReadableTable, ReadableTableMetadata};
use jiff::Timestamp;

use super::RedbStorage;
use super::codec::{protect, uncover};
use super::error::RedbError;
use super::file::Failure;
use super::tables::{OUTCOME_OF, OUTCOMES};
use crate::identity::RemediationId;
use crate::storage::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};

type Outcome<T> = Result<T, Failure<OutcomeError>>;

/// An outcome as it is kept.
struct Kept<'a> {
    /// The latest end, in microseconds since the epoch, of this and all earlier outcomes: whoever looks for late ones from
    /// the newest record back can stop where this is too early.
    latest: i64,
    json: &'a [u8],
}

impl OutcomeStore for RedbStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let remediation = outcome.remediation.to_string();
        // Most that are recorded again are there, and looking costs nothing beside writing.
        let recorded = self.file.read(|transaction| {
            let number = transaction.open_table(OUTCOME_OF)?.get(remediation.as_str())?;
            Ok::<_, Failure<OutcomeError>>(number.map(|number| OutcomeId::new(number.value())))
        })?;
        if let Some(recorded) = recorded {
            return Ok(recorded);
        }
        let json = to_json(outcome)?;
        self.file.write(|transaction| {
            let mut outcome_of = transaction.open_table(OUTCOME_OF)?;
            let mut outcomes = transaction.open_table(OUTCOMES)?;
            if let Some(number) = outcome_of.get(remediation.as_str())? {
                return Ok(OutcomeId::new(number.value()));
            }
            let number = outcome_of.len()?;
            let mut latest = outcome.completed_at.as_microsecond();
            match outcomes.last()? {
                Some((last, value)) if last.value().checked_add(1) == Some(number) => {
                    latest = latest.max(open(last.value(), value.value())?.latest);
                }
                None if number == 0 => {}
                _ => {
                    return Err(Failure::Damaged(format!(
                        "there are outcomes of {number} remediations, and the last of them is not there"
                    )));
                }
            }
            outcomes.insert(number, close(number, latest, &json).as_slice())?;
            outcome_of.insert(remediation.as_str(), number)?;
            Ok(OutcomeId::new(number))
        })
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.file.read(|transaction| {
            let table = transaction.open_table(OUTCOMES)?;
            let first = after.map_or(0, |after| after.get().saturating_add(1));
            let end = first
                .saturating_add(limit as u64)
                .min(transaction.open_table(OUTCOME_OF)?.len()?);
            let mut found = Vec::new();
            if first >= end {
                return Ok(found);
            }
            let mut expected = first;
            for entry in table.range(first..end)? {
                let (number, value) = entry?;
                if number.value() != expected {
                    return Err(missing(expected));
                }
                found.push(stored(expected, &open(expected, value.value())?)?);
                expected = expected.saturating_add(1);
            }
            if expected == end {
                Ok(found)
            } else {
                Err(missing(expected))
            }
        })
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.file.read(|transaction| {
            let mut found = Vec::new();
            if limit == 0 {
                return Ok(found);
            }
            for entry in transaction.open_table(OUTCOMES)?.iter()?.rev() {
                let (number, value) = entry?;
                let kept = open(number.value(), value.value())?;
                if kept.latest < since.as_microsecond() {
                    break;
                }
                let stored = stored(number.value(), &kept)?;
                if stored.outcome.completed_at >= since {
                    found.push(stored);
                    if found.len() == limit {
                        break;
                    }
                }
            }
            Ok(found)
        })
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        self.file.write(|transaction| {
            let outcome_of = transaction.open_table(OUTCOME_OF)?;
            let mut outcomes = transaction.open_table(OUTCOMES)?;
            let Some(number) = outcome_of
                .get(remediation.to_string().as_str())?
                .map(|number| number.value())
            else {
                let remediation = remediation.clone();
                return Err(Failure::Refused(OutcomeError::NoSuchOutcome { remediation }));
            };
            let (latest, before) = match outcomes.get(number)? {
                Some(value) => {
                    let kept = open(number, value.value())?;
                    (kept.latest, stored(number, &kept)?.outcome)
                }
                None => return Err(missing(number)),
            };
            if before.remediation != *remediation {
                return Err(Failure::Damaged(format!(
                    "outcome {number} is said to be that of {remediation}, and is that of {}",
                    before.remediation
                )));
            }
            let judged = OutcomeRecord {
                feedback_score: Some(score),
                ..before.clone()
            };
            let json = serde_json::to_vec(&judged)
                .map_err(|error| Failure::Damaged(format!("outcome {number} cannot be written: {error}")))?;
            outcomes.insert(number, close(number, latest, &json).as_slice())?;
            Ok(before)
        })
    }
}

/// An outcome as it is kept: what [`open`] opens.
fn close(number: u64, latest: i64, json: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(8 + json.len());
    payload.extend_from_slice(&latest.to_le_bytes());
    payload.extend_from_slice(json);
    protect(&[&number.to_le_bytes()], &payload)
}

/// The outcome as text that reads back as the same outcome: what did not would make all that is kept after it unreadable.
fn to_json(outcome: &OutcomeRecord) -> Result<Vec<u8>, RedbError> {
    let unkeepable = |why: String| RedbError::Unkeepable {
        what: format!("the outcome of {}", outcome.remediation),
        why,
    };
    let json = serde_json::to_vec(outcome).map_err(|error| unkeepable(error.to_string()))?;
    match serde_json::from_slice::<OutcomeRecord>(&json) {
        Ok(read_back) if read_back == *outcome => Ok(json),
        Ok(_) => Err(unkeepable("it reads back as another".to_owned())),
        Err(error) => Err(unkeepable(error.to_string())),
    }
}

fn open(number: u64, value: &[u8]) -> Outcome<Kept<'_>> {
    uncover(&[&number.to_le_bytes()], value)
        .and_then(|payload| payload.split_first_chunk::<8>())
        .map(|(latest, json)| Kept {
            latest: i64::from_le_bytes(*latest),
            json,
        })
        .ok_or_else(|| Failure::Damaged(format!("outcome {number} does not match its checksum")))
}

fn stored(number: u64, kept: &Kept<'_>) -> Outcome<StoredOutcome> {
    let outcome = serde_json::from_slice(kept.json)
        .map_err(|error| Failure::Damaged(format!("outcome {number} cannot be read: {error}")))?;
    Ok(StoredOutcome {
        id: OutcomeId::new(number),
        outcome,
    })
}

fn missing(number: u64) -> Failure<OutcomeError> {
    Failure::Damaged(format!("outcome {number} is missing"))
}
