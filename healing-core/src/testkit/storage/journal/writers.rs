//! Several threads that append.

use super::{Checked, Journals, append, read, same};
use crate::storage::{Journal, JournalError, JournalRecord, RecordKind};
use crate::testkit::Objection;
use crate::testkit::storage::sample_record::Writer;
use crate::testkit::storage::{CALLERS, Handles, at_once};

/// Records that writers try to append at once, one after the other.
const ROUNDS: usize = 25;

/// Several writers append different records with the same number: one of them is appended.
pub(super) fn one_wins(factory: &mut impl Journals) -> Checked {
    let handles = Handles::of(factory)?;
    let mut writer = Writer::of_collection("embeddings")?;
    let mut written: Vec<JournalRecord> = Vec::new();
    for _ in 0..ROUNDS {
        let drafts: Vec<_> = (0..CALLERS)
            .map(|caller| writer.draft(RecordKind::Event, &format!("{{\"caller\":{caller}}}")))
            .collect();
        let answers = at_once(|caller| handles.of_caller(caller).append(&drafts[caller]))?;
        let mut winners = Vec::new();
        for (draft, answer) in drafts.iter().zip(answers) {
            match answer {
                Ok(()) => winners.push(draft),
                Err(JournalError::OutOfSequence { .. }) => {}
                Err(error) => {
                    return Err(Objection::broken(format!(
                        "of {CALLERS} writers with the same number, one was refused, but not as out of sequence: {error}"
                    )));
                }
            }
        }
        let [winner] = winners[..] else {
            let winners = winners.len();
            return Err(Objection::broken(format!(
                "of {CALLERS} writers with the same number {winners} were told that they appended it"
            )));
        };
        writer.head = winner.head();
        written.push(winner.clone());
        same(
            &read(&handles.first, &writer.stream)?,
            &written,
            "after writers with the same number",
        )?;
    }
    Ok(())
}

/// Each writer has a stream of its own: all succeed.
pub(super) fn side_by_side(factory: &mut impl Journals) -> Checked {
    let handles = Handles::of(factory)?;
    let writers = (0..CALLERS)
        .map(|caller| Writer::of_collection(&format!("collection {caller}")))
        .collect::<Result<Vec<_>, _>>()?;
    let written = at_once(|caller| {
        let mut writer = writers[caller].clone();
        let records: Vec<_> = (0..ROUNDS).map(|_| writer.event()).collect();
        let journal = handles.of_caller(caller);
        records
            .iter()
            .try_for_each(|record| append(journal, record))
            .map(|()| records)
    })?;
    for (writer, written) in writers.iter().zip(written) {
        same(
            &read(&handles.first, &writer.stream)?,
            &written?,
            "after writers of several streams",
        )?;
    }
    Ok(())
}
