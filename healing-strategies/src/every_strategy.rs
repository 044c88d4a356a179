//! All of them at once.

use std::sync::Arc;

use healing_core::{Clock, RemediationStrategy};

use crate::actuators::{
    Centroids, Indexes, Jobs, Partitions, ReadRouting, ReplicaCopies, Replicas, Throttle, Tiers, WriteRouting,
};
use crate::{
    CompactIndexes, DrainHotPartition, EvictColdData, PauseMaintenance, RebalancePartitions, RebuildCentroids,
    RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};

/// Every built-in strategy with its default parameters, sorted by name, over one host that has every actuator. A host that has
/// some of them registers those strategies by itself.
///
/// ```
/// use std::sync::Arc;
/// use healing_core::{StrategyRegistry, SystemClock};
/// use healing_strategies::{MemoryHost, every_strategy};
///
/// let mut strategies = StrategyRegistry::new();
/// for strategy in every_strategy(&Arc::new(MemoryHost::default()), Arc::new(SystemClock)) {
///     strategies.register(strategy)?;
/// }
/// assert_eq!(strategies.names().count(), 10);
/// # Ok::<(), healing_core::registry::RegistryError>(())
/// ```
pub fn every_strategy<H>(host: &Arc<H>, clock: Arc<dyn Clock>) -> [Arc<dyn RemediationStrategy>; 10]
where
    H: Centroids
        + Indexes
        + Jobs
        + Partitions
        + ReadRouting
        + ReplicaCopies
        + Replicas
        + Throttle
        + Tiers
        + WriteRouting
        + 'static,
{
    [
        Arc::new(CompactIndexes::new(host.clone(), clock)),
        Arc::new(DrainHotPartition::new(host.clone(), host.clone())),
        Arc::new(EvictColdData::new(host.clone())),
        Arc::new(PauseMaintenance::new(host.clone())),
        Arc::new(RebalancePartitions::new(host.clone())),
        Arc::new(RebuildCentroids::new(host.clone())),
        Arc::new(RerouteReads::new(host.clone())),
        Arc::new(ResyncReplica::new(host.clone())),
        Arc::new(ScaleReplicas::new(host.clone())),
        Arc::new(ThrottleIngestion::new(host.clone())),
    ]
}
