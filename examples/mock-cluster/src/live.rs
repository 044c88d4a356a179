//! A cluster and who heals it, going on in simulated time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{BuildError, ControlError, EventKind, HealingEvent, RemediationState};
use healing_core::identity::{InvalidName, Operator, RemediationId};
use healing_core::monitor::IntegrityReport;
use healing_core::registry::RegistryError;
use healing_core::storage::MemoryStorage;
use healing_core::telemetry::Telemetry;
use healing_core::{
    Amount, Clock, CollectionId, Healer, Learner, RemediationStrategy, StrategyRegistry, SystemClock, Timestamp,
    VirtualClock,
};
use healing_learn::OutcomeTracker;
use mock_cluster::{Cluster, Injection, strategies};

use crate::arguments::Arguments;

/// The simulation at one moment.
pub(crate) struct Live {
    pub(crate) cluster: Cluster,
    pub(crate) healer: Healer,
    pub(crate) began_at: Timestamp,
    pub(crate) injection: Option<Injection>,
    clock: VirtualClock,
    registry: StrategyRegistry,
    tracker: Arc<OutcomeTracker>,
    pub(crate) operator: Operator,
    attendance: Attendance,
    /// When the healer wants to be called next.
    wake_at: Timestamp,
}

/// Whether somebody is there to approve what waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attendance {
    /// Nobody: what needs approval takes no part.
    Absent,
    /// Whatever waits is approved at once.
    Approves,
    /// Somebody looks on, and decides.
    LooksOn,
}

/// A simulation that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Live {
    /// Begins as the command line says, with the scenario's fault to come.
    pub(crate) fn begin(arguments: &Arguments, telemetry: Option<Telemetry>) -> Result<Self, LiveError> {
        let attendance = match arguments.approve {
            true => Attendance::Approves,
            false => Attendance::Absent,
        };
        Self::of("embeddings", attendance, arguments, telemetry)
    }

    /// The same, of the collection `name`.
    pub(crate) fn of(
        name: &str,
        attendance: Attendance,
        arguments: &Arguments,
        telemetry: Option<Telemetry>,
    ) -> Result<Self, LiveError> {
        let clock = VirtualClock::default();
        let cluster = Cluster::new(CollectionId::new(name)?, arguments.seed, clock.clone());
        let began_at = clock.now();
        let injection = arguments
            .scenario
            .injection_into(cluster.size(), arguments.seed, arguments.severity)
            .map(|it| Injection {
                after: Duration::from_secs(arguments.after.into()),
                ..it
            });
        if let Some(Injection { fault, after }) = injection {
            cluster.schedule(later(began_at, after), fault);
        }
        let registry = strategies(&cluster, attendance != Attendance::Absent)?;
        let tracker = Arc::new(arguments.policy.learner(&clock));
        let builder = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
            .classifier(arguments.policy.classifier())
            .strategies(registry.clone())
            .learner(tracker.clone())
            .config(arguments.policy.config())
            .watch(cluster.collection().clone());
        let builder = match telemetry {
            Some(telemetry) => {
                let storage = Arc::new(MemoryStorage::new(Arc::new(clock.clone())));
                // In simulated time nothing takes any.
                let timed = telemetry.timed(storage.clone(), Arc::new(SystemClock));
                builder.storage(storage).journal(timed).observer(telemetry)
            }
            None => builder,
        };
        let operator = Operator::new("the operator")?;
        Ok(Self {
            healer: builder.build()?,
            wake_at: began_at,
            operator,
            attendance,
            cluster,
            began_at,
            injection,
            clock,
            registry,
            tracker,
        })
    }

    /// The simulated time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next moment at which the healer has something to do.
    pub(crate) fn wake_at(&self) -> Timestamp {
        self.wake_at
    }

    /// Lets the time pass until the healer has something to do, and has it done.
    pub(crate) fn tick(&mut self) -> Result<Vec<HealingEvent>, LiveError> {
        self.cluster.advance_to(self.wake_at);
        let tick = self.healer.tick();
        self.wake_at = tick.wake_at;
        if self.attendance == Attendance::Approves
            && let Some(waiting) = tick.events.iter().find_map(awaiting_approval)
        {
            self.healer.approve(waiting, &self.operator)?;
            self.wake_at = self.clock.now();
        }
        Ok(tick.events)
    }

    /// What the monitor said in the last tick, if that took a regular sample.
    pub(crate) fn fresh_report(&self) -> Option<&IntegrityReport> {
        let report = self.healer.report(self.cluster.collection())?;
        (report.observed_at == self.now()).then_some(report)
    }

    /// What each strategy weighs for the first kind of problem that it treats.
    pub(crate) fn weights(&self) -> BTreeMap<String, Amount> {
        let strategies = self.registry.names().filter_map(|name| self.registry.get(name));
        let weigh = |strategy: &Arc<dyn RemediationStrategy>| {
            let kind = strategy.handles().first()?;
            let weight = self.tracker.weight(strategy.name(), kind, self.cluster.collection());
            Some((strategy.name().to_owned(), weight))
        };
        strategies.filter_map(weigh).collect()
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

/// `at` plus `by`; a story does not last until the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
