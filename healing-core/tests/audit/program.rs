//! The example program's answers.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use healing_core::SystemClock;
use healing_core::storage::{Journal, RedbStorage};

use crate::history::{History, first_key};

fn audit_verify(arguments: &[&str]) -> Output {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--example", "audit-verify", "--manifest-path"]);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    command.arg("--").args(arguments).output().unwrap()
}

fn says(output: &Output, code: i32, words: &str) {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn it_says_whether_a_file_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let key = first_key().to_string();
    let mut history = History::written();

    fs::write(path("lines"), history.lines()).unwrap();
    says(
        &audit_verify(&[&path("lines"), &key]),
        0,
        "collection:beta: sound up to record 7",
    );

    let store = RedbStorage::create(path("store"), Arc::new(SystemClock)).unwrap();
    for record in &history.records {
        store.append(record).unwrap();
    }
    says(&audit_verify(&[&path("store"), &key]), 2, "store");
    drop(store);
    says(
        &audit_verify(&[&path("store"), &key]),
        0,
        "global: sound up to record 7",
    );

    let head = |head| serde_json::to_string(head).unwrap() + "\n";
    fs::write(path("heads"), history.heads.iter().map(head).collect::<String>()).unwrap();
    history.records.pop();
    fs::write(path("cut"), history.lines()).unwrap();
    says(
        &audit_verify(&[&path("cut"), &key, &path("heads")]),
        1,
        "record 7 of collection:beta and all after it were cut off",
    );
    says(&audit_verify(&[&path("cut"), "no key"]), 2, "PUBLIC_KEY");
    says(&audit_verify(&[]), 2, "usage");
}
