//! The remediation's state machine.
//!
//! One `match` over [`RemediationState`] says what is done in each state and which state comes next. Nothing here waits:
//! a state that has to wait says until when.

use std::time::Duration;

use jiff::Timestamp;

use super::call::contained;
use super::event::{EventKind, HealingEvent};
use super::outcome::outcome_of;
use super::remediation::{Remediation, RemediationState, UndoCause, UndoFailure, Verification};
use super::services::Services;
use super::verification::judge;
use super::watched::{Active, Watched};
use crate::clock::{elapsed, later};
use crate::monitor::{IntegrityReport, IntegrityState};
use crate::number::{Amount, Lambda};
use crate::observation::Observation;
use crate::permit::StepContext;
use crate::plan::Step;
use crate::registry::Registered;
use crate::storage::{JournalBody, JournalError, LeaseError, Stream};
use crate::strategy::{RemediationStrategy, StepError, StepReport};

/// One collection's share of a tick.
pub(super) struct Progress<'a> {
    pub(super) services: &'a Services,
    pub(super) watched: &'a mut Watched,
    pub(super) events: &'a mut Vec<HealingEvent>,
}

/// What came of looking at the active remediation.
enum Advance {
    /// It entered another state: look again.
    Moved,
    /// Nothing to do before this time.
    Waits(Timestamp),
    /// There is none, or no longer.
    Idle,
}

impl<'a> Progress<'a> {
    pub(super) fn new(services: &'a Services, watched: &'a mut Watched, events: &'a mut Vec<HealingEvent>) -> Self {
        Self {
            services,
            watched,
            events,
        }
    }

    /// Does everything that is due.
    pub(super) fn run(&mut self) {
        self.keep_lease();
        if self
            .watched
            .sample_is_due(self.now(), self.services.config.sample_interval)
        {
            self.take_sample();
        }
        loop {
            match self.advance() {
                Ok(Advance::Moved) => {}
                Ok(Advance::Waits(until)) => return self.wait(until),
                Ok(Advance::Idle) => return,
                Err(JournalError::Fenced { .. }) => return self.lose_lease(),
                Err(error) => {
                    self.report(EventKind::StorageFailed {
                        error: error.to_string(),
                    });
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
        let remediation = Remediation {
            state,
            ..active.remediation.clone()
        };
        let body = JournalBody::Remediation(Box::new(remediation.clone()));
        let stream = Stream::Collection(self.watched.collection.clone());
        let at = self.services.clock.now();
        let appended = self.services.journal.append(&stream, active.lease.token, at, body);
        let record = appended.inspect_err(|_| active.unwritten = Some(remediation.state.clone()))?;
        active.remediation = remediation.clone();
        active.wake_at = at;
        self.watched.ledger.written(&record, &self.services.config);
        let ended = remediation.state.is_terminal();
        self.report(EventKind::Remediation(Box::new(remediation)));
        if ended {
            self.conclude();
        }
        Ok(())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.services.now()
    }

    pub(super) fn report(&mut self, kind: EventKind) {
        let at = self.now();
        self.events.push(HealingEvent {
            collection: self.watched.collection.clone(),
            at,
            kind,
        });
    }

    fn advance(&mut self) -> Result<Advance, JournalError> {
        let now = self.now();
        let Some(active) = &mut self.watched.active else {
            return Ok(Advance::Idle);
        };
        if now >= active.lease.expires_at {
            self.lose_lease();
            return Ok(Advance::Idle);
        }
        if let Some(unwritten) = active.unwritten.take() {
            self.enter(unwritten)?;
            return Ok(Advance::Moved);
        }
        let config = &self.services.config;
        let (settle, stabilise) = (config.step_settle, config.stabilisation);
        let remediation = active.remediation.clone();
        let steps = remediation.plan.steps.len();
        let Some(strategy) = self.services.registry.registered(&remediation.plan.strategy) else {
            return self.give_up_without(&remediation);
        };
        let next = match remediation.state.clone() {
            RemediationState::AwaitingApproval { .. } => match self.outdated() {
                Some(reason) => RemediationState::Expired { reason },
                None => return Ok(Advance::Waits(Timestamp::MAX)),
            },
            RemediationState::Planned { .. } => match self.outdated() {
                Some(reason) => RemediationState::Expired { reason },
                None => executing(
                    0,
                    now,
                    self.watched
                        .report
                        .as_ref()
                        .map_or(remediation.initial.lambda, |it| it.lambda),
                ),
            },
            RemediationState::Executing {
                step,
                since,
                lambda_before,
            } => {
                match self.call(strategy, &remediation, step, since, |strategy, step, context| {
                    strategy.execute(step, context)
                }) {
                    Called::Done => RemediationState::Settling {
                        done: step + 1,
                        until: later(self.now(), settle),
                        lambda_before,
                    },
                    Called::InProgress(until) => return Ok(Advance::Waits(until)),
                    Called::TimedOut => undo(strategy, step + 1, 0, now, UndoCause::TimedOut { step }),
                    Called::Failed(error) => undo(strategy, step + 1, 0, now, UndoCause::StepFailed { step, error }),
                }
            }
            RemediationState::Settling { until, .. } if still_waits(now, until, settle) => {
                return Ok(Advance::Waits(until));
            }
            RemediationState::Settling {
                done,
                until,
                lambda_before,
            } => match self.measure(&remediation) {
                Err(error) => match self.be_patient(until, now) {
                    Some(again) => return Ok(Advance::Waits(again)),
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
                return Ok(Advance::Waits(until));
            }
            RemediationState::Stabilising { done, .. } => RemediationState::Verifying { done, since: now },
            RemediationState::Verifying { done, since } => match self.measure(&remediation) {
                Err(error) => match self.be_patient(since, now) {
                    Some(again) => return Ok(Advance::Waits(again)),
                    None => undo(strategy, done, 0, now, UndoCause::NotMeasured { error }),
                },
                Ok((observation, report)) => {
                    let symptom = self.symptom(strategy, &remediation, &observation);
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
                since,
                cause,
                mut failures,
            } => {
                let step = remaining - 1;
                match self.call(strategy, &remediation, step, since, |strategy, step, context| {
                    strategy.rollback(step, context)
                }) {
                    Called::Done => {}
                    Called::InProgress(until) => return Ok(Advance::Waits(until)),
                    Called::TimedOut => failures.push(UndoFailure {
                        step,
                        error: "it did not end in time".to_owned(),
                    }),
                    Called::Failed(error) => failures.push(UndoFailure { step, error }),
                }
                RemediationState::RollingBack {
                    begun,
                    remaining: step,
                    keep,
                    since: self.now(),
                    cause,
                    failures,
                }
            }
            RemediationState::Completed { .. }
            | RemediationState::RolledBack { .. }
            | RemediationState::RollbackFailed { .. }
            | RemediationState::Rejected { .. }
            | RemediationState::Expired { .. } => return Ok(Advance::Idle),
        };
        self.enter(next)?;
        Ok(Advance::Moved)
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
        if !failures.is_empty() {
            RemediationState::RollbackFailed { begun, cause, failures }
        } else if keep > 0 {
            RemediationState::Stabilising {
                done: keep,
                until: later(self.now(), self.services.config.stabilisation),
            }
        } else {
            let final_lambda = self.measure(remediation).ok().map(|(_, report)| report.lambda);
            RemediationState::RolledBack {
                begun,
                cause,
                final_lambda,
            }
        }
    }

    /// Ends a remediation whose strategy this healer does not have.
    fn give_up_without(&mut self, remediation: &Remediation) -> Result<Advance, JournalError> {
        let missing = format!(
            "the strategy {} is not registered with this healer",
            remediation.plan.strategy
        );
        let next = match remediation.state.begun() {
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
        };
        self.enter(next)?;
        Ok(Advance::Moved)
    }

    /// Why a plan that has not begun should not begin any more.
    fn outdated(&self) -> Option<String> {
        let report = self.watched.report.as_ref()?;
        (report.state == IntegrityState::Normal || !report.below_stress())
            .then(|| format!("lambda is back at {}, there is nothing left to treat", report.lambda))
    }

    /// Observes for a remediation, without moving the integrity state.
    fn measure(&mut self, remediation: &Remediation) -> Result<(Observation, IntegrityReport), String> {
        let observation = self.services.observe(&self.watched.collection)?;
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

    /// When to try a failed measurement again; `None` when it failed for too long.
    fn be_patient(&mut self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let config = &self.services.config;
        (elapsed(since, now) < config.measurement_patience).then(|| later(now, config.sample_interval))
    }

    fn symptom(&self, strategy: &Registered, remediation: &Remediation, observed: &Observation) -> Option<Amount> {
        contained(|| {
            strategy
                .strategy
                .symptom(&remediation.diagnosis.problem, &observed.metrics)
        })
        .ok()
        .flatten()
    }

    /// Calls the strategy for one step, with a deadline and a permit under the present lease.
    fn call(
        &self,
        strategy: &Registered,
        remediation: &Remediation,
        step: usize,
        since: Timestamp,
        what: impl FnOnce(&dyn RemediationStrategy, &Step, &StepContext<'_>) -> Result<StepReport, StepError>,
    ) -> Called {
        let (Some(active), Some(data)) = (&self.watched.active, remediation.plan.steps.get(step)) else {
            return Called::Failed(format!("the plan has no step {step}"));
        };
        let deadline = later(since, strategy.estimated_duration.saturating_mul(OVERTIME));
        let now = self.now();
        if now > deadline {
            return Called::TimedOut;
        }
        let clock = &*self.services.clock;
        let (token, until) = (active.lease.token, deadline.min(active.lease.expires_at));
        let context = StepContext::new(&remediation.id, token, until, clock, active.revocation.clone());
        match contained(|| what(&*strategy.strategy, data, &context)) {
            Ok(Ok(StepReport::Done)) => Called::Done,
            Ok(Ok(StepReport::InProgress { poll_after })) => {
                // A strategy that wants to be asked again at once must not keep the tick from returning.
                let again = later(self.now(), poll_after.max(SHORTEST_POLL));
                Called::InProgress(again.min(later(deadline, SHORTEST_POLL)))
            }
            Ok(Err(error)) => Called::Failed(error.to_string()),
            Err(panicked) => Called::Failed(panicked.to_string()),
        }
    }

    fn wait(&mut self, until: Timestamp) {
        if let Some(active) = &mut self.watched.active {
            active.wake_at = until;
        }
    }

    /// Renews the lease of the active remediation from half its time on.
    fn keep_lease(&mut self) {
        let now = self.now();
        let duration = self.services.config.lease;
        let Some(active) = self.watched.active.as_mut().filter(|active| now >= active.renew_at) else {
            return;
        };
        match self.services.leases.renew(&active.lease, duration) {
            Ok(lease) => {
                active.lease = lease;
                active.renew_at = later(now, duration / 2);
            }
            Err(LeaseError::Lost { .. } | LeaseError::Held { .. }) => self.lose_lease(),
            Err(error) => self.report(EventKind::StorageFailed {
                error: error.to_string(),
            }),
        }
    }

    /// Stops acting at once. Whoever gets the lease next, perhaps this healer, finds the remediation in the journal.
    fn lose_lease(&mut self) {
        if let Some(active) = self.watched.active.take() {
            active.revocation.revoke();
            self.watched.ledger.unfinished = Some(active.remediation.clone());
            self.report(EventKind::LeaseLost {
                remediation: active.remediation.id,
            });
        }
    }

    /// Gives the lease back and hands on what came of a remediation that has ended.
    fn conclude(&mut self) {
        let Some(Active {
            remediation,
            lease,
            revocation,
            ..
        }) = self.watched.active.take()
        else {
            return;
        };
        revocation.revoke();
        if let Some(outcome) = outcome_of(&remediation, self.now()) {
            if outcome.verified != Some(true) {
                let failures = self.watched.episode.failures.entry(outcome.problem.kind()).or_default();
                let failed = failures.entry(outcome.strategy_name.clone()).or_insert(0);
                *failed = failed.saturating_add(1);
            }
            if let Err(error) = self.services.conclude(&outcome) {
                self.report(EventKind::StorageFailed { error });
            }
        }
        if let Err(error) = self.services.leases.release(&lease) {
            self.report(EventKind::StorageFailed {
                error: error.to_string(),
            });
        }
        self.watched.last = Some(remediation);
    }
}

/// A step has failed once it has taken this many times the strategy's estimated duration (the seed's factor).
const OVERTIME: u32 = 2;

/// A step in progress is asked again no sooner than this.
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// What came of calling a strategy for one step.
enum Called {
    Done,
    InProgress(Timestamp),
    TimedOut,
    Failed(String),
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
