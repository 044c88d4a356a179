//! Who heals, and with what.

use std::sync::Arc;

use healing_core::classify::{EvidenceClassifier, RuleClassifier};
use healing_core::registry::RegistryError;
use healing_core::{Classifier, HealingConfig, RemediationStrategy, StrategyRegistry, VirtualClock};
use healing_learn::{OriginalWeights, OutcomeTracker};
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, NEED_APPROVAL, PauseMaintenance, RebalancePartitions,
    RebuildCentroids, RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};
use mock_cluster::Cluster;

use crate::arguments::Policy;

/// The strategies that take part: those that need approval only where somebody is there to give it, as a remediation that
/// waits for a human keeps others from being tried.
pub(crate) fn strategies(cluster: &Cluster, approve: bool) -> Result<StrategyRegistry, RegistryError> {
    let host = Arc::new(cluster.clone());
    let clock = Arc::new(cluster.clock().clone());
    let all: [Arc<dyn RemediationStrategy>; 10] = [
        Arc::new(CompactIndexes::new(host.clone(), clock)),
        Arc::new(DrainHotPartition::new(host.clone(), host.clone())),
        Arc::new(EvictColdData::new(host.clone())),
        Arc::new(PauseMaintenance::new(host.clone())),
        Arc::new(RebalancePartitions::new(host.clone())),
        Arc::new(RebuildCentroids::new(host.clone())),
        Arc::new(RerouteReads::new(host.clone())),
        Arc::new(ResyncReplica::new(host.clone())),
        Arc::new(ScaleReplicas::new(host.clone())),
        Arc::new(ThrottleIngestion::new(host)),
    ];
    let mut registry = StrategyRegistry::new();
    for strategy in all {
        if approve || !NEED_APPROVAL.contains(&strategy.name()) {
            registry.register(strategy)?;
        }
    }
    Ok(registry)
}

pub(crate) fn classifier(policy: Policy) -> Arc<dyn Classifier> {
    match policy {
        Policy::Default | Policy::None => Arc::new(EvidenceClassifier::default()),
        Policy::Original => Arc::new(RuleClassifier::default()),
    }
}

pub(crate) fn learner(policy: Policy, clock: &VirtualClock) -> OutcomeTracker {
    let clock = Arc::new(clock.clone());
    match policy {
        Policy::Default | Policy::None => OutcomeTracker::new(clock),
        Policy::Original => OutcomeTracker::with_policy(OriginalWeights::default(), clock),
    }
}

pub(crate) fn config(policy: Policy) -> HealingConfig {
    let config = match policy {
        Policy::Default => HealingConfig::default(),
        Policy::Original => HealingConfig::original(),
        Policy::None => HealingConfig {
            enabled: false,
            ..HealingConfig::default()
        },
    };
    HealingConfig {
        require_approval_strategies: NEED_APPROVAL.map(str::to_owned).to_vec(),
        ..config
    }
}
