//! What holds for every strategy.

use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{StepError, StepReport};
use healing_core::{ProblemClass, ProblemKind};
use healing_strategies::NEED_APPROVAL;
use proptest::prelude::*;
use serde_json::json;

use crate::case::{complete, in_context, plan};
use crate::worlds::{World, all, contested, reversible};

/// Executes the first `steps` steps, each to its end.
fn execute(world: &World, plan: &Plan, steps: usize) -> Result<(), StepError> {
    let call = |step: &Step, context: &StepContext<'_>| world.strategy.execute(step, context);
    plan.steps[..steps]
        .iter()
        .try_for_each(|step| complete(step, call, || world.host.go_on()))
}

/// Takes all steps back, newest first, begun or not.
fn roll_back(world: &World, plan: &Plan) -> Result<(), StepError> {
    let call = |step: &Step, context: &StepContext<'_>| world.strategy.rollback(step, context);
    let mut newest_first = plan.steps.iter().rev();
    newest_first.try_for_each(|step| complete(step, call, || world.host.go_on()))
}

#[test]
fn planning_touches_nothing_and_says_what_it_would_do() {
    for world in all() {
        let before = world.host.state();
        let plan = world.plan();
        assert_eq!(world.host.state(), before, "{}", plan.strategy);
        assert_eq!(plan.strategy, world.strategy.name());
        assert!(!plan.steps.is_empty() && !plan.summary.is_empty());
        assert!(plan.steps.iter().all(|step| !step.description.is_empty()));
        assert_eq!(world.plan(), plan, "the same case gives the same plan");
    }
}

#[test]
fn every_plan_changes_the_world_and_survives_being_written_down() {
    for world in all() {
        let before = world.host.state();
        let written = serde_json::to_string(&world.plan()).unwrap();
        let plan: Plan = serde_json::from_str(&written).unwrap();
        assert_eq!(plan, world.plan());
        execute(&world, &plan, plan.steps.len()).unwrap();
        assert_ne!(world.host.state(), before, "{}", plan.strategy);
    }
}

#[test]
fn executing_twice_is_executing_once() {
    for world in all() {
        let plan = world.plan();
        execute(&world, &plan, plan.steps.len()).unwrap();
        let once = world.host.state();
        execute(&world, &plan, plan.steps.len()).unwrap();
        assert_eq!(world.host.state(), once, "{}", plan.strategy);
    }
}

#[test]
fn taking_back_twice_is_taking_back_once() {
    for world in reversible() {
        let plan = world.plan();
        let before = world.host.state();
        execute(&world, &plan, plan.steps.len()).unwrap();
        roll_back(&world, &plan).unwrap();
        roll_back(&world, &plan).unwrap();
        assert_eq!(world.host.state(), before, "{}", plan.strategy);
    }
}

#[test]
fn what_someone_else_changed_meanwhile_is_a_conflict_and_is_left_alone() {
    for after_execution in [false, true] {
        for (world, change) in contested() {
            let plan = world.plan();
            if after_execution {
                execute(&world, &plan, plan.steps.len()).unwrap();
            }
            world.host.change(change);
            let before = world.host.state();
            let name = &plan.strategy;
            for step in &plan.steps {
                let executed = in_context(Duration::from_secs(60), |context| world.strategy.execute(step, context));
                assert!(
                    matches!(executed, Err(StepError::Conflict { .. })),
                    "{name}: {executed:?}"
                );
                if world.strategy.reversible() {
                    let undone = in_context(Duration::from_secs(60), |context| {
                        world.strategy.rollback(step, context)
                    });
                    assert!(matches!(undone, Err(StepError::Conflict { .. })), "{name}: {undone:?}");
                }
            }
            assert_eq!(world.host.state(), before, "{name}");
        }
    }
}

#[test]
fn what_cannot_be_undone_says_so_and_is_left_as_it_is() {
    for world in all().into_iter().filter(|world| !world.strategy.reversible()) {
        let plan = world.plan();
        execute(&world, &plan, 1).unwrap();
        let done = world.host.state();
        assert!(matches!(roll_back(&world, &plan), Err(StepError::NotReversible)));
        assert_eq!(world.host.state(), done);
    }
}

#[test]
fn without_a_permit_nothing_is_touched() {
    for world in all() {
        let plan = world.plan();
        let before = world.host.state();
        let refused = in_context(Duration::ZERO, |context| {
            world.strategy.execute(&plan.steps[0], context)
        });
        assert!(
            matches!(refused, Err(StepError::NotPermitted(_))),
            "{}: {refused:?}",
            plan.strategy
        );
        assert_eq!(world.host.state(), before);
    }
}

#[test]
fn a_step_that_is_not_the_strategys_own_is_malformed() {
    for world in all() {
        let mut plan = world.plan();
        plan.steps[0].action = json!({"sing": "a song"});
        let refused = execute(&world, &plan, 1);
        assert!(matches!(refused, Err(StepError::Malformed(_))), "{}", plan.strategy);
    }
}

#[test]
fn each_strategy_refuses_what_it_does_not_treat_and_parameters_that_it_does_not_know() {
    for world in all() {
        let unknown = ProblemClass::Unknown {
            witness_summary: String::new(),
        };
        let refused = plan(&*world.strategy, &world.observation, unknown, &[]);
        assert!(matches!(refused, Err(PlanError::WrongProblem { .. })));
        assert!(!world.strategy.handles().contains(&ProblemKind::Unknown));
        let misspelt = plan(
            &*world.strategy,
            &world.observation,
            world.problem.clone(),
            &[("max_mvoes", json!(1))],
        );
        assert!(matches!(misspelt, Err(PlanError::InvalidParameter { .. })));
    }
}

#[test]
fn what_cannot_be_undone_or_costs_money_needs_approval_and_passes_the_default_limit_on_impact() {
    for world in all() {
        let strategy = &world.strategy;
        assert!(strategy.impact().get() <= 0.5, "{}", strategy.name());
        assert!(!strategy.estimated_duration().is_zero());
    }
    let names: Vec<String> = all().iter().map(|world| world.strategy.name().to_owned()).collect();
    assert!(NEED_APPROVAL.iter().all(|name| names.iter().any(|it| it == name)));
}

#[test]
fn expected_effects_never_pass_an_edges_capacity_nor_fall_below_what_it_has() {
    let mut promising = Vec::new();
    for world in all() {
        let plan = world.plan();
        for effect in plan.steps.iter().flat_map(|step| &step.effects) {
            let edge = world.observation.graph.edge(&effect.edge).unwrap();
            assert!(effect.effective_capacity <= edge.capacity());
            assert!(effect.effective_capacity >= edge.effective_capacity());
            promising.push(plan.strategy.clone());
        }
    }
    promising.dedup();
    assert_eq!(
        promising,
        [
            "drain_hot_partition",
            "rebalance_partitions",
            "rebuild_centroids",
            "reroute_reads",
            "resync_replica"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn undo_after_none_some_or_all_of_the_steps_restores_the_exact_world(
        which in 0usize..8, done in 0usize..20, calls in 0u32..30, looks in 0u32..4,
    ) {
        let world = reversible().swap_remove(which);
        let before = world.host.state();
        let plan = world.plan();
        // The actuator fails somewhere, and the last step may be left in the middle.
        world.host.fail_after(calls);
        let executed = execute(&world, &plan, done.min(plan.steps.len()));
        world.host.fail_after(None);
        if let (Ok(()), Some(step)) = (executed, plan.steps.get(done)) {
            for _ in 0..looks {
                let looked = in_context(Duration::from_secs(60), |context| world.strategy.execute(step, context));
                if looked.unwrap() == StepReport::Done {
                    break;
                }
            }
        }
        roll_back(&world, &plan).unwrap();
        prop_assert_eq!(world.host.state(), before, "{}", plan.strategy);
    }

    #[test]
    fn an_undo_that_fails_in_the_middle_can_be_taken_up_again(which in 0usize..8, calls in 0u32..20) {
        let world = reversible().swap_remove(which);
        let before = world.host.state();
        let plan = world.plan();
        execute(&world, &plan, plan.steps.len()).unwrap();
        world.host.fail_after(calls);
        let _ = roll_back(&world, &plan);
        world.host.fail_after(None);
        roll_back(&world, &plan).unwrap();
        prop_assert_eq!(world.host.state(), before, "{}", plan.strategy);
    }
}
