//! Nothing is touched without a permit, and the permit's token goes along.

use super::trial::{Act, TOKEN, Trial, Trials};
use super::{Checked, World};
use crate::plan::Step;
use crate::strategy::{StepError, StepReport};
use crate::testkit::{Objection, require};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    NotBegun,
    InProgress,
    ToBeTakenBack,
}

/// Objects unless the step is refused, and leaves the world as it is, with a permit that was taken away or has run out.
fn is_refused<W: World>(trial: &Trial<'_, W>, act: Act, step: &Step, stage: Stage) -> Checked {
    let when = match stage {
        Stage::NotBegun => "not begun",
        Stage::InProgress => "in progress",
        Stage::ToBeTakenBack => "to be taken back",
    };
    let before = trial.world.state();
    let answers = [
        ("was taken away", trial.look_revoked(act, step)),
        ("had run out", trial.look_late(act, step)),
    ];
    for (how, answer) in answers {
        match answer {
            Err(StepError::NotPermitted(_)) => {}
            // What was begun may have come to its end since it was last looked at.
            Ok(StepReport::Done) if stage == Stage::InProgress => {}
            other => {
                return Err(Objection::broken(format!(
                    "{when}, the answer of the step {:?} is {other:?}, though its permit {how}",
                    step.description
                )));
            }
        }
    }
    trial.is(&before, || {
        format!("{when}, after the step {:?} without a permit", step.description)
    })
}

pub(super) fn without<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    for step in &plan.steps {
        is_refused(&trial, Act::Execute, step, Stage::NotBegun)?;
        trial.complete(Act::Execute, step)?;
    }
    if trial.strategy.reversible() {
        for step in plan.steps.iter().rev() {
            is_refused(&trial, Act::Rollback, step, Stage::ToBeTakenBack)?;
            trial.complete(Act::Rollback, step)?;
        }
    }
    Ok(())
}

pub(super) fn taken_away<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let mut tried = false;
    for step in &plan.steps {
        if let Ok(StepReport::InProgress { .. }) = trial.look(Act::Execute, step) {
            is_refused(&trial, Act::Execute, step, Stage::InProgress)?;
            tried = true;
        }
        trial.complete(Act::Execute, step)?;
    }
    if tried {
        Ok(())
    } else {
        Err(Objection::not_tried("every step is done at the first call"))
    }
}

pub(super) fn token<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    trial.execute(&plan.steps)?;
    match trial.world.newest_token() {
        None => Err(Objection::not_tried("this world does not look at tokens")),
        Some(found) => require(found == TOKEN, || {
            format!("the steps were done under token {TOKEN}, and the actuators saw {found}")
        }),
    }
}
