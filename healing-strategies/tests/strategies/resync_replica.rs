//! `resync_replica`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::plan::PlanError;
use healing_core::strategy::StepReport;
use healing_strategies::actuators::{CopyNumber, CopyState};
use healing_strategies::{ResyncConfig, ResyncReplica};

use crate::case::{in_context, plan};
use crate::worlds::{lag, resync};

#[test]
fn only_a_replica_that_applies_nothing_is_copied_anew() {
    let world = resync();
    let first = world.plan();
    assert_eq!(first.steps.len(), 1);
    assert_eq!(first.steps[0].action["replica"], 4);
    let catching_up = plan(&*world.strategy, &world.observation, lag(&[3]), &[]);
    assert!(matches!(catching_up, Err(PlanError::NothingToDo { .. })));
}

#[test]
fn it_waits_until_the_copy_is_complete_and_begins_no_second_one() {
    let world = resync();
    let plan = world.plan();
    let execute = || in_context(Duration::from_secs(60), |cx| world.strategy.execute(&plan.steps[0], cx)).unwrap();
    for _ in 0..3 {
        assert!(matches!(execute(), StepReport::InProgress { .. }));
        assert_eq!(world.host.state().copies[&4].number, CopyNumber(8));
        assert_eq!(world.host.state().copies[&4].state, CopyState::Copying);
    }
    world.host.go_on();
    assert_eq!(execute(), StepReport::Done);
    assert_eq!(world.host.state().copies[&4].number, CopyNumber(8));
}

#[test]
fn no_more_replicas_are_copied_than_configured() {
    let world = resync();
    world.host.change(|state| {
        for copy in state.copies.values_mut() {
            copy.state = CopyState::Stalled;
        }
    });
    assert_eq!(world.plan().steps.len(), 1);
    let strategy = ResyncReplica::new(Arc::new(world.host));
    let default = ResyncConfig::default();
    let config = ResyncConfig {
        max_replicas: 2,
        ..default
    };
    let both = strategy.clone().with_config(config).unwrap();
    let planned = plan(&both, &world.observation, lag(&[3, 4]), &[]).unwrap();
    assert_eq!(planned.steps.len(), 2);
    for config in [
        ResyncConfig {
            max_replicas: 0,
            ..default
        },
        ResyncConfig {
            copy_time: Duration::ZERO,
            ..default
        },
    ] {
        assert!(strategy.clone().with_config(config).is_err());
    }
}
