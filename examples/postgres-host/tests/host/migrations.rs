//! The schema: made once, whoever makes it.

use std::thread;

use postgres::NoTls;
use postgres_host::{Database, Limits, PostgresError};

use crate::world;

#[test]
fn many_processes_that_migrate_at_once_make_one_schema() {
    let Some(server) = world::server() else { return };
    let mut client = server.config("postgres").connect(NoTls).unwrap();
    client.batch_execute("CREATE DATABASE migrated_by_many").unwrap();
    let database = || Database::new(server.config("migrated_by_many"), Limits::default());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || database().migrate())).collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    database().migrate().unwrap();
}

#[test]
fn a_schema_of_a_newer_program_or_of_another_one_is_left_alone() {
    let Some(server) = world::server() else { return };
    let name = world::new_database(server);
    let database = Database::new(server.config(&name), Limits::default());
    let mut client = server.config(&name).connect(NoTls).unwrap();
    client
        .batch_execute("INSERT INTO ruvector.schema_versions (version, name, digest) VALUES (1000, 'later', '')")
        .unwrap();
    let refusal = database.migrate().unwrap_err();
    assert!(
        matches!(refusal, PostgresError::Schema { found: 1000, .. }),
        "{refusal}"
    );
    client
        .batch_execute(
            "DELETE FROM ruvector.schema_versions WHERE version = 1000;
             UPDATE ruvector.schema_versions SET digest = 'another' WHERE version = 1",
        )
        .unwrap();
    let refusal = database.migrate().unwrap_err().to_string();
    assert!(refusal.contains("made by another program"), "{refusal}");
}
