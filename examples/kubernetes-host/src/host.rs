//! Puts the healer, its stores and the cluster together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use healing_core::engine::{
    BuildError, ControlError, Executed, Execution, HealerBuilder, RemediationState, SharedHealer,
};
use healing_core::identity::{InvalidName, Operator};
use healing_core::registry::RegistryError;
use healing_core::storage::{Journal, LeaseStore, MemoryStorage, OutcomeError, OutcomeStore, RedbError, RedbStorage};
use healing_core::{Clock, CollectionId, Healer, HealingConfig, Remediation, StrategyRegistry, SystemClock};
use healing_learn::OutcomeTracker;
use healing_strategies::actuators::ActuatorError;
use healing_strategies::{InvalidConfig, ScaleConfig, ScaleReplicas};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use thiserror::Error;
use tokio::task::AbortHandle;

use crate::connection::Connection;
use crate::error::ClusterError;
use crate::leases::ClusterLeases;
use crate::monotonic::Monotonic;
use crate::observation::PodObservation;
use crate::orders::{Order, Orders};
use crate::replicas::ScaledReplicas;
use crate::report::Report;
use crate::status::{HealingStatus, HealingStatusStatus, LastRemediation};
use crate::target::{InvalidTarget, ScaleTarget};

/// Worker threads for strategies' steps.
const WORKER_THREADS: usize = 4;
/// The objects' status is brought up to date at least this often, however seldom samples are taken: between two of them a
/// remediation goes on.
const OLDEST_STATUS: Duration = Duration::from_secs(60);

/// How the host runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name under which leases are held: the pod's.
    pub holder: String,
    /// The file that journal and outcomes are kept in; in memory without one, so that a restart forgets what was at work.
    pub store: Option<PathBuf>,
    /// How the healer behaves.
    pub config: HealingConfig,
}

/// A host that cannot start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The cluster refused.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is nothing to heal.
    #[error(
        "there are no healingstatuses in the namespace {namespace}: create one for each service that is to be healed"
    )]
    NothingToHeal {
        /// The namespace.
        namespace: String,
    },
    /// An object names something that cannot be scaled.
    #[error("healingstatus {object}: {source}")]
    Target {
        /// The object.
        object: String,
        /// What is wrong with it.
        source: InvalidTarget,
    },
    /// A name cannot be used.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] RedbError),
    /// The outcomes in it cannot be read.
    #[error(transparent)]
    Outcomes(#[from] OutcomeError),
    /// A strategy cannot be set up.
    #[error(transparent)]
    Strategy(#[from] InvalidConfig),
    /// A strategy cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The healer cannot be built.
    #[error(transparent)]
    Healer(#[from] BuildError),
    /// The operating system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
    /// An order cannot be carried out.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The cluster would not let it be done.
    #[error(transparent)]
    Actuator(#[from] ActuatorError),
}

/// A running host. Dropping it without [`stop`](Self::stop) lets its threads go on.
pub struct Host {
    healer: SharedHealer,
    watch: AbortHandle,
    threads: Vec<JoinHandle<()>>,
}

impl Host {
    /// Reads what is to be healed and begins. What is created later is taken up by the next start.
    ///
    /// To be called outside of the runtime: it waits for the cluster.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn start(connection: &Connection, settings: &Settings) -> Result<Self, HostError> {
        let objects = objects(connection)?;
        let (healer, _) = healer(connection, &objects, settings)?;
        let healer = SharedHealer::new(healer);
        let report = Report::begin(connection, &objects, &settings.holder);
        let orders = Orders::begin(connection);
        let watch = orders.ending();
        let healing = thread::Builder::new().name("healing".to_owned()).spawn({
            let (healer, report) = (healer.clone(), report.clone());
            move || healer.run(|event| report.tell(&event))
        })?;
        let attending = thread::Builder::new().name("healing-orders".to_owned()).spawn({
            let healer = healer.clone();
            move || attend(&healer, &orders, &report, &objects)
        })?;
        Ok(Self {
            healer,
            watch,
            threads: vec![healing, attending],
        })
    }

    /// What scaling would do to `collection` now: the plan, after the server itself has rehearsed it. Nothing is touched.
    ///
    /// To be called outside of the runtime: it waits for the cluster.
    ///
    /// # Errors
    /// [`HostError`]; also what the server would refuse.
    pub fn rehearse(
        connection: &Connection,
        settings: &Settings,
        collection: &CollectionId,
    ) -> Result<String, HostError> {
        let objects = objects(connection)?;
        let (mut healer, replicas) = healer(connection, &objects, settings)?;
        // Without an observation nothing can be planned.
        drop(healer.tick());
        let operator = Operator::new(settings.holder.as_str())?;
        let parameters = serde_json::Map::new();
        let executed = healer.execute(collection, "scale_replicas", parameters, Execution::DryRun, &operator)?;
        let Executed::DryRun { plan, .. } = executed else {
            return Ok("a dry run began something; this is a defect".to_owned());
        };
        for step in &plan.steps {
            if let Some(to) = step.action.get("after").and_then(serde_json::Value::as_u64) {
                replicas.rehearse(collection, u32::try_from(to).unwrap_or(u32::MAX))?;
            }
        }
        Ok(format!("{}: the server would let it", plan.summary))
    }

    /// The healer, for whatever else the program does with it.
    #[must_use]
    pub fn healer(&self) -> &SharedHealer {
        &self.healer
    }

    /// Ends after the ticks at work. What is in the middle is taken back by the next holder of its lease.
    pub fn stop(self) {
        self.healer.stop();
        self.watch.abort();
        for thread in self.threads {
            // A thread that panicked has nothing left to say.
            drop(thread.join());
        }
    }
}

/// What is to be healed, by the names of the objects.
fn objects(connection: &Connection) -> Result<BTreeMap<CollectionId, HealingStatus>, HostError> {
    let api = Api::<HealingStatus>::namespaced(connection.client(), connection.namespace());
    let all = ListParams::default();
    let list = match connection.read("list", "the healingstatuses", api.list(&all)) {
        // For a list, nothing there but the resource itself can be missing.
        Err(ClusterError::NotFound { .. }) => return Err(ClusterError::NotInstalled.into()),
        list => list?,
    };
    let mut objects = BTreeMap::new();
    for object in list.items {
        objects.insert(CollectionId::new(object.name_any())?, object);
    }
    if objects.is_empty() {
        return Err(HostError::NothingToHeal {
            namespace: connection.namespace().to_owned(),
        });
    }
    Ok(objects)
}

fn healer(
    connection: &Connection,
    objects: &BTreeMap<CollectionId, HealingStatus>,
    settings: &Settings,
) -> Result<(Healer, Arc<ScaledReplicas>), HostError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let leases = ClusterLeases::new(connection.clone(), Arc::clone(&clock), Monotonic::system());
    let mut replicas = ScaledReplicas::new(connection.clone(), leases.clone(), Arc::clone(&clock));
    let mut services = BTreeMap::new();
    let mut most = 1;
    for (collection, object) in objects {
        if let Some(text) = &object.spec.replicas {
            let target: ScaleTarget = text.parse().map_err(|source| HostError::Target {
                object: object.name_any(),
                source,
            })?;
            replicas = replicas.with(collection.clone(), target, object.spec.max_replicas);
            most = most.max(object.spec.max_replicas);
        }
        services.insert(collection.clone(), object.spec.clone());
    }
    let replicas = Arc::new(replicas);
    let mut registry = StrategyRegistry::new();
    let scale = ScaleReplicas::new(Arc::clone(&replicas) as _).with_config(ScaleConfig { max_replicas: most })?;
    registry.register(Arc::new(scale))?;
    let source = PodObservation::new(connection.clone(), Arc::clone(&clock), services);
    let builder = Healer::builder(Arc::new(source), Arc::clone(&clock))
        .strategies(registry)
        .config(settings.config.clone())
        .holder(settings.holder.as_str())
        .worker_threads(WORKER_THREADS);
    let builder = match &settings.store {
        Some(path) => kept_in(
            builder,
            Arc::new(RedbStorage::open_or_create(path, Arc::clone(&clock))?),
            clock,
        )?,
        None => kept_in(builder, Arc::new(MemoryStorage::new(Arc::clone(&clock))), clock)?,
    };
    let builder = builder.leases(Arc::new(leases));
    let builder = objects
        .keys()
        .fold(builder, |builder, collection| builder.watch(collection.clone()));
    Ok((builder.build()?, replicas))
}

/// Keeps everything in `storage`, and goes on learning from what is there.
fn kept_in<S>(builder: HealerBuilder, storage: Arc<S>, clock: Arc<dyn Clock>) -> Result<HealerBuilder, HostError>
where
    S: Journal + OutcomeStore + LeaseStore + 'static,
{
    let tracker = OutcomeTracker::load(&*storage, clock)?;
    Ok(builder.storage(storage).learner(Arc::new(tracker)))
}

/// Carries out orders as they come, and shows how the objects are doing as often as they are sampled, at least every minute, until
/// nobody watches for orders any more.
fn attend(healer: &SharedHealer, orders: &Orders, report: &Report, objects: &BTreeMap<CollectionId, HealingStatus>) {
    let mut unanswered: Vec<(Order, String)> = Vec::new();
    let mut shown: BTreeMap<&CollectionId, HealingStatusStatus> = BTreeMap::new();
    loop {
        let at_most = healer.with(|healer| healer.config().sample_interval.min(OLDEST_STATUS));
        let next = orders.next(at_most);
        let ended = next.is_err();
        if let Ok(Some(order)) = next {
            let collection = objects.iter().find(|(_, object)| object.name_any() == order.object);
            let answer = match collection {
                Some((collection, _)) => healer
                    .with(|healer| order.carry_out(collection, healer))
                    .unwrap_or_else(|error| format!("{} was not done: {error}", order.remediation)),
                None => "this object was created after the healer started; restart it".to_owned(),
            };
            unanswered.push((order, answer));
        }
        // What the server does not take now it is told again.
        unanswered.retain(|(order, answer)| orders.answer(order, answer).is_err());
        for collection in objects.keys() {
            let status = healer.with(|healer| status_of(healer, collection));
            if shown.get(collection) != Some(&status) {
                report.show(collection, status.clone());
                shown.insert(collection, status);
            }
        }
        if ended {
            return;
        }
    }
}

fn status_of(healer: &Healer, collection: &CollectionId) -> HealingStatusStatus {
    let report = healer.report(collection);
    let active = healer.active(collection);
    let waiting = active.filter(|it| matches!(it.state, RemediationState::AwaitingApproval { .. }));
    HealingStatusStatus {
        state: report.map(|report| report.state.to_string()),
        lambda: report.map(|report| format!("{:.0}", report.lambda.get())),
        baseline: report
            .and_then(|report| report.baseline)
            .map(|baseline| format!("{:.0}", baseline.get())),
        awaiting_approval: waiting.map(|it| it.id.to_string()),
        last_remediation: active.or_else(|| healer.last(collection)).map(in_short),
        last_order: None,
    }
}

fn in_short(remediation: &Remediation) -> LastRemediation {
    LastRemediation {
        id: remediation.id.to_string(),
        problem: remediation.diagnosis.problem.kind().to_string(),
        strategy: remediation.plan.strategy.clone(),
        state: remediation.state.name().to_owned(),
        summary: remediation.plan.summary.clone(),
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Host")
            .field("healer", &self.healer)
            .finish_non_exhaustive()
    }
}
