//! Journal records to try stores with.

use jiff::Timestamp;

use crate::audit::{PublicKey, RecordSignature};
use crate::identity::{CollectionId, FencingToken};
use crate::storage::{JournalRecord, RecordKind, Stream, StreamHead};
use crate::testkit::{Objection, failed};

/// Writes one stream: each record follows the one before.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) stream: Stream,
    pub(super) head: StreamHead,
    pub(super) token: u64,
}

/// Long enough to be stored apart from the row, or in many pages.
const LONG: usize = 200_000;

impl Writer {
    pub(super) fn of(stream: Stream) -> Self {
        Self {
            stream,
            head: StreamHead::default(),
            token: 1,
        }
    }

    pub(super) fn of_collection(name: &str) -> Result<Self, Objection> {
        let collection = CollectionId::new(name).map_err(failed("naming a collection"))?;
        Ok(Self::of(Stream::Collection(collection)))
    }

    /// The next record, which is not counted as written yet.
    pub(super) fn draft(&self, kind: RecordKind, body: &str) -> JournalRecord {
        let body = match kind {
            RecordKind::Event => body.to_owned(),
            RecordKind::Checkpoint => format!("{{\"checkpoint\":{body}}}"),
        };
        JournalRecord {
            stream: self.stream.clone(),
            sequence: self.head.next,
            // One that a store with milliseconds, or with binary fractions of seconds, does not return.
            at: Timestamp::constant(1_759_000_000, 123_457_000),
            token: FencingToken::new(self.token),
            kind,
            body,
            previous: self.head.digest,
            signature: None,
        }
    }

    pub(super) fn event(&mut self) -> JournalRecord {
        let record = self.draft(RecordKind::Event, "{\"event\":true}");
        self.head = record.head();
        record
    }

    pub(super) fn checkpoint(&mut self) -> JournalRecord {
        let record = self.draft(RecordKind::Checkpoint, "{}");
        self.head = record.head();
        record
    }

    /// Records with everything that a store could lose on the way.
    pub(super) fn awkward(&mut self) -> Vec<JournalRecord> {
        let signature = RecordSignature {
            key: PublicKey::new(std::array::from_fn(|byte| byte as u8)),
            bytes: std::array::from_fn(|byte| 255 - byte as u8),
        };
        let long = format!("{{\"long\":\"{}\"}}", "lang\u{e9}\u{1f4a5}".repeat(LONG / 9));
        let bodies = [
            "{}",
            "{ \"b\" : 1,\t\"a\" : 1.0, \"a2\": 1e2 ,\"c\":0.1000}\n ",
            "{\"twice\":1,\"twice\":2}",
            r#"{"escapes":"\u0000\u001f\u00e9\ud83d\udca5\/\\\"'"}"#,
            "{\"composed\":\"\u{e9}\",\"decomposed\":\"e\u{301}\",\"wide\":\"\u{1f4a5}\"}",
            "{\"large\":18446744073709551615,\"small\":5e-324}",
            &long,
        ];
        let times = [
            Timestamp::constant(0, 0),
            Timestamp::constant(-1, -1000),
            Timestamp::constant(1_759_000_000, 999_999_000),
            Timestamp::constant(4_102_444_800, 1000),
        ];
        let mut records = Vec::new();
        for (number, body) in bodies.into_iter().enumerate() {
            let kind = if number % 3 == 2 {
                RecordKind::Checkpoint
            } else {
                RecordKind::Event
            };
            let record = JournalRecord {
                body: body.to_owned(),
                at: times[number % times.len()],
                signature: (number % 2 == 1).then_some(signature),
                ..self.draft(kind, body)
            };
            self.head = record.head();
            records.push(record);
        }
        // The largest token that fits a signed number: stores count in those.
        self.token = i64::MAX as u64;
        records.push(self.event());
        records
    }
}
