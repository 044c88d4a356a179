//! Checkpoints, and what is dropped before them.

use super::{Checked, Journals, append, append_all, is_fenced, read, same};
use crate::identity::FencingToken;
use crate::storage::{Journal, JournalRecord, Stream};
use crate::testkit::storage::sample_record::Writer;
use crate::testkit::storage::{fresh, restarted};
use crate::testkit::{failed, require};

pub(super) fn newest_checkpoint(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let stream = writer.stream.clone();
    let is = |expected: Option<u64>, when: &str| {
        let found = journal
            .newest_checkpoint(&stream)
            .map_err(failed("looking for the checkpoint"))?;
        require(found == expected, || {
            format!("{when}, the newest checkpoint is {found:?} instead of {expected:?}")
        })
    };
    is(None, "in a stream without records")?;
    append(&journal, &writer.event())?;
    is(None, "after an event")?;
    append(&journal, &writer.checkpoint())?;
    is(Some(1), "after a checkpoint")?;
    append(&journal, &writer.event())?;
    is(Some(1), "after an event that followed a checkpoint")?;
    for _ in 3..12 {
        append(&journal, &writer.checkpoint())?;
    }
    append(&journal, &writer.event())?;
    is(Some(11), "after eleven checkpoints")
}

pub(super) fn pruning(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let stream = writer.stream.clone();
    prune(&journal, &stream)?;
    let mut records = vec![writer.event(), writer.event()];
    append_all(&journal, &records)?;
    prune(&journal, &stream)?;
    same(&read(&journal, &stream)?, &records, "pruned without a checkpoint")?;
    let more = [
        writer.checkpoint(),
        writer.event(),
        writer.checkpoint(),
        writer.event(),
        writer.event(),
    ];
    append_all(&journal, &more)?;
    records.extend(more);
    for when in ["pruned", "pruned twice"] {
        prune(&journal, &stream)?;
        same(&read(&journal, &stream)?, &records[4..], when)?;
        let later = journal.read(&stream, 5, 1).map_err(failed("reading"))?;
        same(&later, &records[5..6], &format!("{when} and read from 5 at most 1"))?;
        let found = journal
            .newest_checkpoint(&stream)
            .map_err(failed("looking for the checkpoint"))?;
        require(found == Some(4), || {
            format!("{when}, the newest checkpoint is {found:?} instead of 4")
        })?;
        let streams = journal.streams().map_err(failed("listing the streams"))?;
        require(streams == [stream.clone()], || {
            format!("{when}, the streams are {streams:?}")
        })?;
    }
    Ok(())
}

pub(super) fn pruned_apart(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writers = [
        Writer::of_collection("embeddings")?,
        Writer::of_collection("images")?,
        Writer::of(Stream::Global),
    ];
    let mut kept = Vec::new();
    for writer in &mut writers {
        let records = [writer.event(), writer.checkpoint(), writer.event()];
        append_all(&journal, &records)?;
        kept.push(records);
    }
    prune(&journal, &writers[0].stream)?;
    same(
        &read(&journal, &writers[1].stream)?,
        &kept[1],
        "after another stream was pruned",
    )?;
    same(
        &read(&journal, &writers[2].stream)?,
        &kept[2],
        "after another stream was pruned",
    )
}

pub(super) fn goes_on(factory: &mut impl Journals) -> Checked {
    let mut journal = fresh(factory)?;
    let mut writer = Writer {
        token: 7,
        ..Writer::of_collection("embeddings")?
    };
    let checkpoint = {
        append(&journal, &writer.event())?;
        writer.checkpoint()
    };
    append(&journal, &checkpoint)?;
    prune(&journal, &writer.stream)?;
    let mut records = vec![checkpoint];
    for restart in [false, true] {
        if restart {
            journal = restarted(factory, journal)?;
        }
        let again = Writer::of(writer.stream.clone()).event();
        require(
            journal
                .append(&JournalRecord {
                    token: FencingToken::new(7),
                    ..again
                })
                .is_err(),
            || "a pruned stream took a record with the number 0 again".to_owned(),
        )?;
        is_fenced(
            &journal,
            &Writer {
                token: 6,
                ..writer.clone()
            }
            .event(),
            7,
        )?;
        let next = writer.event();
        append(&journal, &next)?;
        records.push(next);
        same(&read(&journal, &writer.stream)?, &records, "pruned and continued")?;
    }
    Ok(())
}

fn prune(journal: &impl Journal, stream: &Stream) -> Checked {
    journal.prune(stream).map_err(failed("pruning"))
}
