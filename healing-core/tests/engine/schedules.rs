//! The engine's contracts under any order of ticks, orders, faults, crashes and clock jumps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use healing_core::engine::{Execution, Remediation, RemediationState};
use healing_core::identity::{CollectionId, HolderId, Operator, RemediationId};
use healing_core::storage::{
    FeedbackScore, Journal, JournalBody, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, MemoryStorage,
    OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome, Stream,
};
use healing_core::{Clock, Healer, HealingConfig, Timestamp};
use proptest::prelude::*;
use serde_json::Map;

use crate::world::{Behaviour, MINUTE, Valves, World, collection, quick};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// One of the two healers ticks.
    Tick(usize),
    /// Time passes until the healer wants to be called, and it ticks.
    Follow(usize),
    Pass(Duration),
    ClockJumps(i64),
    Sicken(f64),
    Relief(f64),
    Observable(bool),
    Journal(Fault),
    /// A healer's process dies, and another one starts.
    Crash(usize),
    Approve(usize),
    Reject(usize),
    Abort(usize),
    Freeze(usize, bool),
    Enable(usize, bool),
    Trigger(usize),
    Execute(usize),
    Rollback(usize),
}

/// What the journal does with an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None = 0,
    /// It refuses.
    Refuses = 1,
    /// It keeps the record, and says it failed.
    KeepsAndFails = 2,
    /// It panics.
    Panics = 3,
}

fn events() -> impl Strategy<Value = Event> {
    let healer = 0..2_usize;
    prop_oneof![
        4 => healer.clone().prop_map(Event::Tick),
        12 => healer.clone().prop_map(Event::Follow),
        3 => (0..120_u64).prop_map(|seconds| Event::Pass(Duration::from_secs(seconds))),
        1 => (5..120_u64).prop_map(|minutes| Event::Pass(Duration::from_secs(60 * minutes))),
        1 => (-20_000..20_000_i64).prop_map(Event::ClockJumps),
        3 => (0.0..0.8).prop_map(Event::Sicken),
        1 => prop_oneof![Just(0.1), Just(0.0), Just(-0.1)].prop_map(Event::Relief),
        1 => any::<bool>().prop_map(Event::Observable),
        2 => prop_oneof![
            3 => Just(Fault::None), 1 => Just(Fault::Refuses), 1 => Just(Fault::KeepsAndFails), 1 => Just(Fault::Panics),
        ].prop_map(Event::Journal),
        1 => healer.clone().prop_map(Event::Crash),
        1 => healer.clone().prop_map(Event::Approve),
        1 => healer.clone().prop_map(Event::Reject),
        1 => healer.clone().prop_map(Event::Abort),
        1 => (healer.clone(), any::<bool>()).prop_map(|(healer, on)| Event::Freeze(healer, on)),
        1 => (healer.clone(), any::<bool>()).prop_map(|(healer, on)| Event::Enable(healer, on)),
        1 => healer.clone().prop_map(Event::Trigger),
        1 => healer.clone().prop_map(Event::Execute),
        1 => healer.prop_map(Event::Rollback),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_breaks_a_contract(schedule in prop::collection::vec(events(), 1..150)) {
        let mut stage = Stage::new();
        for event in &schedule {
            stage.happen(event);
            if let Err(broken) = stage.check() {
                return Err(TestCaseError::fail(format!("{broken}\n{}", stage.story())));
            }
        }
        if let Err(broken) = stage.come_to_rest() {
            return Err(TestCaseError::fail(format!("{broken}\n{}", stage.story())));
        }
    }
}

/// Two healers over one store, and what they heal.
struct Stage {
    world: World,
    storage: FaultyStorage,
    healers: Vec<Healer>,
    born: usize,
    /// Calls that were checked already.
    checked: usize,
    told: Told,
}

/// What the journal told so far.
#[derive(Default)]
struct Told {
    /// The sequence number of the first record not read yet.
    next: u64,
    newest: Option<Remediation>,
    attempts: Vec<Timestamp>,
    /// The turns of valves that were announced.
    written: BTreeSet<(i64, bool)>,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let storage = FaultyStorage {
            inner: world.storage.clone(),
            fault: Arc::default(),
        };
        let mut stage = Self {
            world,
            storage,
            healers: Vec::new(),
            born: 0,
            checked: 0,
            told: Told::default(),
        };
        for _ in 0..2 {
            let healer = stage.give_birth();
            stage.healers.push(healer);
        }
        for _ in 0..3 {
            for healer in 0..2 {
                stage.happen(&Event::Tick(healer));
            }
            stage.happen(&Event::Pass(Duration::from_secs(10)));
        }
        stage
    }

    fn give_birth(&mut self) -> Healer {
        self.born += 1;
        let mild = Valves::new(&self.world, "mild", [(1, Behaviour::Opens), (2, Behaviour::TakesTime)]);
        let rough = Valves {
            impact: healing_core::Ratio::literal(0.4),
            ..Valves::new(
                &self.world,
                "rough",
                [(3, Behaviour::Opens), (4, Behaviour::OpensAndFails)],
            )
        };
        let config = HealingConfig {
            min_healing_interval: MINUTE,
            require_approval_strategies: vec!["rough".to_owned()],
            ..quick()
        };
        self.world
            .healer([mild, rough])
            .config(config)
            .storage(Arc::new(self.storage.clone()))
            .holder(format!("healer {}", self.born))
            .build()
            .unwrap()
    }

    fn happen(&mut self, event: &Event) {
        let by = Operator::new("alice").unwrap();
        let clock = self.world.clock.clone();
        let active = |healer: &Healer| healer.active(&collection()).map(|active| active.id.clone());
        // Orders may be refused; what they must not do is break a contract.
        match *event {
            Event::Tick(healer) => drop(self.healers[healer].tick()),
            Event::Follow(healer) => {
                let wake_at = self.healers[healer].tick().wake_at;
                let longest = clock.now().checked_add(MINUTE).unwrap();
                clock.set(wake_at.min(longest).max(clock.now()));
                drop(self.healers[healer].tick());
            }
            Event::Pass(duration) => clock.advance(duration),
            Event::ClockJumps(seconds) => {
                let jumped = clock.now().as_second().saturating_add(seconds).max(0);
                clock.set(Timestamp::from_second(jumped).unwrap());
            }
            Event::Sicken(sickness) => self.world.sicken(sickness),
            Event::Relief(relief) => self.world.set_relief(relief),
            Event::Observable(observable) => self.world.set_observable(observable),
            Event::Journal(fault) => self.storage.fault.store(fault as u8, Ordering::SeqCst),
            Event::Crash(healer) => {
                let newborn = self.give_birth();
                self.healers[healer] = newborn;
            }
            Event::Approve(healer) => {
                if let Some(id) = active(&self.healers[healer]) {
                    drop(self.healers[healer].approve(&id, &by));
                }
            }
            Event::Reject(healer) => {
                if let Some(id) = active(&self.healers[healer]) {
                    drop(self.healers[healer].reject(&id, &by));
                }
            }
            Event::Abort(healer) => {
                if let Some(id) = active(&self.healers[healer]) {
                    drop(self.healers[healer].abort(&id, &by));
                }
            }
            Event::Freeze(healer, true) => drop(self.healers[healer].freeze(None, "a pause", &by)),
            Event::Freeze(healer, false) => drop(self.healers[healer].unfreeze(None, &by)),
            Event::Enable(healer, enabled) => {
                let changes = serde_json::json!({ "enabled": enabled });
                drop(
                    self.healers[healer]
                        .configure(changes.as_object().unwrap(), &by)
                        .map(|_| ()),
                );
            }
            Event::Trigger(healer) => drop(self.healers[healer].trigger(&collection())),
            Event::Execute(healer) => {
                let execution = Execution::Real;
                drop(self.healers[healer].execute(&collection(), "mild", Map::new(), execution, &by));
            }
            Event::Rollback(healer) => drop(self.healers[healer].rollback(&collection(), &by)),
        }
    }

    fn records(&self) -> Vec<(Timestamp, JournalBody)> {
        let records = self
            .world
            .storage
            .read(&Stream::Collection(collection()), 0, usize::MAX)
            .unwrap();
        records
            .iter()
            .map(|record| (record.at, record.open().unwrap()))
            .collect()
    }

    /// The contracts that the journal and the world's own notes show.
    fn check(&mut self) -> Result<(), String> {
        let calls = self.world.calls();
        if !calls.iter().map(|call| call.token).is_sorted() {
            return Err(format!("a token is smaller than one before it: {calls:?}"));
        }
        let records = self
            .world
            .storage
            .read(&Stream::Collection(collection()), self.told.next, usize::MAX)
            .unwrap();
        for record in records {
            self.told.next = record.sequence + 1;
            self.told.take_in(record.at, record.open().unwrap())?;
        }
        for call in &calls[self.checked..] {
            if !self.told.written.contains(&(call.valve, call.open)) {
                return Err(format!("{call:?} was not written down first"));
            }
        }
        self.checked = calls.len();
        if let Some(Remediation {
            state: RemediationState::RolledBack { begun, .. },
            plan,
            ..
        }) = &self.told.newest
        {
            let open = self.world.open_valves();
            let left = (0..*begun).find(|step| open.contains(&valve_of(&plan.steps[*step])));
            if let Some(left) = left {
                return Err(format!("rolled back, but step {left} is still in effect"));
            }
        }
        Ok(())
    }

    /// Once the faults stop, everything that was begun ends, and the next problem is treated.
    fn come_to_rest(&mut self) -> Result<(), String> {
        self.happen(&Event::Journal(Fault::None));
        self.happen(&Event::Observable(true));
        self.happen(&Event::Relief(0.1));
        for _ in 0..400 {
            for healer in 0..2 {
                self.happen(&Event::Tick(healer));
                self.check()?;
            }
            self.happen(&Event::Pass(Duration::from_secs(10)));
        }
        let state = self.told.newest.as_ref().map(|newest| newest.state.clone());
        match state {
            Some(state) if !state.is_terminal() && state.name() != "awaiting_approval" => {
                // An hour has passed; each remediation of this world takes two minutes, and three begin an hour.
                let at_work = self.healers.iter().any(|healer| healer.active(&collection()).is_some());
                if at_work {
                    Ok(())
                } else {
                    Err(format!("nobody is at work, and the journal ends with {state:?}"))
                }
            }
            _ => Ok(()),
        }
    }

    fn story(&self) -> String {
        let records = self.records();
        let lines = records.iter().map(|(at, body)| match body {
            JournalBody::Remediation(it) => format!("{at} {} {} {:?}", it.id, it.plan.strategy, it.state),
            JournalBody::Entered { number, state } => format!("{at} {number} {state:?}"),
            other => format!("{at} {other:?}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Told {
    fn take_in(&mut self, at: Timestamp, body: JournalBody) -> Result<(), String> {
        let newest = self.newest.take();
        let (remediation, state) = match body {
            JournalBody::Remediation(begun) => {
                let again = newest.as_ref().is_some_and(|newest| newest.id == begun.id);
                if !again && newest.as_ref().is_some_and(|newest| !newest.state.is_terminal()) {
                    return Err(format!(
                        "{} began while {:?} was at work",
                        begun.id,
                        newest.map(|it| it.id)
                    ));
                }
                let state = begun.state.clone();
                (*begun, state)
            }
            JournalBody::Entered { number, state } => match newest {
                Some(newest) if newest.id.number() == number => (newest, state),
                other => return Err(format!("number {number} entered a state, the newest is {other:?}")),
            },
            _ => {
                self.newest = newest;
                return Ok(());
            }
        };
        match &state {
            RemediationState::Executing { step, .. } => {
                if *step == 0 && remediation.state.name() != "executing" {
                    let within = self
                        .attempts
                        .iter()
                        .filter(|&&earlier| seconds(earlier, at) < 3600)
                        .count();
                    if within >= 3 && remediation.ordered_by.is_none() {
                        return Err(format!("attempt {} within an hour at {at}", within + 1));
                    }
                    self.attempts.push(at);
                }
                self.written.insert((valve(&remediation, *step), true));
            }
            RemediationState::RollingBack { remaining, .. } if *remaining > 0 => {
                self.written.insert((valve(&remediation, remaining - 1), false));
            }
            RemediationState::Planned { approved_by: None, .. } if remediation.plan.strategy == "rough" => {
                return Err("a strategy that needs approval went on without".to_owned());
            }
            _ => {}
        }
        self.newest = Some(Remediation { state, ..remediation });
        Ok(())
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

fn valve(remediation: &Remediation, step: usize) -> i64 {
    valve_of(&remediation.plan.steps[step])
}

fn valve_of(step: &healing_core::plan::Step) -> i64 {
    step.action["valve"].as_i64().unwrap()
}

/// A store whose journal can be made to fail.
#[derive(Clone)]
struct FaultyStorage {
    inner: MemoryStorage,
    fault: Arc<AtomicU8>,
}

impl Journal for FaultyStorage {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let fault = self.fault.load(Ordering::SeqCst);
        match fault {
            fault if fault == Fault::Refuses as u8 => Err(JournalError::Host("refused".into())),
            fault if fault == Fault::KeepsAndFails as u8 => {
                self.inner.append(record)?;
                Err(JournalError::Host("lost the connection".into()))
            }
            fault if fault == Fault::Panics as u8 => std::panic::resume_unwind(Box::new("the journal panics")),
            _ => self.inner.append(record),
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

impl OutcomeStore for FaultyStorage {
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

impl LeaseStore for FaultyStorage {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        self.inner.acquire(collection, holder, duration)
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        self.inner.renew(lease, duration)
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.inner.release(lease)
    }
}
