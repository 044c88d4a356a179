//! `rebuild_centroids`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::plan::PlanError;
use healing_core::strategy::StepError;
use healing_core::{Amount, ProblemClass};
use healing_strategies::actuators::CentroidVersion;
use healing_strategies::{RebuildCentroids, RebuildConfig};

use crate::case::{complete, in_context, plan};
use crate::worlds::rebuild;

#[test]
fn the_new_version_stands_beside_the_old_until_it_is_complete_and_the_old_beside_the_new_after() {
    let world = rebuild();
    let plan = world.plan();
    complete(
        &plan.steps[0],
        |step, cx| world.strategy.execute(step, cx),
        || {
            assert_eq!(world.host.state().served, CentroidVersion(0));
            world.host.go_on();
        },
    )
    .unwrap();
    assert_eq!(world.host.state().served, CentroidVersion(0));
    complete(&plan.steps[1], |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
    assert_eq!(world.host.state().served, CentroidVersion(1));
    assert!(world.host.state().versions[&CentroidVersion(0)]);
}

#[test]
fn a_version_that_is_not_complete_is_not_served() {
    let world = rebuild();
    let plan = world.plan();
    let refused = in_context(Duration::from_secs(60), |cx| world.strategy.execute(&plan.steps[1], cx));
    assert!(matches!(refused, Err(StepError::Actuator(_))), "{refused:?}");
}

#[test]
fn the_number_of_a_version_that_someone_left_behind_is_not_taken() {
    let world = rebuild();
    world
        .host
        .change(|state| state.versions.insert(CentroidVersion(9), false));
    assert_eq!(world.plan().steps[0].action["after"], 10);
    world
        .host
        .change(|state| state.versions.insert(CentroidVersion(u64::MAX), false));
    assert!(matches!(world.try_plan(), Err(PlanError::NothingToDo { .. })));
}

#[test]
fn the_overfull_centroids_edges_are_expected_to_recover_as_its_population_comes_down_to_the_mean() {
    // It holds twice the mean and fails half, so it should fail nothing.
    let plan = rebuild().plan();
    assert!(plan.steps[0].effects.is_empty());
    let effects = &plan.steps[1].effects;
    assert_eq!(effects.len(), 4);
    assert!(
        effects
            .iter()
            .all(|effect| (effect.effective_capacity.get() - 10.0).abs() < 1e-9)
    );
}

#[test]
fn a_served_version_is_never_discarded() {
    let world = rebuild();
    let plan = world.plan();
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || world.host.go_on()).unwrap();
    }
    let refused = in_context(Duration::from_secs(60), |cx| {
        world.strategy.rollback(&plan.steps[0], cx)
    });
    assert!(matches!(refused, Err(StepError::Conflict { .. })), "{refused:?}");
    assert_eq!(world.host.state().served, CentroidVersion(1));
}

#[test]
fn no_more_centroids_are_clustered_than_configured() {
    let world = rebuild();
    let problem = ProblemClass::CentroidSkew {
        centroid_ids: vec![2, 1, 3],
        skew_factor: Amount::clamped(2.0),
    };
    let strategy = RebuildCentroids::new(Arc::new(world.host));
    assert!(
        strategy
            .clone()
            .with_config(RebuildConfig { max_centroids: 0 })
            .is_err()
    );
    let careful = strategy.with_config(RebuildConfig { max_centroids: 1 }).unwrap();
    let plan = plan(&careful, &world.observation, problem, &[]).unwrap();
    assert_eq!(plan.steps[0].action["centroids"], serde_json::json!([2]));
}
