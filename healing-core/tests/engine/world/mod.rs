//! A small world to heal: a sick partition, and valves that relieve it.

mod faults;
mod valves;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use healing_core::diagnosis::{Diagnosis, Evidence};
use healing_core::engine::{EventKind, HealerBuilder, HealingEvent, RemediationState};
use healing_core::identity::FencingToken;
use healing_core::learner::NoLearning;
use healing_core::metrics::{PartitionMetrics, SystemMetrics};
use healing_core::monitor::IntegrityReport;
use healing_core::observation::ObservationError;
use healing_core::permit::Permit;
use healing_core::storage::{Journal, JournalBody, MemoryStorage, OutcomeRecord, OutcomeStore, Stream};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{
    Amount, Classifier, Clock, CollectionId, Healer, HealingConfig, Lambda, Observation, ObservationSource,
    ProblemClass, Ratio, StrategyRegistry, VirtualClock,
};
use parking_lot::{Condvar, Mutex};

pub use faults::{Fault, Faults, FaultyStorage, LastAppend};
pub use valves::{Behaviour, Valves};

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
    open: BTreeSet<(CollectionId, i64)>,
    calls: Vec<Call>,
    findings: Findings,
    observer: Fault,
    /// How old observations are.
    lag: Duration,
    /// Whether calls have no effect: who makes them is dead.
    unplugged: bool,
    /// How many nodes, from partition 2 on, are as unwell as can be.
    unwell: i64,
    /// What is found beside the sickness.
    also_wrong: Option<ProblemClass>,
    /// Where the sickness is; `None`: everywhere.
    sick: Option<BTreeSet<CollectionId>>,
    /// Whether strategies that wait at the gate may pass.
    gate_is_open: bool,
    /// What holds a fifth partition to the others: next to nothing.
    leaf: Option<f64>,
}

impl State {
    fn turn(&mut self, collection: &CollectionId, valve: i64, open: bool) {
        let valve = (collection.clone(), valve);
        if open {
            self.open.insert(valve);
        } else {
            self.open.remove(&valve);
        }
    }
}

/// What the classifier finds in a world that is sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Findings {
    Hotspot,
    Unknown,
    Nothing,
    /// It panics.
    Panic,
}

/// A call that reached the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub collection: CollectionId,
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
            findings: Findings::Hotspot,
            observer: Fault::None,
            lag: Duration::ZERO,
            unplugged: false,
            unwell: 0,
            also_wrong: None,
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
        self.state.lock().observer = if observable { Fault::None } else { Fault::Refuses };
    }

    /// What the source of observations does from now on.
    pub fn set_observer(&self, fault: Fault) {
        self.state.lock().observer = fault;
    }

    /// From now on observations show the world as it is, and say that they were made so long ago.
    pub fn set_lag(&self, lag: Duration) {
        self.state.lock().lag = lag;
    }

    /// From now on calls have no effect.
    pub fn unplug(&self) {
        self.state.lock().unplugged = true;
    }

    pub fn plug_in(&self) {
        self.state.lock().unplugged = false;
    }

    /// What the classifier finds from now on.
    pub fn set_findings(&self, findings: Findings) {
        self.state.lock().findings = findings;
    }

    /// From now on so many nodes are as unwell as can be.
    pub fn set_unwell(&self, nodes: i64) {
        self.state.lock().unwell = nodes;
    }

    /// From now on something else is wrong, too, and partition 1 has lost this share of its capacity.
    pub fn break_too(&self, also_wrong: ProblemClass, sickness: f64) {
        let mut state = self.state.lock();
        state.also_wrong = Some(also_wrong);
        state.sickness = sickness;
    }

    pub fn open_valves(&self) -> Vec<i64> {
        self.open_valves_of(&collection())
    }

    pub fn open_valves_of(&self, collection: &CollectionId) -> Vec<i64> {
        let state = self.state.lock();
        let of_it = state.open.iter().filter(|(of, _)| of == collection);
        of_it.map(|(_, valve)| *valve).collect()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    /// The actuator.
    pub fn set_valve(&self, permit: &Permit<'_>, valve: i64, open: bool) {
        let mut state = self.state.lock();
        if state.unplugged {
            return;
        }
        state.calls.push(Call {
            collection: permit.collection().clone(),
            token: permit.token(),
            valve,
            open,
        });
        state.turn(permit.collection(), valve, open);
        drop(state);
        tracing::info!(valve, "a valve was turned");
    }

    pub fn is_open(&self, collection: &CollectionId, valve: i64) -> bool {
        self.state.lock().open.contains(&(collection.clone(), valve))
    }

    /// Someone else turns a valve.
    pub fn meddle(&self, valve: i64, open: bool) {
        self.state.lock().turn(&collection(), valve, open);
    }

    fn sickness(&self, collection: &CollectionId) -> f64 {
        let open = self.open_valves_of(collection).len();
        let state = self.state.lock();
        let sickness = match &state.sick {
            Some(sick) if !sick.contains(collection) => 0.0,
            _ => state.sickness,
        };
        (sickness - state.relief * open as f64).clamp(0.0, 1.0)
    }

    /// A healer over this world's own store, with these strategies.
    pub fn healer(&self, strategies: impl IntoIterator<Item = Valves>) -> HealerBuilder {
        self.healer_by(Arc::new(self.clock.clone()), strategies)
    }

    /// The same, with a clock of its own.
    pub fn healer_by(&self, clock: Arc<dyn Clock>, strategies: impl IntoIterator<Item = Valves>) -> HealerBuilder {
        let mut registry = StrategyRegistry::new();
        for strategy in strategies {
            registry.register(Arc::new(strategy)).unwrap();
        }
        Healer::builder(Arc::new(self.clone()), clock)
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

/// Ticks from wake-up to wake-up until it has come to that. Where it does not, the test fails.
pub fn run_until(what: &str, healer: &mut Healer, clock: &VirtualClock, reached: impl Fn(&Healer) -> bool) {
    for _ in 0..MOST_TICKS {
        if reached(healer) {
            return;
        }
        let tick = healer.tick();
        if !reached(healer) {
            clock.set(tick.wake_at);
        }
    }
    panic!("after {MOST_TICKS} ticks it has not come to this: {what}");
}

/// Hours of samples.
const MOST_TICKS: usize = 10_000;

/// Ticks from wake-up to wake-up until so many valves are open.
pub fn run_until_open(healer: &mut Healer, world: &World, valves: usize) {
    let reached = |_: &Healer| world.open_valves().len() >= valves;
    run_until("open valves", healer, &world.clock, reached);
}

/// Ticks from wake-up to wake-up until the remediation at work is in that state.
pub fn run_until_in(state: &str, healer: &mut Healer, clock: &VirtualClock) {
    let reached = |healer: &Healer| healer.active(&collection()).is_some_and(|it| it.state.name() == state);
    run_until(state, healer, clock, reached);
}

pub const MINUTE: Duration = Duration::from_secs(60);

impl ObservationSource for World {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let (observer, unwell, lag) = {
            let state = self.state.lock();
            (state.observer, state.unwell, state.lag)
        };
        match observer {
            Fault::None => {}
            Fault::Panics => panic!("the network exploded"),
            Fault::Refuses | Fault::DoesAndFails => return Err(ObservationError::Host("the network is down".into())),
        }
        let sickness = self.sickness(collection);
        let mut graph = ContractedGraph::builder();
        for id in 1..=4 {
            let health = if (2..2 + unwell).contains(&id) { 0.0 } else { 1.0 };
            graph.node(NodeRef::partition(id), health)?;
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
                        inserts: None,
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
            observed_at: self.clock.now().checked_sub(lag).unwrap(),
            graph: graph.build(),
            metrics,
        })
    }
}

impl Classifier for World {
    fn classify(&self, _observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let findings = self.state.lock().findings;
        let problem = match findings {
            Findings::Nothing => return Vec::new(),
            Findings::Panic => panic!("no idea at all"),
            Findings::Unknown => ProblemClass::Unknown {
                witness_summary: "no idea".to_owned(),
            },
            Findings::Hotspot => ProblemClass::HotspotCongestion {
                partition_ids: vec![1],
                load_ratio: Amount::clamped(2.0),
            },
        };
        let evidence = vec![Evidence::measured("witness edges", report.witness.len() as f64, 0.0)];
        let also_wrong = self.state.lock().also_wrong.clone();
        let problems = std::iter::once(problem).chain(also_wrong);
        problems
            .map(|problem| Diagnosis {
                problem,
                confidence: Ratio::ONE,
                evidence: evidence.clone(),
            })
            .collect()
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
