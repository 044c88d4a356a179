//! Files that are no stores.

use std::fs;

use super::clock;
use crate::storage::redb::{RedbError, RedbStorage};

#[test]
fn a_file_of_something_else_is_named_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign");
    let foreign = [
        Vec::new(),
        b"x".to_vec(),
        b"redb".to_vec(),
        b"SQLite format 3\0 and so on".to_vec(),
        (0..100_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect(),
    ];
    for contents in foreign {
        fs::write(&path, &contents).unwrap();
        for opened in [
            RedbStorage::open(&path, clock()),
            RedbStorage::open_or_create(&path, clock()),
        ] {
            assert!(matches!(opened, Err(RedbError::NotAStore { .. })), "{opened:?}");
        }
        assert!(matches!(
            RedbStorage::create(&path, clock()),
            Err(RedbError::AlreadyExists { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), contents);
    }
    let directory_itself = RedbStorage::open(directory.path(), clock());
    assert!(
        matches!(directory_itself, Err(RedbError::NotAStore { .. })),
        "{directory_itself:?}"
    );
}

#[test]
fn a_database_of_another_program_is_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.redb");
    drop(::redb::Database::create(&path).unwrap());
    let opened = RedbStorage::open_or_create(&path, clock());
    assert!(matches!(opened, Err(RedbError::NotAStore { .. })), "{opened:?}");
}

#[test]
fn a_store_of_a_later_version_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("later.redb");
    drop(RedbStorage::create(&path, clock()).unwrap());
    let database = ::redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(crate::storage::redb::tables::SCHEMA)
        .unwrap()
        .insert("version", 2)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let opened = RedbStorage::open(&path, clock());
    assert!(
        matches!(opened, Err(RedbError::OtherVersion { found: 2, known: 1, .. })),
        "{opened:?}"
    );
}

#[test]
fn a_missing_store_is_made_only_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    assert!(matches!(
        RedbStorage::open(&path, clock()),
        Err(RedbError::NotFound { .. })
    ));
    drop(RedbStorage::open_or_create(&path, clock()).unwrap());
    assert!(matches!(
        RedbStorage::create(&path, clock()),
        Err(RedbError::AlreadyExists { .. })
    ));
    drop(RedbStorage::open_or_create(&path, clock()).unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts are left");
    let nowhere = RedbStorage::open_or_create(directory.path().join("no/such/directory"), clock());
    assert!(matches!(nowhere, Err(RedbError::Io { .. })), "{nowhere:?}");
}
