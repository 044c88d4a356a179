//! Nodes that only the cut around them separates from some of their neighbours.

use crate::disjoint_sets::DisjointSets;
use crate::graph::Graph;

/// The test is repeated while it finds any, but no more often than this.
const SWEEPS: usize = 8;

/// Nodes that joined a group of others, each with the name that the group had.
#[derive(Debug)]
pub(crate) struct Absorbed {
    pub(crate) groups: DisjointSets,
    /// Nodes that one minimum cut separates from the group: that around them alone.
    pub(crate) cut_off: Vec<(u32, u32)>,
    /// Nodes that none does.
    pub(crate) inseparable: Vec<(u32, u32)>,
}

/// Joins single nodes to the group that more than half of their weighted degree leads to. Moving such a
/// node over to that group makes any cut between the two lighter, unless the node is all of its side:
/// so of cuts of the least value, `lambda`, only that one can separate the two.
pub(crate) fn absorb(graph: &Graph, lambda: u64) -> Absorbed {
    let nodes = graph.nodes();
    let mut absorbed = Absorbed {
        groups: DisjointSets::new(nodes as usize),
        cut_off: Vec::new(),
        inseparable: Vec::new(),
    };
    let groups = &mut absorbed.groups;
    let mut is_alone = vec![true; nodes as usize];
    let mut weight_to = vec![0_u64; nodes as usize];
    let mut alone: Vec<u32> = (0..nodes).collect();
    for _ in 0..SWEEPS {
        let before = alone.len();
        alone.retain(|&node| {
            if !is_alone[node as usize] {
                return false;
            }
            let degree = graph.weighted_degree(node);
            let mut joined = None;
            for (neighbour, weight) in graph.neighbours(node) {
                let group = groups.find(neighbour);
                let sum = &mut weight_to[group as usize];
                *sum += weight;
                if *sum > degree / 2 {
                    joined = Some(group);
                    break;
                }
            }
            for (neighbour, _) in graph.neighbours(node) {
                weight_to[groups.find(neighbour) as usize] = 0;
            }
            if let Some(group) = joined {
                let noted = if degree == lambda {
                    &mut absorbed.cut_off
                } else {
                    &mut absorbed.inseparable
                };
                noted.push((node, group));
                groups.join(node, group);
                is_alone[node as usize] = false;
                is_alone[group as usize] = false;
            }
            joined.is_none()
        });
        if alone.len() == before {
            break;
        }
    }
    absorbed
}
