//! Checks of a journal.

mod checkpoints;
mod reading;
mod refusals;
mod restarts;
mod streams;
mod writers;

use super::{StoreFactory, same_in_order};
use crate::identity::FencingToken;
use crate::storage::{Journal, JournalError, JournalRecord, Stream};
use crate::testkit::{Objection, Report, failed, require};

/// A factory of journals.
trait Journals: StoreFactory<Store: Journal> {}

impl<F: StoreFactory<Store: Journal>> Journals for F {}

type Checked = Result<(), Objection>;

/// Looks at a journal.
pub fn journal<F: StoreFactory<Store: Journal>>(factory: &mut F) -> Report {
    let mut report = Report::of("journal");
    let mut check = |name, check: fn(&mut F) -> Checked| report.check(name, || check(factory));
    check("journal.what_is_read_is_what_was_appended", reading::reads_back);
    check("journal.records_come_in_order", reading::in_order);
    check("journal.reading_begins_and_ends_as_asked", reading::read_window);
    check(
        "journal.an_append_out_of_sequence_is_refused",
        refusals::out_of_sequence,
    );
    check("journal.an_old_token_is_fenced", refusals::fenced);
    check(
        "journal.a_stream_is_fenced_by_its_own_tokens_alone",
        refusals::fenced_apart,
    );
    check("journal.a_refused_append_leaves_nothing_behind", refusals::refused);
    check("journal.the_newest_checkpoint_is_found", checkpoints::newest_checkpoint);
    check(
        "journal.pruning_keeps_all_from_the_newest_checkpoint_on",
        checkpoints::pruning,
    );
    check("journal.pruning_leaves_other_streams_alone", checkpoints::pruned_apart);
    check("journal.a_pruned_stream_goes_on_where_it_was", checkpoints::goes_on);
    check("journal.streams_are_kept_apart", streams::kept_apart);
    check("journal.streams_are_listed_sorted", streams::listed);
    check("journal.what_was_appended_survives_a_restart", restarts::survives);
    check("journal.sequence_and_fence_survive_a_restart", restarts::guards_survive);
    check("journal.another_handle_sees_what_was_appended", restarts::seen_beside);
    check("journal.of_writers_with_the_same_number_one_wins", writers::one_wins);
    check(
        "journal.writers_of_different_streams_all_succeed",
        writers::side_by_side,
    );
    report
}

fn append(journal: &impl Journal, record: &JournalRecord) -> Checked {
    let (sequence, stream) = (record.sequence, &record.stream);
    let call = format!("appending record {sequence} of {stream}");
    journal.append(record).map_err(failed(&call))
}

fn append_all<'a>(journal: &impl Journal, records: impl IntoIterator<Item = &'a JournalRecord>) -> Checked {
    records.into_iter().try_for_each(|record| append(journal, record))
}

fn read(journal: &impl Journal, stream: &Stream) -> Result<Vec<JournalRecord>, Objection> {
    journal.read(stream, 0, 10_000).map_err(failed("reading"))
}

/// Objects unless exactly `expected` was found.
fn same(found: &[JournalRecord], expected: &[JournalRecord], when: &str) -> Checked {
    let numbers = |records: &[JournalRecord]| {
        let numbers = records.iter().map(|record| record.sequence.to_string());
        numbers.collect::<Vec<_>>()
    };
    same_in_order(&numbers(found), &numbers(expected), "record", when)?;
    let different = found.iter().zip(expected).find(|(found, expected)| found != expected);
    different.map_or(Ok(()), |(found, expected)| {
        let what = difference(found, expected);
        let sequence = expected.sequence;
        Err(Objection::broken(format!(
            "{when}, record {sequence} is not what was appended: {what}"
        )))
    })
}

/// The first field in which two records differ.
fn difference(found: &JournalRecord, expected: &JournalRecord) -> String {
    let fields = |record: &JournalRecord| {
        [
            ("stream", record.stream.to_string()),
            ("time", record.at.to_string()),
            ("token", record.token.to_string()),
            ("kind", format!("{:?}", record.kind)),
            ("digest of the one before", record.previous.to_string()),
            ("signature", format!("{:?}", record.signature)),
            ("body", record.body.clone()),
        ]
    };
    let shorten = |value: &str| value.chars().take(150).collect::<String>();
    let mut pairs = fields(found).into_iter().zip(fields(expected));
    match pairs.find(|(found, expected)| found != expected) {
        Some((("body", found), (_, expected))) if shorten(&found) == shorten(&expected) => {
            let (found, expected) = (found.len(), expected.len());
            format!("the body has {found} bytes, {expected} were appended, or differs after the first 150")
        }
        Some(((field, found), (_, expected))) => {
            format!("the {field} is {} instead of {}", shorten(&found), shorten(&expected))
        }
        None => "it differs".to_owned(),
    }
}

/// Objects unless `record` is refused for its token.
fn is_fenced(journal: &impl Journal, record: &JournalRecord, newest: u64) -> Checked {
    match journal.append(record) {
        Err(JournalError::Fenced { token, newest: named }) => {
            require((token, named) == (record.token, FencingToken::new(newest)), || {
                format!(
                    "the refusal of token {} after {newest} names {token} and {named}",
                    record.token
                )
            })
        }
        Ok(()) => Err(Objection::broken(format!(
            "a record with token {} was appended after one with {newest}",
            record.token
        ))),
        Err(error) => Err(Objection::broken(format!(
            "a record with token {} after one with {newest} was refused, but not as fenced: {error}",
            record.token
        ))),
    }
}
