//! Whether a journal is what was written.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use super::verifier::Verifier;
use super::{AuditError, Fault, PublicKey, SignedHead};
use crate::storage::{Journal, JournalRecord, Stream, StreamHead};

/// Records read at a time.
const PAGE: usize = 1000;

/// So often is reading begun anew because records were pruned meanwhile.
const MOST_BEGINNINGS: u32 = 3;

/// Reads a signed journal through and names the first bad record of a stream, and how it is bad. `key` is the one that the journal
/// was begun with; later ones are vouched for in the global stream ([`Healer::rotate_key`](crate::Healer::rotate_key)).
/// Returns where each stream ends.
///
/// Where records were pruned, a stream begins with its checkpoint. That a stream was cut off at its end, and how a record
/// was replaced by another that the same key signed, shows only against a head in `known` that was signed before and kept
/// elsewhere. Takes O(n) time for n records, and memory for a page of them. Records may be appended meanwhile; a key that is
/// rotated meanwhile is not known yet.
///
/// # Errors
/// [`AuditError::Bad`] for a bad record, [`AuditError::BadHead`] for a head that no key in use has signed, and
/// [`AuditError::Journal`] when the journal cannot be read.
pub fn verify(
    journal: &dyn Journal,
    key: PublicKey,
    known: &[SignedHead],
) -> Result<BTreeMap<Stream, StreamHead>, AuditError> {
    let mut beginnings = 1;
    loop {
        match read_through(journal, key, known) {
            Err(AuditError::Bad {
                stream,
                sequence,
                fault: Fault::Missing { .. },
            }) if beginnings < MOST_BEGINNINGS && was_pruned(journal, &stream, sequence)? => beginnings += 1,
            verified => return verified,
        }
    }
}

/// As [`verify`], of records in a file: as JSON, one a line, those of the global stream first ([`write_records`]).
///
/// # Errors
/// As [`verify`], but [`AuditError::BadLine`] for a line that is no record as it was written, and [`AuditError::Io`] where they
/// cannot be read.
pub fn verify_lines(
    lines: impl BufRead,
    key: PublicKey,
    known: &[SignedHead],
) -> Result<BTreeMap<Stream, StreamHead>, AuditError> {
    let mut verifier = Verifier::new(key, known);
    for (line, text) in (1..).zip(lines.split(b'\n')) {
        let text = text?;
        let record: Option<JournalRecord> = serde_json::from_slice(&text).ok();
        // What reads the same and is written otherwise is not what was written.
        let as_written = record.filter(|record| serde_json::to_vec(record).is_ok_and(|written| written == text));
        verifier.take(&as_written.ok_or(AuditError::BadLine { line })?)?;
    }
    verifier.finish()
}

/// Writes a journal's records as [`verify_lines`] reads them.
///
/// # Errors
/// [`AuditError::Journal`] when the journal cannot be read, [`AuditError::Io`] when `to` cannot be written.
pub fn write_records(journal: &dyn Journal, to: &mut dyn Write) -> Result<(), AuditError> {
    for stream in journal.streams()? {
        each_record(journal, &stream, |record| {
            serde_json::to_writer(&mut *to, record).map_err(std::io::Error::from)?;
            Ok(to.write_all(b"\n")?)
        })?;
    }
    Ok(())
}

fn read_through(
    journal: &dyn Journal,
    key: PublicKey,
    known: &[SignedHead],
) -> Result<BTreeMap<Stream, StreamHead>, AuditError> {
    let mut verifier = Verifier::new(key, known);
    // Sorted, so the global one, in which keys are rotated, is first.
    for stream in journal.streams()? {
        each_record(journal, &stream, |record| verifier.take(record))?;
    }
    verifier.finish()
}

fn each_record(
    journal: &dyn Journal,
    stream: &Stream,
    mut what: impl FnMut(&JournalRecord) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    let mut from = 0;
    loop {
        let records = journal.read(stream, from, PAGE)?;
        for record in &records {
            what(record)?;
            from = from.max(record.sequence.saturating_add(1));
        }
        if records.len() < PAGE {
            return Ok(());
        }
    }
}

/// Whether the stream now begins after that record.
fn was_pruned(journal: &dyn Journal, stream: &Stream, sequence: u64) -> Result<bool, AuditError> {
    let first = journal.read(stream, 0, 1)?;
    Ok(first.first().is_some_and(|first| first.sequence > sequence))
}
