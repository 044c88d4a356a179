//! What a strategy says of itself, and its plans.

use super::trial::Trials;
use super::{Checked, Situation, World};
use crate::identity::check_wire_name;
use crate::plan::{MAX_PLAN_STEPS, Plan, PlanError};
use crate::problem::{ProblemClass, ProblemKind};
use crate::testkit::{Objection, failed, require};

pub(super) fn describes_itself<W: World>(trials: &Trials<'_, W>) -> Checked {
    let trial = trials.begin()?;
    let strategy = &trial.strategy;
    check_wire_name("strategy name", strategy.name()).map_err(failed("reading the name"))?;
    let kinds = strategy.handles();
    let kind = trial.situation.problem.kind();
    require(kinds.contains(&kind), || {
        format!("the world's problem is {kind}, and the strategy says that it treats {kinds:?}")
    })?;
    require(!kinds.contains(&ProblemKind::Unknown), || {
        "the strategy says that it treats unknown problems, which are a human's".to_owned()
    })?;
    require(!strategy.estimated_duration().is_zero(), || {
        "its estimated duration is zero: twice that is the time that a step has".to_owned()
    })
}

pub(super) fn touches_nothing<W: World>(trials: &Trials<'_, W>) -> Checked {
    let trial = trials.begin()?;
    let before = trial.world.state();
    trial.plan()?;
    trial.is(&before, || "after planning".to_owned())
}

pub(super) fn same_plan<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    for again in [trial.plan()?, trials.planned()?.1] {
        require(plan == again, || {
            format!(
                "the same case gave two plans: {:?} and {:?}",
                plan.summary, again.summary
            )
        })?;
    }
    Ok(())
}

pub(super) fn says_what<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let name = trial.strategy.name();
    require(plan.strategy == name, || {
        format!(
            "the plan says that it is one of {:?}, the strategy is {name:?}",
            plan.strategy
        )
    })?;
    require(!plan.summary.trim().is_empty(), || "the plan has no summary".to_owned())?;
    let steps = plan.steps.len();
    require((1..=MAX_PLAN_STEPS).contains(&steps), || {
        format!("the plan has {steps} steps, it may have 1 to {MAX_PLAN_STEPS}")
    })?;
    let wordless = plan.steps.iter().position(|step| step.description.trim().is_empty());
    require(wordless.is_none(), || format!("step {wordless:?} has no description"))
}

/// The plan as another process reads it.
pub(super) fn written_and_read(plan: &Plan) -> Result<Plan, Objection> {
    let text = serde_json::to_string(plan).map_err(failed("writing the plan as JSON"))?;
    serde_json::from_str(&text).map_err(failed("reading the plan from JSON"))
}

pub(super) fn other_problems<W: World>(trials: &Trials<'_, W>) -> Checked {
    let trial = trials.begin()?;
    let unknown = Situation {
        problem: ProblemClass::Unknown {
            witness_summary: "nobody knows".to_owned(),
        },
        ..trial.situation.clone()
    };
    match unknown.case(|case| trial.strategy.plan(case))? {
        Err(PlanError::WrongProblem { .. }) => Ok(()),
        Err(error) => Err(Objection::broken(format!(
            "an unknown problem was refused, but not as one that it does not treat: {error}"
        ))),
        Ok(plan) => Err(Objection::broken(format!(
            "it would do this about an unknown problem: {}",
            plan.summary
        ))),
    }
}

pub(super) fn unknown_parameters<W: World>(trials: &Trials<'_, W>) -> Checked {
    let trial = trials.begin()?;
    let mut ordered = trial.situation.clone();
    ordered
        .parameters
        .insert("a_parameter_nobody_knows".to_owned(), true.into());
    match ordered.case(|case| trial.strategy.plan(case))? {
        Err(PlanError::InvalidParameter { .. }) => Ok(()),
        Err(error) => Err(Objection::broken(format!(
            "an unknown parameter was refused, but not as such: {error}"
        ))),
        Ok(_) => Err(Objection::broken(
            "an unknown parameter was ignored: so would be a limit whose name is misspelt",
        )),
    }
}

pub(super) fn possible<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let graph = &trial.situation.observation.graph;
    for step in &plan.steps {
        for target in &step.targets {
            require(graph.nodes().iter().any(|node| node.node == *target), || {
                format!(
                    "the step {:?} touches {target}, which is no node of the graph",
                    step.description
                )
            })?;
        }
        for effect in &step.effects {
            let Some(edge) = graph.edge(&effect.edge) else {
                let what = format!(
                    "the step {:?} expects something of {}, which is no edge",
                    step.description, effect.edge
                );
                return Err(Objection::broken(what));
            };
            require(effect.effective_capacity <= edge.capacity(), || {
                format!(
                    "the step {:?} expects {} of {}, which has {} when all is well",
                    step.description,
                    effect.effective_capacity,
                    effect.edge,
                    edge.capacity()
                )
            })?;
            require(step.targets.iter().any(|target| effect.edge.touches(*target)), || {
                format!(
                    "the step {:?} expects something of {}, and touches neither end",
                    step.description, effect.edge
                )
            })?;
        }
    }
    Ok(())
}

/// What neither shows in the graph nor in a measurement is taken back as if it had not helped.
pub(super) fn verifiable<W: World>(trials: &Trials<'_, W>) -> Checked {
    let (trial, plan) = trials.planned()?;
    let expected = plan.steps.iter().any(|step| !step.effects.is_empty());
    let Situation {
        problem, observation, ..
    } = &trial.situation;
    let measured = trial.strategy.symptom(problem, &observation.metrics).is_some();
    require(expected || measured, || {
        format!(
            "it expects nothing of the graph, and has no symptom of {} in the world's metrics: whatever it does could only be \
             verified by a lambda that it does not expect to move",
            problem.kind()
        )
    })
}
