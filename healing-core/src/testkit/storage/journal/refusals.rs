//! What is not to be appended.

use super::{Checked, Journals, append, append_all, is_fenced, read, same};
use crate::storage::{Journal, JournalError, JournalRecord, Stream};
use crate::testkit::storage::fresh;
use crate::testkit::storage::sample_record::Writer;
use crate::testkit::{Objection, failed, require};

pub(super) fn out_of_sequence(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let refuse = |record: &JournalRecord, due: u64| match journal.append(record) {
        Err(JournalError::OutOfSequence { stream, sequence, next }) => require(
            (&stream, sequence, next) == (&record.stream, record.sequence, due),
            || {
                format!(
                    "the refusal of record {}, where {due} is next, says record {sequence} of {stream}, next {next}",
                    record.sequence
                )
            },
        ),
        Ok(()) => Err(Objection::broken(format!(
            "record {} was appended where {due} is next",
            record.sequence
        ))),
        Err(error) => Err(Objection::broken(format!(
            "record {}, where {due} is next, was refused, but not as out of sequence: {error}",
            record.sequence
        ))),
    };
    let numbered = |record: &JournalRecord, sequence| JournalRecord {
        sequence,
        ..record.clone()
    };
    let first = writer.event();
    refuse(&numbered(&first, 1), 0)?;
    append(&journal, &first)?;
    refuse(&first, 1)?;
    let second = writer.event();
    refuse(&numbered(&second, 2), 1)?;
    append(&journal, &second)?;
    append(&journal, &writer.event())?;
    for wrong in [0, 1, 2, 4, 1000] {
        refuse(&numbered(&writer.clone().event(), wrong), 3)?;
    }
    append(&journal, &writer.event())
}

pub(super) fn fenced(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    for token in [5, 5, 9] {
        writer.token = token;
        append(&journal, &writer.event())?;
    }
    for old in [0, 5, 8] {
        let record = Writer {
            token: old,
            ..writer.clone()
        }
        .event();
        is_fenced(&journal, &record, 9)?;
    }
    append(&journal, &writer.event())
}

pub(super) fn fenced_apart(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut leased = Writer {
        token: 100,
        ..Writer::of_collection("embeddings")?
    };
    append(&journal, &leased.event())?;
    let mut global = Writer {
        token: 0,
        ..Writer::of(Stream::Global)
    };
    append(&journal, &global.event())?;
    let mut other = Writer {
        token: 1,
        ..Writer::of_collection("images")?
    };
    append(&journal, &other.event())
}

pub(super) fn refused(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer {
        token: 5,
        ..Writer::of_collection("embeddings")?
    };
    let records = [writer.checkpoint(), writer.event()];
    append_all(&journal, &records)?;
    let next = Writer {
        token: 99,
        ..writer.clone()
    }
    .checkpoint();
    let stale = Writer {
        token: 4,
        ..writer.clone()
    }
    .checkpoint();
    let early = JournalRecord {
        sequence: 7,
        ..next.clone()
    };
    let again = JournalRecord { sequence: 1, ..next };
    let never = JournalRecord {
        sequence: 1,
        ..Writer::of_collection("never begun")?.checkpoint()
    };
    for record in [&stale, &early, &again, &never] {
        require(journal.append(record).is_err(), || {
            "an append was taken that had to be refused".to_owned()
        })?;
    }
    same(&read(&journal, &writer.stream)?, &records, "after refused appends")?;
    let checkpoint = journal
        .newest_checkpoint(&writer.stream)
        .map_err(failed("looking for the checkpoint"))?;
    require(checkpoint == Some(0), || {
        format!("after refused checkpoints, the newest one is {checkpoint:?} instead of 0")
    })?;
    let streams = journal.streams().map_err(failed("listing the streams"))?;
    require(streams == [writer.stream.clone()], || {
        format!("a stream whose only append was refused is listed: {streams:?}")
    })?;
    // Neither the number nor the token of what was refused counts.
    append(&journal, &writer.event())
}
