//! Who heals, and with what.

use std::sync::Arc;

use clap::ValueEnum;
use healing_core::classify::{EvidenceClassifier, RuleClassifier};
use healing_core::registry::RegistryError;
use healing_core::{Classifier, HealingConfig, StrategyRegistry, VirtualClock};
use healing_learn::{OriginalWeights, OutcomeTracker};
use healing_strategies::{NEED_APPROVAL, every_strategy};

use crate::cluster::Cluster;

/// Who heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// This project's engine: the least disruptive promising strategy first, verified by lambda or by the symptom.
    Default,
    /// The seed document's rules on the same engine: its rule table, its thresholds, its weight formula, the greatest
    /// weight first, verified by lambda alone.
    Original,
    /// Nobody: the cluster is only watched.
    None,
}

impl Policy {
    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Original => "original",
            Self::None => "none",
        }
    }

    /// Who finds out what is wrong.
    #[must_use]
    pub fn classifier(self) -> Arc<dyn Classifier> {
        match self {
            Self::Default | Self::None => Arc::new(EvidenceClassifier::default()),
            Self::Original => Arc::new(RuleClassifier::default()),
        }
    }

    /// Who learns which strategy works.
    #[must_use]
    pub fn learner(self, clock: &VirtualClock) -> OutcomeTracker {
        let clock = Arc::new(clock.clone());
        match self {
            Self::Default | Self::None => OutcomeTracker::new(clock),
            Self::Original => OutcomeTracker::with_policy(OriginalWeights::default(), clock),
        }
    }

    /// How the healer behaves.
    #[must_use]
    pub fn config(self) -> HealingConfig {
        let config = match self {
            Self::Default => HealingConfig::default(),
            Self::Original => HealingConfig::original(),
            Self::None => HealingConfig {
                enabled: false,
                ..HealingConfig::default()
            },
        };
        HealingConfig {
            require_approval_strategies: NEED_APPROVAL.map(str::to_owned).to_vec(),
            ..config
        }
    }
}

/// The strategies that take part: those that need approval only where somebody is there to give it, as a remediation that
/// waits for a human keeps others from being tried.
///
/// # Errors
/// None: no two of them have the same name.
pub fn strategies(cluster: &Cluster, approve: bool) -> Result<StrategyRegistry, RegistryError> {
    let host = Arc::new(cluster.clone());
    let clock = Arc::new(cluster.clock().clone());
    let mut registry = StrategyRegistry::new();
    for strategy in every_strategy(&host, clock) {
        if approve || !NEED_APPROVAL.contains(&strategy.name()) {
            registry.register(strategy)?;
        }
    }
    Ok(registry)
}
