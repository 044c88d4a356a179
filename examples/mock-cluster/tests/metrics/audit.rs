//! What an audit found.

use std::sync::Arc;

use healing_core::audit::{PublicKey, verify};
use healing_core::identity::Operator;
use healing_core::storage::MemoryStorage;
use healing_core::telemetry::Telemetry;
use healing_core::{CollectionId, Healer, VirtualClock};
use metrics_exporter_prometheus::PrometheusBuilder;
use mock_cluster::Cluster;

#[test]
fn a_journal_that_does_not_verify_shows_from_then_on() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let shows = |line: &str| recorder.handle().render().lines().any(|shown| shown == line);
    let clock = VirtualClock::default();
    let cluster = Cluster::new(CollectionId::new("embeddings").unwrap(), 1, clock.clone());
    let storage = MemoryStorage::new(Arc::new(clock.clone()));
    metrics::with_local_recorder(&recorder, || {
        let mut healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock))
            .storage(Arc::new(storage.clone()))
            .observer(Telemetry::default())
            .watch(cluster.collection().clone())
            .build()
            .unwrap();
        let key = PublicKey::new([1; 32]);
        healer.audited(&verify(&storage, key, &[]));
        let _ = healer.tick();
        assert!(shows("ruvector_audit_verified 1"));

        // Nobody signs this journal, so whoever expects a signature finds it bad.
        let alice = Operator::new("alice").unwrap();
        healer.freeze(None, "a migration", &alice).unwrap();
        healer.audited(&verify(&storage, key, &[]));
        let _ = healer.tick();
        assert!(shows("ruvector_audit_verified 0"));
        let _ = healer.tick();
        assert!(shows("ruvector_audit_verified 0"));
    });
}
