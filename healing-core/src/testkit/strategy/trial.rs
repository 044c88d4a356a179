//! A strategy on a world, made anew for each thing that is tried.

use std::sync::Arc;
use std::time::Duration;

use super::{Situation, World};
use crate::clock::later;
use crate::identity::{FencingToken, RemediationId};
use crate::permit::{Revocation, StepContext};
use crate::plan::{Plan, Step};
use crate::strategy::{RemediationStrategy, StepError, StepReport};
use crate::testkit::{CallFault, Faults, Objection, failed, require};

/// Makes trials that are all alike.
pub(super) struct Trials<'a, W> {
    strategy: &'a dyn Fn(&W) -> Arc<dyn RemediationStrategy>,
    world: &'a dyn Fn() -> W,
}

/// A strategy on a world, and what it plans there.
pub(super) struct Trial<'a, W> {
    make: &'a dyn Fn(&W) -> Arc<dyn RemediationStrategy>,
    pub(super) strategy: Arc<dyn RemediationStrategy>,
    pub(super) world: W,
    pub(super) situation: Situation,
    remediation: RemediationId,
}

/// What is done with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Execute,
    Rollback,
}

/// The most looks at a step before it counts as endless.
const MOST_LOOKS: u32 = 10_000;

/// Time in which what a step left under way shows.
const SETTLING: Duration = Duration::from_secs(60);

/// The token of a trial's calls.
pub(super) const TOKEN: FencingToken = FencingToken::new(7);

impl<'a, W: World> Trials<'a, W> {
    pub(super) fn new(strategy: &'a dyn Fn(&W) -> Arc<dyn RemediationStrategy>, world: &'a dyn Fn() -> W) -> Self {
        Self { strategy, world }
    }

    pub(super) fn begin(&self) -> Result<Trial<'a, W>, Objection> {
        let world = (self.world)();
        let situation = world.situation();
        Ok(Trial {
            make: self.strategy,
            strategy: (self.strategy)(&world),
            remediation: RemediationId::new(situation.observation.collection.clone(), 1),
            situation,
            world,
        })
    }

    /// A trial with its plan.
    pub(super) fn planned(&self) -> Result<(Trial<'a, W>, Plan), Objection> {
        let trial = self.begin()?;
        let plan = trial.plan()?;
        Ok((trial, plan))
    }

    /// The same of a strategy that can take back what it does; not tried with others.
    pub(super) fn reversible(&self) -> Result<(Trial<'a, W>, Plan), Objection> {
        let trial = self.begin()?;
        if !trial.strategy.reversible() {
            return Err(Objection::not_tried("the strategy says that it is not reversible"));
        }
        let plan = trial.plan()?;
        Ok((trial, plan))
    }
}

impl<W: World> Trial<'_, W> {
    pub(super) fn plan(&self) -> Result<Plan, Objection> {
        let plan = self.situation.case(|case| self.strategy.plan(case))?;
        plan.map_err(failed("planning for the world's problem"))
    }

    /// The strategy as another process has it.
    pub(super) fn restart(&mut self) {
        self.strategy = (self.make)(&self.world);
    }

    /// One call with a permit that holds.
    pub(super) fn look(&self, act: Act, step: &Step) -> Result<StepReport, StepError> {
        let end = later(self.world.clock().now(), Duration::from_secs(24 * 3600));
        self.call(act, step, end, &Revocation::default())
    }

    /// One call with a permit that was taken away.
    pub(super) fn look_revoked(&self, act: Act, step: &Step) -> Result<StepReport, StepError> {
        let end = later(self.world.clock().now(), Duration::from_secs(24 * 3600));
        let revocation = Revocation::default();
        revocation.revoke();
        self.call(act, step, end, &revocation)
    }

    /// One call with a permit that has run out.
    pub(super) fn look_late(&self, act: Act, step: &Step) -> Result<StepReport, StepError> {
        let now = self.world.clock().now();
        let end = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        self.call(act, step, end, &Revocation::default())
    }

    fn call(
        &self,
        act: Act,
        step: &Step,
        deadline: jiff::Timestamp,
        revocation: &Revocation,
    ) -> Result<StepReport, StepError> {
        let clock = self.world.clock();
        let context = StepContext::new(&self.remediation, TOKEN, deadline, clock, revocation.clone());
        match act {
            Act::Execute => self.strategy.execute(step, &context),
            Act::Rollback => self.strategy.rollback(step, &context),
        }
    }

    /// Calls as often as the step asks for, at most `looks` times, with time between two calls: how far it came.
    pub(super) fn go_on(&self, act: Act, step: &Step, looks: u32) -> Result<Result<Progress, StepError>, Objection> {
        let patience = self.strategy.estimated_duration().saturating_mul(2);
        let mut waited = Duration::ZERO;
        for look in 1..=looks {
            match self.look(act, step) {
                Err(error) => return Ok(Err(error)),
                Ok(StepReport::Done) => return Ok(Ok(Progress::Done { looks: look })),
                Ok(StepReport::InProgress { poll_after }) if look == looks => {
                    return Ok(Ok(Progress::UnderWay { poll_after }));
                }
                Ok(StepReport::InProgress { poll_after }) => {
                    let description = &step.description;
                    require(!poll_after.is_zero(), || {
                        format!("the step {description:?} asks to be called again at once")
                    })?;
                    self.world.pass(poll_after);
                    waited = waited.saturating_add(poll_after);
                    require(waited <= patience, || {
                        format!(
                            "the step {description:?} was in progress after {waited:?} still: \
                             after {patience:?}, twice what the strategy estimates, it counts as failed"
                        )
                    })?;
                }
            }
        }
        Err(Objection::broken("a step was looked at no time at all"))
    }

    /// Does, or takes back, a step that must come to its end. How many looks that took.
    pub(super) fn complete(&self, act: Act, step: &Step) -> Result<u32, Objection> {
        let doing = match act {
            Act::Execute => "doing",
            Act::Rollback => "taking back",
        };
        let call = format!("{doing} the step {:?}", step.description);
        match self.go_on(act, step, MOST_LOOKS)?.map_err(failed(&call))? {
            Progress::Done { looks } => Ok(looks),
            Progress::UnderWay { .. } => Err(Objection::broken(format!("{call} never ends"))),
        }
    }

    /// Does steps, which must come to their end.
    pub(super) fn execute(&self, steps: &[Step]) -> Result<u32, Objection> {
        steps.iter().map(|step| self.complete(Act::Execute, step)).sum()
    }

    /// Takes steps back, newest first; they must come to their end.
    pub(super) fn roll_back(&self, steps: &[Step]) -> Result<(), Objection> {
        let mut newest_first = steps.iter().rev();
        newest_first.try_for_each(|step| self.complete(Act::Rollback, step).map(|_| ()))
    }

    /// The orders by which this world's calls go wrong; not tried where they cannot.
    pub(super) fn faults(&self) -> Result<&Faults, Objection> {
        let why = "the calls of this world cannot be made to fail";
        self.world.faults().ok_or_else(|| Objection::not_tried(why))
    }

    /// Does steps until a call fails.
    pub(super) fn execute_until_failure(&self, steps: &[Step]) -> Result<Result<(), StepError>, Objection> {
        self.until_failure(Act::Execute, steps.iter())
    }

    /// Takes steps back, newest first, until a call fails.
    pub(super) fn roll_back_until_failure(&self, steps: &[Step]) -> Result<Result<(), StepError>, Objection> {
        self.until_failure(Act::Rollback, steps.iter().rev())
    }

    fn until_failure<'s>(
        &self,
        act: Act,
        steps: impl Iterator<Item = &'s Step>,
    ) -> Result<Result<(), StepError>, Objection> {
        for step in steps {
            if let Err(error) = self.go_on(act, step, MOST_LOOKS)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Objects unless the world is in this state, also after what is still under way has come to its end.
    pub(super) fn comes_to(&self, expected: &W::State, when: impl FnOnce() -> String) -> Result<(), Objection> {
        self.world.pass(SETTLING);
        self.is(expected, when)
    }

    /// Objects unless the world is in this state.
    pub(super) fn is(&self, expected: &W::State, when: impl FnOnce() -> String) -> Result<(), Objection> {
        let found = self.world.state();
        require(found == *expected, || {
            let when = when();
            let (found, expected) = (format!("{found:#?}"), format!("{expected:#?}"));
            let differing = found
                .lines()
                .zip(expected.lines())
                .find(|(found, expected)| found != expected);
            match differing {
                Some((found, expected)) => {
                    format!(
                        "{when}, the world is not as it should be: {} instead of {}",
                        found.trim(),
                        expected.trim()
                    )
                }
                None => format!("{when}, the world is not as it should be: {found} instead of {expected}"),
            }
        })
    }
}

/// How far a step came.
pub(super) enum Progress {
    Done { looks: u32 },
    UnderWay { poll_after: Duration },
}

/// The numbers from 0 to `last`, or nine of them from one end to the other.
pub(super) fn spread(last: u32) -> impl Iterator<Item = u32> {
    let parts = last.clamp(1, 8);
    let mut numbers: Vec<u32> = (0..=parts)
        .map(|part| (u64::from(last) * u64::from(part) / u64::from(parts)) as u32)
        .collect();
    numbers.dedup();
    numbers.into_iter()
}

/// Ways for a call to fail, and how many calls are spared before: few, and then more and more.
pub(super) const FAILURES: [CallFault; 2] = [CallFault::Fails, CallFault::LosesItsAnswer];

/// See [`FAILURES`].
pub(super) fn more_and_more() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(0_u32), |calls| Some(calls + 1 + calls / 2)).take(24)
}
