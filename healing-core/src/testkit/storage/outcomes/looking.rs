//! Which outcomes are returned, and in which order.

use super::{Checked, Outcomes, all, record, same};
use crate::storage::{OutcomeId, OutcomeStore, StoredOutcome};
use crate::testkit::storage::fresh;
use crate::testkit::storage::sample_outcome::outcome;
use crate::testkit::{Objection, failed};

/// Outcomes whose remediations ended in another order than that of their records.
const ENDS: [i64; 12] = [50, 10, 90, 20, 20, 80, 0, 70, 60, 10, 100, 30];

fn recorded(store: &impl OutcomeStore) -> Result<Vec<StoredOutcome>, Objection> {
    for (number, ended) in (1..).zip(ENDS) {
        record(store, &outcome("embeddings", number, ended)?)?;
    }
    let stored = all(store)?;
    match stored.len() {
        12 => Ok(stored),
        found => Err(Objection::broken(format!("of 12 outcomes {found} are returned"))),
    }
}

pub(super) fn after(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    let none = store.outcomes(None, 10).map_err(failed("reading the outcomes"))?;
    same(&none, &[], "of an empty store")?;
    let stored = recorded(&store)?;
    let windows: [(Option<OutcomeId>, usize, &[StoredOutcome]); 9] = [
        (None, 5, &stored[..5]),
        (None, 0, &[]),
        (None, usize::MAX, &stored),
        (Some(stored[4].id), 5, &stored[5..10]),
        (Some(stored[0].id), usize::MAX, &stored[1..]),
        (Some(stored[9].id), 5, &stored[10..]),
        (Some(stored[11].id), 5, &[]),
        (Some(stored[3].id), 0, &[]),
        (Some(OutcomeId::new(u64::MAX)), usize::MAX, &[]),
    ];
    for (after, limit, expected) in windows {
        let after_which = after.map_or_else(|| "none".to_owned(), |id| id.get().to_string());
        let call = format!("asked for those after {after_which}, at most {limit}");
        let found = store.outcomes(after, limit).map_err(failed(&call))?;
        same(&found, expected, &call)?;
    }
    Ok(())
}

pub(super) fn history(factory: &mut impl Outcomes) -> Checked {
    let store = fresh(factory)?;
    let stored = recorded(&store)?;
    let ended = |seconds| Ok::<_, Objection>(outcome("embeddings", 1, seconds)?.completed_at);
    for since in [0, 10, 11, 55, 100, 101] {
        for limit in [0, 1, 3, usize::MAX] {
            let since = ended(since)?;
            let expected = stored.iter().rev().filter(|it| it.outcome.completed_at >= since);
            let expected: Vec<_> = expected.take(limit).cloned().collect();
            let call = format!("asked for those that ended at {since} or later, at most {limit}");
            let found = store.history(since, limit).map_err(failed(&call))?;
            same(&found, &expected, &call)?;
        }
    }
    Ok(())
}
