//! One incident: a hotspot in a cluster, and what a healer does about it.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::BuildError;
use healing_core::registry::RegistryError;
use healing_core::storage::{MemoryStorage, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore};
use healing_core::{Clock, CollectionId, Healer, Timestamp};
use mock_cluster::{Cluster, Fault, Size};

use crate::healing::{Healing, strategies};

/// What strikes where and when.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub(crate) collection: CollectionId,
    /// Of the cluster as it is then.
    pub(crate) seed: u64,
    pub(crate) begins_at: Timestamp,
    pub(crate) fault: Fault,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum IncidentError {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Outcomes(#[from] OutcomeError),
}

/// From the begin of an incident to the strike: the monitor learns what is healthy.
const BEFORE: Duration = Duration::from_secs(120);
/// Whatever has not been tried by then is not going to be.
const PATIENCE: Duration = Duration::from_secs(1800);

impl Incident {
    /// Lives through the incident until its first remediation has ended, and returns what came of that; `None` where nothing
    /// was tried.
    pub(crate) fn first_outcome(&self, healing: &Healing, size: Size) -> Result<Option<OutcomeRecord>, IncidentError> {
        let clock = &healing.clock;
        clock.set(self.begins_at.max(clock.now()));
        let cluster = Cluster::of_size(size, self.collection.clone(), self.seed, clock.clone());
        let mut healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
            .strategies(strategies(&cluster)?)
            .learner(healing.learner.clone())
            .storage(healing.storage.clone())
            .config(healing.config.clone())
            .watch(self.collection.clone())
            .build()?;
        let newest = newest(&healing.storage)?;
        let strikes_at = later(clock.now(), BEFORE);
        cluster.schedule(strikes_at, self.fault);
        let end = later(strikes_at, PATIENCE);
        while clock.now() < end {
            let wake_at = healer.tick().wake_at;
            if let Some(stored) = healing.storage.outcomes(newest, 1)?.pop() {
                return Ok(Some(stored.outcome));
            }
            cluster.advance_to(wake_at.min(end));
        }
        Ok(None)
    }
}

fn newest(storage: &MemoryStorage) -> Result<Option<OutcomeId>, OutcomeError> {
    let last = storage.history(Timestamp::MIN, 1)?;
    Ok(last.first().map(|stored| stored.id))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
