//! One call of a strategy for one step: made, awaited, given up.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Next, Progress};
use crate::clock::later;
use crate::engine::event::EventKind;
use crate::engine::executor::{Answer, Job, Started};
use crate::engine::mutation::Mutation;
use crate::engine::remediation::Remediation;
use crate::engine::services::Services;
use crate::engine::watched::{Active, Call, Purpose};
use crate::host_call::told;
use crate::permit::{Revocation, StepContext};
use crate::registry::Registered;
use crate::storage::{JournalError, LeaseStore};
use crate::strategy::{StepError, StepReport};

/// A step has failed once it has taken this many times the strategy's estimated duration (the seed's factor).
const OVERTIME: u32 = 2;

/// A step in progress is asked again no sooner than this.
pub(super) const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// When every thread is busy, a step waits this long before it asks for one again.
const BUSY_POLL: Duration = Duration::from_secs(1);

/// What came of calling a strategy for one step.
pub(super) enum Called {
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

impl Progress<'_> {
    /// Calls the strategy for one step, with a deadline and a permit under the present lease, or looks after the call that
    /// is at work.
    pub(super) fn call(
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
        let since = active.no_thread_until.map_or(since, |until| until.max(since));
        let deadline = later(since, strategy.estimated_duration.saturating_mul(OVERTIME));
        if now > deadline {
            return Called::TimedOut;
        }
        match self.another_has_taken_over(active) {
            Ok(false) => {}
            Ok(true) => return Called::LeaseLost,
            Err(error) => {
                self.storage_failed(&error);
                return Called::Wait(later(now, self.services.config.sample_interval));
            }
        }
        let revocation = Revocation::at_latest(active.tenure.ends_at());
        let span = self.watched.span.step(purpose, step);
        let call = job(
            active,
            strategy,
            self.services,
            purpose,
            step,
            deadline,
            revocation.clone(),
        );
        let job = Box::new(move || span.around(call));
        match self.services.executor.start(job, revocation, deadline) {
            Started::Answered(answer) => self.read(answer, deadline),
            Started::Running(running) => {
                active.call = Some(Call { running, purpose });
                Called::Wait(later(deadline, SHORTEST_POLL))
            }
            Started::Busy => {
                let again = later(now, BUSY_POLL);
                // Where threads will come back, the step's time has not begun. Where all of them hang, it has, so that it ends.
                if self.services.executor.exhausted().is_none() {
                    active.no_thread_until = Some(again);
                }
                Called::Wait(again)
            }
        }
    }

    /// Whether the journal has a record under a newer lease. A lease ends early where the store's clock is set back to before it
    /// was granted, and a holder that next looks when the clock has caught up cannot know by its own; nor is anything written
    /// before a step that takes time is called again. `Err` where the journal cannot be read to its end, and what could be
    /// read has no newer lease.
    fn another_has_taken_over(&mut self, active: &Active) -> Result<bool, JournalError> {
        let read = self.read_on();
        if self.watched.ledger.newest_token() > active.tenure.lease.token {
            return Ok(true);
        }
        read.map(|()| false)
    }

    /// Sees to it that no call is at work on `step` any more, so that it can be undone: waits for one to end, or gives it up
    /// at its deadline. `Err` says what is to be done first.
    pub(super) fn outlast_execution(&mut self, active: &mut Active, step: usize) -> Result<(), Next> {
        let Some(call) = active.call.take_if(|call| call.purpose == Purpose::Execute) else {
            return Ok(());
        };
        if call.running.poll().is_some() {
            return Ok(());
        }
        if self.now() <= call.running.deadline {
            let deadline = call.running.deadline;
            active.call = Some(call);
            return Err(Next::Wait(later(deadline, SHORTEST_POLL)));
        }
        drop(call);
        match self.fence_out(active, step) {
            Called::LeaseLost => Err(Next::LoseLease),
            _ => Ok(()),
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
            Ok(Err(error @ (StepError::Actuator(_) | StepError::NotPermitted(_)))) => Called::Failed(told(&error)),
            Ok(Err(error @ StepError::Conflict { .. })) => Called::Conflict(told(&error)),
            Ok(Err(error)) => Called::FailedForGood(told(&error)),
            Err(panicked) => Called::Failed(panicked.to_string()),
        }
    }

    /// Gives a call up for good, at the end of its remediation.
    pub(super) fn give_up(&mut self, call: Call, remediation: &Remediation) {
        let ended = call.running.poll().is_some();
        drop(call);
        if !ended {
            self.report_abandoned(remediation, remediation.state.begun().saturating_sub(1));
        }
    }

    fn report_abandoned(&mut self, remediation: &Remediation, step: usize) {
        let abandoned = self.services.executor.abandoned();
        self.report(EventKind::CallAbandoned {
            remediation: remediation.id.clone(),
            step,
            abandoned,
        });
    }

    /// After a call was given up: takes a lease with a greater token, so that whatever the call is still at can be told from
    /// what comes after it.
    fn fence_out(&mut self, active: &mut Active, step: usize) -> Called {
        self.report_abandoned(&active.remediation, step);
        if self.services.is_broken_by(Mutation::SameLease) {
            return Called::TimedOut;
        }
        let released = self.services.leases.release(&active.tenure.lease);
        match released.and_then(|()| self.acquire()) {
            Ok(tenure) => {
                active.tenure = tenure;
                Called::TimedOut
            }
            Err(error) => {
                self.storage_failed(&error);
                Called::LeaseLost
            }
        }
    }
}

/// A call that owns what it needs, so that it can outlive the healer's interest in it.
fn job(
    active: &Active,
    strategy: &Registered,
    services: &Services,
    purpose: Purpose,
    step: usize,
    deadline: Timestamp,
    revocation: Revocation,
) -> Job {
    let strategy = Arc::clone(&strategy.strategy);
    let clock = Arc::clone(&services.clock);
    let plan = Arc::clone(&active.remediation.plan);
    let (remediation, token) = (active.remediation.id.clone(), active.tenure.lease.token);
    Box::new(move || {
        let context = StepContext::new(&remediation, token, deadline, &*clock, revocation);
        let Some(step) = plan.steps.get(step) else {
            return Err(StepError::Actuator(format!("the plan has no step {step}").into()));
        };
        match purpose {
            Purpose::Execute => strategy.execute(step, &context),
            Purpose::Undo => strategy.rollback(step, &context),
        }
    })
}
