//! Another process takes over: it knows what was written down and nothing else.

use super::planning::written_and_read;
use super::trial::{Act, Progress, Trial, Trials};
use super::{Checked, World};
use crate::plan::Step;
use crate::testkit::{Objection, failed};

/// The most looks at a step.
const MOST_LOOKS: u32 = 10_000;

pub(super) fn goes_on<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (straight, plan) = trials.planned()?;
    straight.execute(&plan.steps)?;
    let done = straight.world.state();
    let (mut trial, plan) = trials.planned()?;
    for step in &written_and_read(&plan)?.steps {
        with_a_restart_between_looks(&mut trial, Act::Execute, step)?;
    }
    trial.comes_to(&done, || "done by one process after the other".to_owned())
}

pub(super) fn takes_back<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (mut trial, plan) = trials.reversible()?;
    let before = trial.world.state();
    trial.execute(&plan.steps)?;
    for step in written_and_read(&plan)?.steps.iter().rev() {
        with_a_restart_between_looks(&mut trial, Act::Rollback, step)?;
    }
    trial.comes_to(&before, || {
        "taken back by other processes than the one that did it".to_owned()
    })
}

fn with_a_restart_between_looks<W: World>(trial: &mut Trial<'_, W>, act: Act, step: &Step) -> Checked {
    for _ in 0..MOST_LOOKS {
        trial.restart();
        let call = format!("going on with the step {:?} in another process", step.description);
        match trial.go_on(act, step, 1)?.map_err(failed(&call))? {
            Progress::Done { .. } => return Ok(()),
            Progress::UnderWay { poll_after } => trial.world.pass(poll_after),
        }
    }
    let what = format!(
        "the step {:?} never ends when another process goes on with it",
        step.description
    );
    Err(Objection::broken(what))
}
