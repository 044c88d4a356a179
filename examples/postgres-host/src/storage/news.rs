//! What was recorded since somebody last looked: outcomes, and what humans said of those before them.

use healing_core::storage::{FeedbackScore, OutcomeRecord};
use postgres::Row;

use super::PostgresStorage;
use super::outcomes::stored;
use crate::error::PostgresError;

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReadUpTo {
    /// The number of the last outcome.
    pub(crate) outcome: i64,
    /// The number of the last feedback.
    pub(crate) feedback: i64,
}

/// What came after.
pub(crate) struct News {
    /// Outcomes that were known, with the score that they had until then, and the one that they were given; oldest first.
    pub(crate) judged: Vec<(OutcomeRecord, FeedbackScore)>,
    /// New outcomes, as they are by now, oldest first.
    pub(crate) outcomes: Vec<OutcomeRecord>,
    pub(crate) up_to: ReadUpTo,
}

/// Outcomes read at a time.
const PAGE: i64 = 1000;

impl PostgresStorage {
    /// What was recorded after `since`, as it was at one moment: the next page of it.
    ///
    /// Numbers become visible in their order, so nothing is missed. A new outcome has in it what was said of it by that
    /// moment; what was said of an outcome that is not even read yet is in it when it is. So both can be read up to the
    /// newest feedback, and each is heard once.
    pub(crate) fn news(&self, since: ReadUpTo) -> Result<News, PostgresError> {
        self.database.transaction(|session| {
            session.batch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
            let said = session.query(
                "SELECT healing_outcomes.id, record::text, feedback.id, former, score
                 FROM ruvector.healing_feedback AS feedback JOIN ruvector.healing_outcomes ON healing_outcomes.id = outcome_id
                 WHERE feedback.id > $1 AND outcome_id <= $2 ORDER BY feedback.id",
                &[&since.feedback, &since.outcome],
            )?;
            let newest = session.query_one(
                "SELECT coalesce(max(id), 0) FROM ruvector.healing_feedback",
                &[],
            )?;
            let rows = session.query(
                "SELECT id, record::text FROM ruvector.healing_outcomes WHERE id > $1 ORDER BY id LIMIT $2",
                &[&since.outcome, &PAGE],
            )?;
            let outcomes = rows.iter().map(|row| Ok(stored(row)?.outcome));
            Ok(News {
                judged: said.iter().map(judged).collect::<Result<_, _>>()?,
                outcomes: outcomes.collect::<Result<_, PostgresError>>()?,
                up_to: ReadUpTo {
                    outcome: rows.last().map_or(since.outcome, |row| row.get(0)),
                    feedback: newest.get(0),
                },
            })
        })
    }
}

fn judged(row: &Row) -> Result<(OutcomeRecord, FeedbackScore), PostgresError> {
    let score = |score: f64| {
        FeedbackScore::new(score).map_err(|error| PostgresError::Damaged {
            what: format!("feedback {}", row.get::<_, i64>(2)),
            why: error.to_string(),
        })
    };
    let outcome = OutcomeRecord {
        feedback_score: row.get::<_, Option<f64>>(3).map(score).transpose()?,
        ..stored(row)?.outcome
    };
    Ok((outcome, score(row.get(4))?))
}
