//! `scale_replicas`.

use std::sync::Arc;
use std::time::Duration;

use healing_core::plan::PlanError;
use healing_core::strategy::StepReport;
use healing_core::{ProblemKind, RemediationStrategy};
use healing_strategies::{ScaleConfig, ScaleReplicas};
use proptest::prelude::*;

use crate::case::{in_context, plan};
use crate::worlds::{hotspot, lag, scale};

#[test]
fn it_treats_hotspots_and_lag() {
    let world = scale();
    assert_eq!(
        world.strategy.handles(),
        [ProblemKind::HotspotCongestion, ProblemKind::ReplicationLag]
    );
    for problem in [hotspot(&[1]), lag(&[1])] {
        let plan = plan(&*world.strategy, &world.observation, problem, &[]).unwrap();
        assert_eq!(plan.summary, "scale from 5 to 8 read replicas");
    }
}

#[test]
fn it_waits_until_the_new_replicas_are_ready_and_the_undo_until_they_are_gone() {
    let world = scale();
    let plan = world.plan();
    let ready = || world.host.state().replicas.ready;
    let execute = || in_context(Duration::from_secs(60), |cx| world.strategy.execute(&plan.steps[0], cx)).unwrap();
    while let StepReport::InProgress { .. } = execute() {
        assert!(ready() < 8);
        world.host.go_on();
    }
    assert_eq!(ready(), 8);
    let undo = || {
        in_context(Duration::from_secs(60), |cx| {
            world.strategy.rollback(&plan.steps[0], cx)
        })
        .unwrap()
    };
    while let StepReport::InProgress { .. } = undo() {
        world.host.go_on();
    }
    assert_eq!(ready(), 5);
}

proptest! {
    #[test]
    fn it_asks_for_half_as_many_again_rounded_up_and_capped(
        current in any::<u32>(), most in any::<u32>(), max_replicas in 1..=u32::MAX,
    ) {
        let world = scale();
        world.host.change(|state| (state.replicas.wanted, state.replicas.most) = (current, most));
        let strategy = ScaleReplicas::new(Arc::new(world.host.clone()));
        let strategy = strategy.with_config(ScaleConfig { max_replicas }).unwrap();
        let expected = (f64::from(current) * 1.5).ceil().min(f64::from(most)).min(f64::from(max_replicas));
        match plan(&strategy, &world.observation, lag(&[1]), &[]) {
            Ok(plan) => prop_assert_eq!(plan.steps[0].action["after"].as_f64().unwrap(), expected),
            Err(error) => {
                let nothing = matches!(error, PlanError::NothingToDo { .. });
                prop_assert!(nothing, "{}", error);
                prop_assert!(expected <= f64::from(current));
            }
        }
        prop_assert!(strategy.reversible());
    }
}
