//! Puts a healer together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::bell::Bell;
use super::config::{HealingConfig, InvalidConfig};
use super::contained::Contained;
use super::executor::Executor;
use super::healer::Healer;
#[cfg(feature = "mutations")]
use super::mutation::Mutation;
use super::observer::TickObserver;
use super::services::Services;
use super::step_call::{StepRunner, Threads};
use super::watched::Watched;
use crate::audit::Signer;
use crate::classify::{Classifier, EvidenceClassifier};
use crate::clock::Clock;
use crate::fence::Fence;
use crate::identity::{CollectionId, HolderId, InvalidName};
use crate::learner::{Learner, NoLearning};
use crate::observation::ObservationSource;
use crate::registry::StrategyRegistry;
use crate::storage::{Journal, LeaseStore, MemoryStorage, OutcomeStore};

/// Puts a [`Healer`] together: see [`Healer::builder`].
#[must_use]
pub struct HealerBuilder {
    source: Arc<dyn ObservationSource>,
    clock: Arc<dyn Clock>,
    config: HealingConfig,
    classifier: Arc<dyn Classifier>,
    registry: StrategyRegistry,
    learner: Arc<dyn Learner>,
    journal: Arc<dyn Journal>,
    outcomes: Arc<dyn OutcomeStore>,
    leases: Arc<dyn LeaseStore>,
    fence: Option<Arc<dyn Fence>>,
    signer: Option<Arc<dyn Signer>>,
    holder: String,
    steps: Steps,
    observer: Option<Box<dyn TickObserver>>,
    collections: Vec<CollectionId>,
    #[cfg(feature = "mutations")]
    mutation: Option<Mutation>,
}

/// Where strategies' steps run.
enum Steps {
    Inline,
    Apart {
        runner: Arc<dyn StepRunner>,
        at_most: usize,
    },
}

/// A healer that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The holder's name is unusable.
    #[error(transparent)]
    Holder(#[from] InvalidName),
    /// A collection was named twice.
    #[error("the collection {collection} is watched twice")]
    WatchedTwice {
        /// The collection.
        collection: CollectionId,
    },
}

impl HealerBuilder {
    pub(super) fn new(source: Arc<dyn ObservationSource>, clock: Arc<dyn Clock>) -> Self {
        let storage = Arc::new(MemoryStorage::new(Arc::clone(&clock)));
        Self {
            source,
            clock,
            config: HealingConfig::default(),
            classifier: Arc::new(EvidenceClassifier::default()),
            registry: StrategyRegistry::new(),
            learner: Arc::new(NoLearning),
            journal: Arc::clone(&storage) as Arc<dyn Journal>,
            outcomes: Arc::clone(&storage) as Arc<dyn OutcomeStore>,
            leases: storage,
            fence: None,
            signer: None,
            holder: "healer".to_owned(),
            steps: Steps::Inline,
            observer: None,
            collections: Vec::new(),
            #[cfg(feature = "mutations")]
            mutation: None,
        }
    }

    /// Looks after this collection too.
    pub fn watch(mut self, collection: CollectionId) -> Self {
        self.collections.push(collection);
        self
    }

    /// May use these strategies. Without any, the healer diagnoses and calls a human.
    pub fn strategies(self, registry: StrategyRegistry) -> Self {
        Self { registry, ..self }
    }

    /// Reads problems with this classifier instead of by [the evidence](EvidenceClassifier).
    pub fn classifier(self, classifier: Arc<dyn Classifier>) -> Self {
        Self { classifier, ..self }
    }

    /// Learns with this learner. Without one, every strategy keeps the same weight.
    pub fn learner(self, learner: Arc<dyn Learner>) -> Self {
        Self { learner, ..self }
    }

    /// Keeps journal, outcomes and leases in this store instead of in memory.
    pub fn storage<S: Journal + OutcomeStore + LeaseStore + 'static>(self, storage: Arc<S>) -> Self {
        Self {
            journal: Arc::clone(&storage) as Arc<dyn Journal>,
            outcomes: Arc::clone(&storage) as Arc<dyn OutcomeStore>,
            leases: storage,
            ..self
        }
    }

    /// Keeps the journal here instead of in the storage: where it is wrapped, to be timed for one.
    pub fn journal(self, journal: Arc<dyn Journal>) -> Self {
        Self { journal, ..self }
    }

    /// Keeps outcomes here instead of in the storage.
    pub fn outcomes(self, outcomes: Arc<dyn OutcomeStore>) -> Self {
        Self { outcomes, ..self }
    }

    /// Has `observer` look on after each tick.
    pub fn observer(self, observer: impl TickObserver + 'static) -> Self {
        Self {
            observer: Some(Box::new(observer)),
            ..self
        }
    }

    /// Holds leases of this store instead of the one that keeps the journal: where what is acted on is shared by more
    /// processes than the journal is.
    pub fn leases(self, leases: Arc<dyn LeaseStore>) -> Self {
        Self { leases, ..self }
    }

    /// Closes the host's door through this to older leases. Without one, the first call under a new lease does so.
    pub fn fence(self, fence: Arc<dyn Fence>) -> Self {
        Self {
            fence: Some(fence),
            ..self
        }
    }

    /// Behaves as configured here instead of as by default.
    pub fn config(self, config: HealingConfig) -> Self {
        Self { config, ..self }
    }

    /// The name under which it holds leases, unique among the processes that share the store. Without one: `healer`.
    pub fn holder(self, holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            ..self
        }
    }

    /// Signs every record of the journal. Without a signer the records are chained, but not signed.
    pub fn signer(self, signer: Arc<dyn Signer>) -> Self {
        Self {
            signer: Some(signer),
            ..self
        }
    }

    /// Runs strategies' steps on threads of their own, at most so many at a time, so that one that hangs holds nothing up.
    /// With 0, and without this, they run on the thread that calls [`Healer::tick`]: right for a small simulation, or where
    /// every actuator is sure to return.
    pub fn worker_threads(self, at_most: usize) -> Self {
        match at_most {
            0 => Self {
                steps: Steps::Inline,
                ..self
            },
            at_most => self.step_runner(Arc::new(Threads), at_most),
        }
    }

    /// Runs strategies' steps through `runner` instead, at most so many (at least one) at a time.
    pub fn step_runner(self, runner: Arc<dyn StepRunner>, at_most: usize) -> Self {
        Self {
            steps: Steps::Apart { runner, at_most },
            ..self
        }
    }

    /// Is broken in this way.
    #[cfg(feature = "mutations")]
    #[doc(hidden)]
    pub fn broken_by(self, mutation: Option<Mutation>) -> Self {
        Self { mutation, ..self }
    }

    /// The healer.
    ///
    /// # Errors
    /// [`BuildError`] when the configuration or the holder's name is invalid, or a collection was named twice.
    pub fn build(self) -> Result<Healer, BuildError> {
        self.config.validate()?;
        let now = self.clock.now();
        let mut watched = BTreeMap::new();
        for collection in self.collections {
            let fresh = Watched::new(collection.clone(), &self.config.monitor, now);
            if watched.insert(collection.clone(), fresh).is_some() {
                return Err(BuildError::WatchedTwice { collection });
            }
        }
        let bell = Bell::default();
        let config = self.config;
        let mut services = Services {
            config: config.clone(),
            source: self.source,
            classifier: self.classifier,
            registry: self.registry,
            learner: self.learner,
            journal: Contained(self.journal),
            outcomes: Contained(self.outcomes),
            leases: Contained(self.leases),
            fence: self.fence,
            signer: self.signer,
            clock: self.clock,
            holder: HolderId::new(self.holder)?,
            executor: match self.steps {
                Steps::Inline => Executor::Inline,
                Steps::Apart { runner, at_most } => Executor::workers(runner, at_most, bell.clone()),
            },
            bell,
            #[cfg(feature = "mutations")]
            mutation: self.mutation,
        };
        services.go_by(&config)?;
        Ok(Healer::new(services, watched, self.observer))
    }
}

impl fmt::Debug for HealerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HealerBuilder")
            .field("config", &self.config)
            .field("registry", &self.registry)
            .field("holder", &self.holder)
            .field("collections", &self.collections)
            .finish_non_exhaustive()
    }
}
