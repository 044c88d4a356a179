//! The life of one cluster under one policy.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{BuildError, ControlError, EventKind, HealingEvent, RemediationState};
use healing_core::identity::{InvalidName, Operator, RemediationId};
use healing_core::monitor::MonitorError;
use healing_core::observation::ObservationError;
use healing_core::registry::RegistryError;
use healing_core::{Clock, CollectionId, Healer, Remediation, Timestamp, VirtualClock};
use mock_cluster::{Cluster, Policy, strategies};
use thiserror::Error;

use super::incident::Incident;
use super::look::Look;
use super::{APPROVED_AFTER, LOOK, QUIET, WATCHED};

/// What came of an incident.
#[derive(Debug, Clone)]
pub struct Lived {
    /// What struck.
    pub incident: Incident,
    /// Whether the cluster was degraded at each look after the fault.
    pub degraded: Vec<bool>,
    /// The mean of lambda after the fault.
    pub mean_lambda: f64,
    /// Lambda at the end.
    pub final_lambda: f64,
    /// Requests that clients made after the fault.
    pub requests: f64,
    /// How many of these failed.
    pub failed: f64,
    /// The seconds that all of them took.
    pub request_seconds: f64,
    /// Inserts that were held back and still waited at the end.
    pub waiting_inserts: f64,
    /// The remediations that began after the fault.
    pub remediations: Vec<Treatment>,
    /// How many began in the quiet hour before.
    pub false_remediations: usize,
}

/// A remediation.
#[derive(Debug, Clone)]
pub struct Treatment {
    /// The strategy's name.
    pub strategy: String,
    /// The name of the state it was in last.
    pub state: &'static str,
    /// How many steps were begun.
    pub begun: usize,
    /// How many of these were taken back.
    pub undone: usize,
}

/// A life that cannot be lived.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each says what its source says")]
pub enum Failure {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Observation(#[from] ObservationError),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
}

impl Lived {
    /// Whether the cluster was well at the end.
    #[must_use]
    pub fn has_recovered(&self) -> bool {
        self.degraded.last() == Some(&false)
    }

    /// From the fault to the last moment at which the cluster was degraded; `None` where it still was at the end.
    #[must_use]
    pub fn recovery(&self) -> Option<Duration> {
        self.has_recovered().then(|| {
            let until = self.degraded.iter().rposition(|&degraded| degraded);
            LOOK * until.map_or(0, |last| u32::try_from(last + 1).unwrap_or(u32::MAX))
        })
    }

    /// The time that the cluster was degraded.
    #[must_use]
    pub fn time_degraded(&self) -> Duration {
        let looks = self.degraded.iter().filter(|&&degraded| degraded).count();
        LOOK * u32::try_from(looks).unwrap_or(u32::MAX)
    }
}

/// Lets the cluster of `seed` live through `incidents` under a policy.
///
/// # Errors
/// None with the policies and clusters that there are.
pub fn live(seed: u64, incidents: &[Incident], policy: Policy) -> Result<Vec<Lived>, Failure> {
    let mut life = Life::begin(seed, policy)?;
    incidents.iter().map(|incident| life.suffer(*incident)).collect()
}

struct Life {
    cluster: Cluster,
    healer: Healer,
    operator: Operator,
    birth: Look,
    wake_at: Timestamp,
    /// What waits for approval, and when it gets it.
    waiting: VecDeque<(Timestamp, RemediationId)>,
    /// All remediations, by their numbers.
    remediations: BTreeMap<u64, (Timestamp, Treatment)>,
}

impl Life {
    fn begin(seed: u64, policy: Policy) -> Result<Self, Failure> {
        let clock = VirtualClock::default();
        let cluster = Cluster::new(CollectionId::new("embeddings")?, seed, clock.clone());
        let healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
            .classifier(policy.classifier())
            .strategies(strategies(&cluster, true)?)
            .learner(Arc::new(policy.learner(&clock)))
            .config(policy.config())
            .watch(cluster.collection().clone())
            .build()?;
        Ok(Self {
            birth: Look::at(&cluster)?,
            operator: Operator::new("the operator")?,
            wake_at: clock.now(),
            waiting: VecDeque::new(),
            remediations: BTreeMap::new(),
            cluster,
            healer,
        })
    }

    /// A quiet hour, the fault, an hour in which the healer does what it can, and the end of it.
    fn suffer(&mut self, incident: Incident) -> Result<Lived, Failure> {
        let quiet_from = self.now();
        let strikes = after(quiet_from, QUIET);
        self.live_until(strikes)?;
        self.cluster.inject(incident.fault);
        let (mut degraded, mut lambdas) = (Vec::new(), Vec::new());
        let (mut requests, mut failed, mut request_seconds) = (0.0, 0.0, 0.0);
        let ends = after(strikes, WATCHED);
        while self.now() < ends {
            self.live_until(after(self.now(), LOOK))?;
            let look = Look::at(&self.cluster)?;
            degraded.push(look.is_degraded(&self.birth));
            lambdas.push(look.lambda);
            requests += look.clients.requests * LOOK.as_secs_f64();
            failed += look.clients.failing * LOOK.as_secs_f64();
            // Little 1961: as many are under way as arrive in the time that each takes.
            request_seconds += look.clients.under_way * LOOK.as_secs_f64();
        }
        let waiting_inserts = self.cluster.inserts_held_back();
        self.cluster.put_right();
        let since = |from: Timestamp, to: Timestamp| {
            let all = self.remediations.values();
            all.filter(move |(began, _)| from <= *began && *began < to)
        };
        Ok(Lived {
            incident,
            mean_lambda: lambdas.iter().sum::<f64>() / lambdas.len().max(1) as f64,
            final_lambda: lambdas.last().copied().unwrap_or(0.0),
            degraded,
            requests,
            failed,
            request_seconds,
            waiting_inserts,
            remediations: since(strikes, ends).map(|(_, treatment)| treatment.clone()).collect(),
            false_remediations: since(quiet_from, strikes).count(),
        })
    }

    fn live_until(&mut self, until: Timestamp) -> Result<(), Failure> {
        loop {
            let approval = self.waiting.front().map_or(Timestamp::MAX, |(at, _)| *at);
            let next = self.wake_at.min(approval).max(self.now());
            if next >= until {
                break;
            }
            self.cluster.advance_to(next);
            if approval <= next {
                self.approve()?;
            }
            let tick = self.healer.tick();
            self.wake_at = tick.wake_at;
            tick.events.iter().for_each(|event| self.note(event));
        }
        self.cluster.advance_to(until);
        Ok(())
    }

    fn approve(&mut self) -> Result<(), Failure> {
        let Some((_, asked)) = self.waiting.pop_front() else {
            return Ok(());
        };
        match self.healer.approve(&asked, &self.operator) {
            // It may have expired meanwhile.
            Ok(()) | Err(ControlError::NotActive { .. } | ControlError::NotAwaitingApproval { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn note(&mut self, event: &HealingEvent) {
        let EventKind::Remediation(remediation) = &event.kind else {
            return;
        };
        if matches!(remediation.state, RemediationState::AwaitingApproval { .. }) {
            let at = after(self.now(), APPROVED_AFTER);
            self.waiting.push_back((at, remediation.id.clone()));
        }
        let number = remediation.id.number();
        let before = self.remediations.get(&number).map(|(_, before)| before);
        let treatment = Treatment::of(remediation, before);
        self.remediations.insert(number, (remediation.started_at, treatment));
    }

    fn now(&self) -> Timestamp {
        self.cluster.clock().now()
    }
}

impl Treatment {
    /// The remediation in its present state, which followed on `before`.
    fn of(remediation: &Remediation, before: Option<&Self>) -> Self {
        let state = &remediation.state;
        let undone = match state {
            RemediationState::RollingBack { begun, remaining, .. } => begun - remaining,
            RemediationState::RolledBack { begun, .. } => *begun,
            RemediationState::RollbackFailed { begun, failures, .. } => begun.saturating_sub(failures.len()),
            _ => 0,
        };
        Self {
            strategy: remediation.plan.strategy.clone(),
            state: state.name(),
            begun: state.begun().max(before.map_or(0, |before| before.begun)),
            undone: undone.max(before.map_or(0, |before| before.undone)),
        }
    }
}

/// `at` plus `by`; no life lasts until the end of time.
fn after(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
