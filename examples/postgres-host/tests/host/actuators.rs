//! What the strategies may do to the store, and what its clients notice of it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use healing_core::metrics::JobState;
use healing_core::{Percent, SystemClock};
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, Indexes, Job, Jobs, Operation, Throttle, Tier, Tiers,
    WriteRoute, WriteRouting,
};
use postgres::error::SqlState;
use postgres_host::{MaintenanceWorker, NewCollection, PostgresHost};

use crate::world::{self, World, eventually, new_collection};

fn small_world() -> Option<World> {
    let new = new_collection();
    World::new(&new, &world::vectors(&new, 100))
}

#[test]
fn throttled_inserts_are_refused_with_a_code_and_others_are_not() {
    let Some(world) = small_world() else { return };
    let (mut client, nothing, everything) = (world.client(), Percent::ZERO, Percent::new(100.0).unwrap());
    let mut insert = |embeddings: &str| {
        client.execute(
            "SELECT ruvector.insert_vectors('embeddings', $1::text::real[])",
            &[&embeddings],
        )
    };
    let (one, two) = ("{{1,2,3,4}}", "{{1,2,3,4},{5,6,7,8}}");
    let set = |operation, share| {
        world
            .act(|permit| world.host.set_throttle(permit, operation, share))
            .unwrap();
    };
    set(Operation::Insert, everything);
    assert_eq!(
        world.host.throttle(&world.collection, Operation::Insert).unwrap(),
        everything
    );
    assert_eq!(
        world.host.throttle(&world.collection, Operation::BulkInsert).unwrap(),
        nothing
    );
    let refusal = insert(one).unwrap_err();
    assert_eq!(refusal.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED));
    assert!(refusal.as_db_error().unwrap().hint().is_some());
    insert(two).unwrap();
    set(Operation::Insert, nothing);
    set(Operation::BulkInsert, everything);
    insert(one).unwrap();
    assert!(insert(two).is_err());
    let half = Percent::new(50.0).unwrap();
    set(Operation::Insert, half);
    let refused = (0..400).filter(|_| insert(one).is_err()).count();
    assert!((120..280).contains(&refused), "{refused} of 400 were refused");
}

#[test]
fn new_vectors_go_where_the_route_leads() {
    let Some(world) = small_world() else { return };
    let route = |from, to| world.act(|permit| world.host.route_writes(permit, 1, from, to));
    let mut client = world.client();
    let mut insert = || {
        let row = client.query_one("SELECT ruvector.insert_vector('embeddings', '{1,0,0,0}')", &[])?;
        let placed = "SELECT partition_id FROM ruvector.vectors WHERE vector_id = $1";
        Ok::<i64, postgres::Error>(client.query_one(placed, &[&row.get::<_, i64>(0)])?.get(0))
    };
    assert_eq!(insert().unwrap(), 1);
    route(WriteRoute::Here, WriteRoute::Elsewhere).unwrap();
    route(WriteRoute::Here, WriteRoute::Elsewhere).unwrap();
    assert_eq!(insert().unwrap(), 2, "the next nearest takes it");
    assert!(matches!(
        route(WriteRoute::Here, WriteRoute::Closed),
        Err(ActuatorError::Refused { .. })
    ));
    route(WriteRoute::Elsewhere, WriteRoute::Closed).unwrap();
    let refusal = insert().unwrap_err();
    assert_eq!(refusal.code(), Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
    route(WriteRoute::Closed, WriteRoute::Here).unwrap();
    assert_eq!(insert().unwrap(), 1);
    for partition in 2..=8 {
        let away = (WriteRoute::Here, WriteRoute::Elsewhere);
        world
            .act(|permit| world.host.route_writes(permit, partition, away.0, away.1))
            .unwrap();
    }
    let last = route(WriteRoute::Here, WriteRoute::Elsewhere);
    assert!(
        matches!(last, Err(ActuatorError::Refused { .. })),
        "somebody must take writes: {last:?}"
    );
}

fn job_of(world: &World, id: i64) -> Option<Job> {
    world
        .host
        .jobs(&world.collection)
        .unwrap()
        .into_iter()
        .find(|job| job.id == id)
}

fn queue(world: &World, kind: &str, partition: i64) -> i64 {
    let row = world.client().query_one(
        "INSERT INTO ruvector.maintenance_jobs (collection_id, job_type, partition_id, priority)
         SELECT id, $1, $2, 'low' FROM ruvector.collections RETURNING id",
        &[&kind, &partition],
    );
    row.unwrap().get(0)
}

/// Stops a worker at the end of its scope, also where that is a failed assertion: the scope waits for the worker.
struct Stopped<'worker>(&'worker MaintenanceWorker);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[test]
fn jobs_pause_between_two_operations_and_go_on_where_they_were() {
    let new = new_collection();
    let Some(world) = World::new(&new, &world::vectors(&new, 5000)) else {
        return;
    };
    let (verify, analyze) = (queue(&world, "verify", 1), queue(&world, "analyze", 2));
    world.act(|permit| world.host.pause(permit, analyze)).unwrap();
    let waiting = job_of(&world, analyze).unwrap();
    assert_eq!(waiting.state, JobState::Paused, "one that waits is paused at once");
    assert_eq!(
        waiting.paused_by.map(|by| by.to_string()),
        Some("embeddings#1".to_owned())
    );

    let worker = MaintenanceWorker::new(world.database.clone());
    // Its rows are held, so that its second operation does not end before it was told to pause.
    let mut blocker = world.client();
    let mut block = blocker.transaction().unwrap();
    block
        .execute("LOCK TABLE ruvector.centroid_lists IN ACCESS EXCLUSIVE MODE", &[])
        .unwrap();
    thread::scope(|scope| {
        let running = worker.clone();
        scope.spawn(move || running.run(|error| panic!("{error}")));
        let _stopped = Stopped(&worker);
        eventually("the worker is in its first operation", || {
            let waits = "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid
                 WHERE NOT granted AND datname = current_database() AND relation = 'ruvector.centroid_lists'::regclass";
            world.count(waits) > 0
        });
        assert_eq!(job_of(&world, verify).unwrap().state, JobState::Running);
        world.act(|permit| world.host.pause(permit, verify)).unwrap();
        assert_eq!(job_of(&world, verify).unwrap().state, JobState::Draining);
        block.commit().unwrap();
        eventually("the operation ends", || {
            job_of(&world, verify).unwrap().state == JobState::Paused
        });
        let done = world.count("SELECT done_up_to FROM ruvector.maintenance_jobs WHERE job_type = 'verify'");
        assert_eq!(done, 1000, "one operation was done");
        world.act(|permit| world.host.resume(permit, verify)).unwrap();
        world.act(|permit| world.host.resume(permit, analyze)).unwrap();
        eventually("both jobs end", || {
            world.host.jobs(&world.collection).unwrap().is_empty()
        });
    });
    let failed = world.count("SELECT count(*) FROM ruvector.maintenance_jobs WHERE failure IS NOT NULL");
    assert_eq!(failed, 0);
    let ended = world.act(|permit| world.host.pause(permit, verify));
    assert!(matches!(ended, Err(ActuatorError::NotFound { .. })), "{ended:?}");
}

#[test]
fn a_worker_takes_no_more_jobs_than_there_are_slots_and_finds_what_is_wrong() {
    let Some(world) = small_world() else { return };
    world
        .client()
        .execute("DELETE FROM ruvector.centroid_lists WHERE vector_id = 3", &[])
        .unwrap();
    let broken = queue(&world, "verify", 1);
    let worker = MaintenanceWorker::new(world.database.clone());
    thread::scope(|scope| {
        let running = worker.clone();
        scope.spawn(move || running.run(|error| panic!("{error}")));
        let _stopped = Stopped(&worker);
        eventually("the job ends", || job_of(&world, broken).is_none());
    });
    let failure: Option<String> = world
        .client()
        .query_one("SELECT failure FROM ruvector.maintenance_jobs", &[])
        .unwrap()
        .get(0);
    assert!(
        failure
            .as_ref()
            .is_some_and(|it| it.contains("1 of its vectors are on no list")),
        "{failure:?}"
    );
}

fn population_of(world: &World, version: i64) -> Vec<i64> {
    let rows = world.client().query(
        "SELECT count(list.vector_id) FROM ruvector.centroids
         LEFT JOIN ruvector.centroid_lists AS list USING (collection_id, version, centroid_id)
         WHERE version = $1 GROUP BY centroid_id ORDER BY centroid_id",
        &[&version],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_new_version_of_the_centroids_shares_an_overfull_list_out_and_misses_no_vector_inserted_meanwhile() {
    let new = new_collection();
    // Three quarters of the vectors are near the first centroid, in four clumps.
    let mut vectors = world::vectors(&new, 300);
    for number in 0..7200_u16 {
        vectors.push(vec![
            f32::from(number % 2) * 8.0,
            f32::from(number / 2 % 2) * 8.0,
            f32::from(number % 97) / 97.0,
            0.0,
        ]);
    }
    let Some(world) = World::new(&new, &vectors) else {
        return;
    };
    let before = population_of(&world, 1);
    assert!(before[0] > 7000, "{before:?}");
    let (served, next) = (CentroidVersion(1), CentroidVersion(2));
    assert_eq!(world.host.served(&world.collection).unwrap(), served);
    assert_eq!(world.host.is_complete(&world.collection, next).unwrap(), None);
    let early = world.act(|permit| world.host.switch(permit, served, next));
    assert!(matches!(early, Err(ActuatorError::Refused { .. })), "{early:?}");

    let host = world.host.clone().with_slice(Duration::ZERO);
    let mut clients = 0;
    for _ in 0..20 {
        if world.host.is_complete(&world.collection, next).unwrap() == Some(true) {
            break;
        }
        world.act(|permit| host.rebuild(permit, next, &[1])).unwrap();
        world
            .client()
            .execute("SELECT ruvector.insert_vector('embeddings', '{1,2,3,4}')", &[])
            .unwrap();
        clients += 1;
    }
    assert_eq!(world.host.is_complete(&world.collection, next).unwrap(), Some(true));
    assert!(clients > 1, "nothing came between two slices");
    let after = population_of(&world, 2);
    assert_eq!(after.iter().sum::<i64>(), 9600 + clients);
    assert!(after.iter().max() < before.iter().max(), "{before:?} became {after:?}");
    assert!(*after.iter().max().unwrap() < 9600 / 2, "{before:?} became {after:?}");
    let missing = world.count(
        "SELECT count(*) FROM ruvector.vectors AS it WHERE NOT EXISTS (
             SELECT FROM ruvector.centroid_lists AS list WHERE list.vector_id = it.vector_id AND version = 2)",
    );
    assert_eq!(missing, 0);

    for _ in 0..2 {
        world.act(|permit| world.host.switch(permit, served, next)).unwrap();
        assert_eq!(world.host.served(&world.collection).unwrap(), next);
    }
    let nearest = world.count("SELECT vector_id FROM ruvector.search('embeddings', '{8,8,0.5,0}', 1)");
    let truly = world
        .count("SELECT vector_id FROM ruvector.vectors ORDER BY ruvector.distance(embedding, '{8,8,0.5,0}') LIMIT 1");
    let distance = |vector: i64| {
        let sql = "SELECT ruvector.distance(embedding, '{8,8,0.5,0}') FROM ruvector.vectors WHERE vector_id = $1";
        world.client().query_one(sql, &[&vector]).unwrap().get::<_, f64>(0)
    };
    assert_eq!(distance(nearest), distance(truly));
    let in_use = world.act(|permit| world.host.discard(permit, next));
    assert!(matches!(in_use, Err(ActuatorError::Refused { .. })), "{in_use:?}");
    world.act(|permit| world.host.switch(permit, next, served)).unwrap();
    for _ in 0..2 {
        world.act(|permit| world.host.discard(permit, next)).unwrap();
        assert_eq!(world.host.is_complete(&world.collection, next).unwrap(), None);
    }
    assert_eq!(world.host.newest(&world.collection).unwrap(), served);
}

fn tier_of(world: &World, partition: i64) -> Tier {
    let segments = world.host.segments(&world.collection).unwrap();
    segments
        .into_iter()
        .find(|segment| segment.id == partition)
        .unwrap()
        .tier
}

/// Evicts partition 3 and loads it again, and says where its vectors were meanwhile.
fn evict_and_reload(world: &World) -> i64 {
    let everything =
        "SELECT count(*) FROM (TABLE ruvector.vectors UNION ALL TABLE ruvector.archived_vectors) AS all_of_them";
    let fetched = |vector: i64| -> bool {
        let sql = "SELECT embedding IS NOT NULL FROM ruvector.fetch_vector('embeddings', $1)";
        world.client().query_one(sql, &[&vector]).unwrap().get(0)
    };
    assert_eq!(tier_of(world, 3), Tier::Hot);
    for _ in 0..2 {
        world.act(|permit| world.host.evict(permit, 3)).unwrap();
        assert_eq!(tier_of(world, 3), Tier::Cold);
        assert_eq!(world.count(everything), 800);
        assert!(fetched(250) && fetched(1));
    }
    let archived = world.count("SELECT count(*) FROM ruvector.archived_vectors");
    world
        .client()
        .execute("SELECT ruvector.insert_vector('embeddings', '{20,0,0,0}')", &[])
        .unwrap();
    world
        .client()
        .execute("DELETE FROM ruvector.vectors WHERE vector_id > 800", &[])
        .unwrap();
    for _ in 0..2 {
        world.act(|permit| world.host.reload(permit, 3)).unwrap();
        assert_eq!(tier_of(world, 3), Tier::Hot);
        assert_eq!(world.count(everything), 800);
        assert!(fetched(250));
    }
    world
        .client()
        .execute(
            "UPDATE ruvector.partitions SET pinned = true WHERE partition_id = 3",
            &[],
        )
        .unwrap();
    assert_eq!(tier_of(world, 3), Tier::Pinned);
    let pinned = world.act(|permit| world.host.evict(permit, 3));
    assert!(matches!(pinned, Err(ActuatorError::Refused { .. })), "{pinned:?}");
    archived
}

#[test]
fn a_cold_partition_is_archived_and_comes_back() {
    let Some(world) = small_world() else { return };
    assert_eq!(evict_and_reload(&world), 100);
}

/// A world whose cold partitions go to a tablespace of that name, which is made here.
fn world_with_a_cold_tablespace(name: &str) -> Option<World> {
    make_tablespace(name)?;
    let new = NewCollection {
        cold_tablespace: Some(name.to_owned()),
        ..new_collection()
    };
    World::new(&new, &world::vectors(&new, 100))
}

fn make_tablespace(name: &str) -> Option<()> {
    let server = world::server()?;
    let folder = server.make_folder(name).unwrap();
    let mut client = server.config("postgres").connect(postgres::NoTls).unwrap();
    let make = format!("CREATE TABLESPACE {name} LOCATION '{}'", folder.display());
    client.batch_execute(&make).unwrap();
    Some(())
}

/// The tablespaces of the table and of its index.
fn places(world: &World, partition: i64) -> (String, String) {
    let sql = "SELECT tablespace::text FROM ruvector.places_of(1, $1)";
    let rows = world.client().query(sql, &[&partition]).unwrap();
    (rows[0].get(0), rows[1].get(0))
}

#[test]
fn a_cold_partition_goes_to_its_tablespace_and_comes_back() {
    let Some(world) = world_with_a_cold_tablespace("cold") else {
        return;
    };
    assert_eq!(evict_and_reload(&world), 0);
    assert_eq!(places(&world, 3), ("pg_default".into(), "pg_default".into()));
}

#[test]
fn a_cold_partition_comes_back_to_where_it_was_whoever_brings_it() {
    let Some(world) = world_with_a_cold_tablespace("colder") else {
        return;
    };
    make_tablespace("fast").unwrap();
    make_tablespace("faster").unwrap();
    let (mut client, slice) = (world.client(), CompactionSlice { entries: 10_000 });
    client
        .batch_execute(
            "ALTER TABLE ruvector.vectors_1_3 SET TABLESPACE fast;
             ALTER INDEX ruvector.vectors_1_3_pkey SET TABLESPACE faster",
        )
        .unwrap();
    world.act(|permit| world.host.evict(permit, 3)).unwrap();
    assert_eq!(places(&world, 3), ("colder".into(), "colder".into()));
    // What is built anew in the cold is the same index all the same, and a new one belongs to its table.
    let built = "SELECT pg_relation_filenode('ruvector.vectors_1_3_pkey')::bigint";
    let before = world.count(built);
    eventually("the index is built anew", || {
        world.act(|permit| world.host.compact(permit, 3, slice)).unwrap();
        world.count(built) != before
    });
    eventually("and the one before is gone", || {
        world.count("SELECT count(*) FROM ruvector.places_of(1, 3)") == 2
    });
    client
        .batch_execute("CREATE INDEX made_in_the_cold ON ruvector.vectors_1_3 (vector_id) TABLESPACE colder")
        .unwrap();
    let somebody_else = PostgresHost::new(world.database.clone(), Arc::new(SystemClock));
    world.act(|permit| somebody_else.reload(permit, 3)).unwrap();
    let back: Vec<(String, String)> = client
        .query(
            "SELECT relation::text, tablespace::text FROM ruvector.places_of(1, 3)",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let expected = [
        ("vectors_1_3", "fast"),
        ("made_in_the_cold", "fast"),
        ("vectors_1_3_pkey", "faster"),
    ];
    assert_eq!(
        back,
        expected.map(|(relation, place)| (relation.to_owned(), place.to_owned()))
    );
    assert_eq!(world.count("SELECT count(*) FROM ruvector.partition_homes"), 0);
    // What was cold from the start has no other home than the database's.
    client
        .batch_execute("ALTER TABLE ruvector.vectors_1_4 SET TABLESPACE colder")
        .unwrap();
    world.act(|permit| world.host.reload(permit, 4)).unwrap();
    assert_eq!(places(&world, 4), ("pg_default".into(), "pg_default".into()));
}

#[test]
fn a_bloated_index_is_built_anew_while_writers_go_on() {
    let new = new_collection();
    let Some(world) = World::new(&new, &vec![vec![0.0; 4]; 40_000]) else {
        return;
    };
    let fragmentation = || world.host.fragmentation(&world.collection, 1).unwrap().get();
    assert!(fragmentation() < 5.0, "{}", fragmentation());
    world
        .client()
        .batch_execute("DELETE FROM ruvector.vectors WHERE vector_id % 5 <> 0")
        .unwrap();
    world.client().batch_execute("VACUUM ruvector.vectors").unwrap();
    eventually("the statistics say so", || fragmentation() > 70.0);
    // What a rebuild that was broken off leaves behind.
    world
        .client()
        .batch_execute(
            "CREATE INDEX vectors_1_1_pkey_ccnew ON ruvector.vectors_1_1 (vector_id);
             UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ruvector.vectors_1_1_pkey_ccnew'::regclass",
        )
        .unwrap();
    let slice = CompactionSlice { entries: 10_000 };
    eventually("the index is compact", || {
        world
            .client()
            .execute("SELECT ruvector.insert_vector('embeddings', '{0,0,0,0}')", &[])
            .unwrap();
        world.act(|permit| world.host.compact(permit, 1, slice)).unwrap().get() < 10.0
    });
    let invalid = "SELECT coalesce(string_agg(indexrelid::regclass::text, ' '), '') FROM pg_index WHERE NOT indisvalid";
    let invalid: String = world.client().query_one(invalid, &[]).unwrap().get(0);
    assert_eq!(invalid, "");
    let missing = world.act(|permit| world.host.compact(permit, 99, slice));
    assert!(matches!(missing, Err(ActuatorError::NotFound { .. })), "{missing:?}");
}

/// Rebuilding an index cannot be in the transaction that checks the token: another one holds the lease meanwhile.
#[test]
fn no_lease_is_given_while_an_index_is_built_under_the_one_before() {
    use std::time::Duration;

    use healing_core::identity::HolderId;
    use healing_core::storage::LeaseStore;
    use postgres_host::PostgresStorage;

    let Some(world) = small_world() else { return };
    // A reader holds the rebuild up.
    let mut reader = world.client();
    let mut reading = reader.transaction().unwrap();
    reading.execute("SELECT count(*) FROM ruvector.vectors", &[]).unwrap();
    let slice = CompactionSlice { entries: 10_000 };
    let compact = |token| world::act_under(token, &world.collection, |permit| world.host.compact(permit, 1, slice));
    let store = PostgresStorage::new(world.database.clone());
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'REINDEX%' AND wait_event_type = 'Lock'
                 AND datname = current_database()";
    compact(world.lease.token).unwrap();
    eventually("the rebuild waits for the reader", || world.count(waits) == 1);
    store.release(&world.lease).unwrap();
    let other = HolderId::new("other").unwrap();
    thread::scope(|scope| {
        let asked = scope.spawn(|| store.acquire(&world.collection, &other, Duration::from_secs(60)));
        eventually("the other healer waits too", || {
            world.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'") >= 1
        });
        compact(world.lease.token).unwrap();
        assert_eq!(world.count(waits), 1, "no second rebuild is begun beside it");
        reading.commit().unwrap();
        let lease = asked.join().unwrap().unwrap();
        assert!(lease.token > world.lease.token);
        eventually("the old healer is told", || {
            compact(world.lease.token).is_err() || compact(lease.token).is_ok()
        });
        let late = compact(world.lease.token);
        assert!(matches!(late, Err(ActuatorError::Fenced { .. })), "{late:?}");
    });
}
