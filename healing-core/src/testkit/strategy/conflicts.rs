//! Someone else acted meanwhile.

use super::trial::{Act, Trial, Trials};
use super::{Checked, World};
use crate::plan::Step;
use crate::strategy::StepError;
use crate::testkit::Objection;

/// Lets someone else act, and objects unless each step answers with a conflict and leaves the world as it then is.
fn conflict<'s, W: World>(
    trial: &Trial<'_, W>,
    act: Act,
    steps: impl Iterator<Item = &'s Step>,
    when: &str,
) -> Checked {
    if !trial.world.interfere() {
        return Err(Objection::not_tried("nobody else can change what the plan is about"));
    }
    let interfered = trial.world.state();
    for step in steps {
        match trial.look(act, step) {
            Err(StepError::Conflict { .. }) => {}
            other => {
                return Err(Objection::broken(format!(
                    "someone else changed what the step {:?} is about {when}, and its answer is {other:?} instead of a conflict",
                    step.description
                )));
            }
        }
        trial.is(&interfered, || {
            format!(
                "after the step {:?}, whose matter someone else changed {when}",
                step.description
            )
        })?;
    }
    Ok(())
}

pub(super) fn left_alone<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    conflict(&trial, Act::Execute, plan.steps.iter(), "before it was done")?;
    let (trial, plan) = trials.planned()?;
    trial.execute(&plan.steps)?;
    conflict(&trial, Act::Execute, plan.steps.iter(), "after it was done")
}

pub(super) fn not_taken_back<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.reversible()?;
    trial.execute(&plan.steps)?;
    conflict(&trial, Act::Rollback, plan.steps.iter().rev(), "after it was done")
}
