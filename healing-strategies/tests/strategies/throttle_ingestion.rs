//! `throttle_ingestion`.

use std::sync::Arc;

use healing_core::metrics::{PartitionMetrics, SystemMetrics};
use healing_core::monitor::IntegrityState;
use healing_core::plan::PlanError;
use healing_core::topology::NodeRef;
use healing_core::{Amount, Observation, Percent, ProblemClass};
use healing_strategies::actuators::Operation;
use healing_strategies::{MemoryHost, MemoryState, ThrottleConfig, ThrottleIngestion};
use proptest::prelude::*;

use crate::case::{complete, observation, plan_in};
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

/// Partition 1 of four has lost half; so many of its ten requests a second insert.
fn hot_partition(inserts: Option<f64>) -> Observation {
    let partition = PartitionMetrics {
        load: Amount::clamped(10.0),
        inserts: inserts.map(Amount::clamped),
        vectors: 100,
    };
    let metrics = SystemMetrics {
        partitions: (1..=4).map(|id| (id, partition)).collect(),
        ..SystemMetrics::default()
    };
    observation(4, &[(1, 0.5)], metrics)
}

fn hotspot() -> ProblemClass {
    ProblemClass::HotspotCongestion {
        partition_ids: vec![1],
        load_ratio: Amount::clamped(2.0),
    }
}

#[test]
fn fewer_inserts_relieve_a_partition_as_much_as_they_load_it() {
    // Of an edge's 10, 5 are left. What is held back of the inserts is in the last column; the rest of the load has the 5.
    for (inserts, state, held_back) in [
        (Some(4.0), IntegrityState::Stress, 0.5),
        (Some(10.0), IntegrityState::Stress, 0.5),
        (Some(4.0), IntegrityState::Critical, 0.9),
    ] {
        let strategy = ThrottleIngestion::new(Arc::new(MemoryHost::default()));
        let plan = plan_in(&strategy, &hot_partition(inserts), hotspot(), state, &[]).unwrap();
        let left = 10.0 - inserts.unwrap() * held_back;
        let effects = &plan.steps[0].effects;
        assert_eq!(
            (effects.len(), &*plan.steps[0].targets),
            (2, &[NodeRef::partition(1)][..])
        );
        for effect in effects {
            let expected = (5.0 * 10.0 / left).min(10.0);
            assert!((effect.effective_capacity.get() - expected).abs() < 1e-9, "{effect:?}");
        }
        assert!(plan.steps[1].effects.is_empty());
    }
}

#[test]
fn what_is_held_back_already_is_not_promised_again() {
    let strategy = ThrottleIngestion::new(Arc::new(MemoryHost::new(MemoryState {
        throttles: [(Operation::Insert, Percent::clamped(40.0))].into(),
        ..MemoryState::default()
    })));
    let plan = plan_in(
        &strategy,
        &hot_partition(Some(6.0)),
        hotspot(),
        IntegrityState::Stress,
        &[],
    )
    .unwrap();
    // Clients want to send 10 a second, of which 5 pass instead of 6.
    let after = plan.steps[0].effects[0].effective_capacity.get();
    assert!((after - 5.0 * 10.0 / 9.0).abs() < 1e-9, "{after}");
}

#[test]
fn nothing_is_promised_of_inserts_that_nobody_counts_nor_planned_where_there_are_none() {
    let strategy = ThrottleIngestion::new(Arc::new(MemoryHost::default()));
    let planned = |inserts| {
        plan_in(
            &strategy,
            &hot_partition(inserts),
            hotspot(),
            IntegrityState::Stress,
            &[],
        )
    };
    let uncounted = planned(None).unwrap();
    assert!(uncounted.steps.iter().all(|step| step.effects.is_empty()));
    assert!(matches!(planned(Some(0.0)), Err(PlanError::NothingToDo { .. })));
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
