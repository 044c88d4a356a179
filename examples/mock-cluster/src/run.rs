//! One story, lived through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{BuildError, ControlError, EventKind, HealingEvent, RemediationState};
use healing_core::identity::{InvalidName, Operator, RemediationId};
use healing_core::monitor::{IntegrityReport, IntegrityState, WeakCut};
use healing_core::registry::RegistryError;
use healing_core::{
    Amount, Clock, CollectionId, Healer, Lambda, Learner, Remediation, RemediationStrategy, StrategyRegistry,
    Timestamp, VirtualClock,
};
use mock_cluster::{Cluster, Injection, Scenario};

use crate::arguments::{Arguments, Policy};
use crate::healer;

/// What happened.
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    pub(crate) approve: bool,
    pub(crate) began_at: Timestamp,
    pub(crate) injection: Option<Injection>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) events: Vec<HealingEvent>,
    pub(crate) weights_before: BTreeMap<String, Amount>,
    pub(crate) weights_after: BTreeMap<String, Amount>,
    /// The weights at the begin, and each time that they changed.
    pub(crate) weights: Vec<(Timestamp, BTreeMap<String, Amount>)>,
}

/// A regular sample of the monitor.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) at: Timestamp,
    pub(crate) lambda: Lambda,
    pub(crate) baseline: Option<Lambda>,
    pub(crate) stress_threshold: Option<Lambda>,
    pub(crate) critical_threshold: Option<Lambda>,
    /// The weakest cuts.
    pub(crate) weakest: Vec<WeakCut>,
    pub(crate) state: IntegrityState,
}

/// A story that cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Run {
    /// Lives through a scenario from its begin to its end.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self, RunError> {
        let &Arguments {
            scenario,
            seed,
            policy,
            approve,
            severity,
            after,
            ..
        } = arguments;
        let clock = VirtualClock::default();
        let cluster = Cluster::new(CollectionId::new("embeddings")?, seed, clock.clone());
        let began_at = clock.now();
        let injection = scenario
            .injection_into(cluster.size(), seed, severity)
            .map(|it| Injection {
                after: Duration::from_secs(after.into()),
                ..it
            });
        if let Some(Injection { fault, after }) = injection {
            cluster.schedule(later(began_at, after), fault);
        }

        let registry = healer::strategies(&cluster, approve)?;
        let tracker = Arc::new(healer::learner(policy, &clock));
        let weights_before = weights(&registry, &*tracker, cluster.collection());
        let mut healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
            .classifier(healer::classifier(policy))
            .strategies(registry.clone())
            .learner(tracker.clone())
            .config(healer::config(policy))
            .watch(cluster.collection().clone())
            .build()?;

        let end = later(began_at, Scenario::DURATION);
        let operator = Operator::new("the operator")?;
        let (mut samples, mut events) = (Vec::new(), Vec::new());
        let mut weights_over_time = vec![(began_at, weights_before.clone())];
        while clock.now() <= end {
            let tick = healer.tick();
            let mut wake_at = tick.wake_at;
            if let Some(waiting) = tick.events.iter().find_map(awaiting_approval).filter(|_| approve) {
                healer.approve(waiting, &operator)?;
                wake_at = clock.now();
            }
            events.extend(tick.events);
            samples.extend(
                healer
                    .report(cluster.collection())
                    .filter(|report| report.observed_at == clock.now())
                    .map(Sample::of),
            );
            let now_weights = weights(&registry, &*tracker, cluster.collection());
            if weights_over_time.last().is_none_or(|(_, last)| *last != now_weights) {
                weights_over_time.push((clock.now(), now_weights));
            }
            cluster.advance_to(wake_at);
        }
        let weights_after = weights(&registry, &*tracker, cluster.collection());
        Ok(Self {
            scenario,
            seed,
            policy,
            approve,
            began_at,
            injection,
            samples,
            events,
            weights_before,
            weights_after,
            weights: weights_over_time,
        })
    }

    /// The remediations, each in the last state it entered, in the order they began.
    pub(crate) fn remediations(&self) -> Vec<&Remediation> {
        let mut by_number = BTreeMap::new();
        for event in &self.events {
            if let EventKind::Remediation(remediation) = &event.kind {
                by_number.insert(remediation.id.number(), &**remediation);
            }
        }
        by_number.into_values().collect()
    }

    /// When the fault struck.
    pub(crate) fn struck_at(&self) -> Option<Timestamp> {
        Some(later(self.began_at, self.injection?.after))
    }

    /// Lambda before the fault, or at first where there is none.
    pub(crate) fn lambda_initial(&self) -> Option<Lambda> {
        let before = |sample: &&Sample| self.struck_at().is_none_or(|struck_at| sample.at < struck_at);
        Some(
            self.samples
                .iter()
                .take_while(before)
                .last()
                .or(self.samples.first())?
                .lambda,
        )
    }

    pub(crate) fn lambda_lowest(&self) -> Option<Lambda> {
        self.samples.iter().map(|sample| sample.lambda).min()
    }

    pub(crate) fn lambda_final(&self) -> Option<Lambda> {
        Some(self.samples.last()?.lambda)
    }

    /// The stress threshold at the end.
    pub(crate) fn stress_threshold(&self) -> Option<Lambda> {
        self.samples.last()?.stress_threshold
    }

    /// Whether lambda was above the stress threshold at the end.
    pub(crate) fn recovered(&self) -> bool {
        self.lambda_final()
            .zip(self.stress_threshold())
            .is_some_and(|(lambda, threshold)| lambda >= threshold)
    }
}

impl Sample {
    fn of(report: &IntegrityReport) -> Self {
        Self {
            at: report.observed_at,
            lambda: report.lambda,
            baseline: report.baseline,
            stress_threshold: report.thresholds.map(|thresholds| thresholds.stress),
            critical_threshold: report.thresholds.map(|thresholds| thresholds.critical),
            weakest: report.weakest.clone(),
            state: report.state,
        }
    }
}

/// The remediation that an event says awaits approval.
fn awaiting_approval(event: &HealingEvent) -> Option<&RemediationId> {
    match &event.kind {
        EventKind::Remediation(remediation) => match remediation.state {
            RemediationState::AwaitingApproval { .. } => Some(&remediation.id),
            _ => None,
        },
        _ => None,
    }
}

/// What each strategy weighs for the first kind of problem that it treats.
fn weights(registry: &StrategyRegistry, learner: &dyn Learner, collection: &CollectionId) -> BTreeMap<String, Amount> {
    let strategies = registry.names().filter_map(|name| registry.get(name));
    let weigh = |strategy: &Arc<dyn RemediationStrategy>| {
        let kind = strategy.handles().first()?;
        Some((
            strategy.name().to_owned(),
            learner.weight(strategy.name(), kind, collection),
        ))
    };
    strategies.filter_map(weigh).collect()
}

/// `at` plus `by`; a story does not last until the end of time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
