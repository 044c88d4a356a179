//! What the facts so far add up to: bookkeeping for the invariants, made from the journal's records and the clusters' own
//! notes, and from nothing that the healers remember.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use healing_core::audit::Digest;
use healing_core::engine::{HealingConfig, Remediation, RemediationState, UndoCause};
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::storage::{JournalBody, JournalRecord, Stream};
use healing_core::{CollectionId, ProblemKind, Timestamp};
use mock_cluster::Cluster;

use super::act::{Control, Setting};
use super::fact::{Fact, Pid, Reception, What};

/// What has happened so far.
#[derive(Debug)]
pub struct History {
    /// What is healed.
    pub clusters: BTreeMap<CollectionId, Cluster>,
    /// Each collection's own.
    pub courses: BTreeMap<CollectionId, Course>,
    /// Where each stream of the journal ends.
    pub streams: BTreeMap<Stream, End>,
    /// What operators ordered.
    pub orders: Orders,
    /// What each process is at.
    pub turns: BTreeMap<Pid, Turn>,
}

/// What has happened in one collection.
#[derive(Debug, Default)]
pub struct Course {
    /// The newest remediation, in the state that the journal knows.
    pub newest: Option<Remediation>,
    /// When it was first written down, by the world's time.
    pub newest_since: Option<Timestamp>,
    /// The one that ended last, and its state.
    pub last: Option<(RemediationId, RemediationState)>,
    /// When the last one ended, by its healer's time.
    pub ended: Option<Timestamp>,
    /// When attempts began, by their healers' time.
    pub attempts: Vec<Timestamp>,
    /// How often in a row each strategy failed for a kind of problem, and when it did last.
    pub failures: BTreeMap<(ProblemKind, String), (u32, Timestamp)>,
    /// How many remediations in a row did not help.
    pub ineffective: u32,
    /// The greatest token that was given.
    pub granted: Option<FencingToken>,
    /// The greatest token under which something was done.
    pub acted: Option<FencingToken>,
    /// What each remediation has touched.
    pub touched: BTreeMap<u64, Touched>,
    /// Remediations that ended so that a human must know, and since when, by the world's time.
    pub to_escalate: BTreeMap<u64, Timestamp>,
    /// Remediations of which something could not be taken back.
    pub stuck: BTreeSet<u64>,
    /// Who was told to approve what.
    pub approvals: BTreeSet<u64>,
}

/// What a remediation has touched.
#[derive(Debug, Default)]
pub struct Touched {
    /// How each control was set before.
    pub before: Vec<(Control, Setting)>,
    /// The controls that each step touched while it was done.
    pub by_step: BTreeMap<usize, BTreeSet<Control>>,
    /// Controls that someone else has changed since.
    pub meddled: BTreeSet<Control>,
    /// Whether humans have put everything right since.
    pub put_right: bool,
}

/// The end of a stream.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// The last record's number.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its token.
    pub token: FencingToken,
    /// Who wrote it, and knows that it is there; `None` where nobody does.
    pub known_to: Option<Pid>,
    /// When, by the world's time.
    pub since: Timestamp,
}

/// What operators ordered, with the world's times.
#[derive(Debug, Default)]
pub struct Orders {
    /// Every configuration that was in force, and since when.
    pub configs: Vec<(Timestamp, HealingConfig)>,
    /// Since when nothing may begin anywhere.
    pub frozen: Option<Timestamp>,
    /// Since when nothing may begin in single collections.
    pub frozen_collections: BTreeMap<CollectionId, Timestamp>,
}

/// What a process is at.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    /// When the process was born.
    pub born: Timestamp,
    /// When it began, by the world's time.
    pub began: Timestamp,
    /// Remediations that the loop has begun in it.
    pub begun: Vec<RemediationId>,
    /// Remediations that were at work when it began.
    pub at_work_before: usize,
    /// How many nodes were seen, and how many of them unhealthy, when each collection was observed last.
    pub seen: BTreeMap<CollectionId, (usize, usize)>,
}

impl History {
    pub(super) fn new(clusters: &[Cluster], config: &HealingConfig, began: Timestamp) -> Self {
        let named = || clusters.iter().map(|cluster| cluster.collection().clone());
        Self {
            clusters: named().zip(clusters.iter().cloned()).collect(),
            courses: named().map(|collection| (collection, Course::default())).collect(),
            streams: BTreeMap::new(),
            orders: Orders {
                configs: vec![(began, config.clone())],
                ..Orders::default()
            },
            turns: BTreeMap::new(),
        }
    }

    /// What has happened in a collection.
    #[must_use]
    pub fn course(&self, collection: &CollectionId) -> Option<&Course> {
        self.courses.get(collection)
    }

    /// Whether a process knows all that is written of a collection: it wrote the last record, or read it after its birth.
    #[must_use]
    pub fn knows_all(&self, pid: Option<Pid>, collection: &CollectionId) -> bool {
        let Some(turn) = self.turn(pid) else {
            return false;
        };
        match self.streams.get(&Stream::Collection(collection.clone())) {
            Some(end) => end.known_to == pid || end.since < turn.born,
            None => true,
        }
    }

    /// The greatest token under which something was done in a collection.
    #[must_use]
    pub fn newest_token(&self, collection: &CollectionId) -> FencingToken {
        let acted = self.course(collection).and_then(|course| course.acted);
        acted.unwrap_or(FencingToken::new(0))
    }

    /// The turn of a process.
    #[must_use]
    pub fn turn(&self, pid: Option<Pid>) -> Option<&Turn> {
        self.turns.get(&pid?)
    }

    /// The configurations that a healer may have gone by in its present turn: what was ordered since it began, it need not
    /// know.
    pub fn configs(&self, pid: Option<Pid>) -> impl Iterator<Item = &HealingConfig> {
        let since = self.turn(pid).map_or(Timestamp::MIN, |turn| turn.began);
        let first = self
            .orders
            .configs
            .partition_point(|(at, _)| *at <= since)
            .saturating_sub(1);
        self.orders.configs[first..].iter().map(|(_, config)| config)
    }

    /// How a control is set now.
    #[must_use]
    pub fn setting(&self, collection: &CollectionId, control: &Control) -> Option<Setting> {
        Some(control.read(self.clusters.get(collection)?))
    }

    /// Notes how a control is set before a remediation touches it.
    pub(super) fn about_to_touch(&mut self, remediation: &RemediationId, control: &Control) {
        let Some(cluster) = self.clusters.get(remediation.collection()) else {
            return;
        };
        let Some(course) = self.courses.get_mut(remediation.collection()) else {
            return;
        };
        let touched = course.touched.entry(remediation.number()).or_default();
        // Each vector by itself: a call that is cut in half touches some of what an earlier one has moved already.
        for control in control.parts() {
            if touched.before.iter().all(|(known, _)| *known != control) {
                let setting = control.read(cluster);
                touched.before.push((control, setting));
            }
        }
    }

    /// Notes what a process saw of a collection.
    pub(super) fn saw(&mut self, pid: Pid, collection: &CollectionId, nodes: usize, unhealthy: usize) {
        let turn = self.turns.entry(pid).or_default();
        turn.seen.insert(collection.clone(), (nodes, unhealthy));
    }

    /// Takes a fact in.
    pub(super) fn take_in(&mut self, fact: &Fact) {
        match &fact.what {
            What::Born => {
                if let Some(pid) = fact.by {
                    self.turns.entry(pid).or_default().born = fact.at;
                }
            }
            What::Turn => {
                if let Some(pid) = fact.by {
                    let turn = self.turns.entry(pid).or_default();
                    turn.began = fact.at;
                    turn.begun.clear();
                }
            }
            What::Rested(view) => {
                if let Some(pid) = fact.by {
                    self.turns.entry(pid).or_default().at_work_before = view.at_work.len();
                }
                // A healer that died before it could report leaves the telling to the next one's status.
                for shown in view.memories.iter().flat_map(|memory| &memory.shown_to_humans) {
                    if let Some(course) = self.courses.get_mut(shown.collection()) {
                        course.to_escalate.remove(&shown.number());
                    }
                }
            }
            What::Appended {
                record,
                digest,
                body,
                acknowledged,
            } => {
                let end = End {
                    sequence: record.sequence,
                    digest: *digest,
                    token: record.token,
                    known_to: fact.by.filter(|_| *acknowledged),
                    since: fact.at,
                };
                self.streams.insert(record.stream.clone(), end);
                self.take_in_record(fact, record, body);
            }
            What::Granted { collection, token } => {
                if let Some(course) = self.courses.get_mut(collection) {
                    course.granted = course.granted.max(Some(*token));
                }
            }
            What::Called {
                remediation,
                token,
                act,
                late,
                result,
            } if *result != Reception::Fenced => {
                if let Some(course) = self.courses.get_mut(remediation.collection()) {
                    course.acted = course.acted.max(Some(*token));
                    if !late {
                        course.note_touch(remediation, &act.control());
                    }
                }
            }
            What::Meddled { collection, act } => {
                let control = act.control();
                if let Some(course) = self.courses.get_mut(collection) {
                    for touched in course.touched.values_mut() {
                        touched.meddled.insert(control.clone());
                    }
                }
            }
            What::PutRight { collection } => {
                if let Some(course) = self.courses.get_mut(collection) {
                    course.touched.values_mut().for_each(|touched| touched.put_right = true);
                }
            }
            What::Ordered {
                remediation: Some(remediation),
                order,
                ..
            } if order == "Approve" => {
                if let Some(course) = self.courses.get_mut(remediation.collection()) {
                    course.approvals.insert(remediation.number());
                }
            }
            What::Reported(event) => {
                if let healing_core::engine::EventKind::Remediation(remediation) = &event.kind
                    && event.kind.calls_human()
                    && let Some(course) = self.courses.get_mut(remediation.id.collection())
                {
                    course.to_escalate.remove(&remediation.id.number());
                }
            }
            _ => {}
        }
    }

    fn take_in_record(&mut self, fact: &Fact, record: &JournalRecord, body: &JournalBody) {
        match &record.stream {
            Stream::Health(_) => {}
            Stream::Global => self.orders.take_in(fact.at, body),
            Stream::Collection(collection) => {
                let Some(course) = self.courses.get_mut(collection) else {
                    return;
                };
                let began = course.take_in(fact.at, record.at, body);
                if let Some(began) = began.filter(|_| fact.by.is_some()) {
                    let turn = fact.by.map(|pid| self.turns.entry(pid).or_default());
                    turn.into_iter().for_each(|turn| turn.begun.push(began.clone()));
                }
            }
        }
    }
}

impl Orders {
    fn take_in(&mut self, at: Timestamp, body: &JournalBody) {
        match body {
            JournalBody::Configured { config, .. } => self.configs.push((at, (**config).clone())),
            JournalBody::Frozen { collection: None, .. } => {
                self.frozen.get_or_insert(at);
            }
            JournalBody::Frozen {
                collection: Some(collection),
                ..
            } => {
                self.frozen_collections.entry(collection.clone()).or_insert(at);
            }
            JournalBody::Unfrozen { collection: None, .. } => self.frozen = None,
            JournalBody::Unfrozen {
                collection: Some(collection),
                ..
            } => {
                self.frozen_collections.remove(collection);
            }
            _ => {}
        }
    }

    /// Since when nothing may begin in a collection.
    #[must_use]
    pub fn frozen_since(&self, collection: &CollectionId) -> Option<Timestamp> {
        let here = self.frozen_collections.get(collection).copied();
        self.frozen.into_iter().chain(here).min()
    }
}

impl Course {
    /// Until when a strategy that failed so often, and then last, is in quarantine.
    #[must_use]
    pub fn quarantined_until(times: u32, last: Timestamp, config: &HealingConfig) -> Option<Timestamp> {
        let excess = times.checked_sub(config.quarantine_after)?;
        let length = config.min_healing_interval * 2_u32.saturating_pow(excess.min(20));
        last.checked_add(length.min(Duration::from_secs(86_400))).ok()
    }

    /// Takes a record in, which was written at `at`, and says that it was written at `dated`. Returns the remediation that
    /// the loop began with it.
    fn take_in(&mut self, at: Timestamp, dated: Timestamp, body: &JournalBody) -> Option<RemediationId> {
        match body {
            JournalBody::Remediation(remediation) => {
                let newest = self.newest.as_ref();
                let again = newest.is_some_and(|newest| newest.id.number() >= remediation.id.number());
                let begun = (!again && remediation.ordered_by.is_none()).then(|| remediation.id.clone());
                if !again {
                    self.newest_since = Some(at);
                    // The newest that touched anything can still be ordered to be taken back.
                    let newest_acted = self.touched.keys().next_back().copied();
                    self.touched.retain(|&number, _| Some(number) >= newest_acted);
                }
                let before = self
                    .newest
                    .as_ref()
                    .filter(|newest| newest.id == remediation.id)
                    .map(|newest| newest.state.clone());
                self.newest = Some((**remediation).clone());
                self.entered(at, dated, before.as_ref());
                begun
            }
            JournalBody::Entered { state, .. } => {
                let newest = self.newest.as_mut()?;
                let before = std::mem::replace(&mut newest.state, state.clone());
                self.entered(at, dated, Some(&before));
                None
            }
            _ => None,
        }
    }

    fn entered(&mut self, at: Timestamp, dated: Timestamp, before: Option<&RemediationState>) {
        let Some(newest) = &self.newest else { return };
        let began = |state: &RemediationState| matches!(state, RemediationState::Executing { step: 0, .. });
        if began(&newest.state) && !before.is_some_and(began) {
            self.attempts.push(dated);
        }
        if !newest.state.is_terminal() {
            return;
        }
        let number = newest.id.number();
        self.last = Some((newest.id.clone(), newest.state.clone()));
        if !matches!(newest.state, RemediationState::Expired { .. }) {
            self.ended = Some(dated);
        }
        if calls_human(&newest.state) {
            self.to_escalate.insert(number, at);
        }
        if matches!(newest.state, RemediationState::RollbackFailed { .. }) {
            self.stuck.insert(number);
        }
        let kind = newest.diagnosis.problem.kind();
        let of = (kind, newest.plan.strategy.clone());
        match helped(&newest.state) {
            Some(true) => {
                self.ineffective = 0;
                self.failures.remove(&of);
            }
            Some(false) => {
                self.ineffective += 1;
                let (times, last) = self.failures.entry(of).or_insert((0, dated));
                *times += 1;
                *last = dated;
            }
            None => {}
        }
    }

    fn note_touch(&mut self, remediation: &RemediationId, control: &Control) {
        let Some(newest) = self.newest.as_ref().filter(|newest| newest.id == *remediation) else {
            return;
        };
        if let RemediationState::Executing { step, .. } = newest.state {
            let touched = self.touched.entry(remediation.number()).or_default();
            touched.by_step.entry(step).or_default().insert(control.clone());
        }
    }
}

/// Whether a remediation that ended so did its strategy credit; `None` where that says nothing of it.
fn helped(state: &RemediationState) -> Option<bool> {
    match state {
        RemediationState::Completed { verification, .. } => Some(verification.is_verified()),
        RemediationState::RolledBack { cause, .. } | RemediationState::RollbackFailed { cause, .. } => match cause {
            UndoCause::Interrupted { .. }
            | UndoCause::Aborted { .. }
            | UndoCause::Ordered { .. }
            | UndoCause::Conflict { .. } => None,
            _ => Some(false),
        },
        _ => None,
    }
}

/// Whether a human must look at a remediation that ended so.
fn calls_human(state: &RemediationState) -> bool {
    match state {
        RemediationState::RollbackFailed { .. } => true,
        RemediationState::Completed { verification, .. } => !verification.is_verified(),
        _ => false,
    }
}
