//! Doing what was planned.

use serde_json::json;

use super::trial::{Act, FAILURES, Trials, more_and_more};
use super::{Checked, World};
use crate::plan::Step;
use crate::strategy::StepError;
use crate::testkit::{CallFault, Objection, require};

pub(super) fn in_time<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let before = trial.world.state();
    trial.execute(&plan.steps)?;
    require(trial.world.state() != before, || {
        "every step says that it is done, and the world is as it was".to_owned()
    })
}

pub(super) fn twice<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    for step in &plan.steps {
        trial.complete(Act::Execute, step)?;
        let once = trial.world.state();
        trial.complete(Act::Execute, step)?;
        trial.is(&once, || format!("after doing the step {:?} twice", step.description))?;
    }
    let once = trial.world.state();
    trial.execute(&plan.steps)?;
    trial.comes_to(&once, || "after doing the whole plan twice".to_owned())
}

pub(super) fn reports_failure<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let before = trial.world.state();
    trial.faults()?.strike(0, CallFault::Fails);
    match trial.execute_until_failure(&plan.steps)? {
        Err(StepError::Actuator(_)) => trial.is(&before, || "after calls that all failed".to_owned()),
        Err(error) => Err(Objection::broken(format!(
            "a call that failed was reported, but not as the actuator's failure: {error}"
        ))),
        Ok(()) => Err(Objection::broken(
            "every call failed, and the steps say that they are done",
        )),
    }
}

pub(super) fn goes_on<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (straight, plan) = trials.planned()?;
    straight.execute(&plan.steps)?;
    let done = straight.world.state();
    for fault in FAILURES {
        for calls in more_and_more() {
            let (trial, plan) = trials.planned()?;
            let faults = trial.faults()?;
            faults.strike(calls, fault);
            let failed = trial.execute_until_failure(&plan.steps)?;
            faults.clear();
            trial.execute(&plan.steps)?;
            trial.comes_to(&done, || failure(fault, calls, "done again"))?;
            if failed.is_ok() {
                break;
            }
        }
    }
    Ok(())
}

/// When the world was looked at: after a call went wrong.
pub(super) fn failure(fault: CallFault, calls: u32, then: &str) -> String {
    let what = match fault {
        CallFault::LosesItsAnswer => "was done and said that it failed",
        _ => "failed",
    };
    format!("{then} after the call that followed {calls} others {what}")
}

pub(super) fn foreign_step<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let before = trial.world.state();
    let mut acts = vec![Act::Execute];
    acts.extend(trial.strategy.reversible().then_some(Act::Rollback));
    for (step, act) in plan.steps.iter().zip(acts.into_iter().cycle()).take(2) {
        let foreign = Step {
            action: json!({ "sing": "a song" }),
            ..step.clone()
        };
        match trial.look(act, &foreign) {
            Err(StepError::Malformed(_)) => {}
            other => {
                return Err(Objection::broken(format!(
                    "the answer to a step whose action is another strategy's is {other:?}"
                )));
            }
        }
    }
    trial.is(&before, || "after a step whose action is another strategy's".to_owned())
}
