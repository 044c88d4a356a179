//! What the engine promises, checked against the journal, against what reached the world, and against what healers report:
//! an oracle that knows nothing of how the engine keeps it.

use std::collections::{BTreeMap, BTreeSet};

use healing_core::engine::{
    EventKind, HealingConfig, HealingEvent, Remediation, RemediationState, UndoCause, Verification,
};
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::plan::Step;
use healing_core::storage::{Journal, JournalBody, JournalRecord, Stream};
use healing_core::{CollectionId, ProblemKind, Timestamp};

use crate::world::World;

/// What holds of everything that was written and done so far.
pub struct Contracts {
    world: World,
    config: HealingConfig,
    irreversible: BTreeSet<&'static str>,
    /// Valves that are said to be open and are not.
    pub liars: BTreeSet<i64>,
    /// How old observations are.
    pub lag_seconds: i64,
    calls_checked: usize,
    orders: Orders,
    told: BTreeMap<CollectionId, Told>,
    healers: Vec<Seen>,
}

/// What the global stream says.
#[derive(Default)]
struct Orders {
    next: u64,
    config: Option<HealingConfig>,
    frozen: bool,
    frozen_collections: BTreeSet<CollectionId>,
}

/// What a collection's stream says.
#[derive(Default)]
pub struct Told {
    next: u64,
    token: Option<FencingToken>,
    pub newest: Option<Remediation>,
    /// The newest one that ended and touched anything.
    last_acted: Option<Remediation>,
    /// Valves that remediations left open for good.
    left_open: BTreeSet<i64>,
    /// Valves of steps that could not be taken back: nobody knows.
    unknown: BTreeSet<i64>,
    pub begun: Vec<Timestamp>,
    ended: Option<Timestamp>,
    ineffective: u32,
    failures: BTreeMap<(ProblemKind, String), (u32, Timestamp)>,
    /// The turns of valves that the newest remediation announced.
    written: BTreeSet<(i64, bool)>,
    /// How many remediations ended in which a step was begun.
    pub acted: usize,
}

/// What a healer reported.
#[derive(Default)]
struct Seen {
    /// Since when there is a storm among the collections, and among the nodes of each.
    storm: Option<Timestamp>,
    storms: BTreeMap<CollectionId, Timestamp>,
    at_work: BTreeMap<CollectionId, RemediationState>,
}

type Checked = Result<(), String>;

impl Contracts {
    pub fn new(
        world: &World,
        config: &HealingConfig,
        collections: &[CollectionId],
        irreversible: &[&'static str],
    ) -> Self {
        Self {
            world: world.clone(),
            config: config.clone(),
            irreversible: irreversible.iter().copied().collect(),
            liars: BTreeSet::new(),
            lag_seconds: 0,
            calls_checked: 0,
            orders: Orders::default(),
            told: collections.iter().map(|it| (it.clone(), Told::default())).collect(),
            healers: Vec::new(),
        }
    }

    pub fn told(&self, collection: &CollectionId) -> &Told {
        &self.told[collection]
    }

    /// Checks what was written and done since the last time.
    pub fn check(&mut self) -> Checked {
        let orders = self
            .world
            .storage
            .read(&Stream::Global, self.orders.next, usize::MAX)
            .unwrap();
        for record in orders {
            self.orders.take_in(&record);
        }
        let calls = self.world.calls().split_off(self.calls_checked);
        self.calls_checked += calls.len();
        let before: BTreeMap<_, _> = self.told.iter().map(|(it, told)| (it.clone(), told.token)).collect();
        for collection in self.told.keys().cloned().collect::<Vec<_>>() {
            self.read(&collection)?;
        }
        for call in &calls {
            let told = &self.told[&call.collection];
            if !told.written.contains(&(call.valve, call.open)) {
                return Err(format!("{call:?} was not written down first"));
            }
            if before[&call.collection].is_some_and(|newest| call.token < newest) {
                return Err(format!("{call:?} was made after a greater token had been seen"));
            }
        }
        for (collection, told) in &self.told {
            if let Some(Remediation {
                state: RemediationState::RolledBack { begun, .. },
                plan,
                ..
            }) = &told.newest
            {
                let open = self.world.open_valves_of(collection);
                if let Some(left) = plan.steps[..*begun].iter().find(|step| open.contains(&valve_of(step))) {
                    return Err(format!(
                        "rolled back, but this is still in effect: {}",
                        left.description
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the valves are as the journal says, while nothing is at work.
    pub fn check_valves(&self, collection: &CollectionId) -> Checked {
        let told = self.told(collection);
        let open: BTreeSet<i64> = self.world.open_valves_of(collection).into_iter().collect();
        let accounted: BTreeSet<i64> = &told.left_open | &told.unknown;
        let left_open = &told.left_open - &self.liars;
        if !left_open.is_subset(&open) || !open.is_subset(&accounted) {
            return Err(format!(
                "{open:?} are open, {:?} should be, {:?} may be",
                told.left_open, told.unknown
            ));
        }
        Ok(())
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.orders.next + self.told.values().map(|told| told.next).sum::<u64>()
    }

    /// Takes in what the healer with that number reported.
    pub fn hear(&mut self, healer: usize, events: &[HealingEvent]) -> Checked {
        self.healers
            .resize_with(self.healers.len().max(healer + 1), Seen::default);
        let most = self.config.max_active as usize;
        events
            .iter()
            .try_for_each(|event| self.healers[healer].take_in(event, most))
    }

    /// The healer with that number died; another has its number.
    pub fn forget(&mut self, healer: usize) {
        if let Some(seen) = self.healers.get_mut(healer) {
            *seen = Seen::default();
        }
    }

    fn read(&mut self, collection: &CollectionId) -> Checked {
        let stream = Stream::Collection(collection.clone());
        let told = self.told.get_mut(collection).unwrap();
        let records = self.world.storage.read(&stream, told.next, usize::MAX).unwrap();
        for record in records {
            if told.token.is_some_and(|newest| record.token < newest) {
                return Err(format!(
                    "record {} of {stream} was written under an old token",
                    record.sequence
                ));
            }
            told.next = record.sequence + 1;
            told.token = Some(record.token);
            let (at, body) = (record.at, record.open().unwrap());
            let rules = Rules {
                config: self.orders.config.as_ref().unwrap_or(&self.config),
                orders: &self.orders,
                irreversible: &self.irreversible,
                collection,
                observed_at: seconds_of(at) - self.lag_seconds,
            };
            told.take_in(at, body, &rules)?;
        }
        Ok(())
    }
}

impl Orders {
    fn take_in(&mut self, record: &JournalRecord) {
        self.next = record.sequence + 1;
        match record.open().unwrap() {
            JournalBody::Configured { config, .. } => self.config = Some(*config),
            JournalBody::Frozen { collection: None, .. } => self.frozen = true,
            JournalBody::Unfrozen { collection: None, .. } => self.frozen = false,
            JournalBody::Frozen {
                collection: Some(collection),
                ..
            } => drop(self.frozen_collections.insert(collection)),
            JournalBody::Unfrozen {
                collection: Some(collection),
                ..
            } => drop(self.frozen_collections.remove(&collection)),
            JournalBody::OrdersCheckpoint(orders) => {
                self.config = orders.config.map(|config| *config);
                self.frozen = orders.frozen.is_some();
                self.frozen_collections = orders.frozen_collections.into_keys().collect();
            }
            _ => {}
        }
    }
}

/// What a record is judged by.
struct Rules<'a> {
    config: &'a HealingConfig,
    orders: &'a Orders,
    irreversible: &'a BTreeSet<&'static str>,
    collection: &'a CollectionId,
    observed_at: i64,
}

impl Rules<'_> {
    /// Whether operators let anything begin.
    fn permit(&self, remediation: &RemediationId) -> Checked {
        let Orders {
            frozen,
            frozen_collections,
            ..
        } = self.orders;
        if !self.config.enabled || *frozen || frozen_collections.contains(self.collection) {
            return Err(format!("{remediation} began though operators had forbidden it"));
        }
        Ok(())
    }
}

impl Told {
    fn take_in(&mut self, at: Timestamp, body: JournalBody, rules: &Rules<'_>) -> Checked {
        let (mut remediation, state) = match body {
            JournalBody::Remediation(begun) => {
                if let Some(unfinished) = self.newest.as_ref().filter(|newest| !newest.state.is_terminal()) {
                    return Err(format!("{} began while {} was at work", begun.id, unfinished.id));
                }
                let state = begun.state.clone();
                match self.last_acted.clone().filter(|acted| acted.id == begun.id) {
                    Some(acted) if matches!(acted.state, RemediationState::Completed { .. }) => (acted, state),
                    Some(acted) => return Err(format!("{} is taken back after it was {:?}", begun.id, acted.state)),
                    None => {
                        self.begins(at, &begun, rules)?;
                        self.written.clear();
                        (*begun, state)
                    }
                }
            }
            JournalBody::Entered { number, state } => {
                let newest = self.newest.take().filter(|newest| newest.id.number() == number);
                let newest = newest.ok_or_else(|| format!("{number} entered {state:?}, and is not the newest"))?;
                if !may_follow(&newest.state, &state) {
                    return Err(format!("{:?} was followed by {state:?}", newest.state));
                }
                (newest, state)
            }
            JournalBody::Checkpoint(_) => return Ok(()),
            other => return Err(format!("{other:?} is in the stream of a collection")),
        };
        let before = std::mem::replace(&mut remediation.state, state);
        self.enters(at, &before, &remediation, rules)?;
        if remediation.state.is_terminal() && remediation.state.begun() > 0 {
            self.account_for(&remediation);
            self.last_acted = Some(remediation.clone());
        }
        self.newest = Some(remediation);
        Ok(())
    }

    /// Which valves a remediation that has ended leaves open.
    fn account_for(&mut self, remediation: &Remediation) {
        let valves = |steps: &[Step]| steps.iter().map(valve_of).collect::<BTreeSet<_>>();
        let steps = &remediation.plan.steps;
        self.left_open.retain(|valve| !valves(steps).contains(valve));
        match &remediation.state {
            RemediationState::Completed { done, .. } => self.left_open.extend(valves(&steps[..*done])),
            RemediationState::RollbackFailed { failures, .. } => {
                self.unknown
                    .extend(failures.iter().map(|failure| valve_of(&steps[failure.step])));
            }
            _ => {}
        }
    }

    /// A remediation is written down for the first time.
    fn begins(&self, at: Timestamp, remediation: &Remediation, rules: &Rules<'_>) -> Checked {
        let config = rules.config;
        rules.permit(&remediation.id)?;
        if remediation.ordered_by.is_some() {
            return Ok(());
        }
        let strategy = &remediation.plan.strategy;
        let passed = |since: Timestamp| seconds_of(at) - seconds_of(since);
        let within = |since: Timestamp, length: u64| (0..length as i64).contains(&passed(since));
        if let Some(ended) = self.ended {
            if within(ended, config.min_healing_interval.as_secs()) {
                return Err(format!("{} began within the cool-down", remediation.id));
            }
            if self.ineffective >= config.ineffective_limit && within(ended, config.attempt_window.as_secs()) {
                return Err(format!("{} began though the last ones did not help", remediation.id));
            }
            if rules.observed_at < seconds_of(ended) && ended <= at {
                return Err(format!(
                    "{} began by what was seen before the last one had ended",
                    remediation.id
                ));
            }
        }
        let kind = remediation.diagnosis.problem.kind();
        let failures = self.failures.get(&(kind, strategy.clone()));
        if let Some((failures, last)) = failures.filter(|(failures, _)| *failures >= config.quarantine_after) {
            let excess = (failures - config.quarantine_after).min(20);
            let quarantine = (config.min_healing_interval.as_secs() << excess).min(24 * 3600);
            if within(*last, quarantine) {
                return Err(format!("{strategy} began in its quarantine"));
            }
        }
        let listed = config.require_approval_strategies.contains(strategy);
        if listed && remediation.state.name() != "awaiting_approval" {
            return Err(format!("{strategy} needs approval and went on without"));
        }
        Ok(())
    }

    fn enters(
        &mut self,
        at: Timestamp,
        before: &RemediationState,
        remediation: &Remediation,
        rules: &Rules<'_>,
    ) -> Checked {
        let verified = match &remediation.state {
            RemediationState::Executing { step, .. } => {
                if *step == 0 && before.begun() == 0 {
                    rules.permit(&remediation.id)?;
                    self.attempt(at, remediation, rules)?;
                }
                self.written.insert((valve_of(&remediation.plan.steps[*step]), true));
                None
            }
            RemediationState::RollingBack { remaining, cause, .. } => {
                if *remaining > 0 {
                    self.written
                        .insert((valve_of(&remediation.plan.steps[remaining - 1]), false));
                }
                if let UndoCause::Worsened { before, after, .. } = cause
                    && after.get() > 0.9 * before.get()
                {
                    return Err(format!("from {before} to {after} is not so much worse"));
                }
                None
            }
            RemediationState::Completed {
                final_lambda,
                verification,
                ..
            } => {
                let initial = remediation.initial.lambda;
                let shown = match verification {
                    Verification::Lambda { .. } => final_lambda.get() >= 1.1 * initial.get() - 1e-9,
                    Verification::Symptom { before, after } => {
                        final_lambda >= &initial && after.get() <= 0.9 * before.get() + 1e-9
                    }
                    _ => rules.irreversible.contains(remediation.plan.strategy.as_str()),
                };
                if !shown {
                    return Err(format!(
                        "{verification:?} from {initial} to {final_lambda} shows no improvement"
                    ));
                }
                Some(verification.is_verified())
            }
            RemediationState::RolledBack { cause, .. } | RemediationState::RollbackFailed { cause, .. } => {
                match cause {
                    UndoCause::Interrupted { .. }
                    | UndoCause::Aborted { .. }
                    | UndoCause::Ordered { .. }
                    | UndoCause::Conflict { .. } => None,
                    _ => Some(false),
                }
            }
            _ => None,
        };
        if remediation.state.is_terminal() && *before != remediation.state {
            self.ends(at, before, remediation, verified);
        }
        Ok(())
    }

    fn attempt(&mut self, at: Timestamp, remediation: &Remediation, rules: &Rules<'_>) -> Checked {
        let window = rules.config.attempt_window.as_secs() as i64;
        let recent = |begun: &&Timestamp| seconds_of(at) - seconds_of(**begun) < window;
        let within = self.begun.iter().filter(recent).count() + 1;
        if within > rules.config.max_attempts_per_window as usize && remediation.ordered_by.is_none() {
            return Err(format!("{} is attempt {within} within a window", remediation.id));
        }
        self.begun.push(at);
        Ok(())
    }

    fn ends(&mut self, at: Timestamp, before: &RemediationState, remediation: &Remediation, verified: Option<bool>) {
        if !matches!(remediation.state, RemediationState::Expired { .. }) {
            self.ended = Some(at);
        }
        let ordered = matches!(
            remediation.state,
            RemediationState::RolledBack {
                cause: UndoCause::Ordered { .. },
                ..
            } | RemediationState::RollbackFailed {
                cause: UndoCause::Ordered { .. },
                ..
            }
        );
        self.acted += usize::from(remediation.state.begun() > 0 && !ordered && !before.is_terminal());
        let key = (remediation.diagnosis.problem.kind(), remediation.plan.strategy.clone());
        match verified {
            Some(true) => {
                self.ineffective = 0;
                self.failures.remove(&key);
            }
            Some(false) => {
                self.ineffective += 1;
                let failures = self.failures.get(&key).map_or(0, |(failures, _)| *failures);
                self.failures.insert(key, (failures + 1, at));
            }
            None => {}
        }
    }
}

impl Seen {
    fn take_in(&mut self, event: &HealingEvent, most: usize) -> Checked {
        let collection = event.collection.clone();
        match (&event.kind, collection) {
            (EventKind::StormBegan { .. }, None) => self.storm = Some(event.at),
            (EventKind::StormEnded, None) => self.storm = None,
            (EventKind::StormBegan { .. }, Some(collection)) => drop(self.storms.insert(collection, event.at)),
            (EventKind::StormEnded, Some(collection)) => drop(self.storms.remove(&collection)),
            (EventKind::LeaseLost { .. }, Some(collection)) => drop(self.at_work.remove(&collection)),
            (EventKind::Remediation(remediation), Some(collection)) => {
                let begun_at = match remediation.state {
                    RemediationState::Executing { step: 0, since, .. } => Some(since),
                    _ => None,
                };
                let others = self
                    .at_work
                    .iter()
                    .filter(|(at, state)| **at != collection && state.begun() > 0);
                if begun_at.is_some() && others.count() >= most {
                    return Err(format!("{} began beside too many others", remediation.id));
                }
                let by_the_loop = remediation.ordered_by.is_none();
                // One that was thought not to have begun may turn up in the storm.
                let storms = [self.storm, self.storms.get(&collection).copied()];
                let in_a_storm = |begun_at| storms.iter().flatten().any(|storm| *storm <= begun_at);
                if by_the_loop && begun_at.is_some_and(in_a_storm) {
                    return Err(format!("{} began in a storm", remediation.id));
                }
                if remediation.state.is_terminal() {
                    self.at_work.remove(&collection);
                } else {
                    self.at_work.insert(collection, remediation.state.clone());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a remediation may go from one state to the other.
fn may_follow(from: &RemediationState, to: &RemediationState) -> bool {
    use RemediationState::{
        AwaitingApproval, Completed, Executing, Expired, Planned, Rejected, RollbackFailed, RolledBack, RollingBack,
        Settling, Stabilising, Verifying,
    };
    // What was thought lost may be there twice.
    if from == to {
        return true;
    }
    match (from, to) {
        (AwaitingApproval { .. }, Planned { approved_by, .. }) => approved_by.is_some(),
        (AwaitingApproval { .. } | Planned { .. }, Rejected { .. } | Expired { .. })
        | (Stabilising { .. }, Verifying { .. })
        | (Verifying { .. }, Completed { .. }) => true,
        (Planned { .. }, Executing { step, .. }) => *step == 0,
        (Executing { step, .. }, Settling { done, .. }) => *done == step + 1,
        (Settling { done, .. }, Executing { step, .. }) => step == done,
        (Settling { done, .. }, Stabilising { done: after, .. }) => done == after,
        (
            RollingBack {
                remaining,
                keep,
                failures,
                ..
            },
            Stabilising { done, .. },
        ) => *keep > 0 && remaining == keep && done == keep && failures.is_empty(),
        (
            RollingBack { remaining, keep, .. },
            RollingBack {
                remaining: after,
                keep: kept,
                ..
            },
        ) => (after + 1 == *remaining || after == remaining) && (kept == keep || *kept == 0),
        (
            RollingBack {
                remaining,
                keep,
                failures,
                ..
            },
            RolledBack { .. },
        ) => *remaining == 0 && *keep == 0 && failures.is_empty(),
        (
            Executing { .. } | Settling { .. } | Stabilising { .. } | Verifying { .. },
            RollingBack { begun, remaining, .. },
        ) => *begun == from.begun() && begun == remaining,
        (
            Executing { .. } | Settling { .. } | Stabilising { .. } | Verifying { .. } | RollingBack { .. },
            RollbackFailed { begun, failures, .. },
        ) => *begun == from.begun() && !failures.is_empty(),
        _ => false,
    }
}

/// The valve that a step of this world opens.
pub fn valve_of(step: &Step) -> i64 {
    step.action["valve"].as_i64().unwrap()
}

fn seconds_of(at: Timestamp) -> i64 {
    at.as_second()
}
