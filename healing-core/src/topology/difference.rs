//! What changed between two observations of the same collection.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::edge::{Edge, EdgeKey};
use super::graph::ContractedGraph;
use super::node::{Node, NodeRef};
use crate::number::Amount;

/// What changed from one graph to a later one. Everything is sorted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopologyChange {
    /// Nodes that the later graph has and the earlier had not.
    pub appeared: Vec<NodeRef>,
    /// Nodes that the earlier graph had and the later has not.
    pub disappeared: Vec<NodeRef>,
    /// Edges whose effective capacity is another, or that came or went.
    pub edges: Vec<EdgeChange>,
}

/// An edge whose effective capacity changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeChange {
    /// The edge.
    pub edge: EdgeKey,
    /// Its effective capacity in the earlier graph; `None` where it was not there.
    pub before: Option<Amount>,
    /// Its effective capacity in the later graph; `None` where it is no longer there.
    pub after: Option<Amount>,
}

impl TopologyChange {
    /// Whether nothing changed that the minimum cut could notice.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty() && self.disappeared.is_empty() && self.edges.is_empty()
    }
}

impl ContractedGraph {
    /// What changed from this graph to `later`. O(n + m).
    ///
    /// ```
    /// use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
    ///
    /// let (a, b) = (NodeRef::partition(1), NodeRef::partition(2));
    /// let graph = |error_rate| {
    ///     let mut graph = ContractedGraph::builder();
    ///     graph.node(a, 1.0)?.node(b, 1.0)?;
    ///     graph.edge(Edge::new(EdgeKind::PartitionLink, a, b, 10.0)?.with_error_rate(error_rate)?)?;
    ///     Ok::<_, healing_core::topology::TopologyError>(graph.build())
    /// };
    /// let change = graph(0.0)?.change_to(&graph(0.5)?);
    /// assert_eq!(change.edges[0].before.map(|capacity| capacity.get()), Some(10.0));
    /// assert_eq!(change.edges[0].after.map(|capacity| capacity.get()), Some(5.0));
    /// # Ok::<(), healing_core::topology::TopologyError>(())
    /// ```
    #[must_use]
    pub fn change_to(&self, later: &Self) -> TopologyChange {
        let mut change = TopologyChange::default();
        in_step(
            self.nodes(),
            later.nodes(),
            |node: &Node| node.node,
            |before, after| match (before, after) {
                (None, Some(node)) => change.appeared.push(node.node),
                (Some(node), None) => change.disappeared.push(node.node),
                _ => {}
            },
        );
        in_step(self.edges(), later.edges(), Edge::key, |before, after| {
            let Some(edge) = before.or(after).map(Edge::key) else {
                return;
            };
            let (before, after) = (
                before.map(Edge::effective_capacity),
                after.map(Edge::effective_capacity),
            );
            if before != after {
                change.edges.push(EdgeChange { edge, before, after });
            }
        });
        change
    }
}

/// Walks two slices that are sorted by `key` side by side: what has the same key is visited together.
fn in_step<'a, T, K: Ord>(
    earlier: &'a [T],
    later: &'a [T],
    key: impl Fn(&T) -> K,
    mut visit: impl FnMut(Option<&'a T>, Option<&'a T>),
) {
    let (mut earlier, mut later) = (earlier.iter().peekable(), later.iter().peekable());
    loop {
        let order = match (earlier.peek(), later.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) => key(before).cmp(&key(after)),
        };
        match order {
            Ordering::Less => visit(earlier.next(), None),
            Ordering::Greater => visit(None, later.next()),
            Ordering::Equal => visit(earlier.next(), later.next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::topology::EdgeKind;

    fn graph(nodes: &BTreeSet<i64>, edges: &BTreeMap<(i64, i64), f64>) -> ContractedGraph {
        let mut builder = ContractedGraph::builder();
        for &node in nodes {
            builder.node(NodeRef::shard(node), 1.0).unwrap();
        }
        for (&(a, b), &capacity) in edges {
            if a != b && nodes.contains(&a) && nodes.contains(&b) {
                builder
                    .edge(Edge::new(EdgeKind::Custom, NodeRef::shard(a), NodeRef::shard(b), capacity).unwrap())
                    .unwrap();
            }
        }
        builder.build()
    }

    fn any_graph() -> impl Strategy<Value = ContractedGraph> {
        let nodes = prop::collection::btree_set(0i64..8, 0..8);
        let edges = prop::collection::btree_map((0i64..8, 0i64..8), (0u8..4).prop_map(f64::from), 0..20);
        (nodes, edges).prop_map(|(nodes, edges)| graph(&nodes, &edges))
    }

    proptest! {
        #[test]
        fn applying_the_change_to_the_earlier_graph_gives_the_later(earlier in any_graph(), later in any_graph()) {
            let change = earlier.change_to(&later);
            let mut nodes: BTreeSet<_> = earlier.nodes().iter().map(|node| node.node).collect();
            nodes.extend(&change.appeared);
            nodes.retain(|node| !change.disappeared.contains(node));
            let expected: BTreeSet<_> = later.nodes().iter().map(|node| node.node).collect();
            prop_assert_eq!(nodes, expected);

            let weights = |graph: &ContractedGraph| -> BTreeMap<_, _> {
                graph.edges().iter().map(|edge| (edge.key(), edge.effective_capacity())).collect()
            };
            let mut edges = weights(&earlier);
            for EdgeChange { edge, before, after } in change.edges {
                prop_assert_eq!(edges.get(&edge).copied(), before);
                prop_assert_ne!(before, after);
                match after {
                    Some(after) => edges.insert(edge, after),
                    None => edges.remove(&edge),
                };
            }
            prop_assert_eq!(edges, weights(&later));
            prop_assert!(earlier.change_to(&earlier).is_empty());
        }
    }
}
