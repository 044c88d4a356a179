//! The world that healers live in, and the passing of its time.
//!
//! Everything happens on one thread, in the order of the agenda. Where a call takes time (a slow store), the time passes within
//! it: the rest of the world goes on meanwhile, other healers and this one's own workers among it, and only then does the call
//! return. So two healers' calls interleave as they do between processes, and still every run of a schedule is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::observation::ObservationError;
use healing_core::permit::{Revocation, StepContext};
use healing_core::storage::{JournalBody, JournalRecord, Lease, MemoryStorage};
use healing_core::{Clock, CollectionId, Lambda, Observation, ObservationSource, Timestamp, VirtualClock};
use healing_strategies::actuators::{ActuatorError, Segment, Tier, Tiers};
use mock_cluster::Cluster;
use parking_lot::Mutex;

use super::act::{Act, Answer};
use super::agenda::{Agenda, Entry};
use super::chronicle::Chronicle;
use super::event::{ObservationMishap, StoreMishap};
use super::fact::{Fact, Pid, Reception, What};
use super::history::History;
use super::kind::FaultKind;
use super::link::SkewedClock;
use super::liveness::lambda;
use super::mishaps::{CallFate, Mishaps, StoreCall, WriteFate};
use super::process::Process;
use super::schedule::Schedule;

/// The world of one run.
pub(super) struct Simulation {
    pub(super) schedule: Schedule,
    pub(super) began: Timestamp,
    pub(super) clusters: Vec<Cluster>,
    /// The same clusters with the same problems, and no healer.
    pub(super) twins: Vec<Cluster>,
    /// What machines show as the time: those of the two healers.
    pub(super) machines: [SkewedClock; 2],
    pub(super) store_clock: SkewedClock,
    pub(super) slots: Mutex<[Option<Arc<Process>>; 2]>,
    pub(super) mishaps: Mutex<Mishaps>,
    pub(super) chronicle: Mutex<Chronicle>,
    pub(super) agenda: Mutex<Agenda>,
    pub(super) full_until: Mutex<Timestamp>,
    /// How each collection is seen wrongly, until when, and how it was when that began.
    pub(super) blindness: Mutex<BTreeMap<CollectionId, (ObservationMishap, Timestamp, Observation)>>,
    /// The newest lease on each collection.
    pub(super) leases: Mutex<BTreeMap<CollectionId, Lease>>,
    /// Collections that humans were called about and have not looked at yet.
    pub(super) called: Mutex<BTreeSet<usize>>,
    pub(super) born: Mutex<u32>,
    pub(super) lambdas_at_birth: Vec<Lambda>,
    clock: VirtualClock,
    storage: MemoryStorage,
    me: Weak<Self>,
}

/// A call of an actuator on its way to a cluster.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) by: Pid,
    pub(super) remediation: RemediationId,
    pub(super) token: FencingToken,
    pub(super) act: Act,
}

impl Simulation {
    /// The world of a schedule, at its beginning.
    pub(super) fn new(
        schedule: Schedule,
        clusters: Vec<Cluster>,
        twins: Vec<Cluster>,
        clock: VirtualClock,
    ) -> Arc<Self> {
        let began = clock.now();
        let store_clock = SkewedClock::new(clock.clone());
        let history = History::new(&clusters, &schedule.config, began);
        let lambdas_at_birth = clusters.iter().filter_map(lambda).collect();
        Arc::new_cyclic(|me| Self {
            began,
            clusters,
            twins,
            machines: [SkewedClock::new(clock.clone()), SkewedClock::new(clock.clone())],
            storage: MemoryStorage::new(Arc::new(store_clock.clone())),
            store_clock,
            slots: Mutex::default(),
            mishaps: Mutex::default(),
            chronicle: Mutex::new(Chronicle::new(history)),
            agenda: Mutex::default(),
            full_until: Mutex::new(Timestamp::MIN),
            blindness: Mutex::default(),
            leases: Mutex::default(),
            called: Mutex::default(),
            born: Mutex::default(),
            lambdas_at_birth,
            clock,
            schedule,
            me: me.clone(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn me(&self) -> Weak<Self> {
        self.me.clone()
    }

    /// The store that outlives every process.
    pub(super) fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    /// Puts something on the agenda, so much later than now.
    pub(super) fn plan(&self, after: Duration, entry: Entry) -> u64 {
        self.plan_at(later(self.now(), after), entry)
    }

    pub(super) fn plan_at(&self, at: Timestamp, entry: Entry) -> u64 {
        self.agenda.lock().push(at.max(self.now()), entry)
    }

    /// Lets the world go on for a while.
    pub(super) fn pass(&self, time: Duration) {
        self.run_until(later(self.now(), time));
    }

    /// Lets the world go on, until then or until a contract is broken.
    pub(super) fn run_until(&self, until: Timestamp) {
        loop {
            let next = self.agenda.lock().pop(until);
            let Some((at, order, entry)) = next else { break };
            self.advance(at);
            self.come_about(order, entry);
            if self.chronicle.lock().violation.is_some() {
                return;
            }
        }
        self.advance(until);
    }

    fn advance(&self, to: Timestamp) {
        for cluster in &self.clusters {
            cluster.advance_to(to);
        }
    }

    /// Notes what happens now.
    pub(super) fn note(&self, by: Option<Pid>, what: What) {
        let at = self.now();
        self.chronicle.lock().note(Fact { at, by, what });
    }

    pub(super) fn accuse(&self, invariant: &'static str, detail: String) {
        self.chronicle.lock().accuse(invariant, detail);
    }

    pub(super) fn count(&self, kind: FaultKind) {
        self.chronicle.lock().count(kind);
    }

    /// Notes that the journal keeps a record.
    pub(super) fn note_record(&self, by: Pid, record: &JournalRecord, acknowledged: bool) {
        let body = match record.open() {
            Ok(body) => body,
            Err(error) => return self.accuse("records_readable", error.to_string()),
        };
        let body: Box<JournalBody> = Box::new(body);
        let digest = record.digest();
        let record = Box::new(record.clone());
        self.note(
            Some(by),
            What::Appended {
                record,
                digest,
                body,
                acknowledged,
            },
        );
    }

    /// What becomes of a write to the journal that is made now.
    pub(super) fn write_fate(&self) -> WriteFate {
        let (fate, kind) = self.mishaps.lock().at_write();
        kind.into_iter().for_each(|kind| self.count(kind));
        fate
    }

    /// What goes wrong with a call to a store that is made now.
    pub(super) fn store_mishap(&self, call: StoreCall) -> Option<StoreMishap> {
        let mishap = self.mishaps.lock().at_store(call);
        mishap.into_iter().for_each(|mishap| self.count(mishap.kind()));
        mishap
    }

    /// What becomes of an actuator's call that is made now.
    pub(super) fn call_fate(&self) -> CallFate {
        let (fate, kind) = self.mishaps.lock().at_call();
        kind.into_iter().for_each(|kind| self.count(kind));
        fate
    }

    pub(super) fn reading_fails(&self) -> bool {
        let fails = self.mishaps.lock().at_read();
        if fails {
            self.count(FaultKind::ActuatorError);
        }
        fails
    }

    /// For how long a step's call that is made now hangs before it begins.
    pub(super) fn step_hangs(&self) -> Duration {
        let seconds = self.mishaps.lock().at_step();
        if seconds.is_some() {
            self.count(FaultKind::StepHang);
        }
        Duration::from_secs(seconds.unwrap_or(0).into())
    }

    pub(super) fn is_full(&self) -> bool {
        self.now() < *self.full_until.lock()
    }

    pub(super) fn cluster(&self, collection: &CollectionId) -> Result<&Cluster, ActuatorError> {
        let found = self.clusters.iter().find(|cluster| cluster.collection() == collection);
        found.ok_or_else(|| ActuatorError::NotFound {
            what: format!("the collection {collection}"),
        })
    }

    pub(super) fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let found = self.clusters.iter().find(|cluster| cluster.collection() == collection);
        match found {
            Some(cluster) => cluster.observe(collection),
            None => Err(ObservationError::UnknownCollection {
                collection: collection.clone(),
            }),
        }
    }

    /// How a collection is seen wrongly now, and how it was when that began.
    pub(super) fn blindness(&self, collection: &CollectionId) -> Option<(ObservationMishap, Observation)> {
        let blindness = self.blindness.lock();
        let (mishap, until, at_first) = blindness.get(collection)?;
        (self.now() < *until).then(|| (*mishap, at_first.clone()))
    }

    pub(super) fn saw(&self, pid: Pid, observation: &Observation) {
        let nodes = observation.graph.nodes();
        let unhealthy = nodes.iter().filter(|node| node.health.get() < 0.5).count();
        let mut chronicle = self.chronicle.lock();
        chronicle
            .history
            .saw(pid, &observation.collection, nodes.len(), unhealthy);
    }

    /// Notes how what a call sets is set before.
    pub(super) fn about_to_touch(&self, call: &Call) {
        let mut chronicle = self.chronicle.lock();
        chronicle.history.about_to_touch(&call.remediation, &call.act.control());
    }

    /// A call reaches its cluster.
    pub(super) fn receive(&self, call: &Call, late: bool) -> Result<Answer, ActuatorError> {
        self.about_to_touch(call);
        let cluster = self.cluster(call.remediation.collection())?;
        let answer = self.carry_out(cluster, call);
        let result = match &answer {
            Ok(_) => Reception::Done,
            Err(ActuatorError::Fenced { .. }) => Reception::Fenced,
            Err(error) => Reception::Refused(error.to_string()),
        };
        self.note(
            Some(call.by),
            What::Called {
                remediation: call.remediation.clone(),
                token: call.token,
                act: call.act.clone(),
                late,
                result,
            },
        );
        answer
    }

    /// Lets a call reach its cluster later, when the one who made it no longer waits for it.
    pub(super) fn receive_later(&self, after: Duration, call: Call) {
        self.about_to_touch(&call);
        self.plan(after, Entry::Land(call));
    }

    /// Notes who has the lease on a collection.
    pub(super) fn leased(&self, by: Pid, lease: &Lease) {
        self.leases.lock().insert(lease.collection.clone(), lease.clone());
        self.note(
            Some(by),
            What::Granted {
                collection: lease.collection.clone(),
                token: lease.token,
            },
        );
    }

    /// Someone who is no healer changes something, as if by the newest token.
    pub(super) fn meddle(&self, cluster: &Cluster, act: Act) {
        let collection = cluster.collection().clone();
        let token = self.chronicle.lock().history.newest_token(&collection);
        let call = Call {
            by: Pid(0),
            remediation: RemediationId::new(collection.clone(), 0),
            token,
            act,
        };
        if self.carry_out(cluster, &call).is_ok() {
            let act = call.act;
            self.note(None, What::Meddled { collection, act });
        }
    }

    /// A call is said to have been made, and was not. Where a move that is under way was to be called off, nothing shows that
    /// it goes on, nor can: to everyone's eyes someone else then moves it.
    pub(super) fn lie(&self, call: &Call) {
        let collection = call.remediation.collection().clone();
        let Act::Reload { segment } = call.act else { return };
        let segments = self
            .cluster(&collection)
            .and_then(|cluster| cluster.segments(&collection));
        let is_hot = |it: Segment| it.id == segment && it.tier == Tier::Hot;
        if segments.is_ok_and(|segments| segments.into_iter().any(is_hot)) {
            let act = call.act.clone();
            self.note(None, What::Meddled { collection, act });
        }
    }

    /// A permit was asked for when the call was made; here only the token counts, which the cluster checks.
    fn carry_out(&self, cluster: &Cluster, call: &Call) -> Result<Answer, ActuatorError> {
        let revocation = Revocation::default();
        let context = StepContext::new(&call.remediation, call.token, Timestamp::MAX, &self.clock, revocation);
        match context.permit() {
            Ok(permit) => call.act.apply(cluster, &permit),
            Err(error) => Err(ActuatorError::Host(Box::new(error))),
        }
    }
}

/// `at` plus `by`; no run lasts until the end of time.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
