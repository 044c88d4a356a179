//! What an index is said to waste, against what building it anew gives back.

use std::sync::Arc;

use healing_core::{ObservationSource, SystemClock};
use postgres_host::{Database, Limits, PostgresHost};

use crate::world::{World, eventually, new_collection};

/// One partition holds all of them.
fn world_of(vectors: usize) -> Option<World> {
    World::new(&new_collection(), &vec![vec![0.0; 4]; vectors])
}

/// Pages of the first partition's index, those that a new one would take, and whether that is measured.
fn index(world: &World) -> (i64, i64, bool) {
    world.host.observe(&world.collection).unwrap();
    let facts = "SELECT index_pages, index_pages_needed, index_is_measured FROM ruvector.partition_facts WHERE partition_id = 1";
    let row = world.client().query_one(facts, &[]).unwrap();
    (row.get(0), row.get(1), row.get(2))
}

fn run(world: &World, sql: &str) {
    // Each in a transaction of its own: some cannot be in one with others.
    for statement in sql.split(';') {
        world.client().batch_execute(statement).unwrap();
    }
}

/// Says how many pages the index needs, builds it anew, and compares: the share by which that was wrong.
#[track_caller]
fn is_as_foretold(world: &World, foretold: i64, tolerance: f64) {
    run(world, "REINDEX INDEX ruvector.vectors_1_1_pkey");
    let taken =
        world.count("SELECT pg_relation_size('ruvector.vectors_1_1_pkey') / current_setting('block_size')::bigint");
    let wrong = (foretold - taken).abs() as f64 / taken as f64;
    assert!(
        wrong <= tolerance,
        "{foretold} pages were foretold, and it takes {taken}"
    );
}

const DELETE_MOST: &str = "DELETE FROM ruvector.vectors WHERE vector_id % 5 <> 0; VACUUM ruvector.vectors";

#[test]
fn what_an_index_wastes_is_measured_and_is_what_building_it_anew_gives_back() {
    let Some(world) = world_of(60_000) else { return };
    let (pages, needed, measured) = index(&world);
    assert!(measured && (pages - needed).abs() * 50 <= pages, "{needed} of {pages}");
    run(&world, DELETE_MOST);
    let mut needed = 0;
    eventually("it is measured anew", || {
        let (pages, present, measured) = index(&world);
        needed = present;
        measured && needed * 3 < pages
    });
    is_as_foretold(&world, needed, 0.03);
    let (pages, needed, measured) = index(&world);
    assert!(measured, "a new file is measured at once");
    assert!((pages - needed).abs() * 50 <= pages, "{needed} of {pages}");
}

/// Rows that come in no order leave the pages of an index about seven tenths full, whatever the number of rows says.
#[test]
fn an_index_that_was_filled_in_no_order_is_measured_too() {
    let Some(world) = world_of(10) else { return };
    run(
        &world,
        "INSERT INTO ruvector.vectors (vector_id, collection_id, partition_id, embedding)
         SELECT 1000 + number, 1, 1, '{0,0,0,0}'::real[] FROM generate_series(1, 60000) AS number ORDER BY hashint8(number)",
    );
    let mut needed = 0;
    eventually("it is measured", || {
        let (pages, present, measured) = index(&world);
        needed = present;
        measured && pages > 300
    });
    is_as_foretold(&world, needed, 0.03);
}

#[test]
fn an_index_is_read_through_again_only_once_a_part_of_it_may_be_different() {
    let Some(world) = world_of(20_000) else { return };
    let (_, _, measured) = index(&world);
    assert!(measured);
    let when = || -> String {
        let sql = "SELECT measured_at::text FROM ruvector.index_measurements WHERE partition_id = 1";
        world.client().query_one(sql, &[]).unwrap().get(0)
    };
    let first = when();
    run(&world, "DELETE FROM ruvector.vectors WHERE vector_id % 40 = 0");
    let counted = "SELECT n_tup_del FROM pg_stat_user_tables WHERE relid = 'ruvector.vectors_1_1'::regclass";
    eventually("the statistics say so", || world.count(counted) == 500);
    index(&world);
    assert_eq!(when(), first, "a fortieth was deleted");
    run(&world, "DELETE FROM ruvector.vectors WHERE vector_id % 40 = 1");
    eventually("it is measured again", || {
        index(&world);
        when() != first
    });
    let second = when();
    run(&world, "VACUUM ruvector.vectors");
    eventually("it is measured after a vacuum", || {
        index(&world);
        when() != second
    });
}

#[test]
fn without_the_extension_the_waste_is_estimated_from_the_width_of_the_key() {
    let Some(world) = world_of(60_000) else { return };
    run(
        &world,
        "DROP EXTENSION pgstattuple; DELETE FROM ruvector.index_measurements",
    );
    run(&world, DELETE_MOST);
    let mut needed = 0;
    eventually("the statistics say so", || {
        let (pages, present, measured) = index(&world);
        needed = present;
        assert!(!measured);
        needed * 3 < pages
    });
    is_as_foretold(&world, needed, 0.03);
    // A fuller index needs less.
    run(&world, "ALTER INDEX ruvector.vectors_1_1_pkey SET (fillfactor = 100)");
    is_as_foretold(&world, index(&world).1, 0.03);
}

/// A role that may not install the extension, in a database where a superuser did not.
#[test]
fn a_healer_that_may_not_read_indexes_through_estimates_until_it_may() {
    let Some(world) = world_of(20_000) else { return };
    let role = format!("modest_{}", world.name);
    run(
        &world,
        &format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA ruvector TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA ruvector TO {role}; GRANT ALL ON ALL FUNCTIONS IN SCHEMA ruvector TO {role};
             REVOKE ALL ON FUNCTION ruvector.pgstatindex(regclass) FROM {role}"
        ),
    );
    let mut config = world.server.config(&world.name);
    config.user(&role);
    let host = PostgresHost::new(Database::new(config, Limits::default()), Arc::new(SystemClock));
    let measured = "SELECT count(*) FROM ruvector.index_measurements";
    host.observe(&world.collection).unwrap();
    assert_eq!(world.count(measured), 0);
    run(&world, &format!("GRANT pg_stat_scan_tables TO {role}"));
    host.observe(&world.collection).unwrap();
    assert_eq!(world.count(measured), 1);
}
