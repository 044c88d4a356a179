//! What holds for every strategy.

use healing_core::testkit::strategy::suite;
use healing_strategies::NEED_APPROVAL;

use crate::case::complete;
use crate::worlds::{ALL, World};

#[test]
fn every_strategy_conforms() {
    for world in ALL {
        let report = suite(World::make_strategy, world);
        assert!(report.is_clean(), "{report}");
        let reversible = world().strategy.reversible();
        for finding in report.not_tried() {
            let expected = match finding.check {
                "strategy.what_cannot_be_undone_says_so" => reversible,
                // It has no step that takes more than one call.
                "strategy.a_permit_taken_away_ends_a_step" => {
                    ["reroute_reads", "throttle_ingestion"].contains(&world().strategy.name())
                }
                // Nobody sets the fragmentation of an index.
                "strategy.what_someone_else_changed_is_left_alone" => world().strategy.name() == "compact_indexes",
                _ => !reversible,
            };
            assert!(expected, "{report}");
        }
    }
}

#[test]
fn what_cannot_be_undone_or_costs_money_needs_approval_and_passes_the_default_limit_on_impact() {
    let strategies = || ALL.iter().map(|world| world().strategy);
    for strategy in strategies() {
        assert!(strategy.impact().get() <= 0.5, "{}", strategy.name());
    }
    for name in NEED_APPROVAL {
        assert!(strategies().any(|strategy| strategy.name() == name), "{name}");
        let listed = healing_core::HealingConfig::default().require_approval_strategies;
        assert!(listed.iter().any(|it| it == name), "{name}");
    }
}

#[test]
fn expected_effects_never_fall_below_what_an_edge_has() {
    let mut promising = Vec::new();
    for world in ALL {
        let world = world();
        let plan = world.plan();
        for effect in plan.steps.iter().flat_map(|step| &step.effects) {
            let edge = world.observation.graph.edge(&effect.edge).unwrap();
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

/// The limit on the share of data that a plan may touch goes by it.
#[test]
fn a_plan_says_how_many_vectors_it_moves() {
    let mut moving = Vec::new();
    for world in ALL {
        let world = world();
        let plan = world.plan();
        let before = world.host.state().vectors;
        for step in &plan.steps {
            complete(step, |step, cx| world.strategy.execute(step, cx), || world.host.go_on()).unwrap();
        }
        let after = world.host.state().vectors;
        let moved = before.iter().filter(|(id, (place, _))| after[id].0 != *place).count();
        assert_eq!(plan.vectors_moved(), moved as u64, "{}", plan.strategy);
        moving.extend((moved > 0).then_some(plan.strategy));
    }
    moving.dedup();
    assert_eq!(moving, ["drain_hot_partition", "rebalance_partitions"]);
}
