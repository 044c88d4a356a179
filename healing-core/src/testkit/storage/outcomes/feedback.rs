//! What humans say of outcomes.

use super::{Checked, Outcomes, all, record, same};
use crate::identity::RemediationId;
use crate::storage::{FeedbackScore, OutcomeError, OutcomeRecord, OutcomeStore};
use crate::testkit::storage::sample_outcome::outcome;
use crate::testkit::storage::{fresh, restarted};
use crate::testkit::{Objection, failed, require};

fn score(score: f64) -> Result<FeedbackScore, Objection> {
    FeedbackScore::new(score).map_err(failed("making a score"))
}

fn give(store: &impl OutcomeStore, remediation: &RemediationId, value: f64) -> Result<OutcomeRecord, Objection> {
    let call = format!("giving the feedback {value}");
    store.set_feedback(remediation, score(value)?).map_err(failed(&call))
}

pub(super) fn replaces(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    for number in 1..=3 {
        record(&store, &outcome("embeddings", number, 0)?)?;
    }
    let mut expected = all(&store)?;
    require(expected.len() == 3, || {
        format!("of 3 outcomes {} are returned", expected.len())
    })?;
    for value in [-1.0, 1.0 / 3.0, 0.0, 1.0] {
        let judged = expected[1].outcome.remediation.clone();
        give(&store, &judged, value)?;
        expected[1].outcome.feedback_score = Some(score(value)?);
        same(&all(&store)?, &expected, "after feedback")?;
        expected.reverse();
        let history = store
            .history(expected[0].outcome.started_at, 10)
            .map_err(failed("reading the history"))?;
        same(&history, &expected, "after feedback, in the history")?;
        expected.reverse();
    }
    // Whoever records it again does not know of the feedback.
    record(&store, &outcome("embeddings", 2, 0)?)?;
    same(&all(&store)?, &expected, "after feedback, recorded again")
}

pub(super) fn returns_before(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    let mut before = outcome("embeddings", 1, 0)?;
    record(&store, &before)?;
    record(&store, &outcome("embeddings", 2, 0)?)?;
    for value in [0.5, -0.5, 1.0] {
        let returned = give(&store, &before.remediation, value)?;
        require(returned == before, || {
            format!(
                "feedback {value} returned an outcome of {} with the feedback {:?} instead of that of {} with {:?}, as it was before",
                returned.remediation, returned.feedback_score, before.remediation, before.feedback_score
            )
        })?;
        before.feedback_score = Some(score(value)?);
    }
    Ok(())
}

pub(super) fn refused(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    record(&store, &outcome("embeddings", 1, 0)?)?;
    let expected = all(&store)?;
    for unknown in [outcome("embeddings", 2, 0)?, outcome("images", 1, 0)?] {
        match store.set_feedback(&unknown.remediation, score(1.0)?) {
            Err(OutcomeError::NoSuchOutcome { remediation }) if remediation == unknown.remediation => {}
            Err(error) => {
                return Err(Objection::broken(format!(
                    "feedback on {}, of which nothing is recorded, was refused, but not as such: {error}",
                    unknown.remediation
                )));
            }
            Ok(_) => {
                return Err(Objection::broken(format!(
                    "feedback on {} was taken, of which nothing is recorded",
                    unknown.remediation
                )));
            }
        }
    }
    same(&all(&store)?, &expected, "after feedback that was refused")
}

pub(super) fn survives(factory: &mut impl Outcomes) -> Checked {
    let mut store = fresh(factory)?;
    let judged = outcome("embeddings", 1, 0)?;
    record(&store, &judged)?;
    for value in [1.0, -0.25] {
        give(&store, &judged.remediation, value)?;
        let expected = all(&store)?;
        store = restarted(factory, store)?;
        same(&all(&store)?, &expected, "after feedback and a restart")?;
    }
    Ok(())
}
