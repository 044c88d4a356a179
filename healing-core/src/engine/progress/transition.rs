//! One `match` over [`RemediationState`]: what is done in each state and which state comes next. Nothing here waits: a state
//! that has to wait says until when.

use jiff::Timestamp;

use super::calling::Called;
use super::freshness::Postponed;
use super::measurement::{still_waits, symptom};
use super::undo::{give_up_without, undo};
use super::{Next, Progress};
use crate::clock::later;
use crate::engine::guard::Circumstances;
use crate::engine::mutation::Mutation;
use crate::engine::remediation::{RemediationState, UndoCause, UndoFailure, Verification};
use crate::engine::verification::{judge, symptom_is_gone};
use crate::engine::watched::{Active, Purpose, Recovery};
use crate::number::Lambda;

impl Progress<'_> {
    pub(super) fn decide(&mut self, active: &mut Active, circumstances: &Circumstances) -> Next {
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
            RemediationState::Planned { since, .. } => match self.may_begin(active, strategy, circumstances) {
                Ok(Ok(lambda)) => executing(0, now, lambda),
                Ok(Err(reason)) => RemediationState::Expired { reason },
                Err(Postponed::Crowded | Postponed::OrdersUnknown) => {
                    return Next::Wait(later(now, config.sample_interval));
                }
                Err(Postponed::NotMeasured(error)) => match self.be_patient(since, now) {
                    Some(again) => return Next::Wait(again),
                    None => RemediationState::Expired { reason: error },
                },
            },
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
                Ok((observation, report)) => {
                    let after = report.lambda;
                    let change = lambda_before.relative_change(after, remediation.initial.floor());
                    let worsened = change <= -self.services.config.worsening_limit.get();
                    let reached = remediation
                        .initial
                        .target
                        .is_some_and(|target| report.integrity >= target);
                    if worsened && strategy.reversible {
                        self.note_disturbances(active, &observation, &report);
                        let cause = UndoCause::Worsened {
                            step: done - 1,
                            before: lambda_before,
                            after,
                        };
                        undo(strategy, done, done - 1, now, cause)
                    } else if worsened || reached || done == steps {
                        active.recovery = Some(Recovery::beginning(after));
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
                    self.note_disturbances(active, &observation, &report);
                    let symptom = symptom(strategy, &remediation, &observation);
                    match judge(&remediation.initial, &report, symptom, &self.services.config) {
                        Verification::NotVerified { .. }
                            if symptom_is_gone(&remediation.initial, symptom, &self.services.config)
                                && active.is_recovering(report.lambda) =>
                        {
                            RemediationState::Stabilising {
                                done,
                                until: later(now, stabilise),
                            }
                        }
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
                let oldest_first = self.services.is_broken_by(Mutation::OldestFirst);
                let step = if oldest_first { begun - remaining } else { remaining - 1 };
                if let Err(first) = self.outlast_execution(active, step) {
                    return first;
                }
                let tries_left = failed_attempts + 1 < config.undo_attempts;
                let given_up = match self.call(active, strategy, Purpose::Undo, step, since) {
                    Called::Done => None,
                    Called::Wait(until) => return Next::Wait(until),
                    Called::LeaseLost => return Next::LoseLease,
                    _ if self.services.is_broken_by(Mutation::FailedUndoCounts) => None,
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
                    remaining: remaining - 1,
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
