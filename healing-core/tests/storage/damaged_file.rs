//! Files of stores that were cut off, or lost a bit.

use std::fs;

use crate::damaged_store::{self, tells_the_truth};

#[test]
fn a_store_cut_off_at_any_length_tells_the_truth_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let written = damaged_store::write(&path);
    let whole = fs::read(&path).unwrap();
    assert_eq!(tells_the_truth(&path, &written, "whole"), Some(0));
    let steps = (0..600).chain((600..whole.len()).step_by(whole.len() / 150));
    for length in steps {
        fs::write(&path, &whole[..length]).unwrap();
        tells_the_truth(&path, &written, &format!("cut off at {length} of {}", whole.len()));
    }
}

#[test]
fn a_store_with_a_flipped_bit_tells_the_truth_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let written = damaged_store::write(&path);
    let whole = fs::read(&path).unwrap();
    // Every byte of the header, and a sample of the pages; unused pages are zeros and not worth a try.
    let used = (0..whole.len()).filter(|&at| at < 320 || whole[at] != 0);
    for (count, at) in used.enumerate().filter(|(count, at)| *at < 320 || count % 499 == 0) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (count % 8);
        fs::write(&path, &damaged).unwrap();
        tells_the_truth(&path, &written, &format!("bit {} of byte {at}", count % 8));
    }
}

/// A name that was changed is not found under its own, and must not pass for one that never was.
#[test]
fn a_store_with_a_changed_name_tells_the_truth_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let written = damaged_store::write(&path);
    let whole = fs::read(&path).unwrap();
    let name = b"embeddings";
    let places = (0..whole.len() - name.len()).filter(|&at| whole[at..].starts_with(name));
    let mut tried = 0;
    for at in places {
        let mut damaged = whole.clone();
        damaged[at + 3] = b's';
        fs::write(&path, &damaged).unwrap();
        tells_the_truth(&path, &written, &format!("the name at {at} is another"));
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
}
