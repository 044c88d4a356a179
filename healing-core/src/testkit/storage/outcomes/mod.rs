//! Checks of an outcome store.

mod feedback;
mod keeping;
mod looking;
mod recorders;

use super::{StoreFactory, same_in_order};
use crate::storage::{OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use crate::testkit::{Objection, Report, failed, require};

/// A factory of outcome stores.
trait Outcomes: StoreFactory<Store: OutcomeStore> {}

impl<F: StoreFactory<Store: OutcomeStore>> Outcomes for F {}

type Checked = Result<(), Objection>;

/// Looks at an outcome store.
pub fn outcomes<F: StoreFactory<Store: OutcomeStore>>(factory: &mut F) -> Report {
    let mut report = Report::of("outcomes");
    let mut check = |name, check: fn(&mut F) -> Checked| report.check(name, || check(factory));
    check("outcomes.what_is_returned_is_what_was_recorded", keeping::reads_back);
    check("outcomes.the_first_of_a_remediation_stays", keeping::first_stays);
    check(
        "outcomes.remediations_of_different_collections_are_kept_apart",
        keeping::kept_apart,
    );
    check(
        "outcomes.numbers_grow_in_the_order_of_the_records",
        keeping::numbers_grow,
    );
    check("outcomes.what_was_recorded_survives_a_restart", keeping::survives);
    check("outcomes.those_after_a_number_come_in_order", looking::after);
    check(
        "outcomes.history_goes_by_the_end_and_comes_newest_record_first",
        looking::history,
    );
    check("outcomes.feedback_replaces_what_was_there", feedback::replaces);
    check("outcomes.feedback_returns_what_was_before", feedback::returns_before);
    check("outcomes.feedback_on_nothing_is_refused", feedback::refused);
    check("outcomes.feedback_survives_a_restart", feedback::survives);
    check(
        "outcomes.of_recorders_of_one_remediation_all_get_one_number",
        recorders::one_number,
    );
    check(
        "outcomes.whoever_follows_the_numbers_misses_nothing",
        recorders::followed,
    );
    report
}

fn record(store: &impl OutcomeStore, outcome: &OutcomeRecord) -> Result<OutcomeId, Objection> {
    let call = format!("recording the outcome of {}", outcome.remediation);
    store.record(outcome).map_err(failed(&call))
}

fn all(store: &impl OutcomeStore) -> Result<Vec<StoredOutcome>, Objection> {
    store.outcomes(None, 10_000).map_err(failed("reading the outcomes"))
}

/// Objects unless exactly `expected` was found.
fn same(found: &[StoredOutcome], expected: &[StoredOutcome], when: &str) -> Checked {
    let names = |outcomes: &[StoredOutcome]| {
        let name = |it: &StoredOutcome| format!("{}, of {},", it.id.get(), it.outcome.remediation);
        outcomes.iter().map(name).collect::<Vec<_>>()
    };
    same_in_order(&names(found), &names(expected), "outcome", when)?;
    for (found, expected) in found.iter().zip(expected) {
        let remediation = &expected.outcome.remediation;
        require(found == expected, || {
            let (found, expected) = (format!("{:#?}", found.outcome), format!("{:#?}", expected.outcome));
            let differing = found
                .lines()
                .zip(expected.lines())
                .find(|(found, expected)| found != expected);
            let what = differing.map_or_else(String::new, |(found, expected)| {
                format!(": {} instead of {}", found.trim(), expected.trim())
            });
            format!("{when}, the outcome of {remediation} is not what was recorded{what}")
        })?;
    }
    Ok(())
}
