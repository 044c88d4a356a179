//! The check itself: one record after the other, and nothing kept of them but where each stream stands.

use std::collections::BTreeMap;

use super::{AuditError, Digest, Fault, PublicKey, SignedHead};
use crate::storage::{JournalBody, JournalRecord, RecordKind, Stream, StreamHead};

pub(super) struct Verifier<'a> {
    /// The keys that may sign, in the order in which they were vouched for: each by the one before.
    keys: Vec<PublicKey>,
    known: &'a [SignedHead],
    streams: BTreeMap<Stream, Followed>,
    gap: Option<Gap>,
}

struct Followed {
    head: StreamHead,
    /// The newest key that signed here.
    key: usize,
}

/// A place in a stream where another record stands: whether its own comes later tells what became of it.
struct Gap {
    stream: Stream,
    sequence: u64,
    found: u64,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(key: PublicKey, known: &'a [SignedHead]) -> Self {
        Self {
            keys: vec![key],
            known,
            streams: BTreeMap::new(),
            gap: None,
        }
    }

    pub(super) fn take(&mut self, record: &JournalRecord) -> Result<(), AuditError> {
        if let Some(gap) = &self.gap {
            return match record.stream == gap.stream && record.sequence == gap.sequence {
                true => Err(bad(&gap.stream, gap.sequence, Fault::Reordered { found: gap.found })),
                false => Ok(()),
            };
        }
        let before = self.streams.get(&record.stream);
        let begins = before.is_none() && record.kind == RecordKind::Checkpoint;
        let head = match before {
            Some(followed) => followed.head,
            // What a checkpoint stands for may have been dropped: it holds the digest of that.
            None if begins => StreamHead {
                next: record.sequence,
                digest: record.previous,
            },
            None => StreamHead::default(),
        };
        let oldest = before.map_or(0, |followed| followed.key);
        let digest = record.digest();
        let place = |fault| bad(&record.stream, head.next, fault);

        if begins {
            self.adopt_rotations(record);
        }
        let key = match self.signing_key(record, &digest, oldest) {
            // What vouches for its key may be just what is not there.
            Ok(_) | Err(Fault::Forged { .. }) if record.sequence > head.next => {
                self.gap = Some(Gap {
                    stream: record.stream.clone(),
                    sequence: head.next,
                    found: record.sequence,
                });
                return Ok(());
            }
            signed_by => signed_by.map_err(place)?,
        };
        if record.sequence < head.next {
            return Err(place(Fault::Reordered { found: record.sequence }));
        }
        let next = record.sequence.saturating_add(1);
        let differs = |known: &SignedHead| {
            known.stream == record.stream && known.head.next == next && known.head.digest != digest
        };
        if record.previous != head.digest || self.known.iter().any(differs) {
            return Err(place(Fault::Spliced));
        }
        self.note_rotation(record, key).map_err(place)?;
        let head = StreamHead { next, digest };
        self.streams.insert(record.stream.clone(), Followed { head, key });
        Ok(())
    }

    /// Where each stream ends.
    pub(super) fn finish(self) -> Result<BTreeMap<Stream, StreamHead>, AuditError> {
        if let Some(gap) = self.gap {
            return Err(bad(&gap.stream, gap.sequence, Fault::Missing { found: gap.found }));
        }
        for known in self.known {
            if !known.is_by_any(&self.keys) {
                let stream = known.stream.clone();
                return Err(AuditError::BadHead { stream });
            }
            let next = self.streams.get(&known.stream).map_or(0, |it| it.head.next);
            if next < known.head.next {
                let fault = Fault::Truncated { next: known.head.next };
                return Err(bad(&known.stream, next, fault));
            }
        }
        let ends = self.streams.into_iter().map(|(stream, it)| (stream, it.head));
        Ok(ends.collect())
    }

    /// Which of the keys signed it: none older than `oldest` may.
    fn signing_key(&self, record: &JournalRecord, digest: &Digest, oldest: usize) -> Result<usize, Fault> {
        let Some(signature) = record.signature else {
            return Err(Fault::Forged { by: None });
        };
        let index = (oldest..self.keys.len()).find(|&index| self.keys[index] == signature.key);
        match index {
            Some(index) if signature.is_by(&signature.key, digest) => Ok(index),
            Some(_) => Err(Fault::Changed),
            // Who it says signed it was changed.
            None if !self.keys.contains(&signature.key) && self.keys.iter().any(|key| signature.is_by(key, digest)) => {
                Err(Fault::Changed)
            }
            None => Err(Fault::Forged {
                by: Some(signature.key),
            }),
        }
    }

    /// A new key is vouched for by the newest one alone: who got hold of an old one cannot name another.
    fn note_rotation(&mut self, record: &JournalRecord, key: usize) -> Result<(), Fault> {
        let Some(to) = rotation(record) else {
            return Ok(());
        };
        if self.keys.last() == Some(&to) {
            // Written twice, as the first time was thought to have failed.
            return Ok(());
        }
        if key + 1 < self.keys.len() {
            return Err(Fault::Forged {
                by: self.keys.get(key).copied(),
            });
        }
        self.keys.push(to);
        Ok(())
    }

    /// A checkpoint holds the records by which keys were vouched for before it; each is evidence by itself.
    fn adopt_rotations(&mut self, checkpoint: &JournalRecord) {
        let Ok(JournalBody::OrdersCheckpoint(orders)) = checkpoint.open() else {
            return;
        };
        for record in &orders.rotations {
            if let Some(to) = rotation(record)
                && let Some(newest) = self.keys.last()
                && *newest != to
                && record.signature.is_some_and(|it| it.is_by(newest, &record.digest()))
            {
                self.keys.push(to);
            }
        }
    }
}

/// The key that the record vouches for.
fn rotation(record: &JournalRecord) -> Option<PublicKey> {
    match (&record.stream, record.kind) {
        (Stream::Global, RecordKind::Event) => match record.open() {
            Ok(JournalBody::KeyRotated { to, .. }) => Some(to),
            _ => None,
        },
        _ => None,
    }
}

fn bad(stream: &Stream, sequence: u64, fault: Fault) -> AuditError {
    AuditError::Bad {
        stream: stream.clone(),
        sequence,
        fault,
    }
}
