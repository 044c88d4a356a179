//! The textbook solver that healing-mincut is measured against.
//!
//! Nagamochi, Ono and Ibaraki, "Implementing an efficient minimum capacity cut algorithm"
//! (Mathematical Programming 67, 1994): rounds of CAPFOREST with a bounded bucket queue, all edges
//! whose ends it proves to be at least as well connected as the best cut known contracted, the graph
//! rebuilt by a marker array. No other reduction.

use healing_mincut::Graph;

/// The best cut known must be below this: the queue has a bucket for every weight up to it.
const MOST_BUCKETS: u64 = 1 << 26;

/// A graph of clusters, in compressed sparse rows.
struct Rows {
    offsets: Vec<usize>,
    arcs: Vec<(u32, u64)>,
}

/// The value of the minimum cut: `None` below two nodes, or if the lightest weighted degree is too
/// large for a queue of buckets.
#[must_use]
pub fn minimum_cut_value(graph: &Graph) -> Option<u64> {
    let arcs = graph
        .arc_targets()
        .iter()
        .copied()
        .zip(graph.arc_weights().iter().copied());
    let mut rows = Rows {
        offsets: graph.arc_offsets().to_vec(),
        arcs: arcs.collect(),
    };
    let mut bound = u64::MAX;
    if graph.nodes() < 2 {
        return None;
    }
    while rows.offsets.len() > 2 {
        for node in 0..rows.offsets.len() - 1 {
            bound = bound.min(rows.of(node).iter().map(|arc| arc.1).sum());
        }
        if bound == 0 || bound > MOST_BUCKETS {
            return (bound == 0).then_some(0);
        }
        let mut clusters = Clusters::new(rows.offsets.len() - 1);
        bound = capforest(&rows, bound, &mut clusters);
        rows = rebuild(&rows, &mut clusters);
    }
    Some(bound)
}

impl Rows {
    fn of(&self, node: usize) -> &[(u32, u64)] {
        &self.arcs[self.offsets[node]..self.offsets[node + 1]]
    }
}

/// Scans all nodes, always one that is tied strongest to those already scanned; merges the ends of
/// edges proved to be no part of a cut below `bound`. Returns the bound, lowered to the lightest cut
/// between scanned and unscanned nodes that was passed.
fn capforest(rows: &Rows, mut bound: u64, clusters: &mut Clusters) -> u64 {
    let nodes = rows.offsets.len() - 1;
    let limit = bound;
    let mut tied = vec![0_u64; nodes];
    let mut scanned = vec![false; nodes];
    let mut buckets = vec![Vec::new(); limit as usize + 1];
    buckets[0].push(0);
    let mut top = 0;
    let (mut cut, mut count) = (0_u64, 0);
    loop {
        let Some(node) = buckets[top].pop() else {
            if top == 0 {
                break;
            }
            top -= 1;
            continue;
        };
        if scanned[node] || tied[node].min(limit) != top as u64 {
            continue;
        }
        scanned[node] = true;
        count += 1;
        for &(target, weight) in rows.of(node) {
            cut = cut.wrapping_add(weight);
            let target = target as usize;
            if scanned[target] {
                cut = cut.wrapping_sub(2 * weight);
                continue;
            }
            if tied[target] < limit {
                if tied[target] + weight >= limit {
                    clusters.merge(node, target);
                }
                let key = (tied[target] + weight).min(limit) as usize;
                buckets[key].push(target);
                top = top.max(key);
            }
            tied[target] += weight;
        }
        if count < nodes {
            bound = bound.min(cut);
        }
    }
    // Nodes never reached: the graph is not connected.
    if count < nodes { 0 } else { bound }
}

/// Contracts each cluster to one node and adds up the edges between them.
fn rebuild(rows: &Rows, clusters: &mut Clusters) -> Rows {
    let nodes = rows.offsets.len() - 1;
    let (members, cluster_of) = clusters.collect();
    let mut rebuilt = Rows {
        offsets: vec![0],
        arcs: Vec::new(),
    };
    let mut slot_of = vec![usize::MAX; members.len()];
    debug_assert_eq!(cluster_of.len(), nodes);
    for (cluster, nodes) in members.iter().enumerate() {
        let begin = rebuilt.arcs.len();
        for &(target, weight) in nodes.iter().flat_map(|&node| rows.of(node)) {
            let target = cluster_of[target as usize];
            if target as usize == cluster {
                continue;
            }
            let slot = &mut slot_of[target as usize];
            if *slot < rebuilt.arcs.len() && *slot >= begin {
                rebuilt.arcs[*slot].1 += weight;
            } else {
                *slot = rebuilt.arcs.len();
                rebuilt.arcs.push((target, weight));
            }
        }
        rebuilt.offsets.push(rebuilt.arcs.len());
    }
    rebuilt
}

/// A union-find forest.
struct Clusters {
    parent: Vec<usize>,
}

impl Clusters {
    fn new(nodes: usize) -> Self {
        Self {
            parent: (0..nodes).collect(),
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    fn merge(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[b] = a;
    }

    /// The members of each cluster, and the cluster of each node.
    fn collect(&mut self) -> (Vec<Vec<usize>>, Vec<u32>) {
        let nodes = self.parent.len();
        let mut number_of = vec![u32::MAX; nodes];
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut cluster_of = vec![0; nodes];
        for (node, cluster) in cluster_of.iter_mut().enumerate() {
            let root = self.root(node);
            if number_of[root] == u32::MAX {
                number_of[root] = members.len() as u32;
                members.push(Vec::new());
            }
            members[number_of[root] as usize].push(node);
            *cluster = number_of[root];
        }
        (members, cluster_of)
    }
}
