//! Orders to treat a collection, and to take the treatment back: trigger, execute, rollback.

use serde_json::{Map, Value};

use super::ControlError;
use crate::diagnosis::Diagnosis;
use crate::engine::beginning::{Beginning, NotBegun};
use crate::engine::guard::{Initiative, Refusal, refuse_problem};
use crate::engine::healer::Healer;
use crate::engine::intake::Sample;
use crate::engine::progress::{Progress, undo_all};
use crate::engine::remediation::{Remediation, RemediationState, UndoCause};
use crate::engine::selection::{Chosen, Consideration};
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::plan::{Plan, Prediction};
use crate::problem::ProblemKind;

/// What `execute` did, or with [`Execution::DryRun`] would do.
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
        /// The guard that would be in the way now.
        refusal: Option<Refusal>,
    },
}

/// Whether a plan is carried out or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Execution {
    /// It is carried out.
    Real,
    /// It is only shown.
    DryRun,
}

/// What was found for an ordered strategy to treat, and its plan.
struct Treatment<'services> {
    chosen: Chosen<'services>,
    diagnosis: Diagnosis,
    /// Every kind of problem that was found.
    problems: Vec<ProblemKind>,
}

impl Healer {
    /// Treats a collection now, if it is degraded: takes a sample out of turn and begins what the loop would begin, without
    /// waiting for the integrity state to change. All guards hold.
    ///
    /// # Errors
    /// [`ControlError`] when the collection cannot be observed, or something is at work already.
    pub fn trigger(&mut self, collection: &CollectionId) -> Result<Option<RemediationId>, ControlError> {
        let sample = self.sample_idle(collection)?;
        if !sample.report.below_stress() {
            return Ok(None);
        }
        let circumstances = self.circumstances(collection, self.at_work());
        self.with_progress(collection, |progress| progress.respond(&sample, &circumstances))?;
        Ok(self.active(collection).map(|active| active.id.clone()))
    }

    /// Carries a strategy out on an operator's order, or with [`Execution::DryRun`] shows what it would do. Of the guards,
    /// the order passes storms, cool-down, attempts, quarantine, approval, impact, blast radius and the prediction; it does
    /// not pass a freeze or healing that is switched off, the number of remediations at work, the lease, and what is
    /// `unknown`.
    ///
    /// `parameters` are the strategy's own (`max_moves`, ...). A dry run observes and plans, and changes nothing: not the
    /// state of the collection, not the journal.
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
            return Err(self.unknown_strategy(strategy));
        }
        match execution {
            Execution::DryRun => self.show(collection, strategy, &parameters),
            Execution::Real => self
                .carry_out(collection, strategy, parameters, by)
                .map(Executed::Began),
        }
    }

    /// Takes the last remediation of the collection that touched anything back, if it was completed. A value that someone
    /// changed since is left alone, and reported.
    ///
    /// # Errors
    /// [`ControlError`] when there is none, something else is at work, or the order cannot be written down.
    pub fn rollback(&mut self, collection: &CollectionId, by: &Operator) -> Result<RemediationId, ControlError> {
        self.must_be_idle(collection)?;
        let by = by.clone();
        self.with_progress(collection, |progress| {
            let tenure = progress.acquire()?;
            let Some(tenure) = progress.adopt_unfinished(tenure)? else {
                return Err(busy(progress));
            };
            let last = match progress.watched.ledger.sum().last_acted() {
                Some(last) if matches!(last.state, RemediationState::Completed { .. }) => last.clone(),
                other => {
                    let state = other.map(|other| other.state.name());
                    progress.give_back(&tenure);
                    let collection = progress.watched.collection.clone();
                    return Err(ControlError::NothingToRollBack { collection, state });
                }
            };
            let strategy = progress.services.registry.registered(&last.plan.strategy);
            let state = undo_all(strategy, &last, progress.now(), UndoCause::Ordered { by });
            let id = last.id.clone();
            progress.activate(tenure, Remediation { state, ..last })?;
            Ok(id)
        })?
    }

    fn show(
        &mut self,
        collection: &CollectionId,
        strategy: &str,
        parameters: &Map<String, Value>,
    ) -> Result<Executed, ControlError> {
        let circumstances = self.circumstances(collection, self.at_work());
        self.with_progress(collection, |progress| {
            let sample = progress.glance().map_err(|error| ControlError::NotObserved { error })?;
            let Treatment { chosen, .. } = ordered_treatment(progress, strategy, &sample, parameters)?;
            Ok(Executed::DryRun {
                plan: (*chosen.plan).clone(),
                prediction: chosen.prediction,
                refusal: progress.refusal_for(Initiative::Operator, &sample, &circumstances),
            })
        })?
    }

    fn carry_out(
        &mut self,
        collection: &CollectionId,
        strategy: &str,
        parameters: Map<String, Value>,
        by: &Operator,
    ) -> Result<RemediationId, ControlError> {
        let sample = self.sample_idle(collection)?;
        let circumstances = self.circumstances(collection, self.at_work());
        self.with_progress(collection, |progress| {
            let treatment = ordered_treatment(progress, strategy, &sample, &parameters)?;
            let beginning = Beginning {
                chosen: treatment.chosen,
                diagnosis: &treatment.diagnosis,
                problems: treatment.problems,
                considered: Vec::new(),
                ordered_by: Some(by),
                parameters,
            };
            match progress.begin_under_lease(&sample, beginning, &circumstances, Initiative::Operator) {
                Ok(Some(began)) => Ok(began),
                Ok(None) => Err(busy(progress)),
                Err(NotBegun::Refused(reason)) => Err(ControlError::Refused { reason }),
                Err(NotBegun::Journal(error)) => Err(error.into()),
            }
        })?
    }

    fn unknown_strategy(&self, strategy: &str) -> ControlError {
        ControlError::UnknownStrategy {
            strategy: strategy.to_owned(),
            known: self.services.registry.names().map(str::to_owned).collect(),
        }
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
    fn sample_idle(&mut self, collection: &CollectionId) -> Result<Sample, ControlError> {
        self.must_be_idle(collection)?;
        self.orders.catch_up(&self.services.journal)?;
        self.apply_orders()?;
        self.with_progress(collection, |progress| {
            progress.catch_up()?;
            if !progress.take_over() {
                return Err(busy(progress));
            }
            progress.look().map_err(|error| ControlError::NotObserved { error })
        })?
    }
}

/// Why nothing can be begun: something unfinished was taken over, or it could not be told whether there is something.
fn busy(progress: &Progress<'_>) -> ControlError {
    match &progress.watched.active {
        Some(active) => ControlError::Busy {
            remediation: active.remediation.id.clone(),
        },
        None => ControlError::NotObserved {
            error: "a store failed: see the events of the next tick".to_owned(),
        },
    }
}

/// The plan of an ordered strategy for the most certain diagnosis that it handles.
fn ordered_treatment<'a>(
    progress: &Progress<'a>,
    strategy: &str,
    sample: &Sample,
    parameters: &Map<String, Value>,
) -> Result<Treatment<'a>, ControlError> {
    let services = progress.services;
    let diagnoses = services
        .classify(&sample.observation, &sample.report)
        .map_err(|error| ControlError::NotObserved { error })?;
    let problems: Vec<ProblemKind> = diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect();
    let known = refuse_problem;
    let treatable = diagnoses.into_iter().find_map(|diagnosis| {
        let kind = diagnosis.problem.kind();
        let mut treating = services.registry.treating(&kind);
        let registered =
            treating.find(|registered| registered.name == strategy && known(&diagnosis.problem).is_none())?;
        Some((registered, diagnosis))
    });
    let Some((registered, diagnosis)) = treatable else {
        return Err(ControlError::NothingToTreat {
            strategy: strategy.to_owned(),
            collection: progress.watched.collection.clone(),
            found: problems,
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
        .plan(registered, parameters)
        .map_err(|reason| ControlError::NoPlan {
            strategy: strategy.to_owned(),
            reason,
        })?;
    Ok(Treatment {
        chosen,
        diagnosis,
        problems,
    })
}
