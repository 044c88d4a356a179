//! Clusters of other sizes obey the same laws.

use std::sync::Arc;

use healing_core::{Clock, CollectionId, Healer, ObservationSource, StrategyRegistry, VirtualClock};
use healing_strategies::RebalancePartitions;
use healing_strategies::actuators::{Replicas, Tiers};
use mock_cluster::{Cluster, Fault, Scenario, Size};
use proptest::prelude::*;

use crate::cluster::{cluster, metrics, report, severity, under, wait};

fn cluster_of(size: Size, seed: u64) -> Cluster {
    Cluster::of_size(
        size,
        CollectionId::new("embeddings").unwrap(),
        seed,
        VirtualClock::default(),
    )
}

fn small_vectors(shards: u32) -> Size {
    Size::of_shards(shards)
        .unwrap()
        .with_vectors_per_partition(100)
        .unwrap()
}

#[test]
fn the_default_size_is_the_cluster_without_a_size() {
    let (one, other) = (cluster(3), cluster_of(Size::default(), 3));
    for _ in 0..3 {
        let observe = |cluster: &Cluster| cluster.observe(cluster.collection()).unwrap();
        assert_eq!(observe(&one), observe(&other));
        wait(&one, 60);
        wait(&other, 60);
    }
}

#[test]
fn a_size_that_no_cluster_can_have_is_refused_with_a_reason() {
    for shards in [0, 2, 5, 1002] {
        let refusal = Size::of_shards(shards).unwrap_err().to_string();
        assert!(refusal.contains(&format!("shards is {shards}")), "{refusal}");
    }
    let refusal = Size::default().with_vectors_per_partition(10).unwrap_err().to_string();
    assert!(
        refusal.contains("vectors_per_partition is 10, expected 50 to 10000"),
        "{refusal}"
    );
}

proptest! {
    #[test]
    fn a_size_has_about_the_nodes_it_was_asked_for(nodes in 38_u32..9500) {
        let found = Size::of_nodes(nodes).nodes();
        prop_assert!((found - i64::from(nodes)).abs() <= 10, "{found} for {nodes}");
    }

    #[test]
    fn every_partition_is_reached_from_three_centroids_and_every_replica_has_a_shard(pairs in 2_u32..12) {
        let size = Size::of_shards(2 * pairs).unwrap();
        for partition in 1..=size.partitions() {
            let reaching = (1..=size.centroids()).filter(|&it| size.routes_of(it).any(|id| id == partition));
            prop_assert_eq!(reaching.count(), 3);
            prop_assert!((1..=size.shards()).contains(&size.shard_of(partition)));
        }
        let mut carried = vec![0; size.shards() as usize];
        for replica in 1..=size.most_replicas() {
            carried[size.shard_of_replica(replica) as usize - 1] += 1;
        }
        prop_assert!(carried.iter().all(|&replicas| replicas == 4));
    }
}

#[test]
fn the_healthy_minimum_cut_does_not_hang_on_the_size() {
    for shards in [4, 6, 10, 60] {
        let cluster = cluster_of(small_vectors(shards), 1);
        wait(&cluster, 30);
        let observation = cluster.observe(cluster.collection()).unwrap();
        assert_eq!(observation.graph.nodes().len() as i64, cluster.size().nodes());
        let lambda = report(&cluster).lambda.get();
        assert!((195.0..=210.0).contains(&lambda), "{shards} shards: {lambda}");
        let used = metrics(&cluster).memory.unwrap().used_pct.get();
        assert!((48.0..50.0).contains(&used), "{shards} shards: {used} % of memory");
        let fragmented = metrics(&cluster).index_fragmentation.len() as i64;
        assert_eq!(fragmented, cluster.size().partitions());
    }
}

#[test]
fn every_fault_halves_the_minimum_cut_of_a_large_cluster_too() {
    for scenario in Scenario::ALL {
        let cluster = cluster_of(small_vectors(20), 4);
        let size = cluster.size();
        let Some(injection) = scenario.injection_into(size, 4, Some(severity(0.9))) else {
            continue;
        };
        cluster.inject(injection.fault);
        wait(&cluster, 90);
        let lambda = report(&cluster).lambda.get();
        assert!(lambda < 110.0, "{}: {lambda}", scenario.name());
    }
}

#[test]
fn a_fault_of_what_a_cluster_does_not_have_does_nothing_to_it() {
    let (left_alone, struck) = (cluster(2), cluster(2));
    let severity = severity(1.0);
    for fault in [
        Fault::HotPartition {
            partition: 17,
            severity,
        },
        Fault::CentroidSkew { centroid: 7, severity },
        Fault::MaintenanceStorm { shard: 5, severity },
        Fault::StuckReplica { replica: 9, severity },
    ] {
        struck.inject(fault);
        struck.schedule(struck.clock().now(), fault);
    }
    wait(&left_alone, 10);
    wait(&struck, 10);
    let observe = |cluster: &Cluster| cluster.observe(cluster.collection()).unwrap();
    assert_eq!(observe(&left_alone), observe(&struck));
}

#[test]
fn the_limits_of_actuators_grow_with_the_cluster() {
    let cluster = cluster_of(small_vectors(20), 1);
    let status = cluster.replicas(cluster.collection()).unwrap();
    assert_eq!((status.wanted, status.most), (40, 80));
    under(&cluster, 1, |permit| cluster.scale(permit, 40, 60)).unwrap();
    assert!(under(&cluster, 1, |permit| cluster.scale(permit, 60, 81)).is_err());
    wait(&cluster, 60);
    assert_eq!(cluster.replicas(cluster.collection()).unwrap().ready, 60);
    assert_eq!(cluster.segments(cluster.collection()).unwrap().len(), 160);
}

#[test]
fn a_large_cluster_is_healed() {
    let cluster = cluster_of(small_vectors(16), 9);
    let clock = cluster.clock().clone();
    let mut strategies = StrategyRegistry::new();
    strategies
        .register(Arc::new(RebalancePartitions::new(Arc::new(cluster.clone()))))
        .unwrap();
    let mut healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
        .strategies(strategies)
        .watch(cluster.collection().clone())
        .build()
        .unwrap();
    let partition = cluster.size().partitions() - 3;
    let severity = severity(0.6);
    cluster.schedule(
        clock.now() + std::time::Duration::from_secs(120),
        Fault::HotPartition { partition, severity },
    );
    let end = clock.now() + std::time::Duration::from_secs(600);
    let mut lowest = f64::MAX;
    while clock.now() < end {
        cluster.advance_to(healer.tick().wake_at);
        lowest = lowest.min(healer.report(cluster.collection()).unwrap().lambda.get());
    }
    let healed = report(&cluster).lambda.get();
    assert!(lowest < 130.0 && healed > 170.0, "{lowest} then {healed}");
}
