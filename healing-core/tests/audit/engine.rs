//! A healer's own journal: signed, rotated, pruned, and still evidence.

use std::sync::Arc;

use healing_core::audit::{AuditError, Fault, SignedHead, Signer, verify, write_records};
use healing_core::engine::{ControlError, EventKind, JournalRetention};
use healing_core::observation::ObservationError;
use healing_core::storage::{Journal, JournalError, MemoryStorage, Stream, StreamHead};
use healing_core::{Clock, CollectionId, Healer, HealingConfig, Observation, ObservationSource, VirtualClock};

use crate::history::{first_key, new_key, old_key, operator, seal, stranger};

struct Nothing;

impl ObservationSource for Nothing {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        Err(ObservationError::UnknownCollection {
            collection: collection.clone(),
        })
    }
}

fn healer(signer: Option<Arc<dyn Signer>>) -> (Healer, MemoryStorage) {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    let storage = MemoryStorage::new(Arc::clone(&clock));
    let mut builder = Healer::builder(Arc::new(Nothing), clock)
        .storage(Arc::new(storage.clone()))
        .config(HealingConfig {
            journal_retention: JournalRetention::Prune,
            ..HealingConfig::default()
        });
    if let Some(signer) = signer {
        builder = builder.signer(signer);
    }
    (builder.build().unwrap(), storage)
}

#[test]
fn a_rotated_and_pruned_journal_verifies_with_the_key_it_was_begun_with() {
    let (mut healer, storage) = healer(Some(Arc::new(old_key())));
    healer.unfreeze(None, &operator()).unwrap();
    healer.rotate_key(Arc::new(new_key()), &operator()).unwrap();
    for _ in 0..1_100 {
        healer.unfreeze(None, &operator()).unwrap();
    }
    let first = storage.read(&Stream::Global, 0, 1).unwrap();
    assert!(first[0].sequence > 2, "the rotation's record was pruned");

    let ends = verify(&storage, first_key(), &[]).unwrap();
    let kept = storage.read(&Stream::Global, first[0].sequence, 2_000).unwrap();
    assert_eq!(ends[&Stream::Global], kept.last().unwrap().head());
    verify(&storage, new_key().public_key(), &[]).unwrap();
    assert!(verify(&storage, stranger().public_key(), &[]).is_err());
    // What is kept of the journal's end elsewhere holds for it later, too.
    let known = SignedHead::sign(Stream::Global, ends[&Stream::Global], &new_key()).unwrap();
    healer.unfreeze(None, &operator()).unwrap();
    verify(&storage, first_key(), std::slice::from_ref(&known)).unwrap();
    let mut written = Vec::new();
    write_records(&storage, &mut written).unwrap();
    healing_core::audit::verify_lines(written.as_slice(), first_key(), &[known]).unwrap();
}

#[test]
fn a_key_is_not_rotated_where_nobody_signs() {
    let (mut healer, storage) = healer(None);
    let refused = healer.rotate_key(Arc::new(new_key()), &operator());
    assert!(matches!(refused, Err(ControlError::Journal(JournalError::Unsigned(_)))));
    assert!(storage.streams().unwrap().is_empty());
}

#[test]
fn an_audit_that_found_something_calls_a_human() {
    let (mut healer, storage) = healer(Some(Arc::new(old_key())));
    healer.audited(&verify(&storage, first_key(), &[]));
    assert_eq!(audits(&mut healer), [None]);

    let forged = seal(
        &Stream::Global,
        StreamHead::default(),
        &crate::history::body(&Stream::Global, 0),
        Some(&stranger()),
    );
    storage.append(&forged).unwrap();
    let verified = verify(&storage, first_key(), &[]);
    assert!(matches!(
        verified,
        Err(AuditError::Bad {
            fault: Fault::Forged { .. },
            ..
        })
    ));
    healer.audited(&verified);
    let found = audits(&mut healer);
    assert!(
        found[0].as_ref().unwrap().contains("record 0 of global is forged"),
        "{found:?}"
    );
}

/// What the events of a tick say of audits.
fn audits(healer: &mut Healer) -> Vec<Option<String>> {
    let events = healer.tick().events.into_iter();
    let audits = events.filter_map(|event| {
        let calls_human = event.kind.calls_human();
        match event.kind {
            EventKind::Audited { fault } => {
                assert_eq!(calls_human, fault.is_some());
                Some(fault)
            }
            _ => None,
        }
    });
    audits.collect()
}
