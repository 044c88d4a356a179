//! The default classifier, class by class, at the boundaries of each.

use std::time::Duration;

use healing_core::classify::{EvidenceClassifier, EvidenceConfig};
use healing_core::diagnosis::Diagnosis;
use healing_core::topology::NodeRef;
use healing_core::{Amount, Classifier, ProblemClass, ProblemKind, Ratio};

use crate::host::Host;

const LAG: fn(u64) -> Duration = Duration::from_secs;

fn hot(load: f64, lost: f64) -> Host {
    Host::well(4).fails(NodeRef::partition(7), lost).load(7, load)
}

fn skewed(population: u64, lost: f64) -> Host {
    Host::well(4)
        .fails(NodeRef::centroid(3), lost)
        .population(3, population)
}

fn behind(lag: Duration, lost: f64) -> Host {
    Host::well(4).fails(NodeRef::replication_target(5), lost).lag(5, lag)
}

fn contending(jobs: i64, lost: f64) -> Host {
    Host::well(4).fails(NodeRef::maintenance_dep(2), lost).jobs(2, jobs)
}

fn full(used: f64, lost: f64) -> Host {
    Host::well(4).fails_searches(lost).memory(used)
}

fn fragmented(share: f64, lost: f64) -> Host {
    (1..=16).fold(Host::well(4).fails_searches(lost), |host, index| {
        host.fragmentation(index, share)
    })
}

fn only(host: &Host) -> Diagnosis {
    let mut found = host.diagnosed();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_collection_that_is_well_has_no_diagnosis() {
    for shards in [1, 2, 4, 40] {
        assert_eq!(Host::well(shards).kinds(), []);
    }
}

#[test]
fn each_class_is_found_and_names_what_it_is_about() {
    assert_eq!(
        only(&hot(2000.0, 0.5)).problem,
        ProblemClass::HotspotCongestion {
            partition_ids: vec![7],
            load_ratio: Amount::clamped(2000.0 / 593.75),
        }
    );
    assert_eq!(
        only(&skewed(5000, 0.4)).problem,
        ProblemClass::CentroidSkew {
            centroid_ids: vec![3],
            skew_factor: Amount::clamped(5000.0 / 2375.0),
        }
    );
    assert_eq!(
        only(&behind(LAG(20), 0.5)).problem,
        ProblemClass::ReplicationLag {
            replica_ids: vec![5],
            lag: LAG(20),
        }
    );
    assert_eq!(
        only(&contending(6, 0.5)).problem,
        ProblemClass::MaintenanceContention {
            job_types: vec!["reindex".to_owned(), "vacuum".to_owned()],
            queue_depth: 0,
        }
    );
    assert!(matches!(
        only(&full(93.0, 0.4)).problem,
        ProblemClass::MemoryPressure { current_usage_pct, .. } if current_usage_pct.get() == 93.0
    ));
    let worst_first = fragmented(50.0, 0.4).fragmentation(9, 80.0).fragmentation(1, 10.0);
    let ProblemClass::IndexFragmentation {
        index_ids,
        fragmentation_pct,
    } = only(&worst_first).problem
    else {
        panic!("{:?}", worst_first.kinds())
    };
    assert_eq!((index_ids.first(), index_ids.len()), (Some(&9), 15));
    assert_eq!(fragmentation_pct.get(), 80.0);
}

/// A class, hosts on this side of its boundary, hosts on the other.
fn boundaries() -> [(ProblemKind, [Host; 2], [Host; 2]); 6] {
    [
        (
            ProblemKind::HotspotCongestion,
            [hot(1000.0, 0.15), hot(1500.0, 0.1)],
            [hot(650.0, 0.5), hot(1500.0, 0.01)],
        ),
        (
            ProblemKind::CentroidSkew,
            [skewed(3200, 0.15), skewed(4000, 0.1)],
            [skewed(2300, 0.5), skewed(4000, 0.01)],
        ),
        (
            ProblemKind::ReplicationLag,
            [behind(LAG(7), 0.15), behind(LAG(30), 0.1)],
            [behind(LAG(4), 0.5), behind(LAG(30), 0.01)],
        ),
        (
            ProblemKind::MaintenanceContention,
            [contending(2, 0.15), contending(6, 0.1)],
            [contending(0, 0.3), contending(6, 0.01)],
        ),
        (
            ProblemKind::MemoryPressure,
            [full(88.0, 0.1), full(97.0, 0.3)],
            [full(72.0, 0.3), full(84.0, 0.0)],
        ),
        (
            ProblemKind::IndexFragmentation,
            [fragmented(38.0, 0.1), fragmented(60.0, 0.3)],
            [fragmented(24.0, 0.3), fragmented(29.0, 0.0)],
        ),
    ]
}

#[test]
fn each_class_begins_where_graph_and_metrics_agree() {
    for (kind, inside, outside) in boundaries() {
        for host in inside {
            assert_eq!(host.kinds(), std::slice::from_ref(&kind), "{host:?}");
        }
        for host in outside {
            assert!(!host.kinds().contains(&kind), "{kind}: {host:?}");
        }
    }
}

#[test]
fn thresholds_move_the_boundary() {
    let host = hot(650.0, 0.5);
    let strict = EvidenceConfig {
        load_ratio: Amount::clamped(1.1),
        ..EvidenceConfig::default()
    };
    let found = EvidenceClassifier::new(strict)
        .unwrap()
        .classify(&host.observation(), &host.report());
    assert_eq!(found[0].problem.kind(), ProblemKind::HotspotCongestion);
    let unsure = EvidenceConfig {
        min_confidence: Ratio::literal(0.999_999),
        ..EvidenceConfig::default()
    };
    let found = EvidenceClassifier::new(unsure)
        .unwrap()
        .classify(&hot(2000.0, 0.5).observation(), &hot(2000.0, 0.5).report());
    assert_eq!(found[0].problem.kind(), ProblemKind::Unknown);
}

#[test]
fn a_configuration_that_nothing_can_be_compared_with_is_refused_by_name() {
    let refused = |config: EvidenceConfig| EvidenceClassifier::new(config).unwrap_err().field;
    let zero = EvidenceConfig {
        lag: Duration::ZERO,
        ..EvidenceConfig::default()
    };
    assert_eq!(refused(zero), "lag_seconds");
    let mut endless = EvidenceConfig::default();
    endless.calibration.resource.lost = f64::INFINITY;
    assert_eq!(refused(endless), "lost");
    let json = serde_json::to_string(&EvidenceConfig::default()).unwrap();
    assert_eq!(
        serde_json::from_str::<EvidenceConfig>(&json).unwrap(),
        EvidenceConfig::default()
    );
    assert!(serde_json::from_str::<EvidenceConfig>(r#"{"load_ration": 2}"#).is_err());
}

#[test]
fn several_problems_are_several_diagnoses() {
    let hosts = [
        hot(2000.0, 0.5).fails(NodeRef::centroid(8), 0.3).population(8, 6000),
        full(95.0, 0.4)
            .lag(1, LAG(12))
            .fails(NodeRef::replication_target(1), 0.4),
        skewed(5000, 0.4).fails(NodeRef::maintenance_dep(4), 0.4).jobs(4, 5),
    ];
    let expected = [
        [ProblemKind::HotspotCongestion, ProblemKind::CentroidSkew],
        [ProblemKind::MemoryPressure, ProblemKind::ReplicationLag],
        [ProblemKind::CentroidSkew, ProblemKind::MaintenanceContention],
    ];
    for (host, mut expected) in hosts.into_iter().zip(expected) {
        let mut kinds = host.kinds();
        kinds.sort();
        expected.sort();
        assert_eq!(kinds, expected);
    }
}

#[test]
fn two_hot_partitions_are_one_diagnosis_hottest_first_and_their_neighbours_are_left_out() {
    let host = hot(2000.0, 0.5).fails(NodeRef::partition(9), 0.6).load(9, 2500.0);
    let ProblemClass::HotspotCongestion { partition_ids, .. } = only(&host).problem else {
        panic!("{:?}", host.kinds())
    };
    assert_eq!(partition_ids, [9, 7]);
}

#[test]
fn a_partition_that_fails_without_load_is_unknown_and_a_busy_one_that_copes_is_nothing() {
    let broken = hot(510.0, 0.5);
    let ProblemClass::Unknown { witness_summary } = only(&broken).problem else {
        panic!("{:?}", broken.kinds())
    };
    for part in ["partition_link 50 %", "partition:7", "hotspot_congestion"] {
        assert!(witness_summary.contains(part), "{witness_summary}");
    }
    assert!(only(&broken).confidence > Ratio::literal(0.9));
    assert_eq!(hot(5000.0, 0.0).kinds(), []);
    // The load of another partition corroborates nothing.
    assert_eq!(broken.load(12, 5000.0).kinds(), [ProblemKind::Unknown]);
}

#[test]
fn memory_and_fragmentation_count_where_the_graph_shows_nothing() {
    assert_eq!(full(95.0, 0.0).kinds(), [ProblemKind::MemoryPressure]);
    assert_eq!(
        Host::well(4).fragmentation(3, 70.0).kinds(),
        [ProblemKind::IndexFragmentation]
    );
}

#[test]
fn one_bad_index_is_told_from_a_hot_partition() {
    let mut host = Host::well(4).fragmentation(6, 70.0);
    host.failing_index.insert(6, 0.5);
    assert_eq!(host.kinds(), [ProblemKind::IndexFragmentation]);
    let ProblemClass::IndexFragmentation { index_ids, .. } = only(&host.without_metrics()).problem else {
        panic!("found by the graph alone")
    };
    assert_eq!(index_ids, [6]);
}

#[test]
fn lag_that_an_overloaded_partition_brings_about_comes_after_it() {
    let overloaded = hot(2000.0, 0.5); // On shard 2, with the replicas 3 and 4.
    let both = |host: Host, replicas: [i64; 2]| {
        replicas.into_iter().fold(host, |host, replica| {
            host.fails(NodeRef::replication_target(replica), 0.4)
                .lag(replica, LAG(15))
        })
    };
    let rank = |host: Host| -> Vec<(ProblemKind, Ratio)> {
        host.diagnosed()
            .iter()
            .map(|it| (it.problem.kind(), it.confidence))
            .collect()
    };
    let symptom = rank(both(overloaded.clone(), [3, 4]));
    assert_eq!(symptom[0].0, ProblemKind::HotspotCongestion);
    // Elsewhere, or where the shard's other replica keeps up, lag has a cause of its own.
    let elsewhere = rank(both(overloaded.clone(), [5, 6]));
    let alone = rank(overloaded.fails(NodeRef::replication_target(3), 0.4).lag(3, LAG(15)));
    let confidence = |found: &[(ProblemKind, Ratio)]| {
        found
            .iter()
            .find(|(kind, _)| *kind == ProblemKind::ReplicationLag)
            .map_or(Ratio::ZERO, |it| it.1)
    };
    assert!(confidence(&symptom) < confidence(&elsewhere));
    assert_eq!(confidence(&elsewhere), confidence(&alone));
}

#[test]
fn edges_that_are_gone_are_losses_too() {
    let mut gone = behind(LAG(40), 1.0);
    gone.shrinks = true;
    let ids = |host: &Host| match only(host).problem {
        ProblemClass::ReplicationLag { replica_ids, .. } => replica_ids,
        other => panic!("{other:?}"),
    };
    assert_eq!(ids(&gone), [5]);
    assert_eq!(ids(&gone.without_metrics()), [5]);
}

#[test]
fn before_the_monitor_knows_what_is_healthy_the_nominal_capacity_is() {
    use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
    let (ill, classifier) = (hot(2000.0, 0.5), EvidenceClassifier::default());
    let first = IntegrityMonitor::new(&MonitorConfig::default())
        .sample(&ill.observation())
        .unwrap();
    assert_eq!(first.baseline, None);
    let found = classifier.classify(&ill.observation(), &first);
    assert_eq!(found[0].problem, only(&ill).problem);
}

#[test]
fn the_graph_alone_is_believed_less_and_says_that_nothing_corroborates_it() {
    for host in [
        hot(2000.0, 0.5),
        skewed(5000, 0.4),
        behind(LAG(20), 0.5),
        contending(6, 0.5),
    ] {
        let (measured, alone) = (only(&host), only(&host.without_metrics()));
        assert_eq!(alone.problem.kind(), measured.problem.kind());
        assert!(alone.confidence < measured.confidence, "{alone:?}");
        let says_so = |it: &Diagnosis| {
            it.evidence
                .iter()
                .any(|it| it.measure.starts_with("measurements that corroborate it"))
        };
        assert!(says_so(&alone) && !says_so(&measured), "{alone:?} {measured:?}");
    }
    // Searches that fail everywhere may have either cause.
    let kinds = full(95.0, 0.4).without_metrics().kinds();
    assert!(
        kinds.contains(&ProblemKind::MemoryPressure) && kinds.contains(&ProblemKind::IndexFragmentation),
        "{kinds:?}"
    );
}

#[test]
fn evidence_is_in_words_and_numbers_and_above_its_threshold() {
    for (_, inside, _) in boundaries() {
        for host in inside {
            let found = only(&host);
            assert!(found.evidence.len() >= 2, "{found:?}");
            for evidence in &found.evidence {
                assert!(
                    evidence.value > evidence.threshold && !evidence.measure.is_empty(),
                    "{evidence}"
                );
            }
        }
    }
}

#[test]
fn a_graph_of_other_kinds_of_nodes_is_read_by_its_edges() {
    use healing_core::metrics::SystemMetrics;
    use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
    use healing_core::topology::{ContractedGraph, Edge, EdgeKind};
    use healing_core::{CollectionId, Observation, Timestamp};

    // A primary and its followers, all of them shards.
    let observe = |failing: f64| {
        let mut graph = ContractedGraph::builder();
        for id in 1..=4 {
            graph.node(NodeRef::shard(id), 1.0).unwrap();
        }
        for id in 2..=4 {
            let share = if id == 3 { failing } else { 0.0 };
            let edge = Edge::new(EdgeKind::Replication, NodeRef::shard(1), NodeRef::shard(id), 50.0).unwrap();
            graph.edge(edge.with_error_rate(share).unwrap()).unwrap();
        }
        Observation {
            collection: CollectionId::new("orders").unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            graph: graph.build(),
            metrics: SystemMetrics::default(),
        }
    };
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    for _ in 0..5 {
        monitor.sample(&observe(0.0)).unwrap();
    }
    let ill = observe(0.6);
    let found = EvidenceClassifier::default().classify(&ill, &monitor.sample(&ill).unwrap());
    assert!(
        matches!(&found[0].problem, ProblemClass::ReplicationLag { replica_ids, .. } if *replica_ids == [3]),
        "{found:?}"
    );
}
