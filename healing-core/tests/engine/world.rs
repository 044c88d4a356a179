//! A small world to heal: a sick partition, and valves that relieve it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use healing_core::diagnosis::{Diagnosis, Evidence};
use healing_core::engine::{EventKind, HealerBuilder, HealingEvent, RemediationState};
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::learner::NoLearning;
use healing_core::metrics::{PartitionMetrics, SystemMetrics};
use healing_core::monitor::IntegrityReport;
use healing_core::observation::ObservationError;
use healing_core::permit::{Permit, StepContext};
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::storage::{
    FeedbackScore, Journal, JournalBody, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, MemoryStorage,
    OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{
    Amount, Classifier, Clock, CollectionId, Healer, HealingConfig, Lambda, Observation, ObservationSource,
    ProblemClass, ProblemKind, Ratio, RemediationStrategy, StrategyRegistry, Timestamp, VirtualClock,
};
use parking_lot::{Condvar, Mutex};

/// Lambda of the healthy world: three links of 10 at each of four partitions.
pub const HEALTHY: f64 = 30.0;

pub fn collection() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

/// Four partitions, each linked to each. Partition 1 loses the share `sickness` of its links' capacity; each open valve
/// gives `relief` of that back.
#[derive(Clone)]
pub struct World {
    pub clock: VirtualClock,
    pub storage: MemoryStorage,
    state: Arc<Mutex<State>>,
    gate: Arc<Condvar>,
}

struct State {
    sickness: f64,
    relief: f64,
    open: BTreeSet<i64>,
    calls: Vec<Call>,
    observable: bool,
    classified_unknown: bool,
    /// Where the sickness is; `None`: everywhere.
    sick: Option<BTreeSet<CollectionId>>,
    /// Whether strategies that wait at the gate may pass.
    gate_is_open: bool,
    /// What holds a fifth partition to the others: next to nothing.
    leaf: Option<f64>,
}

/// A call that reached the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub token: FencingToken,
    pub valve: i64,
    pub open: bool,
}

impl World {
    pub fn new() -> Self {
        let clock = VirtualClock::default();
        let storage = MemoryStorage::new(Arc::new(clock.clone()));
        let state = State {
            sickness: 0.0,
            relief: 0.1,
            open: BTreeSet::new(),
            calls: Vec::new(),
            observable: true,
            classified_unknown: false,
            sick: None,
            gate_is_open: false,
            leaf: None,
        };
        Self {
            clock,
            storage,
            state: Arc::new(Mutex::new(state)),
            gate: Arc::default(),
        }
    }

    /// From now on partition 1 has lost this share of its capacity.
    pub fn sicken(&self, sickness: f64) {
        self.state.lock().sickness = sickness;
    }

    /// From now on only these collections are sick.
    pub fn confine_to(&self, sick: impl IntoIterator<Item = CollectionId>) {
        self.state.lock().sick = Some(sick.into_iter().collect());
    }

    /// From now on a fifth partition hangs on by so little.
    pub fn hang_on(&self, capacity: f64) {
        self.state.lock().leaf = Some(capacity);
    }

    /// Waits until [`open_gate`](Self::open_gate) was called.
    fn wait_at_gate(&self) {
        let mut state = self.state.lock();
        while !state.gate_is_open {
            self.gate.wait(&mut state);
        }
    }

    pub fn open_gate(&self) {
        self.state.lock().gate_is_open = true;
        self.gate.notify_all();
    }

    /// What each open valve gives back; negative: it does harm.
    pub fn set_relief(&self, relief: f64) {
        self.state.lock().relief = relief;
    }

    pub fn set_observable(&self, observable: bool) {
        self.state.lock().observable = observable;
    }

    pub fn set_classified_unknown(&self) {
        self.state.lock().classified_unknown = true;
    }

    pub fn open_valves(&self) -> Vec<i64> {
        self.state.lock().open.iter().copied().collect()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    /// The actuator.
    pub fn set_valve(&self, permit: &Permit<'_>, valve: i64, open: bool) {
        let mut state = self.state.lock();
        state.calls.push(Call {
            token: permit.token(),
            valve,
            open,
        });
        if open {
            state.open.insert(valve);
        } else {
            state.open.remove(&valve);
        }
    }

    pub fn is_open(&self, valve: i64) -> bool {
        self.state.lock().open.contains(&valve)
    }

    /// Someone else turns a valve.
    pub fn meddle(&self, valve: i64, open: bool) {
        let mut state = self.state.lock();
        if open {
            state.open.insert(valve)
        } else {
            state.open.remove(&valve)
        };
    }

    fn sickness(&self) -> f64 {
        let state = self.state.lock();
        (state.sickness - state.relief * state.open.len() as f64).clamp(0.0, 1.0)
    }

    /// A healer over this world's own store, with these strategies.
    pub fn healer(&self, strategies: impl IntoIterator<Item = Valves>) -> HealerBuilder {
        let mut registry = StrategyRegistry::new();
        for strategy in strategies {
            registry.register(Arc::new(strategy)).unwrap();
        }
        Healer::builder(Arc::new(self.clone()), Arc::new(self.clock.clone()))
            .strategies(registry)
            .classifier(Arc::new(self.clone()))
            .learner(Arc::new(NoLearning))
            .storage(Arc::new(self.storage.clone()))
            .config(quick())
            .watch(collection())
    }

    /// Every state that a remediation entered, as the journal has them.
    pub fn journalled(&self) -> Vec<RemediationState> {
        let records = self
            .storage
            .read(&Stream::Collection(collection()), 0, usize::MAX)
            .unwrap();
        records
            .into_iter()
            .map(|record| match record.open().unwrap() {
                JournalBody::Remediation(remediation) => remediation.state,
                JournalBody::Entered { state, .. } => state,
                other => panic!("unexpected record {other:?}"),
            })
            .collect()
    }

    pub fn journalled_names(&self) -> Vec<&'static str> {
        self.journalled().iter().map(RemediationState::name).collect()
    }

    pub fn outcomes(&self) -> Vec<OutcomeRecord> {
        self.storage
            .outcomes(None, usize::MAX)
            .unwrap()
            .into_iter()
            .map(|stored| stored.outcome)
            .collect()
    }
}

/// The default, with fewer samples to learn a baseline from.
pub fn quick() -> HealingConfig {
    let mut config = HealingConfig::default();
    config.monitor.baseline_samples = 1;
    config
}

/// Ticks from wake-up to wake-up until `duration` has passed.
pub fn run(healer: &mut Healer, clock: &VirtualClock, duration: Duration) -> Vec<HealingEvent> {
    let end = clock.now().checked_add(duration).unwrap();
    let mut events = Vec::new();
    loop {
        let tick = healer.tick();
        events.extend(tick.events);
        assert!(
            tick.wake_at > clock.now(),
            "the healer wants to be called again at once"
        );
        if tick.wake_at > end {
            clock.set(end);
            return events;
        }
        clock.set(tick.wake_at);
    }
}

pub const MINUTE: Duration = Duration::from_secs(60);

impl ObservationSource for World {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        if !self.state.lock().observable {
            return Err(ObservationError::Host("the network is down".into()));
        }
        let confined = self.state.lock().sick.clone();
        let sickness = match confined {
            Some(sick) if !sick.contains(collection) => 0.0,
            _ => self.sickness(),
        };
        let mut graph = ContractedGraph::builder();
        for id in 1..=4 {
            graph.node(NodeRef::partition(id), 1.0)?;
        }
        for a in 1..=4 {
            for b in a + 1..=4 {
                let link = Edge::new(
                    EdgeKind::PartitionLink,
                    NodeRef::partition(a),
                    NodeRef::partition(b),
                    10.0,
                )?;
                graph.edge(if a == 1 { link.with_error_rate(sickness)? } else { link })?;
            }
        }
        let leaf = self.state.lock().leaf;
        if let Some(capacity) = leaf {
            let (strong, weak) = (NodeRef::partition(2), NodeRef::partition(5));
            graph.node(weak, 1.0)?;
            graph.edge(Edge::new(EdgeKind::PartitionLink, strong, weak, capacity)?)?;
        }
        let load = |id| if id == 1 { 1.0 + sickness } else { 1.0 };
        let partitions = (1..=4)
            .map(|id| {
                (
                    id,
                    PartitionMetrics {
                        load: Amount::clamped(load(id)),
                        vectors: 100,
                    },
                )
            })
            .collect();
        let metrics = SystemMetrics {
            partitions,
            ..SystemMetrics::default()
        };
        Ok(Observation {
            collection: collection.clone(),
            observed_at: self.clock.now(),
            graph: graph.build(),
            metrics,
        })
    }
}

impl Classifier for World {
    fn classify(&self, _observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let problem = if self.state.lock().classified_unknown {
            ProblemClass::Unknown {
                witness_summary: "no idea".to_owned(),
            }
        } else {
            ProblemClass::HotspotCongestion {
                partition_ids: vec![1],
                load_ratio: Amount::clamped(2.0),
            }
        };
        let evidence = vec![Evidence::measured("witness edges", report.witness.len() as f64, 0.0)];
        vec![Diagnosis {
            problem,
            confidence: Ratio::ONE,
            evidence,
        }]
    }
}

/// How a strategy behaves at one of its valves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Opens,
    Panics,
    /// Says it is at it for ever, and does nothing.
    Hangs,
    /// Opens on the third call.
    TakesTime,
    /// Reports success without effect.
    Lies,
    /// Opens, then fails.
    OpensAndFails,
    /// Opens, and cannot be taken back.
    Sticks,
    /// Opens, and can be taken back at the third try.
    SticksTwice,
    /// Blocks its thread at the world's gate, then opens.
    Blocks,
}

/// Opens valves, one a step.
#[derive(Clone)]
pub struct Valves {
    pub name: &'static str,
    pub impact: Ratio,
    pub reversible: bool,
    pub valves: BTreeMap<i64, Behaviour>,
    /// The lambda that the plan promises.
    pub promises: Option<f64>,
    pub world: World,
    pub calls: Arc<Mutex<BTreeMap<i64, u32>>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct OpenValve {
    valve: i64,
    before: bool,
    after: bool,
}

const KINDS: [ProblemKind; 1] = [ProblemKind::HotspotCongestion];

impl Valves {
    pub fn new(world: &World, name: &'static str, valves: impl IntoIterator<Item = (i64, Behaviour)>) -> Self {
        Self {
            name,
            impact: Ratio::literal(0.3),
            reversible: true,
            valves: valves.into_iter().collect(),
            promises: None,
            world: world.clone(),
            calls: Arc::default(),
        }
    }

    /// Three valves that open.
    pub fn working(world: &World) -> Self {
        Self::new(world, "open_valves", (1..=3).map(|valve| (valve, Behaviour::Opens)))
    }
}

impl RemediationStrategy for Valves {
    fn name(&self) -> &str {
        self.name
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        self.impact
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn reversible(&self) -> bool {
        self.reversible
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let mut steps = Vec::new();
        for &valve in self.valves.keys().filter(|valve| !self.world.is_open(**valve)) {
            let action = OpenValve {
                valve,
                before: false,
                after: true,
            };
            steps.push(Step::new(format!("open valve {valve}"), &action)?.touching([NodeRef::partition(1)]));
        }
        if let Some((lambda, last)) = self.promises.zip(steps.last_mut()) {
            let links = case.observation.graph.edges_at(NodeRef::partition(1));
            let effective_capacity = Amount::clamped(lambda / 3.0);
            last.effects = links
                .map(|link| CapacityEffect {
                    edge: link.key(),
                    effective_capacity,
                })
                .collect();
        }
        let summary = format!("open {} valves", steps.len());
        Ok(Plan {
            strategy: self.name.to_owned(),
            summary,
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let OpenValve { valve, .. } = step.action()?;
        let call = {
            let mut calls = self.calls.lock();
            let count = calls.entry(valve).or_insert(0);
            *count += 1;
            *count
        };
        match self.valves[&valve] {
            Behaviour::Blocks => {
                self.world.wait_at_gate();
                self.world.set_valve(&context.permit()?, valve, true);
            }
            Behaviour::Opens | Behaviour::Sticks | Behaviour::SticksTwice => {
                self.world.set_valve(&context.permit()?, valve, true);
            }
            Behaviour::TakesTime if call < 3 => {
                return Ok(StepReport::InProgress {
                    poll_after: Duration::from_secs(5),
                });
            }
            Behaviour::TakesTime => self.world.set_valve(&context.permit()?, valve, true),
            Behaviour::Panics => panic!("valve {valve} exploded"),
            Behaviour::Hangs => {
                return Ok(StepReport::InProgress {
                    poll_after: Duration::from_secs(3600),
                });
            }
            Behaviour::Lies => {}
            Behaviour::OpensAndFails => {
                self.world.set_valve(&context.permit()?, valve, true);
                return Err(StepError::Actuator("lost the connection".into()));
            }
        }
        Ok(StepReport::Done)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let OpenValve { valve, before, .. } = step.action()?;
        if self.valves[&valve] == Behaviour::Sticks {
            return Err(StepError::Actuator("rusted".into()));
        }
        if self.valves[&valve] == Behaviour::SticksTwice {
            let mut calls = self.calls.lock();
            let count = calls.entry(-valve).or_insert(0);
            *count += 1;
            if *count < 3 {
                return Err(StepError::Actuator("stuck".into()));
            }
        }
        if self.world.is_open(valve) != before {
            self.world.set_valve(&context.permit()?, valve, before);
        }
        Ok(StepReport::Done)
    }
}

/// A store whose journal stops accepting records after a number of appends: the process that used it has died there.
#[derive(Clone)]
pub struct DyingStorage {
    inner: MemoryStorage,
    appends_left: Arc<Mutex<usize>>,
    last: LastAppend,
}

/// What becomes of the last append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastAppend {
    /// It is kept and acknowledged: the process dies after it.
    Acknowledged,
    /// It is kept, but the process dies before it knows.
    KeptAndUnacknowledged,
}

impl DyingStorage {
    pub fn after(appends: usize, last: LastAppend, inner: &MemoryStorage) -> Self {
        Self {
            inner: inner.clone(),
            appends_left: Arc::new(Mutex::new(appends)),
            last,
        }
    }

    pub fn is_dead(&self) -> bool {
        *self.appends_left.lock() == 0
    }
}

impl Journal for DyingStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let mut left = self.appends_left.lock();
        match *left {
            0 => Err(JournalError::Host("the disk is gone".into())),
            1 if self.last == LastAppend::KeptAndUnacknowledged => {
                *left = 0;
                self.inner.append(record)?;
                Err(JournalError::Host("the disk is gone, after all".into()))
            }
            _ => {
                *left -= 1;
                self.inner.append(record)
            }
        }
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        self.inner.read(stream, from, limit)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        self.inner.newest_checkpoint(stream)
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        self.inner.prune(stream)
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        self.inner.streams()
    }
}

impl OutcomeStore for DyingStorage {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        self.inner.record(outcome)
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.inner.outcomes(after, limit)
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        self.inner.history(since, limit)
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        self.inner.set_feedback(remediation, score)
    }
}

impl LeaseStore for DyingStorage {
    fn acquire(
        &self,
        collection: &CollectionId,
        holder: &healing_core::identity::HolderId,
        duration: Duration,
    ) -> Result<Lease, LeaseError> {
        self.inner.acquire(collection, holder, duration)
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        self.inner.renew(lease, duration)
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.inner.release(lease)
    }
}

/// The states that remediations entered, from a tick's events.
pub fn states(events: &[HealingEvent]) -> Vec<&'static str> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Remediation(remediation) => Some(remediation.state.name()),
            _ => None,
        })
        .collect()
}

pub fn lambda(value: f64) -> Lambda {
    Lambda::new(value).unwrap()
}
