//! The operational graph of a service, as the API shows it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use healing_core::audit::Digest;
use healing_core::metrics::{
    JobMetrics, JobPriority, JobState, MemoryConsumer, MemoryMetrics, PartitionMetrics, SystemMetrics,
};
use healing_core::observation::ObservationError;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef, TopologyError};
use healing_core::{Amount, Clock, CollectionId, Observation, ObservationSource, Percent};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use serde::Deserialize;

use crate::connection::Connection;
use crate::error::ClusterError;
use crate::pod::{PodState, Usage};
use crate::quantity::value_of;
use crate::status::HealingSpec;
use crate::target::{ScaleTarget, TargetKind};

/// To how many others a shard or a replica is linked at most.
const LINKS: usize = 6;
/// The share of requests that a node's pressure (memory, disk, processes) fails.
const PRESSURE_FAILS: f64 = 0.3;
/// How many of the largest memory consumers are named.
const CONSUMERS: usize = 5;
/// The label by which a job says how much it matters: `low`, `normal` or `high`.
const PRIORITY_LABEL: &str = "healing.example.com/priority";

/// Reads pods, nodes, jobs and, where metrics-server is there, pods' usage, and folds them into a graph.
///
/// | in the graph | is |
/// | --- | --- |
/// | shard | a pod of the StatefulSet, by its ordinal |
/// | replication target | a pod of what serves reads |
/// | custom | a node of the cluster that carries one of them |
/// | maintenance dependency | a job that is at work |
/// | partition link, replication | between shards, and from shards to replicas: the smaller of the two pods' processors |
/// | routing link | a pod and its node: the pod's processor |
/// | dependency | a job and the shards on its pods' nodes |
///
/// Capacities are millicores. A pod that is not ready fails everything; one that restarted within five minutes, or uses up its
/// processor, fails a part; so does a node under pressure. A pod's processor use is also its partition's load.
pub struct PodObservation {
    connection: Connection,
    clock: Arc<dyn Clock>,
    services: BTreeMap<CollectionId, HealingSpec>,
}

impl PodObservation {
    /// Observes these services, by `clock`.
    #[must_use]
    pub fn new(connection: Connection, clock: Arc<dyn Clock>, services: BTreeMap<CollectionId, HealingSpec>) -> Self {
        Self {
            connection,
            clock,
            services,
        }
    }

    fn list<K>(&self, api: &Api<K>, what: &str, which: &ListParams) -> Result<Vec<K>, ClusterError>
    where
        K: Clone + serde::de::DeserializeOwned + fmt::Debug,
    {
        Ok(self.connection.read("list", what, api.list(which))?.items)
    }

    /// What each pod uses; nothing where metrics-server is not there.
    fn usage(&self) -> Result<BTreeMap<String, Usage>, ClusterError> {
        let kind = GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics");
        let resource = ApiResource::from_gvk_with_plural(&kind, "pods");
        let api =
            Api::<DynamicObject>::namespaced_with(self.connection.client(), self.connection.namespace(), &resource);
        let measured = match self.list(&api, "the pods' usage", &ListParams::default()) {
            Ok(measured) => measured,
            Err(ClusterError::NotInstalled | ClusterError::NotFound { .. }) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        Ok(measured.into_iter().filter_map(usage_of).collect())
    }
}

impl ObservationSource for PodObservation {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let service = self
            .services
            .get(collection)
            .ok_or_else(|| ObservationError::UnknownCollection {
                collection: collection.clone(),
            })?;
        let failed = |error: ClusterError| ObservationError::Host(Box::new(error));
        let (client, namespace) = (self.connection.client(), self.connection.namespace());
        let all = ListParams::default();
        let now = self.clock.now();
        let pods = self
            .list(&Api::<Pod>::namespaced(client.clone(), namespace), "the pods", &all)
            .map_err(failed)?;
        let nodes = self
            .list(&Api::<Node>::all(client.clone()), "the nodes", &all)
            .map_err(failed)?;
        let jobs = match &service.jobs {
            Some(selector) => self
                .list(
                    &Api::<Job>::namespaced(client, namespace),
                    "the jobs",
                    &all.labels(selector),
                )
                .map_err(failed)?,
            None => Vec::new(),
        };
        let sight = Sight {
            pods: pods.into_iter().filter_map(|pod| PodState::of(pod, now)).collect(),
            nodes: nodes.into_iter().filter_map(node_failing).collect(),
            jobs,
            usage: self.usage().map_err(failed)?,
        };
        Ok(Observation {
            collection: collection.clone(),
            observed_at: now,
            graph: sight.graph(service)?,
            metrics: sight.metrics(service),
        })
    }
}

/// Everything that was read.
struct Sight {
    pods: Vec<PodState>,
    /// The failing share of each node, by its name.
    nodes: BTreeMap<String, f64>,
    jobs: Vec<Job>,
    usage: BTreeMap<String, Usage>,
}

impl Sight {
    /// The shards' pods, by their ordinals.
    fn shards(&self, service: &HealingSpec) -> BTreeMap<i64, &PodState> {
        let of_set = self.pods.iter().filter(|pod| pod.is_of_stateful_set(&service.shards));
        of_set.filter_map(|pod| Some((pod.ordinal()?, pod))).collect()
    }

    /// The pods that serve reads, in the order of their names.
    fn replicas(&self, service: &HealingSpec) -> BTreeMap<&str, &PodState> {
        let target = service
            .replicas
            .as_ref()
            .and_then(|text| text.parse::<ScaleTarget>().ok());
        let Some(target) = target else {
            return BTreeMap::new();
        };
        let serves = |pod: &&PodState| match target.kind {
            TargetKind::Deployment => pod.is_of_deployment(&target.name),
            TargetKind::StatefulSet => pod.is_of_stateful_set(&target.name),
        };
        self.pods
            .iter()
            .filter(serves)
            .map(|pod| (pod.name.as_str(), pod))
            .collect()
    }

    fn failing(&self, pod: &PodState) -> f64 {
        pod.failing(self.usage.get(&pod.name).copied())
    }

    fn graph(&self, service: &HealingSpec) -> Result<ContractedGraph, TopologyError> {
        let mut graph = ContractedGraph::builder();
        let (shards, replicas) = (self.shards(service), self.replicas(service));
        let carried = shards
            .iter()
            .map(|(&ordinal, &pod)| (NodeRef::shard(ordinal), pod))
            .chain(replicas.values().map(|&pod| (replica(&pod.name), pod)));
        let carried: Vec<(NodeRef, &PodState)> = carried.collect();
        for (node, pod) in &carried {
            graph.node(*node, pod.health())?;
        }
        for name in carried.iter().filter_map(|(_, pod)| pod.node.as_deref()) {
            let failing = self.nodes.get(name).copied().unwrap_or(1.0);
            graph.node(machine(name), 1.0 - failing)?;
        }
        for (node, pod) in &carried {
            if let Some(name) = pod.node.as_deref() {
                let failing = combined(self.failing(pod), self.nodes.get(name).copied().unwrap_or(1.0));
                let edge = Edge::new(EdgeKind::RoutingLink, *node, machine(name), pod.millicores)?;
                graph.edge(edge.with_error_rate(failing)?)?;
            }
        }
        let shards: Vec<(i64, &PodState)> = shards.into_iter().collect();
        for (position, (ordinal, pod)) in shards.iter().enumerate() {
            for (other, other_pod) in shards.iter().skip(position + 1).take(LINKS) {
                let edge = self.link(
                    EdgeKind::PartitionLink,
                    (NodeRef::shard(*ordinal), pod),
                    (NodeRef::shard(*other), other_pod),
                )?;
                graph.edge(edge)?;
            }
        }
        for (position, pod) in replicas.values().enumerate() {
            for (ordinal, shard) in shards.iter().cycle().skip(position).take(LINKS.min(shards.len())) {
                let edge = self.link(
                    EdgeKind::Replication,
                    (NodeRef::shard(*ordinal), shard),
                    (replica(&pod.name), pod),
                )?;
                graph.edge(edge)?;
            }
        }
        for job in self.jobs.iter().filter(|job| state_of(job) == JobState::Running) {
            let Some(name) = job.metadata.name.as_deref() else {
                continue;
            };
            let own: Vec<&PodState> = self.pods.iter().filter(|pod| pod.is_of_job(name)).collect();
            let beside = |shard: &PodState| shard.node.is_some() && own.iter().any(|pod| pod.node == shard.node);
            let beside: Vec<_> = shards.iter().filter(|(_, shard)| beside(shard)).collect();
            if !beside.is_empty() {
                graph.node(maintenance(name), 1.0)?;
            }
            for (ordinal, shard) in beside {
                let wanted: f64 = own.iter().map(|pod| pod.millicores).sum();
                let edge = Edge::new(
                    EdgeKind::Dependency,
                    maintenance(name),
                    NodeRef::shard(*ordinal),
                    wanted,
                )?;
                graph.edge(edge.with_error_rate(self.failing(shard))?)?;
            }
        }
        Ok(graph.build())
    }

    /// The link between two pods: as wide as the smaller, failing where either fails.
    fn link(
        &self,
        kind: EdgeKind,
        one: (NodeRef, &PodState),
        other: (NodeRef, &PodState),
    ) -> Result<Edge, TopologyError> {
        let capacity = one.1.millicores.min(other.1.millicores);
        let failing = combined(self.failing(one.1), self.failing(other.1));
        Edge::new(kind, one.0, other.0, capacity)?.with_error_rate(failing)
    }

    fn metrics(&self, service: &HealingSpec) -> SystemMetrics {
        let shards = self.shards(service);
        let partitions = shards.iter().filter_map(|(&ordinal, pod)| {
            let usage = self.usage.get(&pod.name)?;
            Some((
                ordinal,
                PartitionMetrics {
                    load: Amount::clamped(usage.millicores),
                    // The API does not know what is in a pod, nor what it is asked for.
                    inserts: None,
                    vectors: 0,
                },
            ))
        });
        let jobs: Vec<JobMetrics> = self.jobs.iter().filter_map(job_metrics).collect();
        let waiting = jobs.iter().filter(|job| job.state == JobState::Waiting).count();
        SystemMetrics {
            partitions: partitions.collect(),
            maintenance_queue_depth: service.jobs.is_some().then_some(waiting as u64),
            jobs,
            memory: self.memory(shards.values().copied()),
            ..SystemMetrics::default()
        }
    }

    /// The memory of the pods that have a limit and are measured.
    fn memory<'a>(&self, pods: impl Iterator<Item = &'a PodState>) -> Option<MemoryMetrics> {
        let mut measured: Vec<(&str, f64, f64)> = pods
            .filter_map(|pod| Some((pod.name.as_str(), self.usage.get(&pod.name)?.memory, pod.memory_limit?)))
            .collect();
        let limit: f64 = measured.iter().map(|(_, _, limit)| limit).sum();
        let used: f64 = measured.iter().map(|(_, used, _)| used).sum();
        measured.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
        let consumers = measured.iter().take(CONSUMERS).map(|(name, used, _)| MemoryConsumer {
            name: (*name).to_owned(),
            bytes: whole(*used),
        });
        (limit > 0.0).then(|| MemoryMetrics {
            used_pct: Percent::clamped(used / limit * 100.0),
            largest_consumers: consumers.collect(),
        })
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from f64 saturates, and the number is not negative"
)]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

/// What fails where either of two fails.
fn combined(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}

fn replica(pod: &str) -> NodeRef {
    NodeRef::replication_target(number_of(pod))
}

fn machine(node: &str) -> NodeRef {
    NodeRef::new(NodeKind::Custom, number_of(node))
}

fn maintenance(job: &str) -> NodeRef {
    NodeRef::maintenance_dep(number_of(job))
}

/// A number for a name, the same each time: 63 bits of its digest.
fn number_of(name: &str) -> i64 {
    let digest = Digest::of_parts([name.as_bytes()]);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_bytes()[..8]);
    i64::from_le_bytes(bytes) & i64::MAX
}

/// A node's name and the share of requests it fails.
fn node_failing(node: Node) -> Option<(String, f64)> {
    let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
    let holds = |kind: &str| {
        conditions
            .iter()
            .any(|condition| condition.type_ == kind && condition.status == "True")
    };
    let kept: f64 = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]
        .into_iter()
        .filter(|kind| holds(kind))
        .map(|_| 1.0 - PRESSURE_FAILS)
        .product();
    let failing = if holds("Ready") { 1.0 - kept } else { 1.0 };
    Some((node.metadata.name?, failing))
}

fn usage_of(measured: DynamicObject) -> Option<(String, Usage)> {
    #[derive(Deserialize)]
    struct Measured {
        containers: Vec<Container>,
    }
    #[derive(Deserialize)]
    struct Container {
        usage: BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>,
    }
    let containers = serde_json::from_value::<Measured>(measured.data).ok()?.containers;
    let sum = |resource: &str| -> f64 {
        let uses = containers.iter().filter_map(|container| container.usage.get(resource));
        uses.filter_map(value_of).sum()
    };
    let usage = Usage {
        millicores: sum("cpu") * 1000.0,
        memory: sum("memory"),
    };
    Some((measured.metadata.name?, usage))
}

fn job_metrics(job: &Job) -> Option<JobMetrics> {
    let name = job.metadata.name.as_deref()?;
    let ended = job.status.as_ref().is_some_and(|status| {
        let conditions = status.conditions.iter().flatten();
        conditions
            .filter(|condition| condition.status == "True")
            .any(|condition| condition.type_ == "Complete" || condition.type_ == "Failed")
    });
    let labels = job.metadata.labels.as_ref();
    let priority = match labels.and_then(|labels| labels.get(PRIORITY_LABEL)).map(String::as_str) {
        Some("low") => JobPriority::Low,
        Some("high") => JobPriority::High,
        _ => JobPriority::Normal,
    };
    (!ended).then(|| JobMetrics {
        id: number_of(name),
        // A CronJob's jobs are named after it, with a number behind.
        job_type: name.rsplit_once('-').map_or(name, |(of, _)| of).to_owned(),
        priority,
        state: state_of(job),
        // Each job is a service of its own; whom it gets in the way of, its machine tells.
        service: None,
    })
}

fn state_of(job: &Job) -> JobState {
    let suspended = job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false);
    let active = job.status.as_ref().and_then(|status| status.active).unwrap_or(0);
    match (suspended, active) {
        (true, 0) => JobState::Paused,
        (true, _) => JobState::Draining,
        (false, 0) => JobState::Waiting,
        (false, _) => JobState::Running,
    }
}

impl fmt::Debug for PodObservation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PodObservation")
            .field("connection", &self.connection)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
