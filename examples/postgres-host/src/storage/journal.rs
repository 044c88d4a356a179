//! The journal: two tables, one row a record.

use healing_core::audit::{Digest, PublicKey, RecordSignature};
use healing_core::identity::FencingToken;
use healing_core::storage::{Journal, JournalError, JournalRecord, RecordKind, Stream, UnknownStream};
use postgres::Row;

use super::{PostgresStorage, at_most, signed, unsigned};
use crate::database::Session;
use crate::error::PostgresError;
use crate::timestamp::Micros;

/// A stream whose row is held until the end of the transaction.
struct Held {
    id: i32,
    next: u64,
    greatest_token: FencingToken,
}

impl Journal for PostgresStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        self.database.transaction(|session| {
            let stream = hold(session, &record.stream)?;
            if record.token < stream.greatest_token {
                return Err(JournalError::Fenced {
                    token: record.token,
                    newest: stream.greatest_token,
                });
            }
            if record.sequence != stream.next {
                return Err(JournalError::OutOfSequence {
                    stream: record.stream.clone(),
                    sequence: record.sequence,
                    next: stream.next,
                });
            }
            insert(session, stream.id, record)?;
            Ok(super::actions::follow(session, record)?)
        })
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let rows = self.database.transaction(|session| {
            session.query(
                "SELECT sequence, at, journal.token, kind, body, previous, signer, signature
                 FROM ruvector.healing_journal AS journal JOIN ruvector.healing_streams AS streams ON streams.id = stream_id
                 WHERE streams.name = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3",
                &[&stream.to_string(), &from, &at_most(limit)],
            )
        })?;
        Ok(rows.iter().map(|row| record(stream, row)).collect::<Result<_, _>>()?)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        let row = self.database.transaction(|session| {
            session.query_opt(
                "SELECT newest_checkpoint FROM ruvector.healing_streams WHERE name = $1",
                &[&stream.to_string()],
            )
        })?;
        let newest: Option<i64> = row.and_then(|row| row.get(0));
        Ok(newest
            .map(|newest| unsigned("a checkpoint's number", newest))
            .transpose()?)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        Ok(self
            .database
            .transaction(|session| {
                session.execute(
                    "DELETE FROM ruvector.healing_journal AS journal USING ruvector.healing_streams AS streams
                 WHERE streams.name = $1 AND streams.id = stream_id AND sequence < streams.newest_checkpoint",
                    &[&stream.to_string()],
                )
            })
            .map(|_| ())?)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        let rows = self
            .database
            .transaction(|session| session.query("SELECT name FROM ruvector.healing_streams", &[]))?;
        let streams = rows.iter().map(|row| stream_named(row.get(0)));
        let mut streams = streams.collect::<Result<Vec<_>, _>>()?;
        streams.sort();
        Ok(streams)
    }
}

/// Holds the stream's row, so that whoever else appends to it waits.
fn hold(session: &mut Session<'_>, stream: &Stream) -> Result<Held, PostgresError> {
    let name = stream.to_string();
    let known = "SELECT id, next_sequence, greatest_token FROM ruvector.healing_streams WHERE name = $1 FOR UPDATE";
    let row = match session.query_opt(known, &[&name])? {
        Some(row) => row,
        None => {
            session.execute(
                "INSERT INTO ruvector.healing_streams (name, next_sequence, greatest_token) VALUES ($1, 0, 0)
                 ON CONFLICT (name) DO NOTHING",
                &[&name],
            )?;
            session.query_one(known, &[&name])?
        }
    };
    Ok(Held {
        id: row.get(0),
        next: unsigned("a stream's next number", row.get(1))?,
        greatest_token: FencingToken::new(unsigned("a stream's token", row.get(2))?),
    })
}

fn insert(session: &mut Session<'_>, stream: i32, record: &JournalRecord) -> Result<(), PostgresError> {
    let sequence = signed("a sequence number", record.sequence)?;
    let token = signed("a fencing token", record.token.get())?;
    let kind = match record.kind {
        RecordKind::Event => "event",
        RecordKind::Checkpoint => "checkpoint",
    };
    let signer = record.signature.as_ref().map(|it| it.key.as_bytes().as_slice());
    let signature = record.signature.as_ref().map(|it| it.bytes.as_slice());
    session.execute(
        "INSERT INTO ruvector.healing_journal (stream_id, sequence, at, token, kind, body, previous, signer, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &stream,
            &sequence,
            &Micros(record.at),
            &token,
            &kind,
            &record.body,
            &record.previous.as_bytes().as_slice(),
            &signer,
            &signature,
        ],
    )?;
    session.execute(
        "UPDATE ruvector.healing_streams
         SET next_sequence = $2::bigint + 1, greatest_token = $3,
             newest_checkpoint = CASE WHEN $4 = 'checkpoint' THEN $2::bigint ELSE newest_checkpoint END
         WHERE id = $1",
        &[&stream, &sequence, &token, &kind],
    )?;
    Ok(())
}

fn record(stream: &Stream, row: &Row) -> Result<JournalRecord, PostgresError> {
    let sequence = unsigned("a sequence number", row.get("sequence"))?;
    let damaged = |why: &str| PostgresError::Damaged {
        what: format!("record {sequence} of {stream}"),
        why: why.to_owned(),
    };
    let kind = match row.get("kind") {
        "event" => RecordKind::Event,
        "checkpoint" => RecordKind::Checkpoint,
        other => return Err(damaged(&format!("its kind is {other}"))),
    };
    let previous: &[u8] = row.get("previous");
    let (signer, signature): (Option<&[u8]>, Option<&[u8]>) = (row.get("signer"), row.get("signature"));
    let signature = match (signer, signature) {
        (Some(key), Some(bytes)) => Some(RecordSignature {
            key: PublicKey::new(key.try_into().map_err(|_| damaged("its signer is no key"))?),
            bytes: bytes.try_into().map_err(|_| damaged("its signature is none"))?,
        }),
        _ => None,
    };
    Ok(JournalRecord {
        stream: stream.clone(),
        sequence,
        at: row.get::<_, Micros>("at").0,
        token: FencingToken::new(unsigned("a fencing token", row.get("token"))?),
        kind,
        body: row.get("body"),
        previous: Digest::new(
            previous
                .try_into()
                .map_err(|_| damaged("what comes before it is no digest"))?,
        ),
        signature,
    })
}

fn stream_named(name: &str) -> Result<Stream, PostgresError> {
    name.parse().map_err(|error: UnknownStream| PostgresError::Damaged {
        what: format!("the stream {name:?}"),
        why: error.to_string(),
    })
}
