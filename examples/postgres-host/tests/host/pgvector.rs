//! A store that keeps its vectors as pgvector does. The other tests run on one too, where the server has pgvector.

use healing_core::ObservationSource;
use healing_strategies::actuators::Tiers;
use postgres::NoTls;
use postgres::error::SqlState;
use postgres_host::{Database, Limits};

use crate::world::{self, World, new_collection};

/// How vectors are kept, there and in the archive.
fn kinds(world: &World) -> (String, String) {
    let sql = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute
               WHERE attname = 'embedding' AND attrelid IN ('ruvector.vectors'::regclass, 'ruvector.archived_vectors'::regclass)
               ORDER BY attrelid";
    let rows = world.client().query(sql, &[]).unwrap();
    (rows[0].get(0), rows[1].get(0))
}

fn nearest(world: &World) -> Vec<(i64, f64)> {
    let sql = "SELECT vector_id, distance FROM ruvector.search('embeddings', '{12.5, 0.25, 0, 1}', 20, 4)";
    let rows = world.client().query(sql, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
#[ignore = "needs a server that has pgvector: .ci/run vector"]
fn a_store_in_a_database_with_pgvector_keeps_vectors_by_it() {
    let new = new_collection();
    let world = World::new(&new, &world::vectors(&new, 50)).unwrap();
    assert_eq!(kinds(&world), ("vector".into(), "vector".into()));
    let found = nearest(&world);
    let truly = "SELECT sqrt(sum((a - b)::float8 * (a - b))) FROM ruvector.vectors,
                     unnest(embedding::real[], '{12.5, 0.25, 0, 1}'::real[]) AS pair (a, b)
                 GROUP BY vector_id ORDER BY 1 LIMIT 20";
    let truly = world.client().query(truly, &[]).unwrap();
    assert_eq!(found.len(), truly.len());
    for ((_, distance), row) in found.iter().zip(&truly) {
        assert!(
            (distance - row.get::<_, f64>(0)).abs() < 1e-5,
            "{distance} instead of {row:?}"
        );
    }
    assert!(
        !world
            .client()
            .query_one("SELECT ruvector.use_pgvector()", &[])
            .unwrap()
            .get::<_, bool>(0)
    );
}

#[test]
#[ignore = "needs a server that has pgvector: .ci/run vector"]
fn a_store_that_began_without_pgvector_takes_it_up_when_told_to() {
    let server = world::server().unwrap();
    let mut admin = server.config("postgres").connect(NoTls).unwrap();
    admin.batch_execute("CREATE DATABASE began_without").unwrap();
    let database = Database::new(server.config("began_without"), Limits::default());
    database.migrate().unwrap();
    let new = new_collection();
    let world = World::of(server, "began_without".to_owned(), &new, &world::vectors(&new, 50));
    assert_eq!(kinds(&world), ("real[]".into(), "real[]".into()));
    let mut client = world.client();
    let early = client.query("SELECT ruvector.use_pgvector()", &[]).unwrap_err();
    assert_eq!(early.code(), Some(&SqlState::UNDEFINED_OBJECT));
    assert!(early.as_db_error().unwrap().hint().is_some());

    // Installed alone it changes nothing: a partition goes to the archive and back as before.
    let before = nearest(&world);
    client
        .batch_execute("CREATE SCHEMA elsewhere; CREATE EXTENSION vector SCHEMA elsewhere")
        .unwrap();
    assert_eq!(kinds(&world), ("real[]".into(), "real[]".into()));
    world.act(|permit| world.host.evict(permit, 3)).unwrap();
    let take_up = |client: &mut postgres::Client| -> bool {
        client.query_one("SELECT ruvector.use_pgvector()", &[]).unwrap().get(0)
    };
    assert!(take_up(&mut client));
    assert!(!take_up(&mut client), "once is enough");
    assert_eq!(kinds(&world), ("elsewhere.vector".into(), "elsewhere.vector".into()));
    assert_eq!(world.count("SELECT count(*) FROM ruvector.archived_vectors"), 50);
    world.act(|permit| world.host.reload(permit, 3)).unwrap();
    let after = nearest(&world);
    assert_eq!(after.len(), before.len());
    for ((_, one), (_, other)) in before.iter().zip(&after) {
        assert!((one - other).abs() < 1e-5, "{before:?} became {after:?}");
    }

    // Clients and healer notice nothing.
    let fetched: Vec<f32> = client
        .query_one("SELECT embedding FROM ruvector.fetch_vector('embeddings', 7)", &[])
        .unwrap()
        .get(0);
    assert_eq!(fetched.len(), 4);
    client
        .query("SELECT ruvector.insert_vector('embeddings', '{1,2,3,4}')", &[])
        .unwrap();
    client
        .query("SELECT ruvector.update_vector('embeddings', 7, '{1,2,3,4}')", &[])
        .unwrap();
    world.host.observe(&world.collection).unwrap();
}
