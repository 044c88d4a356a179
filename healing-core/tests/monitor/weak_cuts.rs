//! A cut that was always small does not stand before the cut that fell.

use healing_core::monitor::{IntegrityState, JudgedBy, MonitorConfig, ResolvedThresholds, Thresholds};
use healing_core::plan::CapacityEffect;
use healing_core::topology::{EdgeKey, EdgeKind, NodeRef};
use healing_core::{Amount, Lambda};

use crate::world::{World, partitions};

/// Two zones of six nodes, each two of a zone joined, each node of the one zone joined with its like in the other; and a node
/// that hangs on by little. Lambda is 1 and stays so.
fn two_zones_and_a_leaf(config: &MonitorConfig) -> World {
    let mut world = World::new(config);
    world.mesh(1..=6, 20.0).mesh(11..=16, 20.0).link(1, 100, 1.0);
    between_zones(&mut world, 30.0);
    world
}

fn between_zones(world: &mut World, capacity: f64) {
    for node in 1..=6 {
        world.link(node, node + 10, capacity);
    }
}

/// Baselines are known.
fn learned(config: &MonitorConfig) -> World {
    let mut world = two_zones_and_a_leaf(config);
    assert_eq!(world.samples(10).state, IntegrityState::Normal);
    world
}

#[test]
fn zones_that_come_apart_are_seen_behind_a_leaf() {
    let mut world = learned(&MonitorConfig::default());
    between_zones(&mut world, 9.0);
    let report = world.sample();
    assert_eq!(
        (report.lambda.get(), report.side.as_slice()),
        (1.0, partitions([100]).as_slice())
    );
    let cut = &report.weakest[0];
    assert_eq!(cut.side, partitions(11..=16));
    assert_eq!((cut.value.get(), cut.baseline.map(Lambda::get)), (54.0, Some(180.0)));
    assert_eq!(cut.witness.len(), 6);
    assert!((report.integrity.get() - 0.3).abs() < 1e-9 && report.below_stress());
    assert_eq!(world.sample().state, IntegrityState::Critical);
}

#[test]
fn the_cut_is_forgotten_once_it_has_recovered() {
    let mut world = learned(&MonitorConfig::default());
    between_zones(&mut world, 9.0);
    world.samples(3);
    between_zones(&mut world, 30.0);
    let report = world.sample();
    assert!(
        report.weakest.iter().all(|cut| cut.side != partitions(11..=16)),
        "{:?}",
        report.weakest
    );
    assert!(!report.below_stress());
    assert_eq!(world.samples(40).state, IntegrityState::Normal);
}

#[test]
fn a_strong_node_that_weakens_is_seen_behind_a_leaf_too() {
    let mut world = learned(&MonitorConfig::default());
    for other in (1..=6).filter(|&other| other != 3) {
        world.link(other.min(3), other.max(3), 8.0);
    }
    world.link(3, 13, 12.0);
    let report = world.sample();
    assert_eq!(
        (report.weakest[0].side.as_slice(), report.lambda.get()),
        (partitions([3]).as_slice(), 1.0)
    );
    assert!((report.weakest[0].share_left().unwrap() - 0.4).abs() < 1e-9);
}

#[test]
fn a_leaf_that_loses_half_counts_as_any_cut_that_does() {
    let mut world = learned(&MonitorConfig::default());
    world.link(1, 100, 0.45);
    let report = world.samples(2);
    assert_eq!(report.weakest[0].side, partitions([100]));
    assert_eq!(report.state, IntegrityState::Critical);
}

#[test]
fn no_two_weak_cuts_are_the_same_and_the_most_fallen_comes_first() {
    let mut world = learned(&MonitorConfig::default());
    between_zones(&mut world, 5.0);
    world.link(2, 3, 1.0).link(14, 15, 0.0);
    let report = world.sample();
    assert_eq!(report.weakest.len(), 5);
    let shares: Vec<f64> = report.weakest.iter().map(|cut| cut.share_left().unwrap()).collect();
    assert!(shares.is_sorted(), "{shares:?}");
    for (position, cut) in report.weakest.iter().enumerate() {
        assert!(
            report.weakest[position + 1..]
                .iter()
                .all(|other| other.side != cut.side)
        );
        let sum: f64 = cut
            .witness
            .iter()
            .map(|edge| edge.edge().effective_capacity().get())
            .sum();
        assert!((sum - cut.value.get()).abs() < 1e-9);
    }
}

#[test]
fn of_more_fallen_cuts_than_can_be_kept_the_worst_is_kept() {
    // Twenty pairs that hang on a strong middle, each by two edges; two nodes always by next to nothing.
    let mut world = World::new(&MonitorConfig::default());
    world.mesh(1..=4, 1000.0).link(1, 500, 0.1);
    let tie = |world: &mut World, pair: i64, capacity: f64| {
        let (one, other) = (10 * pair, 10 * pair + 1);
        world
            .link(one, other, 100.0)
            .link(1, one, capacity)
            .link(2, other, capacity);
    };
    (1..=20).for_each(|pair| tie(&mut world, pair, 10.0));
    world.samples(10);
    // All fall, one after the other a little more, the last the most.
    (1..=20).for_each(|pair| tie(&mut world, pair, 8.8 - 0.1 * pair as f64));
    tie(&mut world, 20, 2.0);
    let report = world.samples(10);
    assert_eq!(report.weakest[0].side, partitions([200, 201]));
    assert!((report.weakest[0].share_left().unwrap() - 0.2).abs() < 1e-9);
}

#[test]
fn an_edge_that_is_no_longer_shown_is_one_that_carries_nothing() {
    let mut world = learned(&MonitorConfig::default());
    for node in 1..=4 {
        world.unlink(node, node + 10);
    }
    let report = world.sample();
    let cut = &report.weakest[0];
    assert_eq!((cut.value.get(), cut.baseline.map(Lambda::get)), (60.0, Some(180.0)));
    assert_eq!(cut.witness.len(), 2);
    between_zones(&mut world, 30.0);
    assert!(!world.sample().below_stress());
}

#[test]
fn an_edge_that_has_moved_is_not_missed() {
    let mut world = World::new(&MonitorConfig::default());
    world.mesh(1..=5, 40.0).link(1, 100, 100.0);
    world.samples(10);
    world.unlink(1, 100).link(2, 100, 100.0);
    let report = world.sample();
    assert!(
        report
            .weakest
            .iter()
            .all(|cut| cut.side != partitions([100]) || cut.share_left() == Some(1.0))
    );
    // Of what it was held by, the first node has less than before.
    assert!(!report.below_stress(), "{report:?}");
}

#[test]
fn an_edge_that_is_gone_for_an_hour_is_gone_on_purpose() {
    let mut world = learned(&MonitorConfig::default());
    world.unlink(1, 11).unlink(2, 12).unlink(3, 13);
    assert!(world.samples(350).below_stress());
    assert!(!world.samples(20).below_stress());
}

#[test]
fn by_the_minimum_cut_alone_the_zones_are_not_seen() {
    let absolute = Thresholds::Absolute(ResolvedThresholds {
        stress: Lambda::clamped(0.8),
        critical: Lambda::clamped(0.5),
        recovery_offset: Lambda::clamped(0.05),
    });
    for config in [
        MonitorConfig {
            judged_by: JudgedBy::MinimumCut,
            ..MonitorConfig::default()
        },
        MonitorConfig {
            thresholds: absolute,
            ..MonitorConfig::default()
        },
    ] {
        let mut world = learned(&config);
        between_zones(&mut world, 9.0);
        let report = world.samples(5);
        assert_eq!(
            (report.integrity, report.state),
            (report.lambda, IntegrityState::Normal)
        );
        assert_eq!(report.weakest[0].side, partitions(11..=16));
    }
}

#[test]
fn a_prediction_tells_the_minimum_cut_and_the_weakest_cut_to_be() {
    let mut world = learned(&MonitorConfig::default());
    between_zones(&mut world, 9.0);
    world.sample();
    let effect = |one, other, capacity| CapacityEffect {
        edge: EdgeKey::new(
            NodeRef::partition(one),
            NodeRef::partition(other),
            EdgeKind::PartitionLink,
        ),
        effective_capacity: Amount::new(capacity).unwrap(),
    };
    let effects = (1..=6)
        .map(|node| effect(node, node + 10, 24.0))
        .chain([effect(1, 100, 2.0), effect(7, 8, 1.0)]);
    let prediction = world.monitor.predict(effects).unwrap().unwrap();
    assert_eq!(
        (prediction.lambda_before.get(), prediction.lambda_after.get()),
        (1.0, 2.0)
    );
    let weakest = prediction.weakest_after.unwrap();
    assert_eq!((weakest.value.get(), weakest.baseline.get()), (144.0, 180.0));
    // Nothing of it was kept.
    let report = world.sample();
    assert_eq!((report.lambda.get(), report.weakest[0].value.get()), (1.0, 54.0));
}

#[test]
fn edges_that_carry_less_than_when_all_is_well_are_named_also_when_they_are_gone() {
    let mut world = World::new(&MonitorConfig::default());
    world.mesh(1..=5, 10.0);
    assert_eq!(world.sample().weakened, []);
    world.samples(5);
    world.link(1, 2, 4.0).link(2, 3, 9.9).link(3, 4, 20.0).unlink(4, 5);
    let weakened = world.sample().weakened;
    let told: Vec<(Vec<NodeRef>, f64, f64)> = weakened
        .iter()
        .map(|it| {
            let (a, b) = it.edge.ends();
            (vec![a, b], it.value.get(), it.baseline.get())
        })
        .collect();
    assert_eq!(told, [(partitions([1, 2]), 4.0, 10.0), (partitions([4, 5]), 0.0, 10.0)]);
}
