//! What is kept of an outcome.

use super::{Checked, Outcomes, all, record, same};
use crate::storage::{OutcomeRecord, OutcomeStore, StoredOutcome};
use crate::testkit::storage::sample_outcome::{awkward, outcome};
use crate::testkit::storage::{fresh, look_alikes, restarted};
use crate::testkit::{Objection, require};

/// Records outcomes and hands back what a store should return of them.
fn record_all(
    store: &impl OutcomeStore,
    outcomes: impl IntoIterator<Item = OutcomeRecord>,
) -> Result<Vec<StoredOutcome>, Objection> {
    let stored = |outcome: OutcomeRecord| {
        Ok(StoredOutcome {
            id: record(store, &outcome)?,
            outcome,
        })
    };
    outcomes.into_iter().map(stored).collect()
}

pub(super) fn reads_back(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    let expected = record_all(&store, awkward()?)?;
    same(&all(&store)?, &expected, "after recording")
}

pub(super) fn first_stays(factory: &mut impl Outcomes) -> Checked {
    let mut store = fresh(factory)?;
    let first = outcome("embeddings", 1, 0)?;
    let other = OutcomeRecord {
        success: false,
        verified: None,
        improvement_pct: -3.0,
        ..outcome("embeddings", 1, 500)?
    };
    let expected = record_all(&store, [first.clone(), outcome("embeddings", 2, 10)?])?;
    for when in ["recorded twice", "recorded twice, with a restart between"] {
        for again in [&first, &other] {
            let id = record(&store, again)?;
            require(id == expected[0].id, || {
                format!(
                    "{when}, an outcome has the number {} instead of its first one, {}",
                    id.get(),
                    expected[0].id.get()
                )
            })?;
            same(&all(&store)?, &expected, when)?;
        }
        store = restarted(factory, store)?;
    }
    Ok(())
}

pub(super) fn kept_apart(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    let mut outcomes = Vec::new();
    for collection in look_alikes()? {
        for number in [1, 2, 12] {
            outcomes.push(outcome(collection.as_str(), number, 0)?);
        }
    }
    let expected = record_all(&store, outcomes)?;
    same(&all(&store)?, &expected, "with look-alike collections")
}

pub(super) fn numbers_grow(factory: &mut impl Outcomes) -> Checked {
    let mut store = fresh(factory)?;
    let mut newest = None;
    for round in 0..3 {
        for number in 0_i64..20 {
            // Neither their ends nor their remediations' numbers are in the order of the records.
            let ended = if number % 2 == 0 { -number } else { number };
            let id = record(
                &store,
                &outcome("embeddings", 1000 - 20 * round - number.unsigned_abs(), ended)?,
            )?;
            require(newest < Some(id), || {
                format!(
                    "the number {} was given after {}",
                    id.get(),
                    newest.map_or(0, crate::storage::OutcomeId::get)
                )
            })?;
            newest = Some(id);
            record(&store, &outcome("embeddings", 1000, 0)?)?;
        }
        store = restarted(factory, store)?;
    }
    Ok(())
}

pub(super) fn survives(factory: &mut impl Outcomes) -> Checked {
    let mut store = fresh(factory)?;
    let mut expected = record_all(&store, awkward()?)?;
    for number in [1, 2] {
        store = restarted(factory, store)?;
        same(&all(&store)?, &expected, "after a restart")?;
        expected.extend(record_all(&store, [outcome("after the restart", number, 0)?])?);
    }
    Ok(())
}
