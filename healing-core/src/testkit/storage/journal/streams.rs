//! Streams beside one another.

use super::{Checked, Journals, append, append_all, read, same};
use crate::storage::{Journal, RecordKind, Stream};
use crate::testkit::storage::sample_record::Writer;
use crate::testkit::storage::{fresh, look_alikes, same_in_order};
use crate::testkit::{Objection, failed, require};

pub(super) fn kept_apart(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writers = look_alike_writers()?;
    let mut written = vec![Vec::new(); writers.len()];
    for _ in 0..2 {
        for (number, (writer, written)) in writers.iter_mut().zip(&mut written).enumerate() {
            let record = writer.draft(RecordKind::Event, &format!("{{\"number\":{number}}}"));
            writer.head = record.head();
            append(&journal, &record)?;
            written.push(record);
        }
    }
    for (writer, written) in writers.iter().zip(&written) {
        same(
            &read(&journal, &writer.stream)?,
            written,
            &format!("from {}", writer.stream),
        )?;
    }
    Ok(())
}

pub(super) fn listed(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let streams = |journal: &_| Journal::streams(journal).map_err(failed("listing the streams"));
    let none = streams(&journal)?;
    require(none.is_empty(), || format!("an empty journal lists {none:?}"))?;
    let mut writers = look_alike_writers()?;
    let mut expected: Vec<_> = writers.iter().map(|writer| writer.stream.clone()).collect();
    for writer in writers.iter_mut().rev() {
        append_all(&journal, &[writer.event(), writer.event()])?;
    }
    expected.sort();
    let names = |streams: &[Stream]| streams.iter().map(Stream::to_string).collect::<Vec<_>>();
    let (found, expected) = (names(&streams(&journal)?), names(&expected));
    same_in_order(&found, &expected, "the stream", "listed")
}

/// Writers of streams whose names are easily confused.
fn look_alike_writers() -> Result<Vec<Writer>, Objection> {
    let collections = look_alikes()?;
    let health = collections.clone().into_iter().map(Stream::Health);
    Ok(std::iter::once(Stream::Global)
        .chain(collections.into_iter().map(Stream::Collection))
        .chain(health)
        .map(Writer::of)
        .collect())
}
