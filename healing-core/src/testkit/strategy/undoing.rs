//! Taking back what was done, however much it was.

use std::time::Duration;

use super::executing::failure;
use super::trial::{Act, FAILURES, Progress, TOKEN, Trials, more_and_more, spread};
use super::{Checked, World};
use crate::strategy::StepError;
use crate::testkit::{CallFault, Objection, failed, require};

pub(super) fn nothing_done<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    let before = trial.world.state();
    trial.roll_back(&plan.steps)?;
    trial.comes_to(&before, || "after taking back what was never done".to_owned())
}

pub(super) fn after_steps<W: World>(trials: &Trials<'_, W>) -> Checked {
    let steps = trials.reversible()?.1.steps.len();
    for done in spread(u32::try_from(steps).unwrap_or(u32::MAX)) {
        let (trial, plan) = trials.reversible()?;
        let before = trial.world.state();
        let begun = plan.steps.get(..done as usize).unwrap_or_default();
        trial.execute(begun)?;
        trial.roll_back(begun)?;
        trial.comes_to(&before, || {
            format!("after {done} of {steps} steps were done and taken back")
        })?;
    }
    Ok(())
}

pub(super) fn in_the_middle<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    let all = trial.execute(&plan.steps)?;
    for looks in spread(all) {
        broken_off(trials, looks, None)?;
        // A little later, what the last look began has come further.
        broken_off(trials, looks, Some(Duration::from_secs(1)))?;
    }
    Ok(())
}

/// Does the plan up to so many looks, lets some time pass, and takes it back.
fn broken_off<W: World>(trials: &Trials<'_, W>, looks: u32, wait: Option<Duration>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    let before = trial.world.state();
    let mut left = looks;
    let mut begun = 0;
    for step in &plan.steps {
        if left == 0 {
            break;
        }
        begun += 1;
        let call = format!("doing the step {:?}", step.description);
        match trial.go_on(Act::Execute, step, left)?.map_err(failed(&call))? {
            Progress::Done { looks } => left -= looks,
            Progress::UnderWay { .. } => break,
        }
    }
    if let Some(wait) = wait {
        trial.world.pass(wait);
    }
    trial.roll_back(plan.steps.get(..begun).unwrap_or_default())?;
    trial.comes_to(&before, || {
        format!(
            "broken off after {looks} calls and taken back {}",
            if wait.is_some() { "a little later" } else { "at once" }
        )
    })
}

pub(super) fn after_failure<W: World>(trials: &Trials<'_, W>) -> Checked {
    for fault in FAILURES {
        for calls in more_and_more() {
            let (trial, plan) = trials.reversible()?;
            let before = trial.world.state();
            let faults = trial.faults()?;
            faults.strike(calls, fault);
            let failed = trial.execute_until_failure(&plan.steps)?;
            faults.clear();
            // Also those that were never begun: whoever undoes after a crash may not know.
            trial.roll_back(&plan.steps)?;
            trial.comes_to(&before, || failure(fault, calls, "taken back"))?;
            if failed.is_ok() {
                break;
            }
        }
    }
    Ok(())
}

pub(super) fn twice<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    let before = trial.world.state();
    trial.execute(&plan.steps)?;
    for step in plan.steps.iter().rev() {
        trial.complete(Act::Rollback, step)?;
        let once = trial.world.state();
        trial.complete(Act::Rollback, step)?;
        trial.is(&once, || {
            format!("after taking the step {:?} back twice", step.description)
        })?;
    }
    trial.roll_back(&plan.steps)?;
    trial.comes_to(&before, || "after taking the whole plan back twice".to_owned())
}

pub(super) fn taken_up_again<W: World>(trials: &Trials<'_, W>) -> Checked {
    for fault in FAILURES {
        for calls in more_and_more() {
            let (trial, plan) = trials.reversible()?;
            let before = trial.world.state();
            trial.execute(&plan.steps)?;
            let faults = trial.faults()?;
            faults.strike(calls, fault);
            let failed = trial.roll_back_until_failure(&plan.steps)?;
            faults.clear();
            trial.roll_back(&plan.steps)?;
            trial.comes_to(&before, || failure(fault, calls, "taken back again"))?;
            if failed.is_ok() {
                break;
            }
        }
    }
    Ok(())
}

pub(super) fn is_seen<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    trial.execute(&plan.steps)?;
    if trial.world.newest_token().is_none_or(|seen| seen != TOKEN) {
        return Err(Objection::not_tried("this world does not look at tokens"));
    }
    let (trial, plan) = trials.reversible()?;
    trial.roll_back(&plan.steps)?;
    require(trial.world.newest_token() == Some(TOKEN), || {
        "what was never done was taken back without a call to an actuator, which would not refuse a call of before that is \
         still on its way"
            .to_owned()
    })
}

pub(super) fn is_not_believed<W: World>(trials: &Trials<'_, W>) -> Checked {
    for calls in more_and_more() {
        let (trial, plan) = trials.reversible()?;
        let before = trial.world.state();
        trial.execute(&plan.steps)?;
        let faults = trial.faults()?;
        faults.strike_once(calls, CallFault::Lies);
        let believed = trial.roll_back_until_failure(&plan.steps)?;
        faults.clear();
        if believed.is_err() {
            trial.roll_back(&plan.steps)?;
        }
        trial.comes_to(&before, || {
            format!("taken back, where the call that followed {calls} others only claimed to have had its effect")
        })?;
    }
    Ok(())
}

pub(super) fn irreversible<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    if trial.strategy.reversible() {
        return Err(Objection::not_tried("the strategy says that it is reversible"));
    }
    trial.execute(&plan.steps)?;
    let done = trial.world.state();
    for step in plan.steps.iter().rev() {
        match trial.look(Act::Rollback, step) {
            Err(StepError::NotReversible) => {}
            other => {
                return Err(Objection::broken(format!(
                    "asked to take back what it says it cannot, its answer is {other:?}"
                )));
            }
        }
        trial.is(&done, || "after it was asked to take back what it cannot".to_owned())?;
    }
    Ok(())
}
