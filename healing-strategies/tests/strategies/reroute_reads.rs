//! `reroute_reads`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::Ratio;
use healing_core::plan::{Plan, PlanError};
use healing_strategies::actuators::LagBound;
use healing_strategies::{RerouteConfig, RerouteReads};

use crate::case::{complete, plan};
use crate::worlds::{lag, reroute};

fn replicas(plan: &Plan) -> Vec<i64> {
    plan.steps
        .iter()
        .map(|step| step.action["replica"].as_i64().unwrap())
        .collect()
}

#[test]
fn lagging_replicas_get_a_bound_and_the_others_none() {
    let world = reroute();
    let plan = world.plan();
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
    }
    let bound = Some(LagBound::from_millis(5000));
    assert_eq!(
        world.host.state().lag_bounds,
        [(1, None), (2, None), (3, bound), (4, bound)].into()
    );
}

#[test]
fn no_more_than_the_allowed_share_is_taken_out_but_one_always() {
    let world = reroute();
    let all_behind = |max_share| {
        let config = RerouteConfig {
            max_share,
            bound: LagBound::from_millis(1),
        };
        let strategy = RerouteReads::new(Arc::new(world.host.clone()))
            .with_config(config)
            .unwrap();
        replicas(&plan(&strategy, &world.observation, lag(&[4, 3]), &[]).unwrap())
    };
    assert_eq!(all_behind(Ratio::literal(0.25)), [4]);
    assert_eq!(all_behind(Ratio::literal(0.01)), [4]);
    assert_eq!(all_behind(Ratio::ONE), [4, 3]);
}

#[test]
fn a_replica_that_is_bounded_tighter_already_is_left_to_catch_up() {
    let world = reroute();
    world
        .host
        .change(|state| state.lag_bounds.insert(4, Some(LagBound::from_millis(2000))));
    assert_eq!(replicas(&world.plan()), [3]);
    world
        .host
        .change(|state| state.lag_bounds.insert(3, Some(LagBound::from_millis(5000))));
    assert!(matches!(world.try_plan(), Err(PlanError::NothingToDo { .. })));
}

#[test]
fn a_replica_that_is_hardly_behind_is_not_rerouted() {
    let world = reroute();
    let hardly = plan(&*world.strategy, &world.observation, lag(&[1, 2]), &[]);
    assert!(matches!(hardly, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn a_replica_that_is_gone_needs_nothing() {
    let world = reroute();
    let plan = world.plan();
    world.host.change(|state| state.lag_bounds.clear());
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
        complete(step, |step, cx| world.strategy.rollback(step, cx), || {}).unwrap();
    }
    assert!(world.host.state().lag_bounds.is_empty());
}

#[test]
fn limits_out_of_range_are_refused() {
    let strategy = RerouteReads::new(Arc::new(reroute().host));
    let default = RerouteConfig::default();
    let bound = LagBound::from_millis(0);
    assert!(
        strategy
            .clone()
            .with_config(RerouteConfig { bound, ..default })
            .is_err()
    );
    let max_share = Ratio::ZERO;
    assert!(strategy.with_config(RerouteConfig { max_share, ..default }).is_err());
    assert!(LagBound::new(Duration::MAX).is_err());
}
