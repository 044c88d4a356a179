//! `throttle_ingestion`.

use std::sync::Arc;

use healing_core::Percent;
use healing_core::monitor::IntegrityState;
use healing_core::plan::PlanError;
use healing_strategies::actuators::Operation;
use healing_strategies::{ThrottleConfig, ThrottleIngestion};
use proptest::prelude::*;

use crate::case::{complete, plan_in};
use crate::worlds::{World, throttle};

fn execute(world: &World, strategy: &ThrottleIngestion, state: IntegrityState) -> Result<(), PlanError> {
    use healing_core::RemediationStrategy;
    let plan = plan_in(strategy, &world.observation, world.problem.clone(), state, &[])?;
    for step in &plan.steps {
        complete(step, |step, cx| strategy.execute(step, cx), || {}).unwrap();
    }
    Ok(())
}

fn held_back(world: &World) -> [f64; 2] {
    let throttles = world.host.state().throttles;
    [Operation::Insert, Operation::BulkInsert].map(|it| throttles.get(&it).copied().unwrap_or_default().get())
}

#[test]
fn half_is_held_back_under_stress_nine_tenths_in_the_critical_state_and_ten_points_more_in_bulk() {
    for (state, expected) in [
        (IntegrityState::Stress, [50.0, 60.0]),
        (IntegrityState::Critical, [90.0, 100.0]),
    ] {
        let world = throttle();
        let strategy = ThrottleIngestion::new(Arc::new(world.host.clone()));
        execute(&world, &strategy, state).unwrap();
        assert_eq!(held_back(&world), expected);
    }
}

#[test]
fn the_previous_share_of_every_operation_comes_back() {
    let world = throttle();
    let plan = world.plan();
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
    }
    for step in plan.steps.iter().rev() {
        complete(step, |step, cx| world.strategy.rollback(step, cx), || {}).unwrap();
    }
    assert_eq!(held_back(&world), [20.0, 0.0]);
}

#[test]
fn what_is_held_back_further_already_stays_so() {
    let world = throttle();
    let strategy = ThrottleIngestion::new(Arc::new(world.host.clone()));
    let full = Percent::clamped(100.0);
    world
        .host
        .change(|state| state.throttles.insert(Operation::BulkInsert, full));
    execute(&world, &strategy, IntegrityState::Stress).unwrap();
    assert_eq!(held_back(&world), [50.0, 100.0]);
    let again = execute(&world, &strategy, IntegrityState::Stress);
    assert!(matches!(again, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn in_the_normal_state_nothing_is_held_back() {
    let world = throttle();
    let strategy = ThrottleIngestion::new(Arc::new(world.host.clone()));
    let refused = execute(&world, &strategy, IntegrityState::Normal);
    assert!(matches!(refused, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn a_share_that_reads_back_a_hair_off_is_the_same_share() {
    let world = throttle();
    let third = Percent::clamped(100.0 / 3.0);
    world
        .host
        .change(|state| state.throttles.insert(Operation::Insert, third));
    let plan = world.plan();
    let hair_off = Percent::clamped(100.0 / 3.0 + 1e-12);
    world
        .host
        .change(|state| state.throttles.insert(Operation::Insert, hair_off));
    for step in &plan.steps {
        complete(step, |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
    }
    assert_eq!(held_back(&world), [50.0, 60.0]);
}

proptest! {
    #[test]
    fn no_share_ever_passes_a_hundred(
        stress in 0.1..100.0f64, above in 0.0..100.0f64, extra in 0.0..=100.0f64, critical in any::<bool>(),
    ) {
        let world = throttle();
        let config = ThrottleConfig {
            stress: Percent::clamped(stress),
            critical: Percent::clamped(stress + above),
            bulk_extra: Percent::clamped(extra),
        };
        let strategy = ThrottleIngestion::new(Arc::new(world.host.clone())).with_config(config).unwrap();
        let state = if critical { IntegrityState::Critical } else { IntegrityState::Stress };
        let _ = execute(&world, &strategy, state);
        let [inserts, bulk] = held_back(&world);
        prop_assert!(inserts <= 100.0 && bulk <= 100.0);
        prop_assert!(bulk >= config.stress.get() - 1e-9);
    }
}
