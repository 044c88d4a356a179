//! Several threads that record outcomes.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Checked, Outcomes, all, record};
use crate::storage::{OutcomeId, OutcomeStore, StoredOutcome};
use crate::testkit::storage::sample_outcome::outcome;
use crate::testkit::storage::{CALLERS, Handles, at_once};
use crate::testkit::{Objection, failed, require};

/// Outcomes that each thread records.
const ROUNDS: u64 = 25;

/// Several recorders of the same remediation: it is there once, and all were given its number.
pub(super) fn one_number(factory: &mut impl Outcomes) -> Checked {
    let handles = Handles::of(factory)?;
    for number in 1..=ROUNDS {
        let same = outcome("embeddings", number, 0)?;
        let ids = at_once(|caller| record(handles.of_caller(caller), &same))?;
        let ids = ids.into_iter().collect::<Result<Vec<_>, _>>()?;
        let stored = all(&handles.first)?;
        let newest = stored.last().map(|it| it.id);
        require(stored.len() as u64 == number, || {
            format!(
                "after {number} remediations were recorded by {CALLERS} threads each, {} outcomes are there",
                stored.len()
            )
        })?;
        require(ids.iter().all(|&id| Some(id) == newest), || {
            let ids: Vec<_> = ids.iter().map(|id| id.get()).collect();
            format!("recorders of one remediation were given the numbers {ids:?}, {newest:?} is the outcome's")
        })?;
    }
    Ok(())
}

/// One thread follows the numbers while the others record: it sees every outcome. A store whose numbers are given before
/// the outcomes can be seen, as a database's sequences are, lets a later number be seen first.
pub(super) fn followed(factory: &mut impl Outcomes) -> Checked {
    let handles = Handles::of(factory)?;
    let recorders = CALLERS - 1;
    let at_work = AtomicUsize::new(recorders);
    let seen = at_once(|caller| {
        let store = handles.of_caller(caller);
        if caller == recorders {
            return follow(store, &at_work);
        }
        let _gone = AtWork(&at_work);
        for number in 1..=ROUNDS {
            record(store, &outcome(&format!("collection {caller}"), number, 0)?)?;
        }
        Ok(Vec::new())
    })?;
    let seen = seen.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let stored = all(&handles.first)?;
    let expected = recorders * ROUNDS as usize;
    require(stored.len() == expected, || {
        format!("of {expected} outcomes {} are there", stored.len())
    })?;
    let missed: Vec<_> = stored
        .iter()
        .filter(|it| !seen.contains(&it.id))
        .map(|it| it.id.get())
        .collect();
    require(missed.is_empty(), || {
        format!(
            "whoever asked again and again for the outcomes after the last number seen never saw {missed:?}: they could be seen only after a later one"
        )
    })
}

/// One of the recorders, until it is dropped: also by a panic, so that nobody follows for ever.
struct AtWork<'a>(&'a AtomicUsize);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Asks for what is new until nobody records any more.
fn follow(store: &impl OutcomeStore, at_work: &AtomicUsize) -> Result<Vec<OutcomeId>, Objection> {
    let mut seen: Vec<OutcomeId> = Vec::new();
    loop {
        let last = at_work.load(Ordering::SeqCst) == 0;
        let new = store
            .outcomes(seen.last().copied(), 10)
            .map_err(failed("reading the outcomes"))?;
        for StoredOutcome { id, .. } in &new {
            // Whoever is given again what is known already would follow for ever.
            require(seen.last() < Some(id), || {
                format!(
                    "asked for those after the last number seen, the number {} came",
                    id.get()
                )
            })?;
            seen.push(*id);
        }
        if last && new.is_empty() {
            return Ok(seen);
        }
        std::thread::yield_now();
    }
}
