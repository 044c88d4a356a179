//! From a sample to a remediation that begins, or to the reason why none does.

use std::sync::Arc;

use serde_json::Map;

use super::alarm::Alarm;
use super::call::contained;
use super::config::Selection;
use super::decision::{ConsideredProblem, ConsideredStrategy, Decision};
use super::event::EventKind;
use super::guard::{Circumstances, Initiative, Refusal, refuse, refuse_problem};
use super::outcome::outcome_of;
use super::progress::{Progress, undo};
use super::remediation::{Initial, Remediation, RemediationState, UndoCause};
use super::selection::{Chosen, Consideration, impact_limit};
use super::watched::{Active, Tenure};
use crate::diagnosis::Diagnosis;
use crate::identity::{Operator, RemediationId};
use crate::monitor::{IntegrityReport, IntegrityState};
use crate::observation::Observation;
use crate::problem::ProblemKind;
use crate::storage::{JournalBody, JournalError, LeaseError, LeaseStore};

/// A sample that calls for an answer.
pub(super) struct Sample {
    pub(super) observation: Observation,
    pub(super) report: IntegrityReport,
}

/// A remediation that is to begin.
pub(super) struct Beginning<'a> {
    pub(super) chosen: Chosen<'a>,
    pub(super) diagnosis: &'a Diagnosis,
    /// Every kind of problem that was found.
    pub(super) problems: Vec<ProblemKind>,
    pub(super) considered: Vec<ConsideredStrategy>,
    pub(super) ordered_by: Option<&'a Operator>,
    pub(super) parameters: Map<String, serde_json::Value>,
}

impl<'a> Progress<'a> {
    /// Takes a regular sample, where one is due. Returns it where the collection is degraded and nothing is at work.
    pub(super) fn sample(&mut self) -> Option<Sample> {
        let now = self.now();
        if !self.watched.next_sample.is_due(now) {
            return None;
        }
        let sample = self.look()?;
        if self.watched.active.is_some() || !self.take_over() {
            return None;
        }
        if sample.report.state == IntegrityState::Normal {
            self.watched.told = super::watched::Told::default();
            None
        } else {
            sample.report.below_stress().then_some(sample)
        }
    }

    /// Observes the collection and lets its state move.
    pub(super) fn look(&mut self) -> Option<Sample> {
        let now = self.now();
        self.watched.next_sample = Alarm::after(now, self.services.config.sample_interval);
        let sampled = self.services.observe(&self.watched.collection).and_then(|observation| {
            let report = self
                .watched
                .monitor
                .sample(&observation)
                .map_err(|error| error.to_string())?;
            Ok(Sample { observation, report })
        });
        let sample = match sampled {
            Ok(sample) => sample,
            Err(error) => {
                self.report(EventKind::ObservationFailed { error });
                return None;
            }
        };
        if let Some(change) = sample.report.transition {
            self.report(EventKind::StateChanged(change));
        }
        self.watched.report = Some(sample.report.clone());
        Some(sample)
    }

    /// Brings the ledger up to date once, and takes over what another healer, or this one before it lost its lease, left
    /// unfinished. Whether the way is free for something new.
    pub(super) fn take_over(&mut self) -> bool {
        if !self.watched.ledger.is_read() {
            if let Err(error) = self.watched.ledger.catch_up(&self.services.journal) {
                self.storage_failed(&error);
                return false;
            }
            self.record_last_outcome();
        }
        if self.watched.ledger.sum().unfinished().is_none() {
            return true;
        }
        match self.acquire() {
            Ok(tenure) => match self.adopt_unfinished(tenure) {
                Some(tenure) => {
                    self.give_back(&tenure);
                    true
                }
                None => false,
            },
            // Its holder is still at it.
            Err(_) => false,
        }
    }

    /// Answers a degraded sample.
    pub(super) fn respond(&mut self, sample: &Sample, circumstances: &Circumstances) {
        let Sample { observation, report } = sample;
        let diagnoses = match self.services.classify(observation, report) {
            Ok(diagnoses) => diagnoses,
            Err(error) => return self.report(EventKind::ObservationFailed { error }),
        };
        let kinds: Vec<ProblemKind> = diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect();
        if kinds != self.watched.told.diagnosed {
            self.report(EventKind::Diagnosed {
                diagnoses: diagnoses.clone(),
            });
            self.watched.told.diagnosed = kinds;
        }
        let mut decision = Decision {
            at: self.now(),
            state: report.state,
            lambda: report.lambda,
            refusal: None,
            problems: Vec::new(),
            began: None,
        };
        let told = self.consider(sample, &diagnoses, circumstances, &mut decision);
        self.watched.decision = Some(decision);
        match told {
            Some(reason) => self.tell(reason),
            None => self.watched.told.reason = None,
        }
    }

    /// Begins to treat the most certain of the diagnoses that can be treated; else what is to be told.
    fn consider(
        &mut self,
        sample: &Sample,
        diagnoses: &[Diagnosis],
        circumstances: &Circumstances,
        decision: &mut Decision,
    ) -> Option<EventKind> {
        let first = diagnoses.first()?;
        let deferred = |reason| EventKind::Deferred {
            problem: first.problem.kind(),
            reason,
        };
        if let Some(reason) = self.refusal(sample, circumstances) {
            decision.refusal = Some(reason.clone());
            return Some(deferred(reason_for(first, reason)));
        }
        let mut told = None;
        for diagnosis in diagnoses {
            let problem = diagnosis.problem.kind();
            let mut considered = ConsideredProblem {
                problem: problem.clone(),
                confidence: diagnosis.confidence,
                refusal: refuse_problem(&diagnosis.problem),
                candidates: Vec::new(),
            };
            let Some(reason) = considered.refusal.clone() else {
                let choice = Consideration {
                    services: self.services,
                    standing: self.watched.ledger.sum(),
                    observation: &sample.observation,
                    report: &sample.report,
                    diagnosis,
                };
                let (chosen, candidates) = choice.select();
                considered.candidates.clone_from(&candidates);
                decision.problems.push(considered);
                let Some(chosen) = chosen else {
                    told.get_or_insert(EventKind::NoStrategy {
                        problem,
                        considered: candidates,
                    });
                    continue;
                };
                let beginning = Beginning {
                    chosen,
                    diagnosis,
                    problems: diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect(),
                    considered: candidates,
                    ordered_by: None,
                    parameters: Map::new(),
                };
                return match self.begin_under_lease(sample, beginning, circumstances, Initiative::Loop) {
                    Ok(began) => {
                        decision.began = began;
                        None
                    }
                    Err(NotBegun::Refused(reason)) => {
                        decision.refusal = Some(reason.clone());
                        Some(deferred(reason))
                    }
                    Err(NotBegun::Journal(error)) => Some(EventKind::StorageFailed {
                        error: error.to_string(),
                    }),
                };
            };
            decision.problems.push(considered);
            told.get_or_insert(EventKind::Deferred { problem, reason });
        }
        told
    }

    /// Why nothing may begin in this collection now.
    fn refusal(&self, sample: &Sample, circumstances: &Circumstances) -> Option<Refusal> {
        self.refusal_for(Initiative::Loop, sample, circumstances)
    }

    fn refusal_for(&self, initiative: Initiative, sample: &Sample, circumstances: &Circumstances) -> Option<Refusal> {
        let standing = self.watched.ledger.sum();
        let config = &self.services.config;
        refuse(
            initiative,
            standing,
            circumstances,
            &sample.observation,
            self.now(),
            config,
        )
    }

    /// Gets the lease, checks once more against what others did before it was ours, and begins. `None` where something
    /// unfinished was taken over instead.
    pub(super) fn begin_under_lease(
        &mut self,
        sample: &Sample,
        beginning: Beginning<'_>,
        circumstances: &Circumstances,
        initiative: Initiative,
    ) -> Result<Option<RemediationId>, NotBegun> {
        let tenure = self.acquire().map_err(|error| {
            NotBegun::Refused(match error {
                LeaseError::Held { holder, .. } => Refusal::LeaseHeld { holder },
                other => Refusal::LeaseUnavailable {
                    error: other.to_string(),
                },
            })
        })?;
        let Some(tenure) = self.adopt_unfinished(tenure) else {
            return Ok(None);
        };
        if let Some(reason) = self.refusal_for(initiative, sample, circumstances) {
            self.give_back(&tenure);
            return Err(NotBegun::Refused(reason));
        }
        self.begin(tenure, sample, beginning)
            .map(Some)
            .map_err(NotBegun::Journal)
    }

    /// Writes the new remediation down and makes it the active one.
    fn begin(
        &mut self,
        tenure: Tenure,
        sample: &Sample,
        beginning: Beginning<'_>,
    ) -> Result<RemediationId, JournalError> {
        let Sample { observation, report } = sample;
        let Beginning {
            chosen:
                Chosen {
                    strategy,
                    plan,
                    choice,
                    prediction,
                },
            diagnosis,
            problems,
            considered,
            ..
        } = beginning;
        let now = self.now();
        let config = &self.services.config;
        let listed = config.require_approval.contains(&diagnosis.problem.kind())
            || config.require_approval_strategies.contains(&strategy.name);
        // Under the seed's rule, what is too disruptive was not even chosen.
        let too_disruptive = config.selection != Selection::HighestWeight
            && strategy.impact > impact_limit(strategy, report.state, config);
        let state = if beginning.ordered_by.is_none() && (listed || too_disruptive) {
            RemediationState::AwaitingApproval { since: now }
        } else {
            RemediationState::Planned {
                since: now,
                approved_by: None,
            }
        };
        let symptom = contained(|| strategy.strategy.symptom(&diagnosis.problem, &observation.metrics));
        let id = RemediationId::new(self.watched.collection.clone(), self.watched.ledger.sum().next_number());
        let remediation = Remediation {
            id: id.clone(),
            started_at: now,
            ordered_by: beginning.ordered_by.cloned(),
            diagnosis: Arc::new(diagnosis.clone()),
            plan,
            considered: considered.into(),
            choice,
            parameters: Arc::new(beginning.parameters),
            prediction,
            initial: Arc::new(Initial::of(
                problems,
                report,
                &observation.metrics,
                symptom.ok().flatten(),
            )),
            state,
        };
        self.activate(tenure, remediation).map(|()| id)
    }

    /// Writes a remediation down in the state it holds and makes it the active one. Where that fails, nothing has begun.
    pub(super) fn activate(&mut self, tenure: Tenure, remediation: Remediation) -> Result<(), JournalError> {
        let pen = self.services.pen(tenure.lease.token);
        let body = JournalBody::Remediation(Box::new(remediation.clone()));
        if let Err(error) = self.watched.ledger.append(&pen, body) {
            self.give_back(&tenure);
            return Err(error);
        }
        let state = remediation.state.clone();
        self.put_to_work(tenure, remediation);
        self.entered(state, pen.at);
        if let Some(active) = &mut self.watched.active {
            active.vetted = true;
        }
        Ok(())
    }

    /// Makes what was left unfinished the active remediation, on its way back to where it began. Returns the lease where
    /// nothing was left.
    pub(super) fn adopt_unfinished(&mut self, tenure: Tenure) -> Option<Tenure> {
        // What others did before the lease was ours counts.
        if let Err(error) = self.watched.ledger.catch_up(&self.services.journal) {
            self.storage_failed(&error);
            self.give_back(&tenure);
            return None;
        }
        let Some(unfinished) = self.watched.ledger.sum().unfinished().cloned() else {
            return Some(tenure);
        };
        let now = self.now();
        let interrupted = UndoCause::Interrupted {
            state: unfinished.state.name().to_owned(),
        };
        let state = match &unfinished.state {
            RemediationState::Executing { .. }
            | RemediationState::Settling { .. }
            | RemediationState::Stabilising { .. }
            | RemediationState::Verifying { .. } => self
                .services
                .registry
                .registered(&unfinished.plan.strategy)
                .map(|strategy| undo(strategy, unfinished.state.begun(), 0, now, interrupted)),
            // Where only the last step was to be taken back, the others would have gone on to be verified by a healer that
            // is gone: all of them go.
            RemediationState::RollingBack {
                begun,
                remaining,
                cause,
                failures,
                ..
            } => Some(RemediationState::RollingBack {
                begun: *begun,
                remaining: *remaining,
                keep: 0,
                failed_attempts: 0,
                since: now,
                cause: cause.clone(),
                failures: failures.clone(),
            }),
            // Nobody approved it, and the loop would plan anew.
            RemediationState::Planned { approved_by: None, .. } => Some(RemediationState::Expired {
                reason: "its healer was interrupted before it began".to_owned(),
            }),
            _ => None,
        };
        self.put_to_work(tenure, unfinished);
        if let Some(state) = state
            && let Err(error) = self.enter(state)
        {
            // It stays the journal's unfinished remediation, for the next sample.
            self.storage_failed(&error);
            if let Some(active) = self.watched.active.take() {
                self.give_back(&active.tenure);
            }
        }
        None
    }

    pub(super) fn acquire(&self) -> Result<Tenure, LeaseError> {
        let Self { services, watched, .. } = self;
        let asked_at = self.now();
        let duration = services.config.lease;
        let lease = services
            .leases
            .acquire(&watched.collection, &services.holder, duration)?;
        Ok(Tenure::new(lease, asked_at, duration))
    }

    pub(super) fn give_back(&mut self, tenure: &Tenure) {
        if let Err(error) = self.services.leases.release(&tenure.lease) {
            self.storage_failed(&error);
        }
    }

    fn put_to_work(&mut self, tenure: Tenure, remediation: Remediation) {
        let wake = Alarm::now(self.now());
        self.watched.active = Some(Active {
            remediation,
            tenure,
            unwritten: None,
            wake,
            vetted: false,
            call: None,
            another_fault: false,
        });
    }

    /// Records the outcome of the last remediation once more: the healer before this one may have died between writing its
    /// end down and recording that. A store keeps one outcome a remediation.
    fn record_last_outcome(&mut self) {
        let standing = self.watched.ledger.sum();
        let outcome = standing
            .last()
            .zip(standing.ended())
            .and_then(|(last, ended)| outcome_of(last, ended));
        if let Some(outcome) = outcome
            && let Err(error) = crate::storage::OutcomeStore::record(&self.services.outcomes, &outcome)
        {
            self.storage_failed(&error);
        }
    }

    /// Reports why nothing is done, unless that is what was reported last.
    fn tell(&mut self, reason: EventKind) {
        let name = match &reason {
            EventKind::Deferred { reason, .. } => reason.name(),
            EventKind::NoStrategy { .. } => "no_strategy",
            _ => "storage_failed",
        };
        if self.watched.told.reason != Some(name) {
            self.watched.told.reason = Some(name);
            self.report(reason);
        }
    }
}

/// Why a remediation did not begin.
pub(super) enum NotBegun {
    Refused(Refusal),
    Journal(JournalError),
}

/// What is unknown needs a human whatever else stands in the way.
fn reason_for(diagnosis: &Diagnosis, reason: Refusal) -> Refusal {
    match reason {
        Refusal::Disabled | Refusal::Frozen { .. } => reason,
        _ => refuse_problem(&diagnosis.problem).unwrap_or(reason),
    }
}
