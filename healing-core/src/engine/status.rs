//! How a healer is doing (seed, `ruvector_healing_status`).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::EventKind;
use super::guard::{Refusal, quarantined_until};
use super::healer::Healer;
use super::mutation::Mutation;
use super::orders::ControlError;
use super::remediation::{Remediation, RemediationState};
use super::storm::Storm;
use super::watched::Watched;
use crate::clock::{elapsed, later};
use crate::identity::{CollectionId, RemediationId};
use crate::monitor::{Drift, IntegrityState};
use crate::number::{Lambda, Ratio};
use crate::problem::ProblemKind;
use crate::storage::{Freeze, OutcomeStore};

/// How a healer is doing. The first six fields are the seed's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Whether it acts at all.
    pub enabled: bool,
    /// When the last remediation ended.
    pub last_healing: Option<Timestamp>,
    /// How many remediations ended in the last 24 hours.
    pub total_healings_24h: usize,
    /// The share of those that were verified, of those that could be; absent where there are none.
    pub success_rate: Option<Ratio>,
    /// The remediations at work.
    pub active_remediations: Vec<Remediation>,
    /// When the last cool-down is over.
    pub cooldown_until: Option<Timestamp>,
    /// The order to begin nothing anywhere.
    pub frozen: Option<Freeze>,
    /// The storm among collections, while there is one.
    pub storm: Option<Storm>,
    /// Worker threads that hang in calls that were given up.
    pub abandoned_threads: usize,
    /// Each collection, sorted.
    pub collections: Vec<CollectionStatus>,
}

/// How a collection is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CollectionStatus {
    /// The collection.
    pub collection: CollectionId,
    /// Its state; absent before the first sample.
    pub state: Option<IntegrityState>,
    /// Lambda at the last sample.
    pub lambda: Option<Lambda>,
    /// The healthy lambda, where known.
    pub baseline: Option<Lambda>,
    /// What its state follows from: lambda, or less where another cut has lost a greater share of its worth.
    pub integrity: Option<Lambda>,
    /// Where it sinks so that it will soon be under stress.
    pub drift: Option<Drift>,
    /// When its cool-down is over.
    pub cooldown_until: Option<Timestamp>,
    /// The order to begin nothing in it.
    pub frozen: Option<Freeze>,
    /// The storm among its nodes, while there is one.
    pub storm: Option<Storm>,
    /// Strategies that failed too often.
    pub quarantined: Vec<Quarantine>,
    /// What a human should look at: what the healer will not, or may not, settle by itself.
    pub human_needed: Vec<HumanNeeded>,
}

/// Why a human should look at a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "human_needed", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HumanNeeded {
    /// A remediation awaits approval.
    Approval {
        /// Which one.
        remediation: RemediationId,
    },
    /// The last remediation left something behind that could not be taken back.
    RollbackFailed {
        /// Which one.
        remediation: RemediationId,
    },
    /// The last remediation was not seen to help, and its strategy takes nothing back.
    NotVerified {
        /// Which one.
        remediation: RemediationId,
    },
    /// A guard keeps the problem from being treated, and will not go away by itself soon.
    Deferred {
        /// The problem.
        problem: ProblemKind,
        /// The guard.
        reason: Refusal,
    },
    /// No strategy will do.
    NoStrategy {
        /// The problem.
        problem: ProblemKind,
    },
}

/// A strategy that may not be tried for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quarantine {
    /// The strategy.
    pub strategy: String,
    /// For which kind of problem.
    pub problem: ProblemKind,
    /// How often it failed in a row.
    pub failures: u32,
    /// Until when.
    pub until: Timestamp,
}

/// At most so many outcomes are counted.
const MOST_COUNTED: usize = 100_000;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Healer {
    /// How it is doing.
    ///
    /// # Errors
    /// [`ControlError::Outcomes`] when the outcomes of the last 24 hours cannot be read.
    pub fn status(&self) -> Result<Status, ControlError> {
        let now = self.services.now();
        let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
        let outcomes = self.services.outcomes.history(since, MOST_COUNTED)?;
        let judged: Vec<bool> = outcomes.iter().filter_map(|stored| stored.outcome.verified).collect();
        let verified = judged.iter().filter(|&&verified| verified).count();
        let success_rate = (!judged.is_empty()).then(|| Ratio::clamped(verified as f64 / judged.len() as f64));
        let collections: Vec<CollectionStatus> = self
            .watched
            .keys()
            .filter_map(|collection| self.collection_status(collection))
            .collect();
        Ok(Status {
            enabled: self.services.config.enabled,
            last_healing: self
                .watched
                .values()
                .filter_map(|watched| watched.ledger.sum().ended())
                .max(),
            total_healings_24h: outcomes.len(),
            success_rate,
            active_remediations: self.watched.keys().filter_map(|it| self.active(it)).cloned().collect(),
            cooldown_until: collections.iter().filter_map(|status| status.cooldown_until).max(),
            frozen: self.orders.sum().frozen.clone(),
            storm: self.storm(),
            abandoned_threads: self.services.executor.abandoned(),
            collections,
        })
    }

    /// How a collection is doing; `None` where this healer does not look after it.
    #[must_use]
    pub fn collection_status(&self, collection: &CollectionId) -> Option<CollectionStatus> {
        let watched = self.watched.get(collection)?;
        let (now, config) = (self.services.now(), &self.services.config);
        let standing = watched.ledger.sum();
        let cooldown_until = standing
            .ended()
            .filter(|&ended| elapsed(ended, now) < config.min_healing_interval)
            .map(|ended| later(ended, config.min_healing_interval));
        let quarantined = standing
            .all_failures()
            .filter_map(|(problem, strategy, failures)| {
                Some(Quarantine {
                    strategy: strategy.to_owned(),
                    problem: problem.clone(),
                    failures: failures.in_a_row,
                    until: quarantined_until(failures, now, config)?,
                })
            })
            .collect();
        let report = watched.report.as_ref();
        Some(CollectionStatus {
            collection: collection.clone(),
            state: report.map(|report| report.state),
            lambda: report.map(|report| report.lambda),
            baseline: report.and_then(|report| report.baseline),
            integrity: report.map(|report| report.integrity),
            drift: report.and_then(|report| report.drift),
            cooldown_until,
            frozen: self.orders.sum().freeze_of(collection).cloned(),
            storm: watched.storms.storm(),
            quarantined,
            human_needed: match self.services.is_broken_by(Mutation::NobodyTold) {
                true => Vec::new(),
                false => watched.human_needed(),
            },
        })
    }
}

impl Watched {
    fn human_needed(&self) -> Vec<HumanNeeded> {
        let waiting = self.active.as_ref().and_then(|active| match active.remediation.state {
            RemediationState::AwaitingApproval { .. } => Some(HumanNeeded::Approval {
                remediation: active.remediation.id.clone(),
            }),
            _ => None,
        });
        let left = self.ledger.sum().last_acted().and_then(|last| {
            let remediation = last.id.clone();
            match &last.state {
                RemediationState::RollbackFailed { .. } => Some(HumanNeeded::RollbackFailed { remediation }),
                RemediationState::Completed { verification, .. } if !verification.is_verified() => {
                    Some(HumanNeeded::NotVerified { remediation })
                }
                _ => None,
            }
        });
        let untreated = self.told.reason.as_ref().and_then(|told| match told {
            EventKind::Deferred { problem, reason } if reason.calls_human() => Some(HumanNeeded::Deferred {
                problem: problem.clone(),
                reason: reason.clone(),
            }),
            EventKind::NoStrategy { problem, .. } => Some(HumanNeeded::NoStrategy {
                problem: problem.clone(),
            }),
            _ => None,
        });
        [waiting, left, untreated].into_iter().flatten().collect()
    }
}
