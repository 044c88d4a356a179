//! What the graph shows of a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use healing_core::metrics::{JobPriority, JobState};
use healing_core::topology::{EdgeKind, NodeKind, NodeRef};
use healing_core::{CollectionId, Observation, ObservationSource, VirtualClock};
use kubernetes_host::{HealingSpec, PodObservation};
use serde_json::json;

use crate::fake_api::{FakeApi, Obstacle, Rollouts};
use crate::objects::{job, node, path, pod, usage};

/// Three shards and two replicas on two nodes.
pub fn service(api: &FakeApi) {
    for name in ["alpha", "beta"] {
        api.put(&format!("v1/nodes/{name}"), node(name, &["Ready"]));
    }
    for (ordinal, on) in ["alpha", "beta", "alpha"].into_iter().enumerate() {
        let name = format!("vectors-{ordinal}");
        api.put(&path("v1", "pods", &name), pod(&name, ("StatefulSet", "vectors"), on));
        api.put(
            &path("metrics.k8s.io/v1beta1", "pods", &name),
            usage(&name, "300m", "256Mi"),
        );
    }
    for name in ["reads-5d9c-x1", "reads-5d9c-x2"] {
        api.put(
            &path("v1", "pods", name),
            pod(name, ("ReplicaSet", "reads-5d9c"), "beta"),
        );
    }
    // Pods of others are not looked at.
    api.put(
        &path("v1", "pods", "stranger-0"),
        pod("stranger-0", ("StatefulSet", "stranger"), "alpha"),
    );
}

fn observe(api: &FakeApi) -> Observation {
    let collection = CollectionId::new("vectors").unwrap();
    let spec = HealingSpec {
        shards: "vectors".to_owned(),
        replicas: Some("deployment/reads".to_owned()),
        jobs: Some("app=vectors".to_owned()),
        max_replicas: 8,
    };
    let services = BTreeMap::from([(collection.clone(), spec)]);
    let source = PodObservation::new(api.connection(), Arc::new(VirtualClock::default()), services);
    source.observe(&collection).unwrap()
}

/// The effective capacity of the edges of a kind at a node, in millicores.
fn capacity(observation: &Observation, node: NodeRef, kind: EdgeKind) -> f64 {
    let edges = observation
        .graph
        .edges_at(node)
        .filter(|edge| edge.key().kind() == kind);
    edges.map(|edge| edge.effective_capacity().get()).sum()
}

fn count(observation: &Observation, kind: NodeKind) -> usize {
    observation
        .graph
        .nodes()
        .iter()
        .filter(|node| node.node.kind == kind)
        .count()
}

#[test]
fn pods_and_nodes_are_nodes_and_what_joins_them_edges() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    let observation = observe(&api);
    assert_eq!(count(&observation, NodeKind::Shard), 3);
    assert_eq!(count(&observation, NodeKind::ReplicationTarget), 2);
    assert_eq!(count(&observation, NodeKind::Custom), 2);
    let shard = NodeRef::shard(0);
    assert_eq!(capacity(&observation, shard, EdgeKind::PartitionLink), 2000.0);
    assert_eq!(capacity(&observation, shard, EdgeKind::Replication), 2000.0);
    assert_eq!(capacity(&observation, shard, EdgeKind::RoutingLink), 1000.0);
    let metrics = &observation.metrics;
    assert_eq!(metrics.partitions[&1].load.get(), 300.0);
    let memory = metrics.memory.as_ref().unwrap();
    assert_eq!(memory.used_pct.get(), 25.0);
    assert_eq!(memory.largest_consumers[0].name, "vectors-0");
    // The same cluster is the same graph.
    assert_eq!(observe(&api).graph, observation.graph);
}

#[test]
fn a_pod_that_is_not_ready_carries_nothing() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    let not_ready = json!({ "status": { "conditions": [{ "type": "Ready", "status": "False" }] } });
    api.merge(&path("v1", "pods", "vectors-1"), &not_ready);
    let observation = observe(&api);
    for kind in [EdgeKind::PartitionLink, EdgeKind::Replication, EdgeKind::RoutingLink] {
        assert_eq!(capacity(&observation, NodeRef::shard(1), kind), 0.0, "{kind}");
    }
    assert_eq!(
        capacity(&observation, NodeRef::shard(0), EdgeKind::PartitionLink),
        1000.0
    );
}

#[test]
fn a_pod_that_uses_up_its_processor_or_keeps_restarting_carries_less() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    let busy = usage("vectors-0", "1", "256Mi");
    api.put(&path("metrics.k8s.io/v1beta1", "pods", "vectors-0"), busy);
    let restarted = json!({ "status": { "containerStatuses": [{
        "name": "main", "ready": true, "restartCount": 3, "image": "", "imageID": "",
        "lastState": { "terminated": { "exitCode": 1, "finishedAt": "1970-01-01T00:00:00Z" } },
    }] } });
    api.merge(&path("v1", "pods", "vectors-2"), &restarted);
    let observation = observe(&api);
    let routed = |ordinal| capacity(&observation, NodeRef::shard(ordinal), EdgeKind::RoutingLink);
    assert!(routed(0) < routed(1) && routed(2) < routed(1) && routed(0) > 0.0);
}

#[test]
fn a_node_under_pressure_weakens_what_it_carries() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    api.put("v1/nodes/beta", node("beta", &["Ready", "MemoryPressure"]));
    let observation = observe(&api);
    let routed = |ordinal| capacity(&observation, NodeRef::shard(ordinal), EdgeKind::RoutingLink);
    assert!((routed(1) - 700.0).abs() < 1e-6, "{}", routed(1));
    assert_eq!(routed(0), 1000.0);
    api.put("v1/nodes/beta", node("beta", &[]));
    let gone = observe(&api);
    assert_eq!(capacity(&gone, NodeRef::shard(1), EdgeKind::RoutingLink), 0.0);
}

#[test]
fn jobs_are_counted_and_those_at_work_depend_on_the_shards_beside_them() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    for (name, active, suspended) in [("compact-1", 1, false), ("compact-2", 0, false), ("backup-1", 0, true)] {
        api.put(&path("batch/v1", "jobs", name), job(name, active, suspended));
    }
    let mut other = job("others-1", 1, false);
    other["metadata"]["labels"]["app"] = json!("others");
    api.put(&path("batch/v1", "jobs", "others-1"), other);
    api.put(
        &path("v1", "pods", "compact-1-abc"),
        pod("compact-1-abc", ("Job", "compact-1"), "beta"),
    );
    let observation = observe(&api);
    assert_eq!(observation.metrics.maintenance_queue_depth, Some(1));
    let mut states: Vec<(&str, JobState)> = observation
        .metrics
        .jobs
        .iter()
        .map(|job| (job.job_type.as_str(), job.state))
        .collect();
    states.sort();
    assert_eq!(
        states,
        [
            ("backup", JobState::Paused),
            ("compact", JobState::Waiting),
            ("compact", JobState::Running),
        ]
    );
    assert!(
        observation
            .metrics
            .jobs
            .iter()
            .all(|job| job.priority == JobPriority::Low)
    );
    assert_eq!(count(&observation, NodeKind::MaintenanceDep), 1);
    assert_eq!(capacity(&observation, NodeRef::shard(1), EdgeKind::Dependency), 1000.0);
    assert_eq!(capacity(&observation, NodeRef::shard(0), EdgeKind::Dependency), 0.0);
}

#[test]
fn without_metrics_server_loads_are_absent_and_the_graph_is_there() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    api.uninstall("metrics.k8s.io");
    let observation = observe(&api);
    assert!(observation.metrics.partitions.is_empty() && observation.metrics.memory.is_none());
    assert_eq!(count(&observation, NodeKind::Shard), 3);
}

#[test]
fn a_refusal_names_the_right_that_is_missing() {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    api.obstruct(Obstacle::forbidden("GET", "/nodes"));
    let collection = CollectionId::new("vectors").unwrap();
    let spec = HealingSpec {
        shards: "vectors".to_owned(),
        replicas: None,
        jobs: None,
        max_replicas: 8,
    };
    let services = BTreeMap::from([(collection.clone(), spec)]);
    let source = PodObservation::new(api.connection(), Arc::new(VirtualClock::default()), services);
    let refused = source.observe(&collection).unwrap_err().to_string();
    assert!(
        refused.contains("not allowed to list the nodes") && refused.contains("rbac.yaml"),
        "{refused}"
    );
}
