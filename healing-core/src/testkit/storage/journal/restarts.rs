//! What is there after a restart, and in another process.

use super::{Checked, Journals, append, append_all, is_fenced, read, same};
use crate::storage::Journal;
use crate::testkit::storage::sample_record::Writer;
use crate::testkit::storage::{Handles, fresh, restarted};
use crate::testkit::{Objection, failed, require};

pub(super) fn survives(factory: &mut impl Journals) -> Checked {
    let mut journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let mut records = writer.awkward();
    append_all(&journal, &records)?;
    for _ in 0..2 {
        let checkpoint = journal
            .newest_checkpoint(&writer.stream)
            .map_err(failed("looking for the checkpoint"))?;
        journal = restarted(factory, journal)?;
        same(&read(&journal, &writer.stream)?, &records, "after a restart")?;
        let found = journal
            .newest_checkpoint(&writer.stream)
            .map_err(failed("looking for the checkpoint"))?;
        require(found == checkpoint, || {
            format!("the newest checkpoint was {checkpoint:?}, after a restart it is {found:?}")
        })?;
        let streams = journal.streams().map_err(failed("listing the streams"))?;
        require(streams == [writer.stream.clone()], || {
            format!("after a restart, the streams are {streams:?}")
        })?;
        let next = writer.checkpoint();
        append(&journal, &next)?;
        records.push(next);
    }
    Ok(())
}

pub(super) fn guards_survive(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer {
        token: 7,
        ..Writer::of_collection("embeddings")?
    };
    let first = writer.event();
    append(&journal, &first)?;
    let journal = restarted(factory, journal)?;
    require(journal.append(&first).is_err(), || {
        "after a restart, a record was appended a second time".to_owned()
    })?;
    is_fenced(
        &journal,
        &Writer {
            token: 6,
            ..writer.clone()
        }
        .event(),
        7,
    )?;
    append(&journal, &writer.event())
}

pub(super) fn seen_beside(factory: &mut impl Journals) -> Checked {
    let Handles { first, second } = Handles::of(factory)?;
    let Some(second) = second else {
        return Err(Objection::not_tried("the store has one handle at a time"));
    };
    let mut writer = Writer {
        token: 7,
        ..Writer::of_collection("embeddings")?
    };
    let mut records = Vec::new();
    for (writing, reading) in [(&first, &second), (&second, &first), (&first, &second)] {
        let next = writer.checkpoint();
        append(writing, &next)?;
        records.push(next);
        same(&read(reading, &writer.stream)?, &records, "through another handle")?;
        let found = reading
            .newest_checkpoint(&writer.stream)
            .map_err(failed("looking for the checkpoint"))?;
        let newest = records.last().map(|record| record.sequence);
        require(found == newest, || {
            format!("through another handle, the newest checkpoint is {found:?} instead of {newest:?}")
        })?;
        require(reading.append(&records[0]).is_err(), || {
            "another handle appended a record a second time".to_owned()
        })?;
        is_fenced(
            reading,
            &Writer {
                token: 6,
                ..writer.clone()
            }
            .event(),
            7,
        )?;
    }
    Ok(())
}
