//! A cluster to look at and to act on.

use std::time::Duration;

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::{Clock, CollectionId, ObservationSource, Timestamp, VirtualClock};
use healing_strategies::actuators::{Partitions, VectorId};
use mock_cluster::{Cluster, Severity};

pub fn cluster(seed: u64) -> Cluster {
    Cluster::new(CollectionId::new("embeddings").unwrap(), seed, VirtualClock::default())
}

pub fn wait(cluster: &Cluster, seconds: u64) {
    cluster.advance_to(cluster.clock().now().checked_add(Duration::from_secs(seconds)).unwrap());
}

pub fn report(cluster: &Cluster) -> IntegrityReport {
    let observation = cluster.observe(cluster.collection()).unwrap();
    IntegrityMonitor::new(&MonitorConfig::default())
        .look(&observation)
        .unwrap()
}

pub fn metrics(cluster: &Cluster) -> SystemMetrics {
    cluster.observe(cluster.collection()).unwrap().metrics
}

pub fn load(cluster: &Cluster, partition: i64) -> f64 {
    metrics(cluster).partitions[&partition].load.get()
}

/// Calls an actuator under this fencing token.
pub fn under<T>(cluster: &Cluster, token: u64, call: impl FnOnce(&Permit<'_>) -> T) -> T {
    let remediation = RemediationId::new(cluster.collection().clone(), 1);
    let clock = cluster.clock().clone();
    let token = FencingToken::new(token);
    let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
    call(&context.permit().unwrap())
}

pub fn heaviest(cluster: &Cluster, partition: i64, limit: usize) -> Vec<VectorId> {
    let heaviest = cluster
        .heaviest_vectors(cluster.collection(), partition, limit)
        .unwrap();
    assert!(heaviest.is_sorted_by(|one, other| one.load >= other.load));
    heaviest.into_iter().map(|it| it.vector).collect()
}

pub fn severity(severity: f64) -> Severity {
    Severity::new(severity).unwrap()
}
