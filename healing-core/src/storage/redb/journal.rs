//! The journal's two tables.

use ::redb::{ReadableTable, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RedbStorage;
use super::codec::{protect, uncover};
use super::file::Failure;
use super::tables::{RECORDS, STREAMS};
use crate::audit::{Digest, RecordSignature};
use crate::identity::FencingToken;
use crate::storage::{Journal, JournalError, JournalRecord, RecordKind, Stream, UnknownStream};

/// Records pruned in one transaction: enough to be quick, few enough that appends need not wait for long.
const PRUNED_AT_ONCE: u64 = 10_000;

type Outcome<T> = Result<T, Failure<JournalError>>;

/// A stream.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Kept {
    /// What its records are kept under.
    number: u64,
    /// The sequence number of the first record that is still there.
    first: u64,
    /// The sequence number of the next one.
    next: u64,
    /// The greatest token.
    token: FencingToken,
    checkpoint: Option<u64>,
}

/// All of a record but what its key says, and its body.
#[derive(Serialize, Deserialize)]
struct Header {
    at: Timestamp,
    token: FencingToken,
    kind: RecordKind,
    previous: Digest,
    signature: Option<RecordSignature>,
}

impl Journal for RedbStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        self.file.write(|transaction| {
            let mut streams = transaction.open_table(STREAMS)?;
            let mut records = transaction.open_table(RECORDS)?;
            let name = record.stream.to_string();
            let mut kept = match find(&streams, &name)? {
                Some(kept) => kept,
                None => Kept {
                    // Streams are never removed.
                    number: ::redb::ReadableTableMetadata::len(&streams)?,
                    first: 0,
                    next: 0,
                    token: FencingToken::new(0),
                    checkpoint: None,
                },
            };
            if record.token < kept.token {
                return Err(Failure::Refused(JournalError::Fenced {
                    token: record.token,
                    newest: kept.token,
                }));
            }
            if record.sequence != kept.next {
                return Err(Failure::Refused(JournalError::OutOfSequence {
                    stream: record.stream.clone(),
                    sequence: record.sequence,
                    next: kept.next,
                }));
            }
            records.insert((kept.number, record.sequence), encode(&name, record)?.as_slice())?;
            kept.next = record.sequence.saturating_add(1);
            kept.token = record.token;
            if record.kind == RecordKind::Checkpoint {
                kept.checkpoint = Some(record.sequence);
            }
            keep(&mut streams, &name, &kept)
        })
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.file.read(|transaction| {
            let name = stream.to_string();
            let Some(kept) = find(&transaction.open_table(STREAMS)?, &name)? else {
                return Ok(Vec::new());
            };
            let table = transaction.open_table(RECORDS)?;
            let first = from.max(kept.first);
            let end = kept.next.min(first.saturating_add(limit as u64));
            let mut records = Vec::new();
            if first >= end {
                return Ok(records);
            }
            let mut expected = first;
            for entry in table.range((kept.number, first)..(kept.number, end))? {
                let (key, value) = entry?;
                let (_, sequence) = key.value();
                if sequence != expected {
                    return Err(missing(stream, expected));
                }
                records.push(decode(stream, &name, sequence, value.value())?);
                expected = sequence.saturating_add(1);
            }
            if expected == end {
                Ok(records)
            } else {
                Err(missing(stream, expected))
            }
        })
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.file.read(|transaction| {
            let kept = find(&transaction.open_table(STREAMS)?, &stream.to_string())?;
            Ok(kept.and_then(|kept| kept.checkpoint))
        })
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        let name = stream.to_string();
        // Looked at first without writing, for most calls find nothing to do.
        let prunable = |kept: &Kept| kept.checkpoint.filter(|checkpoint| kept.first < *checkpoint);
        while self.file.read(|transaction| {
            let kept = find(&transaction.open_table(STREAMS)?, &name)?;
            Ok::<_, Failure<JournalError>>(kept.as_ref().and_then(prunable).is_some())
        })? {
            self.file.write(|transaction| {
                let mut streams = transaction.open_table(STREAMS)?;
                let Some(mut kept) = find(&streams, &name)? else {
                    return Ok(());
                };
                let Some(checkpoint) = prunable(&kept) else {
                    return Ok(());
                };
                let end = checkpoint.min(kept.first.saturating_add(PRUNED_AT_ONCE));
                let mut records = transaction.open_table(RECORDS)?;
                records.retain_in((kept.number, kept.first)..(kept.number, end), |_, _| false)?;
                kept.first = end;
                keep(&mut streams, &name, &kept)
            })?;
        }
        Ok(())
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.file.read(|transaction| {
            let mut streams = Vec::new();
            for entry in transaction.open_table(STREAMS)?.iter()? {
                let (name, _) = entry?;
                streams.push(stream_named(name.value())?);
            }
            streams.sort();
            Ok(streams)
        })
    }
}

/// The stream of that name; `None` before its first record.
fn find(streams: &impl ReadableTable<&'static str, &'static [u8]>, name: &str) -> Outcome<Option<Kept>> {
    let Some(value) = streams.get(name)? else {
        return Ok(None);
    };
    let kept = uncover(&[name.as_bytes()], value.value()).and_then(|json| serde_json::from_slice(json).ok());
    kept.map(Some)
        .ok_or_else(|| Failure::Damaged(format!("what is kept of the stream {name} does not match its checksum")))
}

fn keep(streams: &mut Table<'_, &'static str, &'static [u8]>, name: &str, kept: &Kept) -> Outcome<()> {
    let json = serde_json::to_vec(kept).map_err(|error| Failure::Refused(JournalError::Unwritable(error)))?;
    streams.insert(name, protect(&[name.as_bytes()], &json).as_slice())?;
    Ok(())
}

fn stream_named(name: &str) -> Outcome<Stream> {
    name.parse()
        .map_err(|error: UnknownStream| Failure::Damaged(error.to_string()))
}

/// The record as it is kept: the length of the header, the header, the body.
fn encode(name: &str, record: &JournalRecord) -> Outcome<Vec<u8>> {
    let header = Header {
        at: record.at,
        token: record.token,
        kind: record.kind,
        previous: record.previous,
        signature: record.signature,
    };
    let unwritable = |error| Failure::Refused(JournalError::Unwritable(error));
    let header = serde_json::to_vec(&header).map_err(unwritable)?;
    let mut payload = Vec::with_capacity(4 + header.len() + record.body.len());
    // A header is a few hundred bytes, whatever is in it.
    payload.extend_from_slice(&(header.len() as u32).to_le_bytes());
    payload.extend_from_slice(&header);
    payload.extend_from_slice(record.body.as_bytes());
    Ok(protect(&[name.as_bytes(), &record.sequence.to_le_bytes()], &payload))
}

fn decode(stream: &Stream, name: &str, sequence: u64, value: &[u8]) -> Outcome<JournalRecord> {
    let record = uncover(&[name.as_bytes(), &sequence.to_le_bytes()], value).and_then(|payload| {
        let (length, rest) = payload.split_first_chunk::<4>()?;
        let (header, body) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        Some(JournalRecord {
            stream: stream.clone(),
            sequence,
            at: header.at,
            token: header.token,
            kind: header.kind,
            body: String::from_utf8(body.to_vec()).ok()?,
            previous: header.previous,
            signature: header.signature,
        })
    });
    record.ok_or_else(|| Failure::Damaged(format!("record {sequence} of {stream} does not match its checksum")))
}

fn missing(stream: &Stream, sequence: u64) -> Failure<JournalError> {
    Failure::Damaged(format!("record {sequence} of {stream} is missing"))
}
