//! The ways to choose that are compared.

use std::sync::Arc;

use healing_core::engine::Selection;
use healing_core::learner::NoLearning;
use healing_core::registry::RegistryError;
use healing_core::storage::MemoryStorage;
use healing_core::{HealingConfig, Learner, Ratio, RemediationStrategy, StrategyRegistry, Timestamp, VirtualClock};
use healing_learn::{OriginalWeights, OutcomeTracker, PosteriorConfig, PosteriorWeights};
use healing_strategies::{DrainHotPartition, RebalancePartitions, ThrottleIngestion};
use mock_cluster::Cluster;

/// Who learns, and what the engine makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choosing {
    /// The posterior ranks.
    Ranked,
    /// The posterior weighs; of what it trusts enough, the least disruptive goes first.
    Graduated,
    /// The seed's formula weighs, and the heaviest goes first.
    Original,
    /// Nothing is learned; the least disruptive goes first.
    Unlearned,
}

/// A healer's memory and rules: what outlives the incidents.
pub(crate) struct Healing {
    pub(crate) clock: VirtualClock,
    pub(crate) storage: Arc<MemoryStorage>,
    pub(crate) learner: Arc<dyn Learner>,
    pub(crate) config: HealingConfig,
}

/// Lambda must rise by this share to count as verified. Where vectors are moved off a partition that is flooded with inserts,
/// it does rise by a fifth or so: to the operator of this fleet that is no recovery.
const A_RECOVERY: Ratio = Ratio::literal(0.4);

impl Choosing {
    pub(crate) const ALL: [Self; 4] = [Self::Ranked, Self::Graduated, Self::Original, Self::Unlearned];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ranked => "posterior, ranked",
            Self::Graduated => "posterior, graduated",
            Self::Original => "original",
            Self::Unlearned => "unlearned",
        }
    }

    pub(crate) fn healing(self, seed: u64) -> Healing {
        let clock = VirtualClock::starting_at(Timestamp::UNIX_EPOCH);
        let told_by = Arc::new(clock.clone());
        let posterior = PosteriorWeights::new(PosteriorConfig {
            seed,
            ..PosteriorConfig::default()
        });
        let (selection, learner): (Selection, Arc<dyn Learner>) = match self {
            Self::Ranked => (
                Selection::Learned,
                Arc::new(OutcomeTracker::with_policy(posterior, told_by)),
            ),
            Self::Graduated => (
                Selection::Graduated,
                Arc::new(OutcomeTracker::with_policy(posterior, told_by)),
            ),
            Self::Original => (
                Selection::HighestWeight,
                Arc::new(OutcomeTracker::with_policy(OriginalWeights::default(), told_by)),
            ),
            Self::Unlearned => (Selection::Graduated, Arc::new(NoLearning)),
        };
        Healing {
            storage: Arc::new(MemoryStorage::new(Arc::new(clock.clone()))),
            clock,
            learner,
            config: HealingConfig {
                selection,
                min_improvement: A_RECOVERY,
                ..HealingConfig::default()
            },
        }
    }
}

/// What treats a hotspot without anybody's approval.
pub(crate) fn strategies(cluster: &Cluster) -> Result<StrategyRegistry, RegistryError> {
    let host = Arc::new(cluster.clone());
    let all: [Arc<dyn RemediationStrategy>; 3] = [
        Arc::new(DrainHotPartition::new(host.clone(), host.clone())),
        Arc::new(RebalancePartitions::new(host.clone())),
        Arc::new(ThrottleIngestion::new(host)),
    ];
    let mut registry = StrategyRegistry::new();
    for strategy in all {
        registry.register(strategy)?;
    }
    Ok(registry)
}
