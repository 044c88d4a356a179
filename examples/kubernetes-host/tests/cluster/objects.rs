//! The objects that tests put into the cluster.

use serde_json::{Value, json};

pub const READS: &str = "apps/v1/namespaces/default/deployments/reads";
pub const HEALING: &str = "healing.example.com/v1/namespaces/default/healingstatuses/vectors";

pub fn deployment(replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "reads" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "reads" } },
            "template": {
                "metadata": { "labels": { "app": "reads" } },
                "spec": { "containers": [{ "name": "reads", "image": "registry.k8s.io/pause:3.9" }] },
            },
        },
    })
}

pub fn autoscaler(most: i64) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "reads" },
        "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "reads" },
            "maxReplicas": most,
        },
    })
}

pub fn disruption_budget(healthy: i64) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": { "name": "reads" },
        "spec": { "selector": { "matchLabels": { "app": "reads" } } },
        "status": { "desiredHealthy": healthy, "currentHealthy": healthy, "disruptionsAllowed": 0, "expectedPods": healthy },
    })
}

pub fn healing() -> Value {
    json!({
        "apiVersion": "healing.example.com/v1",
        "kind": "HealingStatus",
        "metadata": { "name": "vectors" },
        "spec": { "shards": "vectors", "replicas": "deployment/reads", "jobs": "app=vectors", "maxReplicas": 8 },
    })
}

pub fn node(name: &str, conditions: &[&str]) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|kind| json!({ "type": kind, "status": "True" }))
        .collect();
    json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name }, "status": { "conditions": conditions } })
}

/// A ready pod with a processor of its own.
pub fn pod(name: &str, owner: (&str, &str), node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": owner.0, "name": owner.1, "uid": "1" }],
        },
        "spec": {
            "nodeName": node,
            "containers": [{
                "name": "main",
                "resources": { "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "500m" } },
            }],
        },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    })
}

pub fn usage(name: &str, cpu: &str, memory: &str) -> Value {
    json!({
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": { "name": name },
        "containers": [{ "name": "main", "usage": { "cpu": cpu, "memory": memory } }],
    })
}

pub fn job(name: &str, active: i64, suspended: bool) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": name, "labels": { "app": "vectors", "healing.example.com/priority": "low" } },
        "spec": { "suspend": suspended, "template": { "spec": { "containers": [] } } },
        "status": { "active": active },
    })
}

pub fn path(api: &str, resource: &str, name: &str) -> String {
    format!("{api}/namespaces/default/{resource}/{name}")
}
