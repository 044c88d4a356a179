//! The remediation's state machine.
//!
//! One `match` over [`RemediationState`] says what is done in each state and which state comes next. Nothing here waits:
//! a state that has to wait says until when.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::call::contained;
use super::config::JournalRetention;
use super::event::{EventKind, HealingEvent};
use super::executor::{Answer, Job, Started};
use super::guard::{Circumstances, refuse_attempts};
use super::outcome::outcome_of;
use super::prediction::predict;
use super::remediation::{Remediation, RemediationState, UndoCause, UndoFailure, Verification};
use super::selection::check_prediction;
use super::services::Services;
use super::verification::judge;
use super::watched::{Active, Call, Purpose, Tenure, Watched};
use crate::clock::{elapsed, later};
use crate::monitor::IntegrityReport;
use crate::number::{Amount, Lambda};
use crate::observation::Observation;
use crate::permit::{Revocation, StepContext};
use crate::problem::ProblemKind;
use crate::registry::Registered;
use crate::storage::{Disturbance, JournalBody, JournalError, LeaseError, LeaseStore};
use crate::strategy::{StepError, StepReport};

/// One collection's share of a tick.
pub(super) struct Progress<'a> {
    pub(super) services: &'a Services,
    pub(super) watched: &'a mut Watched,
    pub(super) events: &'a mut Vec<HealingEvent>,
}

/// What is to be done with the active remediation.
enum Next {
    /// It enters this state; look again.
    Enter(RemediationState),
    /// Nothing to do before this time.
    Wait(Timestamp),
    /// The right to act is gone.
    LoseLease,
    /// Nothing more will happen in it.
    Over,
}

impl<'a> Progress<'a> {
    pub(super) fn new(services: &'a Services, watched: &'a mut Watched, events: &'a mut Vec<HealingEvent>) -> Self {
        Self {
            services,
            watched,
            events,
        }
    }

    /// Moves the active remediation as far as it can be moved now.
    pub(super) fn advance(&mut self, circumstances: &Circumstances) {
        let now = self.now();
        if !self
            .watched
            .active
            .as_ref()
            .is_some_and(|active| active.wake.is_due(now) || active.call.is_some())
        {
            return;
        }
        loop {
            if let Err(error) = self.reconcile() {
                self.storage_failed(&error);
                return self.wait(later(self.now(), self.services.config.sample_interval));
            }
            let Some(mut active) = self.watched.active.take() else {
                return;
            };
            let next = self.decide(&mut active, circumstances);
            self.watched.active = Some(active);
            let entered = match next {
                Next::Enter(state) => self.enter(state),
                Next::Wait(until) => return self.wait(until),
                Next::LoseLease => return self.lose_lease(),
                Next::Over => return,
            };
            match entered {
                Ok(()) => {}
                Err(JournalError::Fenced { .. }) => return self.lose_lease(),
                Err(JournalError::OutOfSequence { .. }) => {
                    // Only a newer lease, or this healer itself in a record that it thought lost, can have written.
                    if let Err(error) = self.watched.ledger.catch_up(&self.services.journal) {
                        self.storage_failed(&error);
                    }
                    return self.wait(self.now());
                }
                Err(error) => {
                    self.storage_failed(&error);
                    return self.wait(later(self.now(), self.services.config.sample_interval));
                }
            }
        }
    }

    /// Writes down that the active remediation enters `state`, and only then lets it.
    pub(super) fn enter(&mut self, state: RemediationState) -> Result<(), JournalError> {
        let Some(active) = &mut self.watched.active else {
            return Ok(());
        };
        let number = active.remediation.id.number();
        let pen = self.services.pen(active.tenure.lease.token);
        let body = JournalBody::Entered {
            number,
            state: state.clone(),
        };
        if let Err(error) = self.watched.ledger.append(&pen, body) {
            active.unwritten = Some(state);
            return Err(error);
        }
        self.entered(state, pen.at);
        Ok(())
    }

    /// Takes note that the active remediation's state, which was written down, is `state`.
    pub(super) fn entered(&mut self, state: RemediationState, at: Timestamp) {
        let Some(active) = &mut self.watched.active else { return };
        active.remediation.state = state;
        active.unwritten = None;
        active.wake = Alarm::now(at);
        let remediation = active.remediation.clone();
        let ended = remediation.state.is_terminal();
        self.report(EventKind::Remediation(Box::new(remediation)));
        if ended {
            self.conclude();
        }
    }

    /// Where a record could not be written, as far as was known, looks whether it is in the journal after all: what the
    /// journal says is what holds.
    pub(super) fn reconcile(&mut self) -> Result<(), JournalError> {
        if self.watched.ledger.is_read() {
            return Ok(());
        }
        self.watched.ledger.catch_up(&self.services.journal)?;
        let Some(active) = &self.watched.active else {
            return Ok(());
        };
        let standing = self.watched.ledger.sum();
        let newest = standing.unfinished().or(standing.last());
        let journalled = newest.filter(|newest| newest.id == active.remediation.id);
        if let Some(state) = journalled.map(|newest| newest.state.clone())
            && state != active.remediation.state
        {
            self.entered(state, self.now());
        }
        Ok(())
    }

    /// Renews the lease of the active remediation from half its time on.
    pub(super) fn keep_lease(&mut self) {
        let now = self.now();
        let duration = self.services.config.lease;
        let Some(active) = self
            .watched
            .active
            .as_mut()
            .filter(|active| active.tenure.renewal_is_due(now))
        else {
            return;
        };
        match self.services.leases.renew(&active.tenure.lease, duration) {
            Ok(lease) => active.tenure = Tenure::new(lease, now, duration),
            Err(LeaseError::Lost { .. } | LeaseError::Held { .. }) => self.lose_lease(),
            Err(error) => self.storage_failed(&error),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.services.now()
    }

    pub(super) fn report(&mut self, kind: EventKind) {
        let at = self.now();
        self.events.push(HealingEvent {
            collection: Some(self.watched.collection.clone()),
            at,
            kind,
        });
    }

    pub(super) fn storage_failed(&mut self, error: &impl ToString) {
        self.report(EventKind::StorageFailed {
            error: error.to_string(),
        });
    }

    fn decide(&mut self, active: &mut Active, circumstances: &Circumstances) -> Next {
        let now = self.now();
        if !active.tenure.holds(now) {
            return Next::LoseLease;
        }
        if let Some(unwritten) = active.unwritten.take() {
            return Next::Enter(unwritten);
        }
        let config = &self.services.config;
        let (settle, stabilise) = (config.step_settle, config.stabilisation);
        let remediation = active.remediation.clone();
        let steps = remediation.plan.steps.len();
        let Some(strategy) = self.services.registry.registered(&remediation.plan.strategy) else {
            return give_up_without(&remediation);
        };
        Next::Enter(match remediation.state.clone() {
            RemediationState::AwaitingApproval { since } => {
                let timeout = config.approval_timeout;
                if self.outdated(&remediation) {
                    expired("lambda is back, there is nothing left to treat")
                } else if still_waits(now, later(since, timeout), timeout) {
                    return Next::Wait(later(since, timeout).min(later(now, config.sample_interval)));
                } else {
                    expired("nobody approved it in time")
                }
            }
            RemediationState::Planned { since, .. } => {
                let exhausted = refuse_attempts(self.watched.ledger.sum(), now, config);
                if remediation.ordered_by.is_none() && exhausted.is_some() {
                    // Since it was planned, the clock was set back.
                    expired("as many remediations as allowed have begun within the window")
                } else if active.vetted || remediation.ordered_by.is_some() {
                    let lambda = self
                        .watched
                        .report
                        .as_ref()
                        .map_or(remediation.initial.lambda, |it| it.lambda);
                    executing(0, now, lambda)
                } else {
                    match self.check_freshness(&remediation, strategy, circumstances) {
                        Ok(Ok(lambda)) => executing(0, now, lambda),
                        Ok(Err(reason)) => RemediationState::Expired { reason },
                        Err(error) => match self.be_patient(since, now) {
                            Some(again) => return Next::Wait(again),
                            None => RemediationState::Expired { reason: error },
                        },
                    }
                }
            }
            RemediationState::Executing {
                step,
                since,
                lambda_before,
            } => match self.call(active, strategy, Purpose::Execute, step, since) {
                Called::Done => RemediationState::Settling {
                    done: step + 1,
                    until: later(self.now(), settle),
                    lambda_before,
                },
                Called::Wait(until) => return Next::Wait(until),
                Called::LeaseLost => return Next::LoseLease,
                Called::TimedOut => undo(strategy, step + 1, 0, now, UndoCause::TimedOut { step }),
                Called::Conflict(error) => undo(strategy, step + 1, 0, now, UndoCause::Conflict { step, error }),
                Called::Failed(error) | Called::FailedForGood(error) => {
                    undo(strategy, step + 1, 0, now, UndoCause::StepFailed { step, error })
                }
            },
            RemediationState::Settling { until, .. } if still_waits(now, until, settle) => return Next::Wait(until),
            RemediationState::Settling {
                done,
                until,
                lambda_before,
            } => match self.measure(&remediation, until) {
                Err(error) => match self.be_patient(until, now) {
                    Some(again) => return Next::Wait(again),
                    None => undo(strategy, done, 0, now, UndoCause::NotMeasured { error }),
                },
                Ok((_, report)) => {
                    let after = report.lambda;
                    let change = lambda_before.relative_change(after, remediation.initial.floor());
                    let worsened = change <= -self.services.config.worsening_limit.get();
                    let reached = remediation.initial.target.is_some_and(|target| after >= target);
                    if worsened && strategy.reversible {
                        let cause = UndoCause::Worsened {
                            step: done - 1,
                            before: lambda_before,
                            after,
                        };
                        undo(strategy, done, done - 1, now, cause)
                    } else if worsened || reached || done == steps {
                        RemediationState::Stabilising {
                            done,
                            until: later(now, stabilise),
                        }
                    } else {
                        executing(done, now, after)
                    }
                }
            },
            RemediationState::Stabilising { until, .. } if still_waits(now, until, stabilise) => {
                return Next::Wait(until);
            }
            RemediationState::Stabilising { done, .. } => RemediationState::Verifying { done, since: now },
            RemediationState::Verifying { done, since } => match self.measure(&remediation, since) {
                Err(error) => match self.be_patient(since, now) {
                    Some(again) => return Next::Wait(again),
                    None => undo(strategy, done, 0, now, UndoCause::NotMeasured { error }),
                },
                Ok((observation, report)) => {
                    self.note_other_faults(active, &observation, &report);
                    let symptom = symptom(strategy, &remediation, &observation);
                    match judge(&remediation.initial, report.lambda, symptom, &self.services.config) {
                        Verification::NotVerified { relative_change } if strategy.reversible => {
                            undo(strategy, done, 0, now, UndoCause::NotVerified { relative_change })
                        }
                        verification => RemediationState::Completed {
                            done,
                            final_lambda: report.lambda,
                            verification,
                        },
                    }
                }
            },
            RemediationState::RollingBack { since, .. } if still_waits(now, since, settle) => {
                return Next::Wait(since);
            }
            RemediationState::RollingBack {
                begun,
                remaining,
                keep,
                cause,
                failures,
                ..
            } if remaining <= keep => self.rolled_back(&remediation, begun, keep, cause, failures),
            RemediationState::RollingBack {
                begun,
                remaining,
                keep,
                failed_attempts,
                since,
                cause,
                mut failures,
            } => {
                // What is still at work on the step must end, or be given up, before it is undone.
                if let Some(call) = active.call.as_ref().filter(|call| call.purpose == Purpose::Execute) {
                    if call.running.poll().is_none() && now <= call.running.deadline {
                        return Next::Wait(later(call.running.deadline, SHORTEST_POLL));
                    }
                    active.call = None;
                }
                let step = remaining - 1;
                let tries_left = failed_attempts + 1 < config.undo_attempts;
                let given_up = match self.call(active, strategy, Purpose::Undo, step, since) {
                    Called::Done => None,
                    Called::Wait(until) => return Next::Wait(until),
                    Called::LeaseLost => return Next::LoseLease,
                    Called::Failed(_) | Called::TimedOut if tries_left => {
                        return Next::Enter(RemediationState::RollingBack {
                            begun,
                            remaining,
                            keep,
                            failed_attempts: failed_attempts + 1,
                            since: later(self.now(), settle),
                            cause,
                            failures,
                        });
                    }
                    Called::TimedOut => Some("it did not end in time".to_owned()),
                    Called::Failed(error) | Called::FailedForGood(error) | Called::Conflict(error) => Some(error),
                };
                failures.extend(given_up.map(|error| UndoFailure { step, error }));
                let since = self.now();
                RemediationState::RollingBack {
                    begun,
                    remaining: step,
                    keep,
                    failed_attempts: 0,
                    since,
                    cause,
                    failures,
                }
            }
            RemediationState::Completed { .. }
            | RemediationState::RolledBack { .. }
            | RemediationState::RollbackFailed { .. }
            | RemediationState::Rejected { .. }
            | RemediationState::Expired { .. } => return Next::Over,
        })
    }

    /// What comes after the last undo.
    fn rolled_back(
        &mut self,
        remediation: &Remediation,
        begun: usize,
        keep: usize,
        cause: UndoCause,
        failures: Vec<UndoFailure>,
    ) -> RemediationState {
        let now = self.now();
        if !failures.is_empty() {
            RemediationState::RollbackFailed { begun, cause, failures }
        } else if keep > 0 {
            RemediationState::Stabilising {
                done: keep,
                until: later(now, self.services.config.stabilisation),
            }
        } else {
            let final_lambda = self.measure(remediation, now).ok().map(|(_, report)| report.lambda);
            RemediationState::RolledBack {
                begun,
                cause,
                final_lambda,
            }
        }
    }

    /// Whether there is nothing left to treat.
    fn outdated(&self, remediation: &Remediation) -> bool {
        let below_stress = self.watched.report.as_ref().is_none_or(IntegrityReport::below_stress);
        remediation.ordered_by.is_none() && !below_stress
    }

    /// Checks a plan that has waited against what is observed now: lambda, or why it should not begin any more. `Err` when
    /// that cannot be told at the moment.
    fn check_freshness(
        &mut self,
        remediation: &Remediation,
        strategy: &Registered,
        circumstances: &Circumstances,
    ) -> Result<Result<Lambda, String>, String> {
        if !self.services.config.enabled {
            return Ok(Err("healing was switched off meanwhile".to_owned()));
        }
        if let Some(freeze) = &circumstances.freeze {
            return Ok(Err(format!("{} froze healing meanwhile: {}", freeze.by, freeze.reason)));
        }
        let (observation, report) = self.measure(remediation, remediation.started_at)?;
        if !report.below_stress() {
            return Ok(Err(format!(
                "lambda is back at {}, there is nothing left to treat",
                report.lambda
            )));
        }
        let kind = remediation.diagnosis.problem.kind();
        let diagnoses = self.services.classify(&observation, &report)?;
        if !diagnoses.iter().any(|diagnosis| diagnosis.problem.kind() == kind) {
            return Ok(Err(format!("{kind} is no longer what is wrong")));
        }
        let prediction = predict(&remediation.plan, &observation.graph, &report).map_err(|error| error.to_string())?;
        Ok(match check_prediction(prediction, strategy) {
            Ok(()) => Ok(report.lambda),
            Err(_) => Err("the plan would lower lambda as things stand now".to_owned()),
        })
    }

    /// Observes for a remediation, without moving the integrity state. What was observed before `since` is not what is asked
    /// for.
    fn measure(
        &mut self,
        remediation: &Remediation,
        since: Timestamp,
    ) -> Result<(Observation, IntegrityReport), String> {
        let observation = self.services.observe(&self.watched.collection)?;
        // After a clock was set back, `since` lies in the future and nothing could be fresh.
        if observation.observed_at < since.min(self.now()) {
            return Err(format!(
                "the newest observation is of {}, before {since}",
                observation.observed_at
            ));
        }
        let report = self
            .watched
            .monitor
            .look(&observation)
            .map_err(|error| error.to_string())?;
        self.report(EventKind::Measured {
            remediation: remediation.id.clone(),
            lambda: report.lambda,
        });
        Ok((observation, report))
    }

    /// Notes where something broke that was not wrong when the remediation began: its verdict then says less.
    fn note_other_faults(&self, active: &mut Active, observation: &Observation, report: &IntegrityReport) {
        let Ok(diagnoses) = self.services.classify(observation, report) else {
            return;
        };
        let known = &active.remediation.initial.problems;
        let is_new = |kind: &ProblemKind| *kind != ProblemKind::Unknown && !known.contains(kind);
        active.another_fault |= report.below_stress() && diagnoses.iter().any(|found| is_new(&found.problem.kind()));
    }

    /// When to try a failed measurement again; `None` when it failed for too long.
    fn be_patient(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let config = &self.services.config;
        (elapsed(since, now) < config.measurement_patience).then(|| later(now, config.sample_interval))
    }

    /// Calls the strategy for one step, with a deadline and a permit under the present lease, or looks after the call that
    /// is at work.
    fn call(
        &mut self,
        active: &mut Active,
        strategy: &Registered,
        purpose: Purpose,
        step: usize,
        since: Timestamp,
    ) -> Called {
        let now = self.now();
        if let Some(call) = active.call.take() {
            return match call.running.poll() {
                Some(answer) => self.read(answer, call.running.deadline),
                None if now <= call.running.deadline => {
                    let deadline = later(call.running.deadline, SHORTEST_POLL);
                    active.call = Some(call);
                    Called::Wait(deadline)
                }
                None => {
                    drop(call);
                    self.fence_out(active, step)
                }
            };
        }
        let deadline = later(since, strategy.estimated_duration.saturating_mul(OVERTIME));
        if now > deadline {
            return Called::TimedOut;
        }
        let revocation = Revocation::default();
        let until = deadline.min(active.tenure.ends_at());
        let job = job(
            active,
            strategy,
            self.services,
            purpose,
            step,
            until,
            revocation.clone(),
        );
        match self.services.executor.start(job, revocation, deadline) {
            Started::Answered(answer) => self.read(answer, deadline),
            Started::Running(running) => {
                active.call = Some(Call { running, purpose });
                Called::Wait(later(deadline, SHORTEST_POLL))
            }
            Started::Busy => Called::Wait(later(now, BUSY_POLL)),
        }
    }

    fn read(&self, answer: Answer, deadline: Timestamp) -> Called {
        match answer {
            Ok(Ok(StepReport::Done)) => Called::Done,
            Ok(Ok(StepReport::InProgress { poll_after })) => {
                // A strategy that wants to be asked again at once must not keep the tick from returning.
                let again = later(self.now(), poll_after.max(SHORTEST_POLL));
                Called::Wait(again.min(later(deadline, SHORTEST_POLL)))
            }
            Ok(Err(StepError::Actuator(error))) => Called::Failed(StepError::Actuator(error).to_string()),
            Ok(Err(error @ StepError::NotPermitted(_))) => Called::Failed(error.to_string()),
            Ok(Err(error @ StepError::Conflict { .. })) => Called::Conflict(error.to_string()),
            Ok(Err(error)) => Called::FailedForGood(error.to_string()),
            Err(panicked) => Called::Failed(panicked.to_string()),
        }
    }

    /// After a call was given up: takes a lease with a greater token, so that whatever the call is still at can be told from
    /// what comes after it.
    fn fence_out(&mut self, active: &mut Active, step: usize) -> Called {
        let abandoned = self.services.executor.abandoned();
        self.report(EventKind::CallAbandoned {
            remediation: active.remediation.id.clone(),
            step,
            abandoned,
        });
        let Services {
            leases, holder, config, ..
        } = self.services;
        let now = self.now();
        let renewed = leases
            .release(&active.tenure.lease)
            .and_then(|()| leases.acquire(&self.watched.collection, holder, config.lease));
        match renewed {
            Ok(lease) => {
                active.tenure = Tenure::new(lease, now, config.lease);
                Called::TimedOut
            }
            Err(error) => {
                self.storage_failed(&error);
                Called::LeaseLost
            }
        }
    }

    fn wait(&mut self, until: Timestamp) {
        let now = self.now();
        if let Some(active) = &mut self.watched.active {
            active.wake = Alarm::at(now, until);
            active.vetted = false;
        }
    }

    /// Stops acting at once. Whoever gets the lease next, perhaps this healer, finds the remediation in the journal.
    fn lose_lease(&mut self) {
        if let Some(active) = self.watched.active.take() {
            self.report(EventKind::LeaseLost {
                remediation: active.remediation.id,
            });
        }
    }

    /// Gives the lease back and hands on what came of a remediation that has ended.
    fn conclude(&mut self) {
        let Some(Active {
            remediation,
            tenure,
            another_fault,
            ..
        }) = self.watched.active.take()
        else {
            return;
        };
        let at = self.watched.ledger.sum().ended().unwrap_or_else(|| self.now());
        if let Some(mut outcome) = outcome_of(&remediation, at) {
            if another_fault {
                outcome.disturbances.push(Disturbance::AnotherFault);
            }
            if let Err(error) = self.services.conclude(&outcome) {
                self.storage_failed(&error);
            }
        }
        let prune = self.services.config.journal_retention == JournalRetention::Prune;
        if let Err(error) = self
            .watched
            .ledger
            .compact(&self.services.pen(tenure.lease.token), prune)
        {
            self.storage_failed(&error);
        }
        if let Err(error) = self.services.leases.release(&tenure.lease) {
            self.storage_failed(&error);
        }
    }
}

/// A step has failed once it has taken this many times the strategy's estimated duration (the seed's factor).
const OVERTIME: u32 = 2;

/// A step in progress is asked again no sooner than this.
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// When every thread is busy, a step waits this long before it asks for one again.
const BUSY_POLL: Duration = Duration::from_secs(1);

/// What came of calling a strategy for one step.
enum Called {
    Done,
    /// It is at work until then, or wants to be asked again then.
    Wait(Timestamp),
    TimedOut,
    /// It failed; another try may succeed.
    Failed(String),
    /// It failed, and would fail again.
    FailedForGood(String),
    /// Someone else acted on what it is about.
    Conflict(String),
    LeaseLost,
}

/// A call that owns what it needs, so that it can outlive the healer's interest in it.
fn job(
    active: &Active,
    strategy: &Registered,
    services: &Services,
    purpose: Purpose,
    step: usize,
    until: Timestamp,
    revocation: Revocation,
) -> Job {
    let strategy = Arc::clone(&strategy.strategy);
    let clock = Arc::clone(&services.clock);
    let plan = Arc::clone(&active.remediation.plan);
    let (remediation, token) = (active.remediation.id.clone(), active.tenure.lease.token);
    Box::new(move || {
        let context = StepContext::new(&remediation, token, until, &*clock, revocation);
        let Some(step) = plan.steps.get(step) else {
            return Err(StepError::Actuator(format!("the plan has no step {step}").into()));
        };
        match purpose {
            Purpose::Execute => strategy.execute(step, &context),
            Purpose::Undo => strategy.rollback(step, &context),
        }
    })
}

fn symptom(strategy: &Registered, remediation: &Remediation, observed: &Observation) -> Option<Amount> {
    contained(|| {
        strategy
            .strategy
            .symptom(&remediation.diagnosis.problem, &observed.metrics)
    })
    .ok()
    .flatten()
}

/// Whether a wait that lasts `whole` goes on. One that is longer than when it began was begun before the clock was set back,
/// and is over.
fn still_waits(now: Timestamp, until: Timestamp, whole: Duration) -> bool {
    now < until && elapsed(now, until) <= whole
}

fn executing(step: usize, since: Timestamp, lambda_before: Lambda) -> RemediationState {
    RemediationState::Executing {
        step,
        since,
        lambda_before,
    }
}

fn expired(reason: &str) -> RemediationState {
    RemediationState::Expired {
        reason: reason.to_owned(),
    }
}

/// Ends a remediation whose strategy this healer does not have.
fn give_up_without(remediation: &Remediation) -> Next {
    let missing = format!(
        "the strategy {} is not registered with this healer",
        remediation.plan.strategy
    );
    Next::Enter(match remediation.state.begun() {
        _ if remediation.state.is_terminal() => return Next::Over,
        0 => RemediationState::Expired { reason: missing },
        begun => RemediationState::RollbackFailed {
            begun,
            cause: UndoCause::Interrupted {
                state: remediation.state.name().to_owned(),
            },
            failures: (0..begun)
                .rev()
                .map(|step| UndoFailure {
                    step,
                    error: missing.clone(),
                })
                .collect(),
        },
    })
}

/// Takes the steps from `keep` to `begun` back, as far as the strategy can.
pub(super) fn undo(
    strategy: &Registered,
    begun: usize,
    keep: usize,
    since: Timestamp,
    cause: UndoCause,
) -> RemediationState {
    if strategy.reversible {
        RemediationState::RollingBack {
            begun,
            remaining: begun,
            keep,
            failed_attempts: 0,
            since,
            cause,
            failures: Vec::new(),
        }
    } else {
        let failure = |step| UndoFailure {
            step,
            error: StepError::NotReversible.to_string(),
        };
        RemediationState::RollbackFailed {
            begun,
            cause,
            failures: (keep..begun).rev().map(failure).collect(),
        }
    }
}
