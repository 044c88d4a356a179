//! What acting on the cluster takes, costs and brings.

use healing_core::metrics::SystemMetrics;
use healing_core::topology::NodeRef;
use healing_core::{ObservationSource, Percent};
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, CopyState, Indexes, LagBound, Operation,
    ReadRouting, ReplicaCopies, Replicas, Throttle, Tier, Tiers, WriteRoute, WriteRouting,
};
use mock_cluster::{Cluster, Fault};

use crate::cluster::{cluster, load, metrics, report, severity, under, wait};

fn health(cluster: &Cluster, node: NodeRef) -> f64 {
    let graph = cluster.observe(cluster.collection()).unwrap().graph;
    let position = graph.position(node).unwrap();
    graph.nodes()[position].health.get()
}

fn used(metrics: &SystemMetrics) -> f64 {
    metrics.memory.as_ref().unwrap().used_pct.get()
}

/// A partition that has no capacity to spare: whatever it loses, it fails.
fn at_its_limit(partition: i64) -> Cluster {
    let cluster = cluster(11);
    cluster.inject(Fault::HotPartition {
        partition,
        severity: severity(0.1),
    });
    wait(&cluster, 1);
    cluster
}

#[test]
fn what_is_held_back_clients_wait_with_and_make_up_for() {
    let cluster = cluster(1);
    cluster.inject(Fault::WriteFlood {
        partition: 3,
        severity: severity(1.0),
    });
    wait(&cluster, 10);
    let flooded = load(&cluster, 3);
    let hold_back = |share| {
        let share = Percent::new(share).unwrap();
        under(&cluster, 1, |permit| {
            cluster.set_throttle(permit, Operation::Insert, share)
        })
        .unwrap();
    };
    hold_back(90.0);
    assert!(load(&cluster, 3) < flooded - 1000.0);
    wait(&cluster, 10);
    let waiting = cluster.inserts_held_back();
    assert!(waiting > 10_000.0, "{waiting}");
    let held = load(&cluster, 7);
    hold_back(0.0);
    assert!(load(&cluster, 7) > held, "what was held back comes on top");
    wait(&cluster, 3600);
    assert!(cluster.inserts_held_back() < 1.0);
}

#[test]
fn writes_that_are_routed_elsewhere_are_shared_out_and_none_is_lost() {
    let cluster = cluster(2);
    cluster.inject(Fault::WriteFlood {
        partition: 3,
        severity: severity(1.0),
    });
    wait(&cluster, 5);
    let whole = |cluster: &Cluster| (1..=16).map(|partition| load(cluster, partition)).sum::<f64>();
    let (before, sum) = (load(&cluster, 3), whole(&cluster));
    let route = |partition, from, to| under(&cluster, 1, |permit| cluster.route_writes(permit, partition, from, to));
    route(3, WriteRoute::Here, WriteRoute::Elsewhere).unwrap();
    assert!(load(&cluster, 3) < before - 1400.0);
    assert!((whole(&cluster) - sum).abs() < 1e-6);
    let stale = route(3, WriteRoute::Here, WriteRoute::Closed);
    assert!(
        matches!(stale, Err(ActuatorError::Refused { .. })),
        "someone else changed it"
    );
    for partition in (1..=16).filter(|partition| *partition != 3 && *partition != 9) {
        route(partition, WriteRoute::Here, WriteRoute::Elsewhere).unwrap();
    }
    let last = route(9, WriteRoute::Here, WriteRoute::Elsewhere);
    assert!(
        matches!(last, Err(ActuatorError::Refused { .. })),
        "somebody must take them"
    );
}

#[test]
fn a_slice_of_an_index_takes_time_costs_capacity_and_halves_its_fragmentation() {
    let cluster = at_its_limit(5);
    cluster.inject(Fault::FragmentedIndexes {
        severity: severity(1.0),
    });
    let share = || cluster.fragmentation(cluster.collection(), 5).unwrap().get();
    let (before, health_before) = (share(), health(&cluster, NodeRef::partition(5)));
    let slice = CompactionSlice { entries: 10_000 };
    let compact = || {
        under(&cluster, 1, |permit| cluster.compact(permit, 5, slice))
            .unwrap()
            .get()
    };
    assert!((compact() - before).abs() < 1e-9);
    assert!(health(&cluster, NodeRef::partition(5)) < health_before - 0.1);
    wait(&cluster, 1);
    assert!(
        (compact() - before).abs() < 1e-9,
        "a slice under way is not begun again"
    );
    wait(&cluster, 1);
    assert!((share() - before / 2.0).abs() < 1e-9);
    wait(&cluster, 1);
    assert!(health(&cluster, NodeRef::partition(5)) > health_before - 0.03);
}

#[test]
fn an_evicted_segment_gives_its_memory_back_after_a_while_and_costs_its_partition_a_little() {
    let cluster = at_its_limit(1);
    let before = (used(&metrics(&cluster)), health(&cluster, NodeRef::partition(1)));
    let tier = || {
        let segments = cluster.segments(cluster.collection()).unwrap();
        segments.into_iter().find(|segment| segment.id == 1).unwrap().tier
    };
    let evict = || under(&cluster, 1, |permit| cluster.evict(permit, 1)).unwrap();
    let reload = || under(&cluster, 1, |permit| cluster.reload(permit, 1)).unwrap();
    evict();
    assert_eq!(tier(), Tier::Hot);
    reload();
    wait(&cluster, 5);
    assert_eq!(tier(), Tier::Hot, "the eviction was called off");
    evict();
    wait(&cluster, 5);
    assert_eq!(tier(), Tier::Cold);
    assert!(used(&metrics(&cluster)) < before.0 - 1.0);
    assert!(health(&cluster, NodeRef::partition(1)) < before.1);
    reload();
    wait(&cluster, 5);
    assert!((used(&metrics(&cluster)) - before.0).abs() < 1e-9);
}

#[test]
fn a_throttled_bulk_load_leaves_its_buffers() {
    let cluster = cluster(3);
    cluster.inject(Fault::MemoryPressure {
        severity: severity(1.0),
    });
    wait(&cluster, 60);
    let before = used(&metrics(&cluster));
    assert!((before - 98.0).abs() < 0.5, "{before}");
    let all = Percent::clamped(100.0);
    under(&cluster, 1, |permit| {
        cluster.set_throttle(permit, Operation::BulkInsert, all)
    })
    .unwrap();
    wait(&cluster, 2);
    assert!((before - used(&metrics(&cluster)) - 8.0).abs() < 0.1);
}

#[test]
fn versions_of_the_centroids_stand_beside_each_other_and_switching_back_restores_the_first() {
    let cluster = cluster(4);
    cluster.inject(Fault::CentroidSkew {
        centroid: 3,
        severity: severity(1.0),
    });
    let before = metrics(&cluster).centroid_populations;
    let (first, second) = (CentroidVersion(1), CentroidVersion(2));
    under(&cluster, 1, |permit| cluster.rebuild(permit, second, &[3])).unwrap();
    let switch = |from, to| under(&cluster, 1, |permit| cluster.switch(permit, from, to));
    assert!(
        matches!(switch(first, second), Err(ActuatorError::Refused { .. })),
        "it is not complete"
    );
    wait(&cluster, 61);
    assert_eq!(metrics(&cluster).centroid_populations, before, "it is not served yet");
    switch(first, second).unwrap();
    let after = metrics(&cluster).centroid_populations;
    assert_eq!(after.values().sum::<u64>(), 16_000);
    assert!(after.values().all(|population| *population < 3333), "{after:?}");
    assert!(report(&cluster).lambda.get() > 190.0);
    let discard = |version| under(&cluster, 1, |permit| cluster.discard(permit, version));
    assert!(discard(second).is_err(), "it is served");
    switch(second, first).unwrap();
    assert_eq!(metrics(&cluster).centroid_populations, before);
    discard(second).unwrap();
    assert_eq!(cluster.is_complete(cluster.collection(), second).unwrap(), None);
}

#[test]
fn the_version_served_before_stands_until_yet_another_is_served() {
    let cluster = cluster(4);
    let versions = [1, 2, 3].map(CentroidVersion);
    for pair in versions.windows(2) {
        under(&cluster, 1, |permit| cluster.rebuild(permit, pair[1], &[3])).unwrap();
        wait(&cluster, 61);
        let exists = |version| cluster.is_complete(cluster.collection(), version).unwrap().is_some();
        assert!(exists(pair[0]) && exists(pair[1]));
        under(&cluster, 1, |permit| cluster.switch(permit, pair[0], pair[1])).unwrap();
        assert!(exists(pair[0]) && exists(pair[1]));
    }
    assert_eq!(cluster.is_complete(cluster.collection(), versions[0]).unwrap(), None);
}

#[test]
fn a_new_replica_takes_time_and_then_serves_its_share() {
    let cluster = cluster(5);
    cluster.inject(Fault::HotPartition {
        partition: 5,
        severity: severity(0.5),
    });
    wait(&cluster, 1);
    let before = health(&cluster, NodeRef::partition(5));
    under(&cluster, 1, |permit| cluster.scale(permit, 8, 12)).unwrap();
    let status = || cluster.replicas(cluster.collection()).unwrap();
    assert_eq!((status().wanted, status().ready), (12, 8));
    assert!(health(&cluster, NodeRef::partition(5)) < before, "setting it up costs");
    wait(&cluster, 50);
    assert_eq!(status().ready, 12);
    assert!(health(&cluster, NodeRef::partition(5)) > 1.1 * before);
    assert_eq!(
        report(&cluster).side,
        [NodeRef::partition(5)],
        "the new replicas are well connected"
    );

    let stale = under(&cluster, 1, |permit| cluster.scale(permit, 8, 16));
    assert!(matches!(stale, Err(ActuatorError::Refused { .. })));
    assert!(under(&cluster, 1, |permit| cluster.scale(permit, 12, 17)).is_err());
    under(&cluster, 1, |permit| cluster.scale(permit, 12, 8)).unwrap();
    assert_eq!(status().ready, 8);
}

#[test]
fn a_lagging_replica_catches_up_out_of_the_read_path_and_comes_back_into_it() {
    let cluster = cluster(6);
    for replica in [3, 4] {
        cluster.inject(Fault::LaggingReplica {
            replica,
            severity: severity(1.0),
        });
    }
    wait(&cluster, 70);
    let lag = |replica: i64| metrics(&cluster).replicas[&replica].lag.as_secs_f64();
    let bound = Some(LagBound::from_millis(5000));
    let set = |replica, from, to| under(&cluster, 1, |permit| cluster.set_lag_bound(permit, replica, from, to));
    set(3, None, bound).unwrap();
    assert!(
        set(3, None, Some(LagBound::from_millis(1))).is_err(),
        "someone else bounded it"
    );
    set(4, None, bound).unwrap();
    assert!((health(&cluster, NodeRef::replication_target(3)) - 1.0).abs() < 1e-9);
    assert!(
        health(&cluster, NodeRef::replication_target(4)) < 0.3,
        "the last replica of a shard is read from however far it is behind"
    );
    wait(&cluster, 30);
    assert!(lag(3) > 5.0 && lag(3) < 40.0);
    wait(&cluster, 40);
    assert!(lag(3) < 1.0);
    wait(&cluster, 70);
    assert!(lag(4) < 1.0, "now the other one could go and catch up");
}

#[test]
fn a_stalled_replica_falls_behind_for_ever_until_it_is_copied_anew() {
    let cluster = cluster(7);
    cluster.inject(Fault::StuckReplica {
        replica: 5,
        severity: severity(0.0),
    });
    let lag = || metrics(&cluster).replicas[&5].lag.as_secs_f64();
    let bound = Some(LagBound::from_millis(5000));
    under(&cluster, 1, |permit| cluster.set_lag_bound(permit, 5, None, bound)).unwrap();
    wait(&cluster, 100);
    assert!(lag() > 95.0);
    assert!(
        health(&cluster, NodeRef::replication_target(5)) < 0.3,
        "it holds back what is shipped to it"
    );
    let copy = || cluster.replica_copy(cluster.collection(), 5).unwrap();
    assert_eq!((copy().number, copy().state), (CopyNumber(1), CopyState::Stalled));
    let resync = |from, to| {
        under(&cluster, 1, |permit| {
            cluster.resync(permit, 5, CopyNumber(from), CopyNumber(to))
        })
    };
    resync(1, 2).unwrap();
    wait(&cluster, 30);
    assert_eq!(copy().state, CopyState::Copying);
    resync(1, 2).unwrap();
    assert!(resync(1, 3).is_err(), "someone else copied it");
    wait(&cluster, 40);
    assert_eq!((copy().number, copy().state), (CopyNumber(2), CopyState::Following));
    assert!(lag() < 1.0);
}
