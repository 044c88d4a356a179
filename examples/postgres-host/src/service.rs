//! A healer put together on the host: what a service that embeds it does when it starts.

use std::sync::Arc;

use healing_core::engine::BuildError;
use healing_core::registry::RegistryError;
use healing_core::{Clock, CollectionId, Healer, HealingConfig, StrategyRegistry};
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, PauseMaintenance, RebalancePartitions, RebuildCentroids,
    RerouteReads, ThrottleIngestion,
};
use thiserror::Error;

use crate::database::Database;
use crate::error::PostgresError;
use crate::host::PostgresHost;
use crate::learning::SharedLearning;
use crate::storage::PostgresStorage;

/// A healer that could not be put together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The outcomes, which the learner begins with, could not be read.
    #[error(transparent)]
    Outcomes(#[from] PostgresError),
    /// The strategies do not go together.
    #[error(transparent)]
    Strategies(#[from] RegistryError),
    /// The configuration, the name or the collections are unusable.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// So many steps may be at work at a time, and hang, before nothing begins any more.
const WORKERS: usize = 4;

/// A healer of `collections` in `database`, whose schema must be [there](Database::migrate): with its stores, every built-in
/// strategy that the store has actuators for, and [what all healers on the database learn](SharedLearning). `holder` is its
/// name, unique among the processes on this database.
///
/// # Errors
/// [`ServiceError`].
pub fn healer(
    database: &Database,
    clock: Arc<dyn Clock>,
    collections: impl IntoIterator<Item = CollectionId>,
    holder: impl Into<String>,
    config: HealingConfig,
) -> Result<Healer, ServiceError> {
    let host = Arc::new(PostgresHost::new(database.clone(), clock.clone()));
    let storage = PostgresStorage::new(database.clone());
    let learning = SharedLearning::load(storage.clone(), clock.clone())?;
    let builder = Healer::builder(host.clone(), clock.clone())
        .storage(Arc::new(storage))
        .strategies(strategies(&host, clock)?)
        .learner(Arc::new(learning.clone()))
        .observer(learning)
        .worker_threads(WORKERS)
        .holder(holder)
        .config(config);
    let builder = collections
        .into_iter()
        .fold(builder, healing_core::engine::HealerBuilder::watch);
    Ok(builder.build()?)
}

/// Every built-in strategy that the store has actuators for.
fn strategies(host: &Arc<PostgresHost>, clock: Arc<dyn Clock>) -> Result<StrategyRegistry, RegistryError> {
    let mut strategies = StrategyRegistry::new();
    strategies.register(Arc::new(PauseMaintenance::new(host.clone())))?;
    strategies.register(Arc::new(RerouteReads::new(host.clone())))?;
    strategies.register(Arc::new(EvictColdData::new(host.clone())))?;
    strategies.register(Arc::new(RebalancePartitions::new(host.clone())))?;
    strategies.register(Arc::new(RebuildCentroids::new(host.clone())))?;
    strategies.register(Arc::new(ThrottleIngestion::new(host.clone())))?;
    strategies.register(Arc::new(DrainHotPartition::new(host.clone(), host.clone())))?;
    strategies.register(Arc::new(CompactIndexes::new(host.clone(), clock)))?;
    Ok(strategies)
}
