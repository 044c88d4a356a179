//! A server that restarts, connections that break, a pool that is used up.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use healing_core::storage::{Journal, Stream};
use postgres::error::SqlState;
use postgres_host::server::Ending;
use postgres_host::{Database, Limits, PostgresError, PostgresStorage};

use crate::healers::{Healing, Ward, config};
use crate::world::{self, eventually};

/// Nothing that was taken back is still in effect, and everything that was begun has ended.
fn is_settled(ward: &Ward<'_>) -> bool {
    let unsettled =
        "SELECT count(*) FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id
                     WHERE NOT ended OR state = 'rollback_failed' OR state = 'rolled_back' AND EXISTS (
                         SELECT FROM ruvector.maintenance_jobs WHERE paused_by = name || '#' || number)";
    let helped = "SELECT count(*) FROM ruvector.healing_actions WHERE state = 'completed'";
    ward.count(unsettled) == 0 && ward.count(helped) > 0
}

fn survives(ward: &Ward<'_>, disturb: impl FnOnce()) {
    let _healing = Healing::start(ward, config());
    let mut watch = ward.watch();
    ward.flood(9);
    watch.until_in_the_middle();
    drop(watch);
    disturb();
    eventually("the store is healed and nothing is left half done", || is_settled(ward));
    eventually("orders are taken again", || {
        let mut client = ward.client();
        client
            .query("SELECT ruvector_healing_configure('{\"max_active\": 4}')", &[])
            .is_ok()
    });
}

#[test]
fn a_server_that_crashes_in_the_middle_of_a_remediation_finds_its_healer_there() {
    let Some(server) = world::start() else { return };
    let ward = Ward::new(&server);
    survives(&ward, || server.restart(Ending::Crash).unwrap());
}

#[test]
fn connections_that_break_in_the_middle_of_a_remediation_are_made_again() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    survives(&ward, || {
        let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let broken = ward.count(others);
        assert!(
            broken > 1,
            "the healer works and listens over connections of its own: {broken}"
        );
    });
}

#[test]
fn a_pool_that_is_used_up_says_so_in_time_and_goes_on_afterwards() {
    let Some(server) = world::server() else { return };
    let limits = Limits {
        connections: 2,
        connection_wait: Duration::from_millis(100),
        ..Limits::default()
    };
    let database = Database::new(server.config(&world::new_database(server)), limits);
    let storage = PostgresStorage::new(database.clone());
    let (release, held) = channel::<()>();
    let (tell, told) = channel();
    let held = std::sync::Mutex::new(held);
    thread::scope(|scope| {
        for _ in 0..2 {
            let (database, tell, held) = (database.clone(), tell.clone(), &held);
            scope.spawn(move || {
                let hold = || {
                    database.transaction(|_| {
                        tell.send(()).unwrap();
                        // Until the other half is gone.
                        let _ = held.lock().unwrap().recv();
                        Ok::<(), PostgresError>(())
                    })
                };
                // Where the machine is busy, to connect may take longer than the limit.
                eventually("a connection is had", || hold().is_ok());
            });
        }
        told.recv().unwrap();
        told.recv().unwrap();
        let refusal = storage.read(&Stream::Global, 0, 1).unwrap_err().to_string();
        assert!(
            refusal.contains("no connection to the database was to be had"),
            "{refusal}"
        );
        drop(release);
    });
    assert!(storage.read(&Stream::Global, 0, 1).unwrap().is_empty());
}

#[test]
fn a_server_that_is_not_there_is_an_error_and_not_a_wait() {
    let mut config = postgres::Config::new();
    config.host_path("/nonexistent").user("nobody");
    let limits = Limits {
        connection_wait: Duration::from_millis(200),
        ..Limits::default()
    };
    let storage = PostgresStorage::new(Database::new(config, limits));
    let refusal = storage.streams().unwrap_err().to_string();
    assert!(refusal.contains("error connecting to server"), "{refusal}");
}

/// A statement that would take for ever is ended by the server.
#[test]
fn no_statement_outlives_its_limit() {
    let Some(server) = world::server() else { return };
    let limits = Limits {
        statement: Duration::from_millis(200),
        ..Limits::default()
    };
    let database = Database::new(server.config(&world::new_database(server)), limits);
    let result = database.transaction(|session| session.query("SELECT pg_sleep(3600)", &[]));
    let error = result.unwrap_err();
    assert_eq!(error.code().map(SqlState::code), Some("57014"), "{error}");
}
