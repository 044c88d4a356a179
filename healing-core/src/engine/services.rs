//! What the engine works with: the host's side of every trait, and what it may call of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::bell::Bell;
use super::config::{HealingConfig, InvalidConfig};
use super::contained::Contained;
use super::executor::Executor;
use super::ledger::Pen;
use super::mutation::Mutation;
use super::trace::ObservationSpan;
use crate::audit::Signer;
use crate::classify::Classifier;
use crate::clock::{Clock, elapsed};
use crate::diagnosis::Diagnosis;
use crate::fence::Fence;
use crate::host_call::{contained, told};
use crate::identity::{CollectionId, FencingToken, HolderId};
use crate::learner::{Learner, NoLearning};
use crate::monitor::IntegrityReport;
use crate::number::Amount;
use crate::observation::{Observation, ObservationSource};
use crate::problem::ProblemKind;
use crate::registry::StrategyRegistry;
use crate::storage::{Journal, Lease, LeaseError, LeaseStore, OutcomeRecord, OutcomeStore};

/// Everything that is the same for all collections of a healer.
pub(super) struct Services {
    pub(super) config: HealingConfig,
    pub(super) source: Arc<dyn ObservationSource>,
    pub(super) classifier: Arc<dyn Classifier>,
    pub(super) registry: StrategyRegistry,
    pub(super) learner: Arc<dyn Learner>,
    pub(super) journal: Contained<dyn Journal>,
    pub(super) outcomes: Contained<dyn OutcomeStore>,
    pub(super) leases: Contained<dyn LeaseStore>,
    pub(super) fence: Option<Arc<dyn Fence>>,
    pub(super) signer: Option<Arc<dyn Signer>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) holder: HolderId,
    pub(super) executor: Executor,
    pub(super) bell: Bell,
    #[cfg(feature = "mutations")]
    pub(super) mutation: Option<Mutation>,
}

impl Services {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the engine is broken in this way: never, but in tests of its tests.
    #[cfg_attr(
        not(feature = "mutations"),
        allow(clippy::unused_self, reason = "nothing is broken then")
    )]
    pub(super) fn is_broken_by(&self, mutation: Mutation) -> bool {
        #[cfg(feature = "mutations")]
        let broken_by = self.mutation;
        #[cfg(not(feature = "mutations"))]
        let broken_by = None;
        broken_by == Some(mutation)
    }

    /// Goes by this configuration from now on; whether it is another one than before.
    pub(super) fn go_by(&mut self, config: &HealingConfig) -> Result<bool, InvalidConfig> {
        #[cfg(feature = "mutations")]
        let misread = self.mutation.map(|mutation| mutation.misread(config.clone()));
        #[cfg(not(feature = "mutations"))]
        let misread = None;
        let as_read = misread.as_ref().unwrap_or(config);
        if *as_read == self.config {
            return Ok(false);
        }
        config.validate()?;
        self.config = as_read.clone();
        Ok(true)
    }

    /// What a record is written with, now.
    pub(super) fn pen(&self, token: FencingToken) -> Pen<'_> {
        Pen {
            journal: &self.journal,
            signer: self.signer.as_deref(),
            token,
            at: self.now(),
        }
    }

    /// Gets the lease on a collection, and closes the host's door to all before it.
    pub(super) fn acquire(&self, collection: &CollectionId) -> Result<Lease, LeaseError> {
        let lease = self.leases.acquire(collection, &self.holder, self.config.lease)?;
        let Some(fence) = &self.fence else { return Ok(lease) };
        let raised = contained(|| fence.raise(collection, lease.token)).unwrap_or_else(|panicked| Err(panicked.into()));
        raised.map(|()| lease.clone()).map_err(|error| {
            // It ends by itself where it cannot be given back.
            drop(self.leases.release(&lease));
            LeaseError::Host(format!("the fence was not raised: {}", told(&error)).into())
        })
    }

    /// Observes a collection. A panic of the source, an observation of something else and one that is too old are errors
    /// like any other.
    pub(super) fn observe(&self, collection: &CollectionId) -> Result<Observation, String> {
        let observation = contained(|| ObservationSpan::of(collection).around(|| self.source.observe(collection)))
            .map_err(|panicked| format!("the observation source {panicked}"))?
            .map_err(|error| told(&error))?;
        if observation.collection != *collection {
            return Err(format!(
                "asked for {collection}, the observation source answered for {}",
                observation.collection
            ));
        }
        let age = elapsed(observation.observed_at, self.now());
        if age > self.config.max_observation_age {
            return Err(format!(
                "the observation was made at {}, {} s ago, and at most {} s are allowed",
                observation.observed_at,
                age.as_secs(),
                self.config.max_observation_age.as_secs()
            ));
        }
        Ok(observation)
    }

    /// Diagnoses; `Err` when the classifier panicked.
    pub(super) fn classify(
        &self,
        observation: &Observation,
        report: &IntegrityReport,
    ) -> Result<Vec<Diagnosis>, String> {
        contained(|| self.classifier.classify(observation, report))
            .map_err(|panicked| format!("the classifier {panicked}"))
    }

    /// A strategy's learned weight; that of an unknown one where the learner panicked.
    pub(super) fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount {
        let learned = contained(|| self.learner.weight(strategy, kind, collection));
        learned.unwrap_or_else(|_| NoLearning.weight(strategy, kind, collection))
    }

    /// Learns from an outcome; `Err` when the learner panicked.
    pub(super) fn learn(&self, outcome: &OutcomeRecord) -> Result<(), String> {
        if self.config.learning_enabled {
            contained(|| self.learner.learn(outcome)).map_err(|panicked| format!("the learner {panicked}"))?;
        }
        Ok(())
    }
}
