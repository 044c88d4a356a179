//! What a stream of the journal amounts to: folds of its records.
//!
//! What a healer remembers of attempts, cool-downs, quarantine, orders and unfinished work is these folds and nothing else,
//! so a new healer that reads the journal knows what the old one knew.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::{HealingConfig, MOST_ATTEMPTS};
use super::remediation::{Remediation, RemediationState, UndoCause};
use crate::identity::CollectionId;
use crate::problem::ProblemKind;
use crate::storage::{Freeze, JournalBody, JournalRecord, Stream};

/// What the journal says of one collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The number of the newest remediation.
    numbered: u64,
    /// When the newest attempts began, oldest first.
    begun: VecDeque<Timestamp>,
    /// When the last remediation ended.
    ended: Option<Timestamp>,
    /// How many remediations in a row came to their end without having helped.
    ineffective: u32,
    /// How often each strategy failed in a row, by the kind of problem.
    failures: BTreeMap<ProblemKind, BTreeMap<String, Failures>>,
    /// The newest remediation, where it has not ended.
    unfinished: Option<Box<Remediation>>,
    /// The newest remediation that has ended.
    last: Option<Box<Remediation>>,
    /// The newest one that has ended and touched anything, where `last` did not.
    #[serde(default)]
    last_acted: Option<Box<Remediation>>,
}

/// How often a strategy failed since it last helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failures {
    /// How often.
    pub(super) in_a_row: u32,
    /// When the last time.
    pub(super) last: Timestamp,
}

impl Standing {
    /// The number of the next remediation.
    pub(super) fn next_number(&self) -> u64 {
        self.numbered.saturating_add(1)
    }

    pub(super) fn attempts(&self) -> &VecDeque<Timestamp> {
        &self.begun
    }

    pub(super) fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    pub(super) fn ineffective(&self) -> u32 {
        self.ineffective
    }

    pub(super) fn failures(&self, kind: &ProblemKind, strategy: &str) -> Option<Failures> {
        self.failures.get(kind)?.get(strategy).copied()
    }

    pub(super) fn all_failures(&self) -> impl Iterator<Item = (&ProblemKind, &str, Failures)> {
        self.failures.iter().flat_map(|(kind, of)| {
            of.iter()
                .map(move |(strategy, failures)| (kind, strategy.as_str(), *failures))
        })
    }

    pub(super) fn unfinished(&self) -> Option<&Remediation> {
        self.unfinished.as_deref()
    }

    pub(super) fn last(&self) -> Option<&Remediation> {
        self.last.as_deref()
    }

    /// The newest remediation that has ended and in which any step was begun.
    pub(super) fn last_acted(&self) -> Option<&Remediation> {
        let last = self.last.as_ref().filter(|last| last.state.begun() > 0);
        last.or(self.last_acted.as_ref()).map(|acted| &**acted)
    }

    fn is_unfinished(&self, number: u64) -> bool {
        self.unfinished
            .as_ref()
            .is_some_and(|unfinished| unfinished.id.number() == number)
    }

    /// The newest remediation enters `state`.
    fn enter(&mut self, at: Timestamp, state: RemediationState) {
        let Some(mut remediation) = self.unfinished.take() else {
            return;
        };
        let begins = matches!(state, RemediationState::Executing { step: 0, .. });
        // A record that was thought lost may be there twice.
        if begins && !matches!(remediation.state, RemediationState::Executing { step: 0, .. }) {
            self.begun.push_back(at);
            if self.begun.len() > MOST_ATTEMPTS as usize {
                self.begun.pop_front();
            }
        }
        let ended = state.is_terminal();
        remediation.state = state;
        if ended {
            self.conclude(at, &remediation);
            let before = self.last.take().filter(|last| last.state.begun() > 0);
            self.last_acted = match remediation.state.begun() {
                0 => before.or(self.last_acted.take()),
                _ => None,
            };
            self.last = Some(remediation);
        } else {
            self.unfinished = Some(remediation);
        }
    }

    fn conclude(&mut self, at: Timestamp, remediation: &Remediation) {
        // What expired before it began need not be followed by a pause; what a human rejected should.
        if !matches!(remediation.state, RemediationState::Expired { .. }) {
            self.ended = Some(at);
        }
        let kind = remediation.diagnosis.problem.kind();
        match Verdict::of(&remediation.state) {
            Verdict::Helped => {
                self.ineffective = 0;
                if let Some(of_kind) = self.failures.get_mut(&kind) {
                    of_kind.remove(&remediation.plan.strategy);
                    if of_kind.is_empty() {
                        self.failures.remove(&kind);
                    }
                }
            }
            Verdict::Failed => {
                self.ineffective = self.ineffective.saturating_add(1);
                let of_kind = self.failures.entry(kind).or_default();
                let failures = of_kind
                    .entry(remediation.plan.strategy.clone())
                    .or_insert(Failures { in_a_row: 0, last: at });
                failures.in_a_row = failures.in_a_row.saturating_add(1);
                failures.last = at;
            }
            Verdict::None => {}
        }
    }
}

/// What the end of a remediation says of its strategy.
enum Verdict {
    Helped,
    Failed,
    /// Nothing: it was not begun, or others broke it off.
    None,
}

impl Verdict {
    fn of(state: &RemediationState) -> Self {
        match state {
            RemediationState::Completed { verification, .. } if verification.is_verified() => Self::Helped,
            RemediationState::Completed { .. } => Self::Failed,
            RemediationState::RolledBack { cause, .. } | RemediationState::RollbackFailed { cause, .. } => {
                match cause {
                    UndoCause::Interrupted { .. }
                    | UndoCause::Aborted { .. }
                    | UndoCause::Ordered { .. }
                    | UndoCause::Conflict { .. } => Self::None,
                    _ => Self::Failed,
                }
            }
            _ => Self::None,
        }
    }
}

/// What the journal's global stream says: the operators' orders that stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StandingOrders {
    /// The configuration, where it was changed since the healer was built.
    pub config: Option<Box<HealingConfig>>,
    /// The order to begin nothing anywhere.
    pub frozen: Option<Freeze>,
    /// The orders to begin nothing in single collections.
    pub frozen_collections: BTreeMap<CollectionId, Freeze>,
    /// How often it was ordered to learn anew what is healthy, by collection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relearned: BTreeMap<CollectionId, u64>,
    /// The records by which keys were rotated, oldest first: each is evidence by itself, also where the journal was pruned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<JournalRecord>,
}

impl StandingOrders {
    /// The order that keeps `collection` from being healed.
    #[must_use]
    pub fn freeze_of(&self, collection: &CollectionId) -> Option<&Freeze> {
        self.frozen.as_ref().or_else(|| self.frozen_collections.get(collection))
    }
}

/// What records add up to.
pub(super) trait Fold: Default {
    /// Takes the next record in, which says `body`.
    fn fold(&mut self, record: &JournalRecord, body: JournalBody);

    /// Whether it can be so, in this stream: what can be written by others is not believed blindly.
    fn is_possible(&self, stream: &Stream) -> bool;

    /// The sum as a record; `None` while something is unfinished.
    fn checkpoint(&self) -> Option<JournalBody>;
}

impl Fold for Standing {
    fn fold(&mut self, record: &JournalRecord, body: JournalBody) {
        let at = record.at;
        match body {
            JournalBody::Remediation(remediation) => {
                self.numbered = self.numbered.max(remediation.id.number());
                let state = remediation.state.clone();
                self.unfinished = Some(remediation);
                self.enter(at, state);
            }
            JournalBody::Entered { number, state } if self.is_unfinished(number) => self.enter(at, state),
            JournalBody::Checkpoint(standing) => *self = *standing,
            _ => {}
        }
    }

    fn is_possible(&self, stream: &Stream) -> bool {
        let remediations = [&self.unfinished, &self.last, &self.last_acted];
        remediations.into_iter().flatten().all(|remediation| {
            let its_own = matches!(stream, Stream::Collection(collection) if collection == remediation.id.collection());
            its_own && remediation.is_possible()
        })
    }

    fn checkpoint(&self) -> Option<JournalBody> {
        self.unfinished
            .is_none()
            .then(|| JournalBody::Checkpoint(Box::new(self.clone())))
    }
}

impl Fold for StandingOrders {
    fn fold(&mut self, record: &JournalRecord, body: JournalBody) {
        match body {
            JournalBody::Configured { config, .. } => self.config = Some(config),
            JournalBody::Frozen {
                collection: None,
                freeze,
            } => self.frozen = Some(freeze),
            JournalBody::Frozen {
                collection: Some(collection),
                freeze,
            } => {
                self.frozen_collections.insert(collection, freeze);
            }
            JournalBody::Unfrozen { collection: None, .. } => self.frozen = None,
            JournalBody::Unfrozen {
                collection: Some(collection),
                ..
            } => {
                self.frozen_collections.remove(&collection);
            }
            JournalBody::Relearn { collection, .. } => {
                let times = self.relearned.entry(collection).or_default();
                *times = times.saturating_add(1);
            }
            JournalBody::KeyRotated { .. } => self.rotations.push(record.clone()),
            JournalBody::OrdersCheckpoint(orders) => *self = *orders,
            _ => {}
        }
    }

    /// A configuration that will not do is not lived by, and can be replaced (`Healer::apply_orders`).
    fn is_possible(&self, _stream: &Stream) -> bool {
        true
    }

    fn checkpoint(&self) -> Option<JournalBody> {
        Some(JournalBody::OrdersCheckpoint(Box::new(self.clone())))
    }
}
