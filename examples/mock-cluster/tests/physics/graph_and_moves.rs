//! The graph, moves of vectors, jobs and fencing.

use healing_core::metrics::JobState;
use healing_core::topology::{NodeKind, NodeRef};
use healing_core::{CollectionId, ObservationSource};
use healing_strategies::actuators::{ActuatorError, Jobs, MoveProgress, Partitions};
use mock_cluster::Fault;
use proptest::prelude::*;

use crate::cluster::{cluster, heaviest, load, metrics, report, severity, under, wait};

#[test]
fn every_healthy_cluster_is_held_by_about_the_same_capacity() {
    for seed in 0..50 {
        let cluster = cluster(seed);
        for _ in 0..20 {
            wait(&cluster, 30);
            let lambda = report(&cluster).lambda.get();
            assert!((198.0..=208.0).contains(&lambda), "seed {seed}: {lambda}");
        }
    }
}

#[test]
fn a_hot_partition_is_cut_off_by_itself_and_the_worse_the_lower_lambda_falls() {
    for seed in 0..20 {
        let mut last = f64::INFINITY;
        for step in 1u32..=4 {
            let cluster = cluster(seed);
            cluster.inject(Fault::HotPartition {
                partition: 5,
                severity: severity(f64::from(step) / 4.0),
            });
            wait(&cluster, 5);
            let report = report(&cluster);
            assert!(
                report.lambda.get() < last,
                "seed {seed}: {} after {last}",
                report.lambda
            );
            last = report.lambda.get();
            if step > 1 {
                assert_eq!(report.side, [NodeRef::partition(5)], "seed {seed}");
            }
        }
        assert!(last < 100.0, "seed {seed}: {last}");
    }
}

#[test]
fn moved_vectors_take_their_load_along_and_come_back_with_it() {
    let cluster = cluster(3);
    let before = (load(&cluster, 1), load(&cluster, 2));
    let vectors = heaviest(&cluster, 1, 150);
    let bring = |from, to| {
        under(&cluster, 1, |permit| {
            cluster.move_vectors(permit, &vectors, from, to).unwrap()
        })
    };
    assert_eq!(bring(1, 2), MoveProgress::UnderWay);
    assert_eq!(
        cluster.locate(cluster.collection(), &vectors).unwrap(),
        vec![Some(2); 150]
    );
    assert!((load(&cluster, 1) - before.0).abs() < 1e-9, "nothing has arrived yet");
    wait(&cluster, 2);
    assert_eq!(bring(1, 2), MoveProgress::Complete);
    assert!(load(&cluster, 1) < 0.7 * before.0);
    assert!(load(&cluster, 2) > before.1 + 0.3 * before.0);

    assert_eq!(bring(2, 1), MoveProgress::UnderWay);
    wait(&cluster, 2);
    assert_eq!(bring(2, 1), MoveProgress::Complete);
    let around = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.05;
    assert!(around(load(&cluster, 1), before.0) && around(load(&cluster, 2), before.1));
}

#[test]
fn vectors_that_are_called_back_on_their_way_end_where_they_began() {
    let cluster = cluster(4);
    let vectors = heaviest(&cluster, 1, 400);
    let bring = |from, to| {
        under(&cluster, 1, |permit| {
            cluster.move_vectors(permit, &vectors, from, to).unwrap()
        })
    };
    assert_eq!(bring(1, 2), MoveProgress::UnderWay);
    wait(&cluster, 2);
    assert_eq!(bring(2, 1), MoveProgress::UnderWay);
    wait(&cluster, 10);
    assert_eq!(bring(2, 1), MoveProgress::Complete);
    assert_eq!(metrics(&cluster).partitions[&1].vectors, 1000);
    assert_eq!(metrics(&cluster).partitions[&2].vectors, 1000);
}

#[test]
fn a_running_job_finishes_its_operation_before_it_pauses_and_a_waiting_one_takes_its_slot() {
    let cluster = cluster(5);
    cluster.inject(Fault::MaintenanceStorm {
        shard: 2,
        severity: severity(1.0),
    });
    wait(&cluster, 20);
    let jobs = || cluster.jobs(cluster.collection()).unwrap();
    let state = |id| jobs().into_iter().find(|job| job.id == id).unwrap().state;
    let running = jobs()
        .into_iter()
        .find(|job| job.state == JobState::Running && job.job_type == "reindex")
        .unwrap()
        .id;
    let waiting = jobs().iter().filter(|job| job.state == JobState::Waiting).count();
    assert!(waiting > 0);
    let before = report(&cluster);
    assert_eq!(before.side, [NodeRef::maintenance_dep(2)]);

    under(&cluster, 1, |permit| cluster.pause(permit, running)).unwrap();
    assert_eq!(state(running), JobState::Draining);
    wait(&cluster, 10);
    assert_eq!(state(running), JobState::Paused);
    assert_eq!(
        jobs().iter().filter(|job| job.state == JobState::Waiting).count(),
        waiting - 1
    );

    for job in jobs()
        .into_iter()
        .filter(|job| job.priority < healing_core::metrics::JobPriority::High)
    {
        under(&cluster, 1, |permit| cluster.pause(permit, job.id)).unwrap();
    }
    wait(&cluster, 10);
    assert!(report(&cluster).lambda.get() > 2.0 * before.lambda.get());
    under(&cluster, 1, |permit| cluster.resume(permit, running)).unwrap();
    assert_eq!(state(running), JobState::Running);
}

#[test]
fn a_replica_that_falls_behind_is_cut_off_by_itself() {
    let cluster = cluster(6);
    cluster.inject(Fault::LaggingReplica {
        replica: 3,
        severity: severity(1.0),
    });
    wait(&cluster, 30);
    let report = report(&cluster);
    assert_eq!(report.side, [NodeRef::replication_target(3)]);
    assert!(report.lambda.get() < 80.0, "{}", report.lambda);
    assert_eq!(report.witness.len(), 1);
}

#[test]
fn a_call_with_an_older_token_is_refused_and_changes_nothing() {
    let cluster = cluster(7);
    let vectors = heaviest(&cluster, 1, 10);
    under(&cluster, 5, |permit| cluster.move_vectors(permit, &[], 1, 2)).unwrap();
    let refused = under(&cluster, 4, |permit| cluster.move_vectors(permit, &vectors, 1, 2));
    assert!(matches!(refused, Err(ActuatorError::Fenced { token, newest }) if (token.get(), newest.get()) == (4, 5)));
    assert_eq!(
        cluster.locate(cluster.collection(), &vectors).unwrap(),
        vec![Some(1); 10]
    );
    assert!(under(&cluster, 5, |permit| cluster.move_vectors(permit, &vectors, 1, 2)).is_ok());
}

#[test]
fn what_does_not_exist_is_named() {
    let cluster = cluster(8);
    let elsewhere = CollectionId::new("elsewhere").unwrap();
    assert!(cluster.observe(&elsewhere).is_err());
    assert!(cluster.jobs(&elsewhere).is_err());
    let refused = under(&cluster, 1, |permit| cluster.move_vectors(permit, &[], 1, 99)).unwrap_err();
    assert_eq!(refused.to_string(), "partition 99 does not exist");
    assert!(under(&cluster, 1, |permit| cluster.pause(permit, 12345)).is_err());
    cluster.inject(Fault::HotPartition {
        partition: 99,
        severity: severity(1.0),
    });
}

#[test]
fn every_node_is_part_of_the_graph_and_every_edge_is_known() {
    let observation = cluster(9).observe(&CollectionId::new("embeddings").unwrap()).unwrap();
    let count = |kind| {
        observation
            .graph
            .nodes()
            .iter()
            .filter(|node| node.node.kind == kind)
            .count()
    };
    assert_eq!(count(NodeKind::Partition), 16);
    assert_eq!(count(NodeKind::Centroid), 6);
    assert_eq!(count(NodeKind::Shard), 4);
    assert_eq!(count(NodeKind::MaintenanceDep), 4);
    assert_eq!(count(NodeKind::ReplicationTarget), 8);
    assert_eq!(observation.graph.edges().len(), 48 + 16 + 16 + 48 + 4 + 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_move_loses_or_doubles_a_vector(
        moves in prop::collection::vec((1i64..=16, 1i64..=16, 0usize..600, 0u64..6), 1..12), seed in 0u64..1000,
    ) {
        let cluster = cluster(seed);
        for (from, to, limit, seconds) in moves {
            let vectors = heaviest(&cluster, from, limit);
            under(&cluster, 1, |permit| cluster.move_vectors(permit, &vectors, from, to)).unwrap();
            wait(&cluster, seconds);
            let partitions = metrics(&cluster).partitions;
            prop_assert_eq!(partitions.values().map(|partition| partition.vectors).sum::<u64>(), 16_000);
            let here = cluster.locate(cluster.collection(), &vectors).unwrap();
            prop_assert!(here.iter().all(|at| *at == Some(to)));
        }
        // When everything has arrived, all load is served again, and by nobody twice.
        wait(&cluster, 60);
        let whole: f64 = (1..=16).map(|partition| load(&cluster, partition)).sum();
        prop_assert!((6_500.0..9_500.0).contains(&whole), "{whole}");
    }

    #[test]
    fn the_same_seed_gives_the_same_history(seed in any::<u64>(), seconds in 1u64..600) {
        let (one, other) = (cluster(seed), cluster(seed));
        wait(&one, seconds);
        for _ in 0..seconds {
            wait(&other, 1);
        }
        prop_assert_eq!(one.observe(one.collection()).unwrap(), other.observe(other.collection()).unwrap());
    }
}
