//! `evict_cold_data`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::plan::{Plan, PlanError};
use healing_core::{Percent, Ratio};
use healing_strategies::actuators::Tier;
use healing_strategies::{EvictColdData, EvictConfig};

use crate::case::{complete, in_context, plan};
use crate::worlds::{World, evict, memory_pressure};

fn evicted(plan: &Plan) -> Vec<i64> {
    let segment = |step: &healing_core::plan::Step| step.action["segment"].as_i64().unwrap();
    plan.steps.iter().map(segment).collect()
}

fn planned(world: &World, config: EvictConfig, used: f64) -> Result<Plan, PlanError> {
    let strategy = EvictColdData::new(Arc::new(world.host.clone()))
        .with_config(config)
        .unwrap();
    plan(&strategy, &world.observation, memory_pressure(used), &[])
}

#[test]
fn the_segments_unread_for_longest_go_and_no_more_than_needed() {
    // 95 % of 100 MiB down to 75 %: two segments of 10 MiB.
    assert_eq!(evicted(&evict().plan()), [8, 7]);
    let lower = EvictConfig {
        target: Percent::clamped(60.0),
        ..EvictConfig::default()
    };
    assert_eq!(evicted(&planned(&evict(), lower, 95.0).unwrap()), [8, 7, 6, 5]);
}

#[test]
fn what_is_still_read_stays_and_so_does_more_than_the_allowed_share() {
    let all = EvictConfig {
        target: Percent::ZERO,
        ..EvictConfig::default()
    };
    // Half of eight may go, and segments 1 and 2 were read within 300 seconds.
    assert_eq!(evicted(&planned(&evict(), all, 95.0).unwrap()), [8, 7, 6, 5]);
    let whole = EvictConfig {
        max_share: Ratio::ONE,
        ..all
    };
    assert_eq!(evicted(&planned(&evict(), whole, 95.0).unwrap()), [8, 7, 6, 5, 4, 3]);
    let few = EvictConfig { max_segments: 1, ..all };
    assert_eq!(evicted(&planned(&evict(), few, 95.0).unwrap()), [8]);
}

#[test]
fn where_memory_is_comfortable_or_everything_is_read_nothing_is_planned() {
    let comfortable = planned(&evict(), EvictConfig::default(), 75.0);
    assert!(matches!(comfortable, Err(PlanError::NothingToDo { .. })));
    let patient = EvictConfig {
        idle: Duration::from_secs(10_000),
        ..EvictConfig::default()
    };
    let all_read = planned(&evict(), patient, 95.0);
    assert!(matches!(all_read, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn a_segment_that_is_gone_needs_neither_eviction_nor_loading() {
    let world = evict();
    let plan = world.plan();
    world.host.change(|state| state.segments.remove(&8));
    let before = world.host.state();
    complete(&plan.steps[0], |step, cx| world.strategy.execute(step, cx), || {}).unwrap();
    complete(&plan.steps[0], |step, cx| world.strategy.rollback(step, cx), || {}).unwrap();
    assert_eq!(world.host.state(), before);
}

#[test]
fn an_eviction_under_way_is_called_off_by_the_undo() {
    let world = evict();
    let plan = world.plan();
    in_context(Duration::from_secs(60), |cx| world.strategy.execute(&plan.steps[0], cx)).unwrap();
    assert!(!world.host.state().moving_segments.is_empty());
    complete(&plan.steps[0], |step, cx| world.strategy.rollback(step, cx), || {}).unwrap();
    world.host.go_on();
    assert!(
        world
            .host
            .state()
            .segments
            .values()
            .all(|segment| segment.tier == Tier::Hot)
    );
}

#[test]
fn limits_out_of_range_are_refused_by_name() {
    let strategy = EvictColdData::new(Arc::new(evict().host));
    for (config, field) in [
        (
            EvictConfig {
                target: Percent::clamped(100.0),
                ..EvictConfig::default()
            },
            "target",
        ),
        (
            EvictConfig {
                idle: Duration::MAX,
                ..EvictConfig::default()
            },
            "idle_seconds",
        ),
        (
            EvictConfig {
                max_segments: 1001,
                ..EvictConfig::default()
            },
            "max_segments",
        ),
    ] {
        assert_eq!(strategy.clone().with_config(config).unwrap_err().field, field);
    }
    let read: EvictConfig = serde_json::from_str(r#"{"idle_seconds": 60}"#).unwrap();
    assert_eq!(read.idle, Duration::from_secs(60));
}
