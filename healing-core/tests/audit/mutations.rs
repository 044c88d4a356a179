//! Any single mutation of a chain is found and named.

use healing_core::audit::{AuditError, Fault, SignedHead, Signer, verify_lines};
use healing_core::storage::{JournalBody, JournalRecord};
use proptest::prelude::*;

use crate::history::{
    History, LENGTH, body, first_key, new_key, old_key, operator, seal, signer_at, stranger, streams,
};

/// The first bad record: stream, place, and how it is bad.
fn named(verified: Result<(), AuditError>) -> (usize, u64, Fault) {
    match verified {
        Err(AuditError::Bad {
            stream,
            sequence,
            fault,
        }) => {
            let stream = streams().iter().position(|it| *it == stream).unwrap();
            (stream, sequence, fault)
        }
        other => unreachable!("{other:?}"),
    }
}

/// The record at `place` of a stream, as another would have written it.
fn rewritten(
    history: &History,
    stream: usize,
    place: usize,
    said: &JournalBody,
    by: Option<&dyn Signer>,
) -> JournalRecord {
    let index = stream * LENGTH + place;
    let head = match place {
        0 => Default::default(),
        _ => history.records[index - 1].head(),
    };
    seal(&streams()[stream], head, said, by)
}

#[test]
fn what_was_written_is_sound() {
    let history = History::written();
    history.verify().unwrap();
    let ends = verify_lines(history.lines().as_slice(), first_key(), &[]).unwrap();
    assert!(history.heads.iter().all(|it| ends[&it.stream] == it.head));
}

proptest! {
    // A signature takes its time where nothing is optimised.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_is_found_in_its_record(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let history = History::written();
        let mut lines = history.lines();
        let at = at.index(lines.len());
        let index = lines[..at].iter().filter(|&&byte| byte == b'\n').count();
        lines[at] ^= 1 << bit;
        match history.verify_lines(&lines) {
            Err(AuditError::BadLine { line }) => prop_assert_eq!(line, index as u64 + 1),
            Err(AuditError::Bad { stream, sequence, fault }) => {
                prop_assert_eq!(fault, Fault::Changed);
                // Where the stream's own name was changed, it is a record of a stream that nobody knows.
                if streams().contains(&stream) {
                    prop_assert_eq!(stream, history.records[index].stream.clone());
                    prop_assert_eq!(sequence, (index % LENGTH) as u64);
                }
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn a_dropped_record_is_missing(stream in 0..3_usize, place in 0..LENGTH) {
        let mut history = History::written();
        history.records.remove(stream * LENGTH + place);
        let fault = match place + 1 == LENGTH {
            true => Fault::Truncated { next: LENGTH as u64 },
            false => Fault::Missing { found: place as u64 + 1 },
        };
        prop_assert_eq!(named(history.verify()), (stream, place as u64, fault));
    }

    #[test]
    fn a_stream_cut_off_is_truncated(stream in 0..3_usize, left in 0..LENGTH) {
        let mut history = History::written();
        history.records.drain(stream * LENGTH + left..(stream + 1) * LENGTH);
        let verified = history.verify();
        if stream == 0 && left <= 3 {
            // Without the record that rotated the key, what the new one signed is nobody's.
            let is_forged = matches!(verified, Err(AuditError::Bad { fault: Fault::Forged { .. }, .. }));
            prop_assert!(is_forged);
        } else {
            prop_assert_eq!(named(verified), (stream, left as u64, Fault::Truncated { next: LENGTH as u64 }));
        }
    }

    #[test]
    fn swapped_records_are_reordered(stream in 0..3_usize, one in 0..LENGTH, other in 0..LENGTH) {
        prop_assume!(one < other);
        // A stream may begin with its checkpoint: then the first one that is late is before it.
        let begins_with_checkpoint = stream == 0 && one == 0 && other == 6;
        let mut history = History::written();
        history.records.swap(stream * LENGTH + one, stream * LENGTH + other);
        match history.verify() {
            Err(AuditError::Bad { .. }) if begins_with_checkpoint => {}
            verified => prop_assert_eq!(named(verified), (stream, one as u64, Fault::Reordered { found: other as u64 })),
        }
    }

    #[test]
    fn a_forged_record_is_named(stream in 0..3_usize, place in 0..LENGTH, signed in any::<bool>()) {
        let mut history = History::written();
        let signer = stranger();
        let by: Option<&dyn Signer> = if signed { Some(&signer) } else { None };
        history.records[stream * LENGTH + place] = rewritten(&history, stream, place, &body(&streams()[stream], place), by);
        let fault = Fault::Forged { by: signed.then(|| signer.public_key()) };
        prop_assert_eq!(named(history.verify()), (stream, place as u64, fault));
    }

    #[test]
    fn a_record_of_another_history_is_spliced(stream in 1..3_usize, place in 0..LENGTH) {
        let mut history = History::written();
        let said = JournalBody::Unfrozen { collection: None, by: healing_core::identity::Operator::new("other").unwrap() };
        history.records[stream * LENGTH + place] = rewritten(&history, stream, place, &said, Some(&signer_at(place)));
        // The next one, or the signed head, knows another in its place.
        let at = (place + 1).min(LENGTH - 1) as u64;
        prop_assert_eq!(named(history.verify()), (stream, at, Fault::Spliced));
    }
}

#[test]
fn a_record_that_stands_twice_is_reordered() {
    let mut history = History::written();
    history.records.insert(LENGTH + 3, history.records[LENGTH + 2].clone());
    assert_eq!(named(history.verify()), (1, 3, Fault::Reordered { found: 2 }));
}

#[test]
fn an_old_key_signs_no_more_once_the_new_one_has() {
    let mut history = History::written();
    let old = old_key();
    history.records[LENGTH + 6] = rewritten(&history, 1, 6, &body(&streams()[1], 6), Some(&old));
    let by = Some(old.public_key());
    assert_eq!(named(history.verify()), (1, 6, Fault::Forged { by }));
}

#[test]
fn an_old_key_vouches_for_no_other() {
    let mut history = History::written();
    let to = stranger().public_key();
    let said = JournalBody::KeyRotated { to, by: operator() };
    // Right after the rotation, before the new key has signed.
    history.records[4] = rewritten(&history, 0, 4, &said, Some(&old_key()));
    let by = Some(old_key().public_key());
    assert_eq!(named(history.verify()), (0, 4, Fault::Forged { by }));
}

#[test]
fn a_head_that_a_stranger_signed_is_refused() {
    let mut history = History::written();
    let head = history.heads[1].clone();
    history.heads[1] = SignedHead::sign(head.stream.clone(), head.head, &stranger()).unwrap();
    assert!(matches!(history.verify(), Err(AuditError::BadHead { stream }) if stream == head.stream));
    history.heads[1] = SignedHead::sign(head.stream, head.head, &new_key()).unwrap();
    history.verify().unwrap();
}
