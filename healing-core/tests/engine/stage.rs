//! A stage for any schedule of ticks, orders, faults, crashes and clock jumps, with the contracts for a judge. The fuzz
//! target `schedule` plays on it, too.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{Executed, Execution};
use healing_core::identity::{Operator, RemediationId};
use healing_core::monitor::{ResolvedThresholds, Thresholds};
use healing_core::storage::{FeedbackScore, Journal, JournalBody, Stream};
use healing_core::{Clock, CollectionId, Healer, HealingConfig, Ratio, Timestamp};
use serde_json::{Map, Value, json};

use crate::contracts::Contracts;
use crate::world::{
    Behaviour, Fault, Faults, FaultyStorage, Findings, MINUTE, Valves, World, collection, lambda, quick,
};

/// One thing that happens. The first number says to which healer.
#[derive(Debug, Clone)]
pub enum Event {
    Tick(usize),
    /// Time passes until the healer wants to be called, and it ticks.
    Follow(usize),
    /// So often five seconds pass, and both tick.
    Calm(u32),
    Pass(Duration),
    ClockJumps(i64),
    /// So much of partition 1 is lost, in these collections.
    Sicken(f64, [bool; 3]),
    Relief(f64),
    /// So many nodes are down.
    Unwell(i64),
    Observer(Fault),
    /// So old are observations, in seconds.
    Lag(u64),
    Findings(Findings),
    Store(Call, Fault),
    /// A healer's process dies, and another one starts.
    Crash(usize),
    Order(usize, usize, Verb),
}

/// What an operator orders, of the collection that the event names.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    Approve,
    Reject,
    Abort,
    Freeze,
    Unfreeze,
    FreezeAll,
    UnfreezeAll,
    Enable(bool),
    Configure(u32),
    Trigger,
    Execute(&'static str),
    DryRun,
    Rollback,
    Feedback,
    Ask,
}

/// The strategies that there are.
pub const STRATEGIES: [&str; 5] = ["mild", "rough", "wild", "stubborn", "lasting"];

/// A call of a store.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    Append,
    Read,
    Outcomes,
    Acquire,
    Renew,
    Release,
}

/// Plays a schedule. Afterwards the faults stop, and everything must come to rest.
///
/// # Errors
/// Which contract was broken, and all that is in the journal.
pub fn play(schedule: &[Event]) -> Checked {
    let mut stage = Stage::new();
    let lived = schedule.iter().try_for_each(|event| stage.happen(event));
    lived
        .and_then(|()| stage.come_to_rest())
        .map_err(|broken| format!("{broken}\n{}", stage.story()))
}

/// Two healers over one store, three collections, and whoever gives orders.
struct Stage {
    world: World,
    storage: FaultyStorage,
    healers: Vec<Healer>,
    born: usize,
    contracts: Contracts,
    /// Whether a healer died that had not recorded what it had done: only the newest outcome is recorded by its successor.
    outcomes_may_be_lost: bool,
}

pub type Checked = Result<(), String>;

fn collections() -> [CollectionId; 3] {
    [
        collection(),
        CollectionId::new("second").unwrap(),
        CollectionId::new("third").unwrap(),
    ]
}

fn config() -> HealingConfig {
    let mut config = HealingConfig {
        min_healing_interval: MINUTE,
        require_approval_strategies: vec!["rough".to_owned()],
        max_active: 1,
        storm_share: Ratio::literal(0.7),
        storm_minimum: 3,
        ..quick()
    };
    // A healer that is born into a sick world would take that for a healthy one.
    config.monitor.thresholds = Thresholds::Absolute(ResolvedThresholds {
        stress: lambda(24.0),
        critical: lambda(15.0),
        recovery_offset: lambda(1.5),
    });
    config
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let mut stage = Self {
            storage: FaultyStorage::over(&world.storage),
            contracts: Contracts::new(&world, &config(), &collections(), &["lasting"]),
            world,
            healers: Vec::new(),
            born: 0,
            outcomes_may_be_lost: false,
        };
        stage.contracts.liars.insert(8);
        for _ in 0..2 {
            let healer = stage.give_birth();
            stage.healers.push(healer);
        }
        stage
    }

    fn give_birth(&mut self) -> Healer {
        use Behaviour::{Lies, Opens, OpensAndFails, Panics, SticksTwice, TakesTime};
        self.born += 1;
        let strategy = |name, impact, valves: [(i64, Behaviour); 2]| Valves {
            impact: Ratio::new(impact).unwrap(),
            ..Valves::new(&self.world, name, valves)
        };
        let lasting = Valves {
            reversible: false,
            ..strategy("lasting", 0.45, [(9, Opens), (10, Opens)])
        };
        let strategies = [
            strategy("mild", 0.1, [(1, Opens), (2, TakesTime)]),
            strategy("rough", 0.2, [(3, Opens), (4, OpensAndFails)]),
            strategy("wild", 0.3, [(5, Opens), (6, Panics)]),
            strategy("stubborn", 0.4, [(7, SticksTwice), (8, Lies)]),
            lasting,
        ];
        let [_, second, third] = collections();
        self.world
            .healer(strategies)
            .config(config())
            .storage(Arc::new(self.storage.clone()))
            .holder(format!("healer {}", self.born))
            .watch(second)
            .watch(third)
            .build()
            .unwrap()
    }

    fn happen(&mut self, event: &Event) -> Checked {
        let clock = self.world.clock.clone();
        match event.clone() {
            Event::Tick(healer) => drop(self.tick(healer)?),
            Event::Follow(healer) => {
                let wake_at = self.tick(healer)?;
                let longest = clock.now().checked_add(MINUTE).unwrap();
                clock.set(wake_at.min(longest).max(clock.now()));
                self.tick(healer)?;
            }
            Event::Calm(rounds) => {
                for _ in 0..rounds {
                    clock.advance(Duration::from_secs(5));
                    self.tick(0)?;
                    self.tick(1)?;
                }
            }
            Event::Pass(duration) => clock.advance(duration),
            Event::ClockJumps(seconds) => {
                let jumped = clock.now().as_second().saturating_add(seconds).max(0);
                clock.set(Timestamp::from_second(jumped).unwrap());
            }
            Event::Sicken(lost, sick) => {
                let sick = collections().into_iter().zip(sick).filter(|(_, sick)| *sick);
                self.world.confine_to(sick.map(|(collection, _)| collection));
                self.world.sicken(lost);
            }
            Event::Relief(relief) => self.world.set_relief(relief),
            Event::Unwell(nodes) => self.world.set_unwell(nodes),
            Event::Observer(fault) => self.world.set_observer(fault),
            Event::Lag(seconds) => {
                self.world.set_lag(Duration::from_secs(seconds));
                self.contracts.lag_seconds = seconds as i64;
            }
            Event::Findings(findings) => self.world.set_findings(findings),
            Event::Store(call, fault) => self.storage.set(|faults| match call {
                Call::Append => faults.append = fault,
                Call::Read => faults.read = fault,
                Call::Outcomes => faults.outcomes = fault,
                Call::Acquire => faults.acquire = fault,
                Call::Renew => faults.renew = fault,
                Call::Release => faults.release = fault,
            }),
            Event::Crash(healer) => {
                self.outcomes_may_be_lost = true;
                let newborn = self.give_birth();
                self.healers[healer] = newborn;
                self.contracts.forget(healer);
            }
            Event::Order(healer, collection, verb) => self.order(healer, &collections()[collection], verb)?,
        }
        self.contracts.check()
    }

    fn tick(&mut self, healer: usize) -> Result<Timestamp, String> {
        let tick = self.healers[healer].tick();
        self.contracts.hear(healer, &tick.events)?;
        self.contracts.check()?;
        Ok(tick.wake_at)
    }

    /// Orders may be refused. One that was not is in the journal, and none reaches the world by itself.
    fn order(&mut self, number: usize, collection: &CollectionId, verb: Verb) -> Checked {
        let by = Operator::new("alice").unwrap();
        let newest = self
            .contracts
            .told(collection)
            .newest
            .as_ref()
            .map(|newest| newest.id.clone());
        let before = (self.world.calls().len(), self.contracts.records());
        let healer = &mut self.healers[number];
        let at_work = healer.active(collection).map(|active| active.id.clone());
        let id = at_work
            .or(newest)
            .unwrap_or_else(|| RemediationId::new(collection.clone(), 1));
        let began = |id: Option<RemediationId>| id.map(|id| (id, &["planned", "awaiting_approval"][..]));
        let obeyed = match verb {
            Verb::Approve => healer.approve(&id, &by).ok().map(|()| (id, &["planned"][..])),
            Verb::Reject => healer.reject(&id, &by).ok().map(|()| (id, &["rejected"][..])),
            Verb::Abort => {
                let aborted = &["rejected", "rolling_back", "rollback_failed"][..];
                healer.abort(&id, &by).ok().map(|()| (id, aborted))
            }
            Verb::Trigger => began(healer.trigger(collection).ok().flatten()),
            Verb::Execute(strategy) => match healer.execute(collection, strategy, Map::new(), Execution::Real, &by) {
                Ok(Executed::Began(id)) => began(Some(id)),
                _ => None,
            },
            Verb::Rollback => {
                let undoing = &["rolling_back", "rollback_failed"][..];
                healer.rollback(collection, &by).ok().map(|id| (id, undoing))
            }
            _ => None,
        };
        match verb {
            Verb::Freeze => drop(healer.freeze(Some(collection), "a pause", &by)),
            Verb::Unfreeze => drop(healer.unfreeze(Some(collection), &by)),
            Verb::FreezeAll => drop(healer.freeze(None, "a pause", &by)),
            Verb::UnfreezeAll => drop(healer.unfreeze(None, &by)),
            Verb::Enable(enabled) => configure(healer, &json!({ "enabled": enabled })),
            Verb::Configure(minutes) => configure(healer, &json!({ "min_healing_interval_seconds": 60 * minutes })),
            Verb::Feedback => drop(healer.feedback(
                &RemediationId::new(collection.clone(), 1),
                FeedbackScore::new(0.5).unwrap(),
                &by,
            )),
            Verb::DryRun => drop(healer.execute(collection, "mild", Map::new(), Execution::DryRun, &by)),
            Verb::Ask => {
                drop((
                    healer.status(),
                    healer.history(Timestamp::MIN, 10),
                    healer.effectiveness(),
                ));
                drop((
                    healer.explain(collection).cloned(),
                    healer.collection_status(collection),
                ));
            }
            _ => {}
        }
        self.contracts.check()?;
        if before.0 != self.world.calls().len() {
            return Err(format!("{verb:?} reached the world by itself"));
        }
        if matches!(verb, Verb::DryRun | Verb::Ask) && before.1 != self.contracts.records() {
            return Err(format!("{verb:?} wrote to the journal"));
        }
        let newest = self.contracts.told(collection).newest.as_ref();
        match obeyed {
            Some((id, states))
                if !newest.is_some_and(|newest| newest.id == id && states.contains(&newest.state.name())) =>
            {
                Err(format!("{verb:?} was obeyed, and the journal ends with {newest:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Once the faults stop, everything that was begun ends and is recorded, and the next problem is treated.
    fn come_to_rest(&mut self) -> Checked {
        self.storage.set(|faults| *faults = Faults::default());
        let all = [true; 3];
        for event in [
            Event::Observer(Fault::None),
            Event::Findings(Findings::Hotspot),
            Event::Lag(0),
            Event::Unwell(0),
            Event::Relief(0.1),
            Event::Sicken(0.0, all),
        ] {
            self.happen(&event)?;
        }
        let by = Operator::new("alice").unwrap();
        let healer = &mut self.healers[0];
        let permitted = collections().iter().try_for_each(|it| healer.unfreeze(Some(it), &by));
        let permitted = permitted.and_then(|()| healer.unfreeze(None, &by));
        let permitted = permitted.and_then(|()| {
            healer
                .configure(json!({"enabled": true}).as_object().unwrap(), &by)
                .map(drop)
        });
        permitted.map_err(|error| format!("an order cannot be given any more: {error}"))?;
        self.pass(10)?;
        for collection in collections() {
            let told = self.contracts.told(&collection);
            if let Some(newest) = told.newest.as_ref().filter(|newest| !newest.state.is_terminal()) {
                return Err(format!("{} does not end: it is {:?}", newest.id, newest.state));
            }
            self.contracts.check_valves(&collection)?;
            let recorded = self
                .world
                .outcomes()
                .iter()
                .filter(|it| *it.remediation.collection() == collection)
                .count();
            if recorded > told.acted || (recorded < told.acted && !self.outcomes_may_be_lost) {
                return Err(format!(
                    "{} remediations acted, {recorded} outcomes are recorded",
                    told.acted
                ));
            }
        }
        // No pause and no quarantine lasts for longer than a day.
        self.world.clock.advance(25 * 60 * MINUTE);
        self.world
            .open_valves()
            .into_iter()
            .for_each(|valve| self.world.meddle(valve, false));
        let newest = |stage: &Self| {
            stage
                .contracts
                .told(&collection())
                .newest
                .as_ref()
                .map(|it| it.id.clone())
        };
        let before = newest(self);
        self.happen(&Event::Sicken(0.4, [true, false, false]))?;
        self.pass(5)?;
        if newest(self) == before {
            let why = self
                .healers
                .iter()
                .map(|healer| format!("{:?}", healer.explain(&collection())));
            return Err(format!(
                "the next problem is not treated: {}",
                why.collect::<Vec<_>>().join("\n")
            ));
        }
        Ok(())
    }

    /// So many minutes pass, and both healers tick all the time.
    fn pass(&mut self, minutes: u32) -> Checked {
        for _ in 0..6 * minutes {
            for healer in 0..2 {
                self.tick(healer)?;
            }
            self.world.clock.advance(Duration::from_secs(10));
        }
        Ok(())
    }

    fn story(&self) -> String {
        let mut lines = Vec::new();
        for collection in collections() {
            let stream = Stream::Collection(collection);
            for record in self.world.storage.read(&stream, 0, usize::MAX).unwrap() {
                let at = record.at;
                lines.push(match record.open().unwrap() {
                    JournalBody::Remediation(it) => format!("{at} {} {} {:?}", it.id, it.plan.strategy, it.state),
                    JournalBody::Entered { number, state } => format!("{at} {stream} {number} {state:?}"),
                    other => format!("{at} {other:?}"),
                });
            }
        }
        lines.join("\n")
    }
}

fn configure(healer: &mut Healer, changes: &Value) {
    let by = Operator::new("alice").unwrap();
    drop(healer.configure(changes.as_object().unwrap(), &by).map(|_| ()));
}
