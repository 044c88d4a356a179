//! What the monitor finds in a graph that changes is what it would find in each of the graphs anew.

use healing_core::Lambda;
use healing_core::monitor::{IntegrityMonitor, MonitorConfig, MonitorError};
use healing_core::topology::EdgeKind;
use healing_mincut::{Graph, minimum_cut};
use proptest::prelude::*;

use crate::world::World;

/// What may happen to a graph from one sample to the next.
#[derive(Debug, Clone)]
enum Change {
    Capacity(i64, i64, bool, f64),
    Edge(i64, i64, bool),
    Node(i64),
    /// All capacities at once: what fits the weights of before no longer does.
    Scale(i32),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let node = || 0..8i64;
    let capacity = prop_oneof![Just(0.0), (1u8..20).prop_map(f64::from), 0.0..1e6f64];
    let change = prop_oneof![
        12 => (node(), node(), any::<bool>(), capacity).prop_map(|(a, b, kind, to)| Change::Capacity(a, b, kind, to)),
        3 => (node(), node(), any::<bool>()).prop_map(|(a, b, kind)| Change::Edge(a, b, kind)),
        1 => node().prop_map(Change::Node),
        1 => (-40..40i32).prop_map(Change::Scale),
    ];
    prop::collection::vec(change, 0..5)
}

fn apply(world: &mut World, change: &Change) {
    let key = |one: i64, other: i64, kind: bool| {
        let kind = if kind {
            EdgeKind::Dependency
        } else {
            EdgeKind::RoutingLink
        };
        (one.min(other), one.max(other), kind)
    };
    match *change {
        Change::Capacity(one, other, kind, capacity) if one != other => {
            world.nodes.extend([one, other]);
            world.edges.insert(key(one, other, kind), capacity);
        }
        Change::Capacity(..) => {}
        Change::Edge(one, other, kind) => {
            world.edges.remove(&key(one, other, kind));
        }
        Change::Node(node) => {
            world.nodes.remove(&node);
            world.edges.retain(|&(one, other, _), _| one != node && other != node);
        }
        Change::Scale(exponent) => {
            for capacity in world.edges.values_mut() {
                *capacity = (*capacity * 2.0_f64.powi(exponent)).min(1e26);
            }
        }
    }
}

/// The value of the minimum cut, by a fresh solve; `None` where there is no cut.
fn fresh(world: &World) -> Option<f64> {
    let graph = world.graph();
    let number = |node| graph.position(node).unwrap() as u32;
    let edges = graph.edges().iter().map(|edge| {
        let (a, b) = edge.key().ends();
        (number(a), number(b), edge.effective_capacity().get())
    });
    let (graph, scale) = Graph::from_capacities(graph.nodes().len() as u32, edges).unwrap();
    minimum_cut(&graph).map(|cut| scale.capacity(cut.value()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lambda_is_what_a_fresh_solve_finds(steps in prop::collection::vec((changes(), any::<bool>()), 1..40)) {
        let mut world = World::new(&MonitorConfig { baseline_samples: 3, ..MonitorConfig::default() });
        for (changes, is_sample) in &steps {
            for change in changes {
                apply(&mut world, change);
            }
            let report = if *is_sample {
                world.monitor.sample(&world.observation())
            } else {
                world.monitor.look(&world.observation())
            };
            let (report, expected) = match (report, fresh(&world)) {
                (Ok(report), Some(expected)) => (report, expected),
                (report, expected) => {
                    prop_assert_eq!(expected, None);
                    let nodes = world.nodes.len();
                    prop_assert_eq!(report.map(|report| report.lambda), Err(MonitorError::TooFewNodes { nodes }));
                    continue;
                }
            };
            let total: f64 = world.edges.values().sum();
            prop_assert!((report.lambda.get() - expected).abs() <= total * 1e-9, "{} {expected}", report.lambda);
            for cut in &report.weakest {
                prop_assert!(cut.value.get() >= expected - total * 1e-9);
                let crossing = world.graph().edges().iter().filter(|edge| {
                    let (a, b) = edge.key().ends();
                    cut.side.contains(&a) != cut.side.contains(&b)
                }).count();
                prop_assert_eq!(cut.witness.len(), crossing);
                prop_assert!(!cut.side.is_empty() && cut.side.len() * 2 <= world.nodes.len());
            }
            prop_assert!(report.weakest.iter().all(|cut| cut.value.get().is_finite()));
        }
    }

    #[test]
    fn the_same_observations_give_the_same_reports(steps in prop::collection::vec(changes(), 1..20)) {
        let mut world = World::new(&MonitorConfig { baseline_samples: 3, ..MonitorConfig::default() });
        let mut other = IntegrityMonitor::new(&MonitorConfig { baseline_samples: 3, ..MonitorConfig::default() });
        for changes in &steps {
            for change in changes {
                apply(&mut world, change);
            }
            let observation = world.observation();
            prop_assert_eq!(world.monitor.sample(&observation), other.sample(&observation));
        }
    }
}

#[test]
fn what_has_no_cut_is_refused_and_changes_nothing() {
    let mut world = World::new(&MonitorConfig::default());
    assert_eq!(
        world.monitor.sample(&world.observation()).map(|report| report.lambda),
        Err(MonitorError::TooFewNodes { nodes: 0 })
    );
    world.nodes.insert(1);
    assert_eq!(
        world.monitor.look(&world.observation()).map(|report| report.lambda),
        Err(MonitorError::TooFewNodes { nodes: 1 })
    );
    world.link(1, 2, 5.0);
    world.samples(6);
    world.link(1, 2, f64::MAX);
    let refused = world.monitor.sample(&world.observation()).unwrap_err();
    assert!(refused.to_string().contains("larger unit"), "{refused}");
    world.link(1, 2, 5.0);
    let report = world.sample();
    assert_eq!(
        (report.lambda.get(), report.baseline.map(Lambda::get)),
        (5.0, Some(5.0))
    );
}

#[test]
fn a_graph_that_falls_apart_has_lambda_zero_and_can_be_joined_again() {
    let mut world = World::new(&MonitorConfig::default());
    world.link(1, 2, 10.0).link(2, 3, 10.0);
    world.samples(10);
    world.unlink(2, 3);
    let report = world.sample();
    assert_eq!((report.lambda.get(), report.integrity.get()), (0.0, 0.0));
    assert!(report.witness.is_empty());
    world.link(2, 3, 10.0);
    assert_eq!(world.sample().lambda.get(), 10.0);
}
