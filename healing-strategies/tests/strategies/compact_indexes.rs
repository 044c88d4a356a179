//! `compact_indexes`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{PlanError, Step};
use healing_core::strategy::StepReport;
use healing_core::{Percent, VirtualClock};
use healing_strategies::actuators::CompactionSlice;
use healing_strategies::{CompactConfig, CompactIndexes};

use crate::case::{complete, in_context, plan};
use crate::worlds::{compact, fragmentation};

#[test]
fn the_worst_index_goes_first_and_one_that_is_well_does_not_go_at_all() {
    let plan = compact().plan();
    let order: Vec<_> = plan
        .steps
        .iter()
        .map(|step| step.action["index"].as_i64().unwrap())
        .collect();
    assert_eq!(order, [3, 2]);
}

#[test]
fn an_index_is_compacted_slice_by_slice_to_the_target_and_no_further() {
    let world = compact();
    let plan = world.plan();
    let mut slices = 1;
    complete(
        &plan.steps[0],
        |step, cx| world.strategy.execute(step, cx),
        || slices += 1,
    )
    .unwrap();
    assert_eq!(slices, 5, "from 60 to 10 in slices of 10 points");
    assert_eq!(world.host.state().fragmentation[&3], Percent::clamped(10.0));
}

#[test]
fn it_stops_at_half_of_its_time_and_leaves_the_rest() {
    let world = compact();
    let plan = world.plan();
    let mut slices = 1;
    let execute = |step: &Step, cx: &StepContext<'_>| world.strategy.execute(step, cx);
    complete(&plan.steps[0], execute, || {
        slices += 1;
        world.clock.advance(Duration::from_secs(100));
    })
    .unwrap();
    // At 0, 100 and 200 seconds of 600; at 300 it is over.
    assert_eq!(slices, 4);
    assert_eq!(world.host.state().fragmentation[&3], Percent::clamped(30.0));
    let left = world.host.state();
    complete(&plan.steps[1], execute, || {}).unwrap();
    assert_eq!(world.host.state(), left, "the second index is not begun");
}

#[test]
fn an_index_that_was_dropped_or_compacted_meanwhile_needs_nothing() {
    let world = compact();
    let plan = world.plan();
    world.host.change(|state| {
        state.fragmentation.remove(&3);
        state.fragmentation.insert(2, Percent::ZERO);
    });
    for step in &plan.steps {
        let report = in_context(Duration::from_secs(60), |cx| world.strategy.execute(step, cx)).unwrap();
        assert_eq!(report, StepReport::Done);
    }
}

#[test]
fn where_no_index_is_fragmented_nothing_is_planned_and_limits_are_checked() {
    let world = compact();
    let well = plan(&*world.strategy, &world.observation, fragmentation(&[1]), &[]);
    assert!(matches!(well, Err(PlanError::NothingToDo { .. })));
    let missing = plan(&*world.strategy, &world.observation, fragmentation(&[99]), &[]);
    assert!(matches!(missing, Err(PlanError::Actuator(_))));

    let strategy = CompactIndexes::new(Arc::new(world.host), Arc::new(VirtualClock::default()));
    let default = CompactConfig::default();
    for (config, field) in [
        (
            CompactConfig {
                time: Duration::ZERO,
                ..default
            },
            "time_seconds",
        ),
        (
            CompactConfig {
                slice: CompactionSlice { entries: 0 },
                ..default
            },
            "slice.entries",
        ),
        (
            CompactConfig {
                max_indexes: 0,
                ..default
            },
            "max_indexes",
        ),
    ] {
        assert_eq!(strategy.clone().with_config(config).unwrap_err().field, field);
    }
}
