//! Orders to treat a collection, and to take the treatment back: trigger, execute, rollback.

use serde_json::{Map, Value};

use super::ControlError;
use crate::diagnosis::Diagnosis;
use crate::engine::beginning::{Beginning, NotBegun};
use crate::engine::event::HealingEvent;
use crate::engine::guard::{Initiative, refuse_problem};
use crate::engine::healer::Healer;
use crate::engine::intake::Sample;
use crate::engine::progress::{Progress, undo};
use crate::engine::remediation::{Remediation, RemediationState, UndoCause};
use crate::engine::selection::Consideration;
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::plan::{Plan, Prediction};
use crate::problem::ProblemKind;

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

impl Healer {
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
                monitor: &progress.watched.monitor,
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
}

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
