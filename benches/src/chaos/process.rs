//! A healer's process: born, given its turns, and buried.
//!
//! It runs as a production healer does: strategies' steps are handed to workers, which here are the agenda's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use healing_core::engine::{BuildError, HealingEvent, HumanNeeded, StepCall, StepRunner, Tick};
use healing_core::monitor::IntegrityReport;
use healing_core::registry::RegistryError;
use healing_core::{Clock, CollectionId, Healer, HostError, Remediation, StrategyRegistry, Timestamp};
use healing_learn::OutcomeTracker;
use healing_strategies::every_strategy;
use mock_cluster::Cluster;
use parking_lot::Mutex;
use thiserror::Error;

use super::agenda::Entry;
use super::eyes::Eyes;
use super::fact::{Memory, Pid, View, What};
use super::hands::Hands;
use super::link::{Link, MadeUp};
use super::simulation::{Simulation, later};
use super::stores::Stores;

/// A healer's process.
pub(super) struct Process {
    pub(super) link: Arc<Link>,
    healer: Mutex<Healer>,
    paused_until: Mutex<Timestamp>,
    /// The number of the agenda's entry for its next tick; others are out of date.
    alarm: AtomicU64,
}

/// A process that cannot be started.
#[derive(Debug, Error)]
pub(super) enum Stillborn {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Healer(#[from] BuildError),
    #[error(transparent)]
    Outcomes(#[from] healing_core::storage::OutcomeError),
}

/// Worker threads of a healer.
const WORKERS: usize = 4;
/// A healer that cannot be spoken to is spoken to again after this long.
const BUSY: Duration = Duration::from_secs(1);

/// Hands strategies' calls to the agenda.
struct Workers {
    link: Arc<Link>,
}

impl StepRunner for Workers {
    fn run(&self, call: StepCall) -> Result<(), HostError> {
        let simulation = self.link.simulation().map_err(MadeUp::boxed)?;
        if self.link.is_dead() {
            return Err(MadeUp::Dead.boxed());
        }
        let hanging = simulation.step_hangs();
        simulation.plan(hanging, Entry::Make(self.link.pid, call));
        Ok(())
    }
}

impl Simulation {
    /// Starts a healer in a slot, unless there is one.
    pub(super) fn start(&self, slot: usize) {
        if self.slots.lock()[slot].is_some() {
            return;
        }
        let pid = {
            let mut born = self.born.lock();
            *born += 1;
            Pid(*born)
        };
        let link = Arc::new(Link::new(pid, slot, self.me(), self.machines[slot].clone()));
        match self.give_birth(&link) {
            Ok(healer) => {
                let process = Arc::new(Process {
                    link,
                    healer: Mutex::new(healer),
                    paused_until: Mutex::new(Timestamp::MIN),
                    alarm: AtomicU64::new(0),
                });
                self.note(Some(pid), What::Born);
                self.slots.lock()[slot] = Some(Arc::clone(&process));
                self.wake(&process, Duration::ZERO);
            }
            Err(error) => self.accuse("healers_start", error.to_string()),
        }
    }

    fn give_birth(&self, link: &Arc<Link>) -> Result<Healer, Stillborn> {
        let clock = Arc::new(link.clock().clone());
        let stores = Arc::new(Stores { link: Arc::clone(link) });
        let tracker = OutcomeTracker::load(self.storage(), clock.clone())?;
        let mut healer = Healer::builder(Arc::new(Eyes { link: Arc::clone(link) }), clock)
            .strategies(strategies(link)?)
            .learner(Arc::new(tracker))
            .config(self.schedule.config.clone())
            .storage(stores)
            .fence(Arc::new(Hands { link: Arc::clone(link) }))
            .holder(format!("healer {}", link.pid.0))
            .step_runner(Arc::new(Workers { link: Arc::clone(link) }), WORKERS);
        #[cfg(feature = "mutations")]
        {
            healer = healer.broken_by(self.schedule.mutation);
        }
        for cluster in &self.clusters {
            healer = healer.watch(cluster.collection().clone());
        }
        Ok(healer.build()?)
    }

    /// The process in a slot.
    pub(super) fn process_in(&self, slot: usize) -> Option<Arc<Process>> {
        self.slots.lock()[slot].clone()
    }

    /// The process with a number, while it lives.
    pub(super) fn process(&self, pid: Pid) -> Option<Arc<Process>> {
        let slots = self.slots.lock();
        slots.iter().flatten().find(|process| process.link.pid == pid).cloned()
    }

    /// Kills a process.
    pub(super) fn kill(&self, process: &Process, down: Duration) {
        process.link.die(down);
        self.bury(process);
    }

    /// Takes a dead process out of its slot, to which another one comes in time.
    pub(super) fn bury(&self, process: &Process) {
        if !process.link.is_dead() {
            return;
        }
        let Link { slot, pid, .. } = *process.link;
        let mut slots = self.slots.lock();
        if slots[slot].as_ref().is_some_and(|it| it.link.pid == pid) {
            slots[slot] = None;
            drop(slots);
            self.plan(process.link.down(), Entry::Start(slot));
        }
    }

    /// Suspends a process.
    pub(super) fn pause(&self, process: &Process, lasts: Duration) {
        *process.paused_until.lock() = later(self.now(), lasts);
    }

    /// Lets a process go on that was suspended.
    pub(super) fn resume(&self, process: &Process) {
        *process.paused_until.lock() = Timestamp::MIN;
        self.wake(process, Duration::ZERO);
    }

    /// Sets the time of a process's next tick.
    pub(super) fn wake(&self, process: &Process, after: Duration) {
        let number = self.plan(after, Entry::Tick(process.link.pid));
        process.alarm.store(number, Ordering::SeqCst);
    }

    /// Something is to be done in a process: that process, or `None` where it is dead. Where it is suspended, `entry` is put
    /// off.
    pub(super) fn awake(&self, pid: Pid, entry: Entry) -> Option<(Arc<Process>, Entry)> {
        let process = self.process(pid)?;
        let paused_until = *process.paused_until.lock();
        if self.now() < paused_until {
            let is_tick = matches!(entry, Entry::Tick(_));
            let number = self.plan_at(paused_until, entry);
            if is_tick {
                process.alarm.store(number, Ordering::SeqCst);
            }
            return None;
        }
        Some((process, entry))
    }

    /// Whether this is the entry of its next tick.
    pub(super) fn is_next_tick(process: &Process, number: u64) -> bool {
        process.alarm.load(Ordering::SeqCst) == number
    }

    /// A healer's tick.
    pub(super) fn tick(&self, process: &Arc<Process>) {
        let Some(mut healer) = process.healer.try_lock() else {
            return self.wake(process, BUSY);
        };
        let pid = process.link.pid;
        self.note(Some(pid), What::Turn);
        let Tick { events, wake_at, .. } = healer.tick();
        if process.link.is_dead() {
            drop(healer);
            return self.bury(process);
        }
        for event in events {
            if event.kind.calls_human() {
                let about = event.collection.iter().chain(self.all_if_none(&event));
                about.for_each(|collection| self.call_human(collection));
            }
            self.note(Some(pid), What::Reported(Box::new(event)));
        }
        let shown = process.link.clock().now();
        let wait = Duration::try_from(wake_at.duration_since(shown)).unwrap_or(Duration::ZERO);
        self.rest(process, &healer);
        // A loop without a pause would not let the world go on; nor is a wake-up ever so exact.
        self.wake(process, wait.max(Duration::from_millis(1)));
    }

    /// Speaks to a healer between its ticks. `None` where it has no time, or died over it.
    pub(super) fn speak<T>(&self, process: &Arc<Process>, what: impl FnOnce(&mut Healer) -> T) -> Option<T> {
        let mut healer = process.healer.try_lock()?;
        self.note(Some(process.link.pid), What::Turn);
        let result = what(&mut healer);
        if process.link.is_dead() {
            drop(healer);
            self.bury(process);
            return None;
        }
        self.rest(process, &healer);
        self.wake(process, Duration::ZERO);
        Some(result)
    }

    /// Every collection, where an event is about none.
    fn all_if_none(&self, event: &HealingEvent) -> impl Iterator<Item = &CollectionId> {
        let all = event.collection.is_none().then_some(&self.clusters);
        all.into_iter().flatten().map(Cluster::collection)
    }

    fn rest(&self, process: &Process, healer: &Healer) {
        let mut view = view(healer);
        if process.link.has_news() {
            let now = process.link.clock().now();
            view.memories = healer.collections().map(|it| memory(healer, it, now)).collect();
        }
        self.note(Some(process.link.pid), What::Rested(Box::new(view)));
    }

    /// Looks at a healer; `None` where it has no time.
    pub(super) fn glance<T>(&self, process: &Process, look: impl FnOnce(&Healer) -> T) -> Option<T> {
        Some(look(&*process.healer.try_lock()?))
    }

    /// Makes a strategy's call.
    pub(super) fn make(&self, process: &Arc<Process>, call: StepCall) {
        let answer = call.make();
        if process.link.is_dead() {
            return self.bury(process);
        }
        match process.link.take_withheld() {
            Some(hanging) => {
                self.plan(hanging, Entry::Deliver(process.link.pid, answer));
            }
            None => {
                answer.deliver();
                self.wake(process, Duration::ZERO);
            }
        }
    }
}

fn view(healer: &Healer) -> View {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let collections = || healer.collections();
    let unhealthy = collections().filter(|it| healer.report(it).is_some_and(IntegrityReport::below_stress));
    View {
        at_work: collections()
            .filter_map(|it| healer.active(it))
            .filter(|active| active.state.begun() > 0)
            .map(|active| active.id.clone())
            .collect(),
        unhealthy: count(unhealthy.count()),
        of: count(collections().count()),
        memories: Vec::new(),
    }
}

fn memory(healer: &Healer, collection: &CollectionId, now: Timestamp) -> Memory {
    let named = |remediation: &Remediation| (remediation.id.clone(), remediation.state.clone());
    let status = healer.collection_status(collection);
    let quarantined = status.iter().flat_map(|status| &status.quarantined);
    let needed = status.iter().flat_map(|status| &status.human_needed);
    let shown = |needed: &HumanNeeded| match needed {
        HumanNeeded::RollbackFailed { remediation } | HumanNeeded::NotVerified { remediation } => {
            Some(remediation.clone())
        }
        _ => None,
    };
    Memory {
        collection: collection.clone(),
        active: healer.active(collection).map(named),
        last: healer.last(collection).map(named),
        cooling_until: status.as_ref().and_then(|status| status.cooldown_until),
        quarantined: quarantined
            .map(|it| (it.problem.clone(), it.strategy.clone(), it.until))
            .collect(),
        shown_to_humans: needed.filter_map(shown).collect(),
        now,
    }
}

fn strategies(link: &Arc<Link>) -> Result<StrategyRegistry, RegistryError> {
    let hands = Arc::new(Hands { link: Arc::clone(link) });
    let clock = Arc::new(link.clock().clone());
    let mut registry = StrategyRegistry::new();
    for strategy in every_strategy(&hands, clock) {
        registry.register(strategy)?;
    }
    Ok(registry)
}
