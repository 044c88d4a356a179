//! What is healthy is learned, is lifted by what lasts, and does not sink unseen.

use healing_core::monitor::{
    IntegrityMonitor, IntegrityReport, IntegrityState, LearnedHealth, MonitorConfig, MonitorError,
};
use healing_core::{Amount, Lambda};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::world::{World, partitions};

/// A ring of eight strong nodes, and a leaf that hangs on by little.
fn ring_and_leaf(world: &mut World, mut capacity: impl FnMut(i64) -> f64, leaf: f64) {
    for node in 0..8 {
        world.link(node, (node + 1) % 8, capacity(node));
    }
    world.link(0, 100, leaf);
}

/// Samples until the state is no longer normal; at most so many.
fn until_not_normal(
    world: &mut World,
    most: usize,
    mut next: impl FnMut(&mut World, usize),
) -> (usize, IntegrityReport) {
    let mut last = None;
    for sample in 0..most {
        next(world, sample);
        let report = world.sample();
        let is_normal = report.state == IntegrityState::Normal;
        last = Some((sample, report));
        if !is_normal {
            break;
        }
    }
    last.unwrap()
}

#[test]
fn a_decay_of_the_minimum_cut_over_days_ends_in_stress_at_the_learned_threshold() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |_| 500.0, 100.0);
    world.samples(20);
    // A quarter in three days.
    let days = 3 * 8640;
    let (sample, report) = until_not_normal(&mut world, days, |world, sample| {
        world.link(0, 100, 100.0 - 25.0 * sample as f64 / days as f64);
    });
    assert_eq!(report.state, IntegrityState::Stress);
    assert_eq!(report.baseline.map(Lambda::get), Some(100.0));
    let expected = days * 20 / 25;
    assert!((expected..expected + 5).contains(&sample), "{sample}");
}

#[test]
fn a_decay_of_a_cut_that_is_not_the_minimum_ends_in_stress_too() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |_| 50.0, 1.0);
    world.samples(20);
    let days = 3 * 8640;
    let (sample, report) = until_not_normal(&mut world, days, |world, sample| {
        let capacity = 50.0 - 15.0 * sample as f64 / days as f64;
        world.link(2, 3, capacity).link(6, 7, capacity);
    });
    assert_eq!((report.state, report.lambda.get()), (IntegrityState::Stress, 1.0));
    assert_eq!(report.weakest[0].side, partitions(3..=6));
    assert_eq!(report.weakest[0].baseline.map(Lambda::get), Some(100.0));
    let expected = days * 10 / 15;
    assert!((expected..expected + 5).contains(&sample), "{sample}");
}

#[test]
fn scatter_of_a_tenth_on_every_edge_for_two_days_is_no_stress_and_no_drift() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut world = World::new(&MonitorConfig::default());
    let mut drifts = 0;
    let (_, report) = until_not_normal(&mut world, 2 * 8640, |world, _| {
        let leaf = rng.random_range(0.95..1.05);
        ring_and_leaf(world, |_| 50.0 * rng.random_range(0.9..1.1), leaf);
        drifts += usize::from(world.monitor.look(&world.observation()).unwrap().drift.is_some());
    });
    assert_eq!((report.state, drifts), (IntegrityState::Normal, 0));
    assert!(
        report.baseline.is_some_and(|baseline| baseline.get() < 1.05),
        "{:?}",
        report.baseline
    );
    let least = report.weakest[0].share_left().unwrap();
    assert!((0.8..1.1).contains(&least), "{least}");
}

#[test]
fn a_lasting_rise_is_learned_cut_by_cut() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |_| 50.0, 1.0);
    world.samples(20);
    ring_and_leaf(&mut world, |_| 100.0, 1.0);
    world.samples(1000);
    // Back to what was healthy before the rise.
    world.link(2, 3, 50.0).link(6, 7, 50.0);
    let report = world.samples(3);
    let cut = &report.weakest[0];
    assert_eq!(cut.side, partitions(3..=6));
    assert!(
        cut.baseline.is_some_and(|baseline| baseline.get() > 190.0),
        "{:?}",
        cut.baseline
    );
    assert_eq!(report.state, IntegrityState::Stress);
}

#[test]
fn an_edge_that_failed_in_one_of_the_first_samples_counts_as_healthy_for_what_it_carried_in_the_others() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |_| 50.0, 1.0);
    world.sample();
    world.link(2, 3, 0.0);
    world.sample();
    world.link(2, 3, 1e12);
    world.sample();
    world.link(2, 3, 50.0);
    world.samples(10);
    world.link(2, 3, 5.0);
    let cut = world.sample().weakest[0].clone();
    assert_eq!((cut.value.get(), cut.baseline.map(Lambda::get)), (55.0, Some(100.0)));
}

#[test]
fn what_was_taken_away_on_purpose_is_healthy_once_it_is_learned_anew() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |_| 50.0, 10.0);
    world.samples(20);
    ring_and_leaf(&mut world, |_| 20.0, 10.0);
    assert_eq!(world.samples(500).state, IntegrityState::Critical);
    world.monitor.relearn();
    let report = world.samples(60);
    assert_eq!(
        (report.state, report.weakest[0].share_left()),
        (IntegrityState::Normal, Some(1.0))
    );
}

#[test]
fn a_monitor_that_recalls_what_another_learned_judges_as_that_one_does() {
    let mut world = World::new(&MonitorConfig::default());
    ring_and_leaf(&mut world, |node| 50.0 + node as f64, 10.0);
    world.samples(20);
    let learned = serde_json::to_string(&world.monitor.learned().unwrap()).unwrap();
    let mut later = IntegrityMonitor::new(&MonitorConfig::default());
    assert_eq!(later.learned(), None);
    later.recall(&serde_json::from_str(&learned).unwrap()).unwrap();
    // Meanwhile a link has lost most of its capacity, the leaf has moved, and a node has come.
    world
        .link(2, 3, 5.0)
        .unlink(0, 100)
        .link(1, 100, 9.0)
        .link(4, 200, 20.0);
    let report = world.samples(10);
    let observation = world.observation();
    let recalled = later.look(&observation).unwrap();
    assert_eq!(report.state, IntegrityState::Stress);
    assert_eq!(
        (recalled.weakened, recalled.weakest, recalled.integrity),
        (report.weakened, report.weakest, report.integrity)
    );
}

#[test]
fn what_has_no_cut_is_not_recalled() {
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    let nothing = LearnedHealth {
        lambda: Lambda::ZERO,
        weakest_share: Amount::default(),
        edges: Vec::new(),
    };
    assert!(matches!(
        monitor.recall(&nothing),
        Err(MonitorError::TooFewNodes { nodes: 0 })
    ));
    assert_eq!(monitor.learned(), None);
}
