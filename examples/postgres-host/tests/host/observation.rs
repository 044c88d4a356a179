//! What is observed of a store, against what was done to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
use healing_core::topology::{EdgeKind, NodeKind, NodeRef};
use healing_core::{CollectionId, Observation, ObservationSource, SystemClock};
use healing_strategies::actuators::{LagBound, ReadRouting, Tiers};
use postgres::NoTls;
use postgres_host::{Database, Limits, NewCollection, PostgresHost};

use crate::world::{self, StopWhenDropped, World, embeddings, eventually, new_collection};

fn world_of(new: &NewCollection, each: u16) -> Option<World> {
    World::new(new, &world::vectors(new, each))
}

fn observe(world: &World) -> Observation {
    world.host.observe(&world.collection).unwrap()
}

/// What the edges at a node have left, in all.
fn held_by(observation: &Observation, node: NodeRef) -> f64 {
    observation
        .graph
        .edges_at(node)
        .map(|edge| edge.effective_capacity().get())
        .sum()
}

/// The nodes on the smaller side of the minimum cut, and its value.
fn weakest(observation: &Observation) -> (Vec<NodeRef>, f64) {
    let report = IntegrityMonitor::new(&MonitorConfig::default())
        .sample(observation)
        .unwrap();
    let nodes = observation.graph.nodes();
    let side = if report.side.len() * 2 > nodes.len() {
        let outside = nodes
            .iter()
            .map(|node| node.node)
            .filter(|node| !report.side.contains(node));
        outside.collect()
    } else {
        report.side.clone()
    };
    (side, report.lambda.get())
}

#[test]
fn a_store_that_is_well_is_held_everywhere_by_what_a_partition_is_provisioned_for() {
    let new = new_collection();
    let Some(world) = world_of(&new, 100) else { return };
    let observation = observe(&world);
    let of = |kind| {
        observation
            .graph
            .nodes()
            .iter()
            .filter(move |node| node.node.kind == kind)
            .count()
    };
    let kinds = [
        NodeKind::Partition,
        NodeKind::Custom,
        NodeKind::Centroid,
        NodeKind::Shard,
        NodeKind::MaintenanceDep,
    ];
    assert_eq!(kinds.map(of), [8, 8, 4, 1, 1]);
    let (_, lambda) = weakest(&observation);
    assert!(
        (lambda - new.partition_rate).abs() < 0.05 * new.partition_rate,
        "lambda is {lambda}"
    );
    let metrics = &observation.metrics;
    assert!(
        metrics
            .partitions
            .values()
            .all(|it| it.vectors == 100 && it.load.get() == 0.0)
    );
    assert_eq!(
        metrics.centroid_populations.values().copied().collect::<Vec<_>>(),
        [200; 4]
    );
    assert_eq!((metrics.jobs.len(), metrics.maintenance_queue_depth), (0, Some(0)));
    assert!(metrics.replicas.is_empty());
    let unknown = world.host.observe(&CollectionId::new("images").unwrap());
    assert!(unknown.is_err());
}

#[test]
fn a_partition_that_is_asked_too_much_refuses_and_its_edges_show_how_much() {
    let new = new_collection();
    let Some(world) = world_of(&new, 100) else { return };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (stop, mut client) = (&stop, world.client());
        scope.spawn(move || {
            let fetch = client
                .prepare("SELECT served FROM ruvector.fetch_vector('embeddings', 150)")
                .unwrap();
            while !stop.load(Ordering::SeqCst) {
                client.query_one(&fetch, &[]).unwrap();
            }
        });
        let _stopped = StopWhenDropped(stop);
        let hot = NodeRef::partition(2);
        let mut newest = observe(&world);
        eventually("the hotspot is the weakest part", || {
            newest = observe(&world);
            let (side, lambda) = weakest(&newest);
            side == [hot] && lambda < 0.7 * new.partition_rate
        });
        let load = newest.metrics.partitions[&2].load.get();
        assert!(load > new.partition_rate, "{load} requests a second");
        let edge = newest
            .graph
            .edges_at(hot)
            .find(|edge| edge.key().kind() == EdgeKind::PartitionLink)
            .unwrap();
        assert!(edge.error_rate().get() > 0.2, "{edge:?}");
        assert!(
            newest
                .metrics
                .partitions
                .iter()
                .all(|(&id, it)| id == 2 || it.load.get() == 0.0)
        );
        let report = IntegrityMonitor::new(&MonitorConfig::default())
            .sample(&newest)
            .unwrap();
        let links = report
            .witness
            .iter()
            .filter(|edge| edge.edge().key().kind() == EdgeKind::PartitionLink);
        assert_eq!(links.count(), 6);
    });
}

#[test]
fn a_session_that_waits_for_a_lock_weakens_its_partition() {
    let new = new_collection();
    let Some(world) = world_of(&new, 100) else { return };
    let healthy = held_by(&observe(&world), NodeRef::partition(2));
    let mut blocker = world.client();
    let mut holding = blocker.transaction().unwrap();
    holding
        .execute("UPDATE ruvector.vectors SET payload = '{}' WHERE vector_id = 150", &[])
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut client = world.client();
            scope.spawn(move || {
                client
                    .execute("SELECT ruvector.delete_vectors('embeddings', '{150}')", &[])
                    .unwrap()
            });
        }
        eventually("the waiting shows", || {
            held_by(&observe(&world), NodeRef::partition(2)) < 0.7 * healthy
        });
        let elsewhere = held_by(&observe(&world), NodeRef::partition(7));
        assert!(elsewhere > 0.95 * healthy, "{elsewhere} of {healthy}");
        holding.commit().unwrap();
    });
    eventually("it is over", || {
        held_by(&observe(&world), NodeRef::partition(2)) > 0.95 * healthy
    });
}

#[test]
fn an_overfull_list_and_too_little_memory_weaken_the_routes_of_centroids() {
    let new = NewCollection {
        list_budget: 1000,
        ..new_collection()
    };
    let mut vectors = world::vectors(&new, 100);
    vectors.extend(vec![vec![5.0, 0.0, 0.0, 0.0]; 3800]);
    let Some(world) = World::new(&new, &vectors) else {
        return;
    };
    let observation = observe(&world);
    let whole = new.partition_rate;
    let overfull = held_by(&observation, NodeRef::centroid(1));
    assert!(
        (overfull - whole / 4.0).abs() < 0.01 * whole,
        "a quarter of the list is looked at: {overfull}"
    );
    assert!((held_by(&observation, NodeRef::centroid(2)) - whole).abs() < 0.01 * whole);
    assert_eq!(weakest(&observation).0, [NodeRef::centroid(1)]);

    let bytes: u64 = world
        .host
        .segments(&world.collection)
        .unwrap()
        .iter()
        .map(|it| it.bytes)
        .sum();
    let half = i64::try_from(bytes / 2).unwrap();
    world
        .client()
        .execute("UPDATE ruvector.vector_collections SET memory_budget = $1", &[&half])
        .unwrap();
    let observation = observe(&world);
    let half = held_by(&observation, NodeRef::centroid(2));
    assert!(
        (half - whole / 2.0).abs() < 0.01 * whole,
        "half of what is hot fits: {half}"
    );
    let memory = observation.metrics.memory.unwrap();
    assert_eq!(memory.used_pct.get(), 100.0);
    assert_eq!(memory.largest_consumers.len(), 5);
}

#[test]
fn jobs_that_queue_weaken_what_depends_on_maintenance() {
    let new = new_collection();
    let Some(world) = world_of(&new, 20) else { return };
    let queue = "INSERT INTO ruvector.maintenance_jobs (collection_id, job_type, partition_id, priority)
                 SELECT id, 'verify', 1, 'low' FROM ruvector.collections, generate_series(1, $1)";
    world.client().execute(queue, &[&4]).unwrap();
    let bearable = held_by(&observe(&world), NodeRef::maintenance_dep(1));
    world.client().execute(queue, &[&12]).unwrap();
    let observation = observe(&world);
    let left = held_by(&observation, NodeRef::maintenance_dep(1));
    assert!(
        (left - bearable / 4.0).abs() < 0.01 * bearable,
        "16 are due where 4 are bearable: {left} of {bearable}"
    );
    assert_eq!(weakest(&observation).0, [NodeRef::maintenance_dep(1)]);
    assert_eq!(observation.metrics.maintenance_queue_depth, Some(16));
}

#[test]
fn a_standby_that_falls_behind_weakens_its_edge_until_it_is_no_longer_read_from() {
    let Some(server) = world::start() else { return };
    let name = world::new_database(&server);
    let database = Database::new(server.config(&name), Limits::default());
    let new = new_collection();
    database.create_collection(&new).unwrap();
    database.load_vectors(&new, &world::vectors(&new, 20)).unwrap();
    let mut standby = server.start_standby("mirror", &name).unwrap().connect(NoTls).unwrap();
    let host = PostgresHost::new(database.clone(), Arc::new(SystemClock));
    let observe = || host.observe(&embeddings()).unwrap();
    let replica = || {
        observe()
            .metrics
            .replicas
            .first_key_value()
            .map(|(&id, it)| (id, it.lag))
    };
    eventually("the standby is seen", || {
        replica().is_some_and(|(_, lag)| lag < Duration::from_secs(1))
    });
    let id = replica().unwrap().0;
    let node = NodeRef::replication_target(id);
    assert!(held_by(&observe(), node) > 0.9 * new.partition_rate);

    standby.batch_execute("SELECT pg_wal_replay_pause()").unwrap();
    let mut client = server.config(&name).connect(NoTls).unwrap();
    eventually("it falls behind", || {
        client
            .execute("SELECT ruvector.insert_vector('embeddings', '{1,2,3,4}')", &[])
            .unwrap();
        replica().is_some_and(|(_, lag)| lag > Duration::from_millis(1500))
    });
    let left = held_by(&observe(), node);
    assert!(left < 0.95 * new.partition_rate, "{left}");
    let sources = "SELECT count(*) FROM ruvector.read_sources('embeddings')";
    assert_eq!(client.query_one(sources, &[]).unwrap().get::<_, i64>(0), 1);

    let lease = world::acquire(&database, &embeddings());
    let bound = Some(LagBound::from_millis(1000));
    world::act_under(lease.token, &embeddings(), |permit| {
        host.set_lag_bound(permit, id, None, bound)
    })
    .unwrap();
    assert_eq!(host.lag_bound(&embeddings(), id).unwrap(), bound);
    assert_eq!(
        client.query_one(sources, &[]).unwrap().get::<_, i64>(0),
        0,
        "the primary serves the reads"
    );
    assert!(held_by(&observe(), node) > 0.95 * new.partition_rate);
    let other = Some(LagBound::from_millis(7));
    let conflict = world::act_under(lease.token, &embeddings(), |permit| {
        host.set_lag_bound(permit, id, other, None)
    });
    assert!(conflict.is_err());

    standby.batch_execute("SELECT pg_wal_replay_resume()").unwrap();
    eventually("it catches up and is read from again", || {
        client.query_one(sources, &[]).unwrap().get::<_, i64>(0) == 1
    });
}
