//! The operators' verbs (seed, "SQL Interface").
//!
//! Each is written down before it takes effect, with the name of who gave it.

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use super::call::contained;
use super::config::{HealingConfig, InvalidConfig};
use super::decision::RejectionReason;
use super::event::HealingEvent;
use super::guard::{Initiative, Refusal, refuse_problem};
use super::healer::Healer;
use super::intake::{Beginning, NotBegun, Sample};
use super::progress::{Progress, undo};
use super::remediation::{Remediation, RemediationState, UndoCause};
use super::selection::Consideration;
use crate::diagnosis::Diagnosis;
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::plan::{Plan, Prediction};
use crate::problem::ProblemKind;
use crate::storage::{
    FeedbackScore, Freeze, JournalBody, JournalError, LeaseError, OutcomeError, OutcomeStore, StoredOutcome,
};

/// What `execute` did, or with `dry_run` would do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Executed {
    /// The remediation has begun.
    Began(RemediationId),
    /// Nothing was touched: this is what would be done.
    DryRun {
        /// The plan.
        plan: Plan,
        /// What it should do to lambda; `None` where its steps declare no effects.
        prediction: Option<Prediction>,
    },
}

/// Whether a plan is carried out or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// It is carried out.
    Real,
    /// It is only shown.
    DryRun,
}

/// An operator's order that cannot be carried out. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The healer does not look after the collection.
    #[error("no collection {collection} is watched by this healer")]
    UnknownCollection {
        /// The collection.
        collection: CollectionId,
    },
    /// No such strategy is registered.
    #[error("no strategy {strategy:?} is registered; there are: {}", known.join(", "))]
    UnknownStrategy {
        /// The strategy.
        strategy: String,
        /// Those that are.
        known: Vec<String>,
    },
    /// No such remediation is at work.
    #[error("no remediation {remediation} is at work")]
    NotActive {
        /// The remediation.
        remediation: RemediationId,
    },
    /// The remediation is not in a state in which this can be ordered.
    #[error("the remediation {remediation} is {state}, it does not await approval")]
    NotAwaitingApproval {
        /// The remediation.
        remediation: RemediationId,
        /// Its state's name.
        state: &'static str,
    },
    /// The remediation is being taken back already.
    #[error("the remediation {remediation} is {state} already")]
    AlreadyUndoing {
        /// The remediation.
        remediation: RemediationId,
        /// Its state's name.
        state: &'static str,
    },
    /// Another remediation of the collection is at work.
    #[error("the remediation {remediation} is at work; abort it first or wait for its end")]
    Busy {
        /// The one at work.
        remediation: RemediationId,
    },
    /// There is no completed remediation to take back.
    #[error("the last remediation of {collection} {}, there is nothing to take back", state.map_or_else(|| "does not exist".to_owned(), |state| format!("is {state}")))]
    NothingToRollBack {
        /// The collection.
        collection: CollectionId,
        /// The state of its last remediation, where there is one.
        state: Option<&'static str>,
    },
    /// The strategy treats none of the problems that are found in the collection.
    #[error("{strategy} treats none of what is found in {collection}: {}", found_list(found))]
    NothingToTreat {
        /// The strategy.
        strategy: String,
        /// The collection.
        collection: CollectionId,
        /// What is found.
        found: Vec<ProblemKind>,
    },
    /// The strategy has no plan for the case.
    #[error("{strategy} cannot be carried out: {reason:?}")]
    NoPlan {
        /// The strategy.
        strategy: String,
        /// Why not.
        reason: RejectionReason,
    },
    /// A guard is in the way that operators do not pass either.
    #[error("not now: {reason:?}")]
    Refused {
        /// Which one.
        reason: Refusal,
    },
    /// The collection could not be observed.
    #[error("the collection could not be observed: {error}")]
    NotObserved {
        /// Why not.
        error: String,
    },
    /// What was ordered is no configuration.
    #[error("the configuration cannot be read: {0}")]
    UnreadableConfig(#[source] serde_json::Error),
    /// The configuration is invalid; every faulty field is named.
    #[error(transparent)]
    InvalidConfig(#[from] InvalidConfig),
    /// The order could not be written down, so it was not carried out.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lease on the collection is not to be had.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The learner panicked.
    #[error("the learner panicked")]
    LearnerPanicked,
    /// The outcomes could not be read or written.
    #[error(transparent)]
    Outcomes(#[from] OutcomeError),
}

fn found_list(found: &[ProblemKind]) -> String {
    match found {
        [] => "nothing".to_owned(),
        found => found.iter().map(ProblemKind::as_str).collect::<Vec<_>>().join(", "),
    }
}

impl Healer {
    /// Lets a remediation that awaits approval go on at the next tick, where it is checked once more against what is then
    /// observed.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn approve(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        let since = self.services.now();
        self.decide_waiting(
            remediation,
            RemediationState::Planned {
                since,
                approved_by: Some(by.clone()),
            },
        )
    }

    /// Ends a remediation that awaits approval. Nothing was touched.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn reject(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.decide_waiting(remediation, RemediationState::Rejected { by: by.clone() })
    }

    /// Breaks a remediation off: the step at work gets no further permit, and everything that was done is taken back.
    ///
    /// # Errors
    /// [`ControlError`] when it is not at work or is being taken back already, or the order cannot be written down.
    pub fn abort(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        let state = self.active_state(remediation)?.clone();
        let next = match &state {
            RemediationState::AwaitingApproval { .. } | RemediationState::Planned { .. } => {
                RemediationState::Rejected { by: by.clone() }
            }
            RemediationState::RollingBack { .. } => {
                let state = state.name();
                return Err(ControlError::AlreadyUndoing {
                    remediation: remediation.clone(),
                    state,
                });
            }
            at_work => {
                let cause = UndoCause::Aborted { by: by.clone() };
                let strategy = self
                    .active(remediation.collection())
                    .map(|active| active.plan.strategy.as_str());
                match strategy.and_then(|strategy| self.services.registry.registered(strategy)) {
                    Some(strategy) => undo(strategy, at_work.begun(), 0, self.services.now(), cause),
                    None => RemediationState::RollbackFailed {
                        begun: at_work.begun(),
                        cause,
                        failures: Vec::new(),
                    },
                }
            }
        };
        if let Some(call) = self
            .watched
            .get(remediation.collection())
            .and_then(|watched| watched.active.as_ref())
            .and_then(|active| active.call.as_ref())
        {
            call.running.cancel();
        }
        self.order(remediation, next)
    }

    /// Treats a collection now, if it is degraded: takes a sample out of turn and begins what the loop would begin, without
    /// waiting for the integrity state to change. All guards hold.
    ///
    /// # Errors
    /// [`ControlError`] when the collection cannot be observed, or something is at work already.
    pub fn trigger(&mut self, collection: &CollectionId) -> Result<Option<RemediationId>, ControlError> {
        let sample = self.fresh_sample(collection)?;
        if !sample.report.below_stress() {
            return Ok(None);
        }
        let circumstances = self.circumstances(collection, self.at_work());
        self.with_progress(collection, |progress| progress.respond(&sample, &circumstances))?;
        Ok(self.active(collection).map(|active| active.id.clone()))
    }

    /// Carries a strategy out on an operator's order, or with [`Execution::DryRun`] shows what it would do. The order passes
    /// cool-down, attempts, quarantine, approval and impact; it does not pass a freeze, the lease, and what is `unknown`.
    ///
    /// `parameters` are the strategy's own (`max_moves`, ...).
    ///
    /// # Errors
    /// [`ControlError`] when the strategy treats nothing of what is found, has no plan, or a guard is in the way.
    pub fn execute(
        &mut self,
        collection: &CollectionId,
        strategy: &str,
        parameters: Map<String, Value>,
        execution: Execution,
        by: &Operator,
    ) -> Result<Executed, ControlError> {
        if self.services.registry.registered(strategy).is_none() {
            let known = self.services.registry.names().map(str::to_owned).collect();
            return Err(ControlError::UnknownStrategy {
                strategy: strategy.to_owned(),
                known,
            });
        }
        let sample = self.fresh_sample(collection)?;
        let circumstances = self.circumstances(collection, self.at_work());
        self.with_progress(collection, |progress| {
            let (diagnosis, problems) = ordered_diagnosis(progress, strategy, &sample)?;
            let services = progress.services;
            let Some(registered) = services.registry.registered(strategy) else {
                return Err(ControlError::UnknownStrategy {
                    strategy: strategy.to_owned(),
                    known: Vec::new(),
                });
            };
            let choice = Consideration {
                services,
                standing: progress.watched.ledger.sum(),
                observation: &sample.observation,
                report: &sample.report,
                diagnosis: &diagnosis,
            };
            let chosen = choice
                .plan(registered, &parameters)
                .map_err(|reason| ControlError::NoPlan {
                    strategy: strategy.to_owned(),
                    reason,
                })?;
            if execution == Execution::DryRun {
                return Ok(Executed::DryRun {
                    plan: (*chosen.plan).clone(),
                    prediction: chosen.prediction,
                });
            }
            let beginning = Beginning {
                chosen,
                diagnosis: &diagnosis,
                problems,
                considered: Vec::new(),
                ordered_by: Some(by),
                parameters,
            };
            match progress.begin_under_lease(&sample, beginning, &circumstances, Initiative::Operator) {
                Ok(Some(began)) => Ok(Executed::Began(began)),
                Ok(None) => Err(match progress.watched.active.as_ref() {
                    Some(active) => ControlError::Busy {
                        remediation: active.remediation.id.clone(),
                    },
                    None => ControlError::NotObserved {
                        error: "the journal could not be read".to_owned(),
                    },
                }),
                Err(NotBegun::Refused(reason)) => Err(ControlError::Refused { reason }),
                Err(NotBegun::Journal(error)) => Err(error.into()),
            }
        })?
    }

    /// Takes the last remediation of the collection back, if it was completed. A value that someone changed since is left
    /// alone, and reported.
    ///
    /// # Errors
    /// [`ControlError`] when there is none, something else is at work, or the order cannot be written down.
    pub fn rollback(&mut self, collection: &CollectionId, by: &Operator) -> Result<RemediationId, ControlError> {
        self.must_be_idle(collection)?;
        let by = by.clone();
        self.with_progress(collection, |progress| {
            let tenure = progress.acquire()?;
            let Some(tenure) = progress.adopt_unfinished(tenure) else {
                return Err(ControlError::NotObserved {
                    error: "an unfinished remediation was found".to_owned(),
                });
            };
            let last = progress.watched.ledger.sum().last().cloned();
            let (last, done) = match last {
                Some(last) if let RemediationState::Completed { done, .. } = last.state => (last, done),
                other => {
                    progress.give_back(&tenure);
                    let state = other.map(|other| other.state.name());
                    let collection = progress.watched.collection.clone();
                    return Err(ControlError::NothingToRollBack { collection, state });
                }
            };
            let cause = UndoCause::Ordered { by };
            let state = match progress.services.registry.registered(&last.plan.strategy) {
                Some(strategy) => undo(strategy, done, 0, progress.now(), cause),
                None => RemediationState::RollbackFailed {
                    begun: done,
                    cause,
                    failures: Vec::new(),
                },
            };
            let id = last.id.clone();
            progress.activate(tenure, Remediation { state, ..last })?;
            Ok(id)
        })?
    }

    /// Changes the configuration: the fields of `changes`, a JSON object, replace those in force. Either all of it is
    /// applied, here and in every healer that shares the journal, or nothing.
    ///
    /// # Errors
    /// [`ControlError::UnreadableConfig`] for an unknown field or a value of the wrong type,
    /// [`ControlError::InvalidConfig`] naming every faulty field, [`ControlError::Journal`] when it cannot be written down.
    pub fn configure(&mut self, changes: &Map<String, Value>, by: &Operator) -> Result<&HealingConfig, ControlError> {
        let mut events = Vec::new();
        self.orders.catch_up(&self.services.journal)?;
        self.apply_orders(&mut events);
        let unreadable = ControlError::UnreadableConfig;
        let mut merged = serde_json::to_value(&self.services.config).map_err(unreadable)?;
        merge(&mut merged, changes);
        let config: HealingConfig = serde_json::from_value(merged).map_err(ControlError::UnreadableConfig)?;
        config.validate()?;
        self.write_order(&JournalBody::Configured {
            by: by.clone(),
            config: Box::new(config),
        })?;
        self.apply_orders(&mut events);
        self.pending.append(&mut events);
        Ok(&self.services.config)
    }

    /// Lets no new remediation begin: in `collection`, or with `None` in any. What is at work goes on; [`abort`](Self::abort)
    /// stops it.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when the order cannot be written down.
    pub fn freeze(
        &mut self,
        collection: Option<&CollectionId>,
        reason: impl Into<String>,
        by: &Operator,
    ) -> Result<(), ControlError> {
        let freeze = Freeze {
            by: by.clone(),
            reason: reason.into(),
        };
        self.write_order(&JournalBody::Frozen {
            collection: collection.cloned(),
            freeze,
        })
    }

    /// Takes a freeze back: that of `collection`, or with `None` that of all.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when the order cannot be written down.
    pub fn unfreeze(&mut self, collection: Option<&CollectionId>, by: &Operator) -> Result<(), ControlError> {
        self.write_order(&JournalBody::Unfrozen {
            collection: collection.cloned(),
            by: by.clone(),
        })
    }

    /// The outcomes of the remediations that ended since, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`ControlError::Outcomes`] when the store cannot be read.
    pub fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, ControlError> {
        Ok(self.services.outcomes.history(since, limit)?)
    }

    /// Keeps what a human says of a remediation that has ended, -1 (it did harm) to 1 (just right), and learns from it.
    ///
    /// # Errors
    /// [`ControlError::Outcomes`] when there is no outcome of it, or the store fails.
    pub fn feedback(&mut self, remediation: &RemediationId, score: FeedbackScore) -> Result<(), ControlError> {
        let outcome = self.services.outcomes.set_feedback(remediation, score)?;
        if self.services.config.learning_enabled && contained(|| self.services.learner.revise(&outcome, score)).is_err()
        {
            return Err(ControlError::LearnerPanicked);
        }
        Ok(())
    }

    /// How well the strategies do, as the learner reports it.
    ///
    /// # Errors
    /// [`ControlError::LearnerPanicked`].
    pub fn effectiveness(&self) -> Result<Value, ControlError> {
        contained(|| self.services.learner.effectiveness()).map_err(|_| ControlError::LearnerPanicked)
    }

    /// Writes an order down. Healers that share the journal write to the same stream: who comes second reads on and tries
    /// again.
    fn write_order(&mut self, body: &JournalBody) -> Result<(), ControlError> {
        for _ in 0..MOST_WRITERS {
            let pen = self.services.pen(Self::GLOBAL);
            match self.orders.append(&pen, body.clone()) {
                Err(JournalError::OutOfSequence { .. }) => self.orders.catch_up(&self.services.journal)?,
                written => {
                    written?;
                    let prune = self.services.config.journal_retention == super::config::JournalRetention::Prune;
                    self.orders.compact(&pen, prune)?;
                    return Ok(());
                }
            }
        }
        let pen = self.services.pen(Self::GLOBAL);
        Ok(self.orders.append(&pen, body.clone())?)
    }

    /// What is ordered is ordered of the state that the journal knows.
    fn reconcile(&mut self, remediation: &RemediationId) -> Result<(), ControlError> {
        self.with_progress(remediation.collection(), |progress| {
            progress.reconcile().map_err(ControlError::Journal)
        })?
    }

    fn decide_waiting(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        self.reconcile(remediation)?;
        match self.active_state(remediation)? {
            RemediationState::AwaitingApproval { .. } => self.order(remediation, to),
            other => {
                let state = other.name();
                Err(ControlError::NotAwaitingApproval {
                    remediation: remediation.clone(),
                    state,
                })
            }
        }
    }

    /// Moves an active remediation on an operator's order.
    fn order(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        let entered = self.with_progress(remediation.collection(), |progress| {
            let entered = progress.enter(to);
            if entered.is_err()
                && let Some(active) = &mut progress.watched.active
            {
                // The operator was told that it failed.
                active.unwritten = None;
            }
            entered
        })?;
        self.services.bell.ring();
        Ok(entered?)
    }

    fn active_state(&self, remediation: &RemediationId) -> Result<&RemediationState, ControlError> {
        self.active(remediation.collection())
            .filter(|active| active.id == *remediation)
            .map(|active| &active.state)
            .ok_or_else(|| ControlError::NotActive {
                remediation: remediation.clone(),
            })
    }

    fn must_be_idle(&self, collection: &CollectionId) -> Result<(), ControlError> {
        match self.active(collection) {
            Some(active) => Err(ControlError::Busy {
                remediation: active.id.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Samples an idle collection now.
    fn fresh_sample(&mut self, collection: &CollectionId) -> Result<Sample, ControlError> {
        self.must_be_idle(collection)?;
        let mut events: Vec<HealingEvent> = Vec::new();
        if !self.read_orders(&mut events) {
            return Err(ControlError::NotObserved {
                error: "the journal could not be read".to_owned(),
            });
        }
        self.pending.append(&mut events);
        let sample = self.with_progress(collection, |progress| {
            let sample = progress.look();
            sample.filter(|_| progress.take_over())
        })?;
        self.must_be_idle(collection)?;
        sample.ok_or_else(|| ControlError::NotObserved {
            error: "see the events of the next tick".to_owned(),
        })
    }

    fn with_progress<T>(
        &mut self,
        collection: &CollectionId,
        what: impl FnOnce(&mut Progress<'_>) -> T,
    ) -> Result<T, ControlError> {
        let watched = self
            .watched
            .get_mut(collection)
            .ok_or_else(|| ControlError::UnknownCollection {
                collection: collection.clone(),
            })?;
        Ok(what(&mut Progress::new(&self.services, watched, &mut self.pending)))
    }
}

/// So many healers may write to the global stream at the same moment before one of them gives up.
const MOST_WRITERS: u32 = 16;

/// What an ordered strategy is to treat: the most certain diagnosis that it handles.
fn ordered_diagnosis(
    progress: &Progress<'_>,
    strategy: &str,
    sample: &Sample,
) -> Result<(Diagnosis, Vec<ProblemKind>), ControlError> {
    let diagnoses = progress
        .services
        .classify(&sample.observation, &sample.report)
        .map_err(|error| ControlError::NotObserved { error })?;
    let handles = |kind: &ProblemKind| {
        progress
            .services
            .registry
            .treating(kind)
            .any(|registered| registered.name == strategy)
    };
    let found: Vec<ProblemKind> = diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect();
    let treatable = diagnoses
        .into_iter()
        .find(|diagnosis| refuse_problem(&diagnosis.problem).is_none() && handles(&diagnosis.problem.kind()));
    match treatable {
        Some(diagnosis) => Ok((diagnosis, found)),
        None => Err(ControlError::NothingToTreat {
            strategy: strategy.to_owned(),
            collection: progress.watched.collection.clone(),
            found,
        }),
    }
}

/// Puts the fields of `changes` in the place of those of `config`, object by object.
fn merge(config: &mut Value, changes: &Map<String, Value>) {
    let Value::Object(fields) = config else { return };
    for (name, change) in changes {
        // The seed's name.
        let name = if name == "max_attempts_per_hour" {
            "max_attempts_per_window"
        } else {
            name
        };
        match (fields.get_mut(name), change) {
            (Some(field @ Value::Object(_)), Value::Object(change)) => merge(field, change),
            _ => {
                fields.insert(name.to_owned(), change.clone());
            }
        }
    }
}
