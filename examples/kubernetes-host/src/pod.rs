//! What matters of a pod.

use healing_core::Timestamp;
use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::quantity::value_of;

/// What a pod that says nothing may use of a processor, in millicores.
const UNSAID_MILLICORES: f64 = 1000.0;
/// A container that began again within this many seconds may do so again.
const UNSTEADY_SECONDS: i64 = 300;
/// The share of requests that a pod fails while one of its containers keeps restarting.
const UNSTEADY_FAILS: f64 = 0.3;
/// From this share of its processor on, a pod is throttled now and then.
const BUSY: f64 = 0.8;
/// The share of requests that come too late from a pod that uses all of its processor.
const SATURATED_FAILS: f64 = 0.5;

/// A pod, reduced to what the graph needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PodState {
    pub(crate) name: String,
    pub(crate) node: Option<String>,
    pub(crate) owner: Option<Owner>,
    pub(crate) ready: bool,
    unsteady: bool,
    /// What it may use of a processor, in millicores.
    pub(crate) millicores: f64,
    /// What it may use of memory, in bytes.
    pub(crate) memory_limit: Option<f64>,
}

/// Who made the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// What a pod uses, as metrics-server tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) millicores: f64,
    pub(crate) memory: f64,
}

impl PodState {
    /// What matters of `pod` now; `None` where it has no name or is on its way out.
    pub(crate) fn of(pod: Pod, now: Timestamp) -> Option<Self> {
        if pod.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let spec = pod.spec.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        let ready = status
            .conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let unsteady = status.container_statuses.iter().flatten().any(|container| {
            let ended = container
                .last_state
                .as_ref()
                .and_then(|state| state.terminated.as_ref())
                .and_then(|terminated| terminated.finished_at.as_ref());
            ended.is_some_and(|ended| now.as_second().saturating_sub(ended.0.as_second()) < UNSTEADY_SECONDS)
        });
        let owner = pod.metadata.owner_references.into_iter().flatten().next();
        Some(Self {
            name: pod.metadata.name?,
            node: spec.node_name,
            owner: owner.map(|owner| Owner {
                kind: owner.kind,
                name: owner.name,
            }),
            ready,
            unsteady,
            millicores: allowed(&spec.containers, "cpu").map_or(UNSAID_MILLICORES, |cores| cores * 1000.0),
            memory_limit: allowed(&spec.containers, "memory"),
        })
    }

    /// The number at the end of the name that a StatefulSet gives.
    pub(crate) fn ordinal(&self) -> Option<i64> {
        self.name.rsplit_once('-')?.1.parse().ok()
    }

    /// Whether the pod belongs to the StatefulSet `name`.
    pub(crate) fn is_of_stateful_set(&self, name: &str) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| owner.kind == "StatefulSet" && owner.name == name)
    }

    /// Whether the pod belongs to the Deployment `name`, by way of one of its ReplicaSets.
    pub(crate) fn is_of_deployment(&self, name: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| {
            owner.kind == "ReplicaSet" && owner.name.rsplit_once('-').is_some_and(|(of, _)| of == name)
        })
    }

    /// Whether the pod belongs to the Job `name`.
    pub(crate) fn is_of_job(&self, name: &str) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| owner.kind == "Job" && owner.name == name)
    }

    /// The share of its requests that fail, 0..=1.
    pub(crate) fn failing(&self, usage: Option<Usage>) -> f64 {
        if !self.ready {
            return 1.0;
        }
        let unsteady = if self.unsteady { UNSTEADY_FAILS } else { 0.0 };
        let busy = usage.map_or(0.0, |usage| usage.millicores / self.millicores.max(1.0));
        let throttled = ((busy - BUSY) / (1.0 - BUSY)).clamp(0.0, 1.0) * SATURATED_FAILS;
        1.0 - (1.0 - unsteady) * (1.0 - throttled)
    }

    /// How well it is, 0..=1.
    pub(crate) fn health(&self) -> f64 {
        match (self.ready, self.unsteady) {
            (true, false) => 1.0,
            (true, true) => 0.5,
            (false, _) => 0.0,
        }
    }
}

/// What the containers may use of a resource together: their limits, or what they request; `None` where none says.
fn allowed(containers: &[Container], resource: &str) -> Option<f64> {
    let of_container = |container: &Container| -> Option<f64> {
        let resources = container.resources.as_ref()?;
        let quantity: &Quantity = [&resources.limits, &resources.requests]
            .into_iter()
            .find_map(|list| list.as_ref()?.get(resource))?;
        value_of(quantity)
    };
    let said: Vec<f64> = containers.iter().filter_map(of_container).collect();
    (!said.is_empty()).then(|| said.iter().sum())
}
