//! What is read, and from where to where.

use super::{Checked, Journals, append_all, read, same};
use crate::storage::{Journal, JournalRecord, Stream};
use crate::testkit::failed;
use crate::testkit::storage::fresh;
use crate::testkit::storage::sample_record::Writer;

pub(super) fn reads_back(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    for mut writer in [Writer::of(Stream::Global), Writer::of_collection("embeddings")?] {
        let records = writer.awkward();
        append_all(&journal, &records)?;
        same(&read(&journal, &writer.stream)?, &records, "after appending")?;
    }
    Ok(())
}

pub(super) fn in_order(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    // Enough for numbers that sort differently as text or as little-endian bytes.
    let records: Vec<_> = (0..300).map(|_| writer.event()).collect();
    append_all(&journal, &records)?;
    same(&read(&journal, &writer.stream)?, &records, "after appending")
}

pub(super) fn read_window(factory: &mut impl Journals) -> Checked {
    let journal = fresh(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let records: Vec<_> = (0..12).map(|_| writer.event()).collect();
    append_all(&journal, &records)?;
    let windows: [(u64, usize, &[JournalRecord]); 9] = [
        (0, 5, &records[..5]),
        (5, 5, &records[5..10]),
        (10, 5, &records[10..]),
        (11, 1, &records[11..]),
        (12, 5, &[]),
        (3, 0, &[]),
        (0, usize::MAX, &records),
        (4, usize::MAX, &records[4..]),
        (u64::MAX, usize::MAX, &[]),
    ];
    for (from, limit, expected) in windows {
        let call = format!("reading from {from} at most {limit}");
        let found = journal.read(&writer.stream, from, limit).map_err(failed(&call))?;
        same(&found, expected, &call)?;
    }
    let other = Writer::of_collection("never written")?;
    same(&read(&journal, &other.stream)?, &[], "from a stream without records")
}
