//! What holds of the default classifier whatever it is shown.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use healing_core::classify::EvidenceClassifier;
use healing_core::diagnosis::Diagnosis;
use healing_core::metrics::{
    JobMetrics, JobPriority, JobState, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics,
};
use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef};
use healing_core::{Amount, Classifier, CollectionId, Observation, Percent, ProblemClass, ProblemKind, Timestamp};
use proptest::prelude::*;

use crate::host::Host;

/// A host of two or three shards with a few things wrong, corroborated or not.
fn any_host() -> impl Strategy<Value = Host> {
    let share = || 0.0..0.9f64;
    (
        2i64..4,
        prop::collection::vec((1i64..9, share(), 200.0..4000.0f64), 0..3),
        prop::collection::vec((1i64..5, share(), 500u64..9000), 0..2),
        prop::collection::vec((1i64..5, share(), 0u64..60), 0..3),
        prop::collection::vec((1i64..3, share(), 0i64..8), 0..2),
        (share(), 20.0..100.0f64, 0.0..100.0f64),
    )
        .prop_map(
            |(shards, hot, skewed, behind, contending, (searches, memory, fragmentation))| {
                let mut host = Host::well(shards).memory(memory).fragmentation(2, fragmentation);
                if searches > 0.45 {
                    host = host.fails_searches(searches);
                }
                for (id, share, load) in hot {
                    host = host.fails(NodeRef::partition(id), share).load(id, load);
                }
                for (id, share, population) in skewed {
                    host = host.fails(NodeRef::centroid(id), share).population(id, population);
                }
                for (id, share, lag) in behind {
                    host = host
                        .fails(NodeRef::replication_target(id), share)
                        .lag(id, Duration::from_secs(lag));
                }
                for (id, share, jobs) in contending {
                    host = host.fails(NodeRef::maintenance_dep(id), share).jobs(id, jobs);
                }
                host
            },
        )
}

/// What is diagnosed, with what it is about and how sure, to nine digits.
fn findings(diagnoses: &[Diagnosis]) -> Vec<(ProblemKind, Vec<i64>, String)> {
    let sure = |it: &Diagnosis| format!("{:.9}", it.confidence.get());
    diagnoses
        .iter()
        .map(|it| (it.problem.kind(), ids(&it.problem), sure(it)))
        .collect()
}

/// Whether the same is diagnosed, and as surely as baselines of single precision allow.
fn same_findings(some: &[Diagnosis], others: &[Diagnosis]) -> bool {
    let what = |it: &Diagnosis| (it.problem.kind(), ids(&it.problem));
    some.iter().map(what).eq(others.iter().map(what))
        && some
            .iter()
            .zip(others)
            .all(|(some, other)| (some.confidence.get() - other.confidence.get()).abs() < 1e-5)
}

fn ids(problem: &ProblemClass) -> Vec<i64> {
    match problem {
        ProblemClass::HotspotCongestion { partition_ids, .. } => partition_ids.clone(),
        ProblemClass::CentroidSkew { centroid_ids, .. } => centroid_ids.clone(),
        ProblemClass::ReplicationLag { replica_ids, .. } => replica_ids.clone(),
        ProblemClass::IndexFragmentation { index_ids, .. } => index_ids.clone(),
        _ => Vec::new(),
    }
}

/// The same host with its nodes of each kind numbered from `last` down instead of from 1 up.
fn renumbered(observation: &Observation, last: i64) -> Observation {
    let other = |id: i64| last - id;
    let other_node = |node: NodeRef| NodeRef::new(node.kind, other(node.id));
    let mut graph = ContractedGraph::builder();
    for node in observation.graph.nodes() {
        graph.node(other_node(node.node), node.health.get()).unwrap();
    }
    for edge in observation.graph.edges() {
        let (a, b) = edge.key().ends();
        let capacity = edge.capacity().get();
        let renamed = Edge::new(edge.key().kind(), other_node(a), other_node(b), capacity).unwrap();
        graph
            .edge(renamed.with_error_rate(edge.error_rate().get()).unwrap())
            .unwrap();
    }
    let mut metrics = observation.metrics.clone();
    metrics.partitions = metrics.partitions.iter().map(|(&id, &it)| (other(id), it)).collect();
    metrics.centroid_populations = metrics
        .centroid_populations
        .iter()
        .map(|(&id, &it)| (other(id), it))
        .collect();
    metrics.replicas = metrics.replicas.iter().map(|(&id, &it)| (other(id), it)).collect();
    metrics.index_fragmentation = metrics
        .index_fragmentation
        .iter()
        .map(|(&id, &it)| (other(id), it))
        .collect();
    for job in &mut metrics.jobs {
        job.service = job.service.map(other_node);
    }
    metrics.jobs.reverse();
    Observation {
        graph: graph.build(),
        metrics,
        ..observation.clone()
    }
}

/// The host so many times over, side by side.
fn replicated(observation: &Observation, times: i64) -> Observation {
    let mut graph = ContractedGraph::builder();
    let mut metrics = SystemMetrics {
        memory: observation.metrics.memory.clone(),
        maintenance_queue_depth: observation
            .metrics
            .maintenance_queue_depth
            .map(|it| it * times.unsigned_abs()),
        ..SystemMetrics::default()
    };
    for copy in 0..times {
        let id = |id: i64| 1000 * copy + id;
        let node = |node: NodeRef| NodeRef::new(node.kind, id(node.id));
        for it in observation.graph.nodes() {
            graph.node(node(it.node), it.health.get()).unwrap();
        }
        for edge in observation.graph.edges() {
            let (a, b) = edge.key().ends();
            let copied = Edge::new(edge.key().kind(), node(a), node(b), edge.capacity().get()).unwrap();
            graph
                .edge(copied.with_error_rate(edge.error_rate().get()).unwrap())
                .unwrap();
        }
        let original = &observation.metrics;
        metrics
            .partitions
            .extend(original.partitions.iter().map(|(&it, &value)| (id(it), value)));
        metrics.centroid_populations.extend(
            original
                .centroid_populations
                .iter()
                .map(|(&it, &value)| (id(it), value)),
        );
        metrics
            .replicas
            .extend(original.replicas.iter().map(|(&it, &value)| (id(it), value)));
        metrics
            .index_fragmentation
            .extend(original.index_fragmentation.iter().map(|(&it, &value)| (id(it), value)));
        metrics.jobs.extend(original.jobs.iter().map(|job| JobMetrics {
            service: job.service.map(node),
            ..job.clone()
        }));
    }
    Observation {
        graph: graph.build(),
        metrics,
        ..observation.clone()
    }
}

/// What is diagnosed of an observation that the monitor sees after it has seen another a few times.
fn diagnosed_after(well: &Observation, ill: &Observation) -> Vec<Diagnosis> {
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    for _ in 0..MonitorConfig::default().baseline_samples {
        monitor.sample(well).unwrap();
    }
    for _ in 0..2 {
        monitor.sample(ill).unwrap();
    }
    EvidenceClassifier::default().classify(ill, &monitor.sample(ill).unwrap())
}

/// Any graph at all with any metrics at all.
fn any_observation() -> impl Strategy<Value = Observation> {
    let kinds = [
        NodeKind::Partition,
        NodeKind::Centroid,
        NodeKind::Shard,
        NodeKind::MaintenanceDep,
        NodeKind::ReplicationTarget,
        NodeKind::Custom,
    ];
    let node = move || (prop::sample::select(kinds.to_vec()), 0i64..4).prop_map(|(kind, id)| NodeRef::new(kind, id));
    let edge_kind = prop::sample::select(vec![
        EdgeKind::PartitionLink,
        EdgeKind::RoutingLink,
        EdgeKind::Dependency,
        EdgeKind::Replication,
        EdgeKind::Custom,
    ]);
    let capacity = prop_oneof![Just(0.0), 0.0..100.0f64, Just(f64::MIN_POSITIVE), Just(1e28)];
    let error_rate = prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0f64];
    let edges = prop::collection::vec((edge_kind, node(), node(), capacity, error_rate), 0..40);
    (edges, any_metrics()).prop_map(|(edges, metrics)| {
        let mut graph = ContractedGraph::builder();
        graph
            .node(NodeRef::shard(98), 1.0)
            .unwrap()
            .node(NodeRef::shard(99), 1.0)
            .unwrap();
        for (kind, a, b, capacity, error_rate) in edges {
            if a != b {
                graph.node(a, 1.0).unwrap().node(b, 1.0).unwrap();
                let edge = Edge::new(kind, a, b, capacity).unwrap();
                graph.edge(edge.with_error_rate(error_rate).unwrap()).unwrap();
            }
        }
        Observation {
            collection: CollectionId::new("embeddings").unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            graph: graph.build(),
            metrics,
        }
    })
}

fn any_metrics() -> impl Strategy<Value = SystemMetrics> {
    let amount = || prop_oneof![Just(0.0), 0.0..5000.0f64, Just(f64::MAX), Just(f64::MIN_POSITIVE)];
    let job = (0i64..3, 0usize..3, 0usize..4, prop::option::of(0i64..3)).prop_map(|(id, priority, state, service)| {
        JobMetrics {
            id,
            job_type: format!("type{id}"),
            priority: [JobPriority::Low, JobPriority::Normal, JobPriority::High][priority],
            state: [
                JobState::Waiting,
                JobState::Running,
                JobState::Draining,
                JobState::Paused,
            ][state],
            service: service.map(NodeRef::maintenance_dep),
        }
    });
    let ids = || -2i64..4;
    (
        prop::collection::btree_map(ids(), amount(), 0..4),
        prop::collection::btree_map(ids(), any::<u64>(), 0..4),
        prop::collection::btree_map(ids(), any::<u64>(), 0..4),
        prop::collection::vec(job, 0..6),
        prop::option::of(any::<u64>()),
        prop::option::of(0.0..=100.0f64),
        prop::collection::btree_map(ids(), 0.0..=100.0f64, 0..4),
    )
        .prop_map(
            |(loads, populations, lags, jobs, queue, memory, fragmentation)| SystemMetrics {
                partitions: loads
                    .into_iter()
                    .map(|(id, load)| {
                        let load = Amount::clamped(load);
                        (
                            id,
                            PartitionMetrics {
                                load,
                                inserts: None,
                                vectors: 1,
                            },
                        )
                    })
                    .collect(),
                centroid_populations: populations,
                replicas: lags
                    .into_iter()
                    .map(|(id, lag)| {
                        (
                            id,
                            ReplicaMetrics {
                                lag: Duration::from_secs(lag),
                            },
                        )
                    })
                    .collect(),
                jobs,
                maintenance_queue_depth: queue,
                memory: memory.map(|used| MemoryMetrics {
                    used_pct: Percent::clamped(used),
                    largest_consumers: Vec::new(),
                }),
                index_fragmentation: fragmentation
                    .into_iter()
                    .map(|(id, it)| (id, Percent::clamped(it)))
                    .collect(),
            },
        )
}

proptest! {
    #[test]
    fn the_unit_of_the_capacities_changes_nothing(host in any_host(), unit in 1e-6..1e6f64) {
        let other = Host { unit, ..host.clone() };
        prop_assert!(same_findings(&host.diagnosed(), &other.diagnosed()), "{:?} and {:?}", host.diagnosed(), other.diagnosed());
    }

    #[test]
    fn it_is_the_same_whether_requests_fail_or_there_is_less_capacity(host in any_host()) {
        let smaller = Host { shrinks: true, ..host.clone() };
        prop_assert!(same_findings(&host.diagnosed(), &smaller.diagnosed()), "{:?} and {:?}", host.diagnosed(), smaller.diagnosed());
    }

    #[test]
    fn the_numbers_of_the_nodes_change_nothing(host in any_host()) {
        let (well, ill) = (Host::well(host.shards).observation(), host.observation());
        let as_they_are = diagnosed_after(&well, &ill);
        let otherwise = diagnosed_after(&renumbered(&well, 50), &renumbered(&ill, 50));
        let back = |found: Vec<(ProblemKind, Vec<i64>, String)>| -> Vec<(ProblemKind, Vec<i64>, String)> {
            found.into_iter().map(|(kind, mut ids, sure)| {
                ids.sort_unstable();
                (kind, ids, sure)
            }).collect()
        };
        let renamed = findings(&otherwise).into_iter().map(|(kind, ids, sure)| {
            (kind, ids.into_iter().map(|id| 50 - id).collect(), sure)
        });
        prop_assert_eq!(back(findings(&as_they_are)), back(renamed.collect()));
    }

    #[test]
    fn the_same_collection_many_times_over_has_the_same_problems_in_the_same_order(host in any_host(), times in 2i64..5) {
        let (well, ill) = (Host::well(host.shards).observation(), host.observation());
        let once = diagnosed_after(&well, &ill);
        let often = diagnosed_after(&replicated(&well, times), &replicated(&ill, times));
        let kinds = |found: &[Diagnosis]| -> Vec<(ProblemKind, String)> {
            found.iter().map(|it| (it.problem.kind(), format!("{:.6}", it.confidence.get()))).collect()
        };
        // The copies are not connected, so lambda is 0 and the state is another: what nothing explains may be nothing at all.
        let known = |found: &[Diagnosis]| -> Vec<(ProblemKind, String)> {
            kinds(found).into_iter().filter(|(kind, _)| *kind != ProblemKind::Unknown).collect()
        };
        prop_assert_eq!(known(&once), known(&often));
    }

    #[test]
    fn whatever_is_observed_is_diagnosed_without_a_panic_and_in_order(
        well in any_observation(),
        ill in any_observation(),
    ) {
        let found = diagnosed_after(&well, &ill);
        prop_assert_eq!(&found, &diagnosed_after(&well, &ill));
        prop_assert!(found.is_sorted_by_key(|it| Reverse(it.confidence)));
        let mut kinds: BTreeMap<ProblemKind, usize> = BTreeMap::new();
        for diagnosis in &found {
            *kinds.entry(diagnosis.problem.kind()).or_default() += 1;
            prop_assert!(diagnosis.evidence.iter().all(|it| it.value.is_finite() && it.threshold.is_finite()));
            prop_assert!(serde_json::from_str::<Diagnosis>(&serde_json::to_string(diagnosis).unwrap()).is_ok());
        }
        prop_assert!(kinds.values().all(|count| *count == 1));
        prop_assert!(!kinds.contains_key(&ProblemKind::Unknown) || found.len() == 1);
    }

    #[test]
    fn metrics_that_are_taken_away_never_make_surer(host in any_host()) {
        let sure_of = |found: &[Diagnosis], kind: &ProblemKind| {
            found.iter().find(|it| it.problem.kind() == *kind).map_or(0.0, |it| it.confidence.get())
        };
        let (with, without) = (host.diagnosed(), host.clone().without_metrics().diagnosed());
        for diagnosis in &with {
            let kind = diagnosis.problem.kind();
            if kind != ProblemKind::Unknown && diagnosis.confidence.get() > 0.99 {
                prop_assert!(sure_of(&without, &kind) <= diagnosis.confidence.get());
            }
        }
    }
}
