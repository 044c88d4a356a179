//! `drain_hot_partition`.

use std::time::Duration;

use healing_core::plan::PlanError;
use healing_core::strategy::StepReport;
use healing_strategies::actuators::{VectorId, WriteRoute};
use healing_strategies::{DrainConfig, DrainHotPartition};

use crate::case::{complete, in_context, plan};
use crate::worlds::{World, drain, hotspot};

fn load(world: &World, partition: i64) -> f64 {
    let vectors = world.host.state().vectors;
    vectors
        .values()
        .filter(|(place, _)| *place == partition)
        .map(|(_, load)| load.get())
        .sum()
}

#[test]
fn new_writes_go_elsewhere_while_vectors_move_and_come_back_when_they_have_arrived() {
    let world = drain();
    let plan = world.plan();
    let execute = || in_context(Duration::from_secs(60), |cx| world.strategy.execute(&plan.steps[0], cx)).unwrap();
    assert!(matches!(execute(), StepReport::InProgress { .. }));
    assert_eq!(world.host.state().write_routes[&1], WriteRoute::Elsewhere);
    assert!(!world.host.state().arriving.is_empty());
    world.host.go_on();
    assert_eq!(execute(), StepReport::Done);
    assert!(world.host.state().write_routes.is_empty());
}

#[test]
fn the_route_is_what_it_was_after_every_step() {
    let world = drain();
    let plan = world.plan();
    assert!(plan.steps.len() > 1);
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || world.host.go_on()).unwrap();
        assert!(world.host.state().write_routes.is_empty());
    }
}

#[test]
fn the_partition_ends_within_one_vector_of_the_mean() {
    let world = drain();
    let mean = (1..=4).map(|partition| load(&world, partition)).sum::<f64>() / 4.0;
    for step in &world.plan().steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || world.host.go_on()).unwrap();
    }
    assert!(load(&world, 1) <= mean + 1.0, "{} of {mean}", load(&world, 1));
}

#[test]
fn a_partition_that_was_drained_by_order_before_stays_so() {
    let world = drain();
    world
        .host
        .change(|state| state.write_routes.insert(1, WriteRoute::Elsewhere));
    for step in &world.plan().steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || world.host.go_on()).unwrap();
    }
    assert_eq!(world.host.state().write_routes[&1], WriteRoute::Elsewhere);
}

#[test]
fn a_partition_that_is_closed_by_order_is_not_drained() {
    let world = drain();
    world
        .host
        .change(|state| state.write_routes.insert(1, WriteRoute::Closed));
    assert!(matches!(world.try_plan(), Err(PlanError::NothingToDo { .. })));
    let nobody = plan(&*world.strategy, &world.observation, hotspot(&[]), &[]);
    assert!(matches!(nobody, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn no_more_vectors_leave_than_ordered_and_limits_are_checked() {
    let world = drain();
    let ordered = [("max_moves", 3.into())];
    let few = plan(&*world.strategy, &world.observation, world.problem.clone(), &ordered).unwrap();
    let moved: Vec<Vec<VectorId>> = few
        .steps
        .iter()
        .map(|step| serde_json::from_value(step.action["vectors"].clone()).unwrap())
        .collect();
    assert_eq!(moved.concat().len(), 3);
    let host = std::sync::Arc::new(world.host);
    let strategy = DrainHotPartition::new(host.clone(), host);
    for config in [
        DrainConfig {
            batch: 0,
            ..DrainConfig::default()
        },
        DrainConfig {
            max_moves: 0,
            ..DrainConfig::default()
        },
    ] {
        assert!(strategy.clone().with_config(config).is_err());
    }
}
