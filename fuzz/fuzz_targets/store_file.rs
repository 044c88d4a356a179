//! Arbitrary damage to the file of a store: what opens and answers tells the truth.

#![no_main]

#[allow(dead_code, reason = "the other targets use all of it")]
mod bytes;
mod contained;
#[path = "../../healing-core/tests/storage/contents.rs"]
#[allow(dead_code, reason = "the tests of stores use all of it")]
mod contents;
#[path = "../../healing-core/tests/storage/damaged_store.rs"]
mod damaged_store;

use std::fs;
use std::sync::LazyLock;

use bytes::Bytes;
use damaged_store::Written;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

struct Store {
    directory: TempDir,
    contents: Vec<u8>,
    /// Where something is written: unused pages are zeros.
    used: Vec<usize>,
    written: Written,
}

static STORE: LazyLock<Store> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().join("healing.redb");
    let written = damaged_store::write(&path);
    let contents = fs::read(&path).expect("the store");
    let used = (0..contents.len())
        .filter(|&at| at < 320 || contents[at] != 0)
        .collect();
    Store {
        directory,
        contents,
        used,
        written,
    }
});

fuzz_target!(init: contained::listen(), |data: &[u8]| contained::run(|| {
    let store = &*STORE;
    let mut bytes = Bytes::new(data);
    let file = match bytes.number(1) {
        0 => data[1.min(data.len())..].to_vec(),
        1 => {
            let length = bytes.number(3) as usize % store.contents.len();
            let mut cut_off = store.contents[..length].to_vec();
            cut_off.extend(&data[4.min(data.len())..]);
            cut_off
        }
        _ => {
            let mut damaged = store.contents.clone();
            while !bytes.is_empty() {
                let at = store.used[bytes.number(2) as usize * 7919 % store.used.len()];
                damaged[at] = bytes.number(1) as u8;
            }
            damaged
        }
    };
    let unchanged = file == store.contents;
    let path = store.directory.path().join("damaged.redb");
    fs::write(&path, file).expect("a file");
    let answer = damaged_store::tells_the_truth(&path, &store.written, "damaged");
    assert!(!unchanged || answer == Some(0));
}));
