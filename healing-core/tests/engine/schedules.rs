//! The engine's contracts under any order of ticks, orders, faults, crashes and clock jumps.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{Executed, Execution};
use healing_core::identity::{Operator, RemediationId};
use healing_core::monitor::{ResolvedThresholds, Thresholds};
use healing_core::storage::{FeedbackScore, Journal, JournalBody, Stream};
use healing_core::{Clock, CollectionId, Healer, HealingConfig, Ratio, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::contracts::Contracts;
use crate::world::{
    Behaviour, Fault, Faults, FaultyStorage, Findings, MINUTE, Valves, World, collection, lambda, quick,
};

/// One thing that happens. The first number says to which healer.
#[derive(Debug, Clone)]
enum Event {
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
enum Verb {
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

/// A call of a store.
#[derive(Debug, Clone, Copy)]
enum Call {
    Append,
    Read,
    Outcomes,
    Acquire,
    Renew,
    Release,
}

fn events() -> impl Strategy<Value = Event> {
    let healer = 0..2_usize;
    let fault = prop_oneof![
        5 => Just(Fault::None), 1 => Just(Fault::Refuses), 1 => Just(Fault::DoesAndFails), 1 => Just(Fault::Panics),
    ];
    let call = prop_oneof![
        4 => Just(Call::Append), 2 => Just(Call::Read), 1 => Just(Call::Outcomes), 1 => Just(Call::Acquire),
        1 => Just(Call::Renew), 1 => Just(Call::Release),
    ];
    let findings = prop_oneof![
        12 => Just(Findings::Hotspot), 1 => Just(Findings::Unknown), 1 => Just(Findings::Nothing), 1 => Just(Findings::Panic),
    ];
    prop_oneof![
        4 => healer.clone().prop_map(Event::Tick),
        8 => healer.clone().prop_map(Event::Follow),
        14 => (1..40_u32).prop_map(Event::Calm),
        2 => (0..60_u64).prop_map(|seconds| Event::Pass(Duration::from_secs(seconds))),
        1 => (5..120_u64).prop_map(|minutes| Event::Pass(Duration::from_secs(60 * minutes))),
        1 => (-20_000..20_000_i64).prop_map(Event::ClockJumps),
        4 => (0.0..0.8, prop::array::uniform3(prop::bool::weighted(0.6))).prop_map(|(lost, sick)| Event::Sicken(lost, sick)),
        1 => prop_oneof![2 => Just(0.1), 1 => Just(0.0), 1 => Just(-0.1)].prop_map(Event::Relief),
        1 => prop_oneof![4 => Just(0_i64), 1 => Just(3_i64)].prop_map(Event::Unwell),
        1 => fault.clone().prop_map(Event::Observer),
        1 => prop_oneof![3 => Just(0), 1 => 0..90_u64].prop_map(Event::Lag),
        1 => findings.prop_map(Event::Findings),
        3 => (call, fault).prop_map(|(call, fault)| Event::Store(call, fault)),
        1 => healer.clone().prop_map(Event::Crash),
        10 => (healer, 0..3_usize, verbs()).prop_map(|(healer, collection, verb)| Event::Order(healer, collection, verb)),
    ]
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        4 => Just(Verb::Approve),
        1 => Just(Verb::Reject),
        1 => Just(Verb::Abort),
        1 => Just(Verb::Freeze),
        2 => Just(Verb::Unfreeze),
        1 => Just(Verb::FreezeAll),
        2 => Just(Verb::UnfreezeAll),
        2 => prop::bool::weighted(0.7).prop_map(Verb::Enable),
        1 => (1..4_u32).prop_map(Verb::Configure),
        1 => Just(Verb::Trigger),
        2 => prop::sample::select(vec!["mild", "rough", "wild", "stubborn", "lasting"]).prop_map(Verb::Execute),
        1 => Just(Verb::DryRun),
        1 => Just(Verb::Rollback),
        1 => Just(Verb::Feedback),
        1 => Just(Verb::Ask),
    ]
}

fn schedules() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(events(), 1..200)
}

fn config_of(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 3000,
        ..ProptestConfig::default()
    }
}

fn lived_through(schedule: &[Event]) -> Result<(), TestCaseError> {
    let mut stage = Stage::new();
    let lived = schedule.iter().try_for_each(|event| stage.happen(event));
    lived
        .and_then(|()| stage.come_to_rest())
        .map_err(|broken| TestCaseError::fail(format!("{broken}\n{}", stage.story())))
}

proptest! {
    #![proptest_config(config_of(50))]

    #[test]
    fn no_schedule_breaks_a_contract(schedule in schedules()) {
        lived_through(&schedule)?;
    }
}

proptest! {
    #![proptest_config(config_of(3000))]

    #[test]
    #[ignore = "takes minutes: run it in release, with `--ignored`"]
    fn no_schedule_of_thousands_breaks_a_contract(schedule in schedules()) {
        lived_through(&schedule)?;
    }
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

type Checked = Result<(), String>;

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
