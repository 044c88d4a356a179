//! A signed journal of three streams whose key was rotated half way.

use std::sync::LazyLock;

use healing_core::audit::{AuditError, Ed25519Signer, PublicKey, SignedHead, Signer, verify_lines};
use healing_core::engine::StandingOrders;
use healing_core::identity::{FencingToken, Operator};
use healing_core::storage::{JournalBody, JournalRecord, Stream, StreamHead};
use healing_core::{CollectionId, Timestamp};

/// How many records each stream has.
pub const LENGTH: usize = 8;

/// The global stream's record that rotates the key.
const ROTATION: usize = 3;

#[derive(Clone)]
pub struct History {
    /// Stream after stream, the global one first.
    pub records: Vec<JournalRecord>,
    pub heads: Vec<SignedHead>,
}

pub fn old_key() -> Ed25519Signer {
    Ed25519Signer::new(&[1; 32])
}

pub fn new_key() -> Ed25519Signer {
    Ed25519Signer::new(&[2; 32])
}

pub fn stranger() -> Ed25519Signer {
    Ed25519Signer::new(&[3; 32])
}

pub fn operator() -> Operator {
    Operator::new("ops").unwrap()
}

pub fn streams() -> [Stream; 3] {
    let collection = |name: &str| Stream::Collection(CollectionId::new(name).unwrap());
    [Stream::Global, collection("alpha"), collection("beta")]
}

/// What the record at `place` of a stream says.
pub fn body(stream: &Stream, place: usize) -> JournalBody {
    match (stream, place) {
        (Stream::Global, ROTATION) => JournalBody::KeyRotated {
            to: new_key().public_key(),
            by: operator(),
        },
        (Stream::Global, 6) => JournalBody::OrdersCheckpoint(Box::<StandingOrders>::default()),
        _ => JournalBody::Unfrozen {
            collection: None,
            by: operator(),
        },
    }
}

/// Who signs the record at `place` of any stream.
pub fn signer_at(place: usize) -> Ed25519Signer {
    if place <= ROTATION { old_key() } else { new_key() }
}

pub fn seal(stream: &Stream, head: StreamHead, body: &JournalBody, signer: Option<&dyn Signer>) -> JournalRecord {
    let at = Timestamp::from_second(1_000 + head.next as i64).unwrap();
    JournalRecord::seal(stream.clone(), head, FencingToken::new(0), at, body, signer).unwrap()
}

impl History {
    pub fn written() -> Self {
        static WRITTEN: LazyLock<History> = LazyLock::new(History::write);
        WRITTEN.clone()
    }

    fn write() -> Self {
        let (mut records, mut heads) = (Vec::new(), Vec::new());
        for stream in streams() {
            let mut head = StreamHead::default();
            for place in 0..LENGTH {
                let record = seal(&stream, head, &body(&stream, place), Some(&signer_at(place)));
                head = record.head();
                records.push(record);
            }
            heads.push(SignedHead::sign(stream, head, &new_key()).unwrap());
        }
        Self { records, heads }
    }

    pub fn lines(&self) -> Vec<u8> {
        let line = |record| serde_json::to_string(record).unwrap() + "\n";
        self.records.iter().map(line).collect::<String>().into_bytes()
    }

    pub fn verify(&self) -> Result<(), AuditError> {
        self.verify_lines(&self.lines())
    }

    pub fn verify_lines(&self, lines: &[u8]) -> Result<(), AuditError> {
        verify_lines(lines, first_key(), &self.heads).map(drop)
    }
}

pub fn first_key() -> PublicKey {
    old_key().public_key()
}
