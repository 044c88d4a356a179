//! The solver: contract what no lighter cut can separate, until one node is left.
//!
//! The *bound* is the value of the lightest cut known. A round finds *clusters*, sets of nodes that
//! no cut below the bound separates, and contracts each to one node, whose own cut may then lower the
//! bound. What a round does is chosen so that most edges are read once, and many not at all:
//!
//! 1. [`seed`]: a hub and the nodes that share many neighbours with it make the seed of a cluster; or,
//!    where there are none, [`scan`]: a maximum adjacency scan runs until a cluster shows.
//! 2. [`growth`]: the cluster takes in every node whose edges into it are as heavy as the bound, or as
//!    all its other edges.
//! 3. [`absorb`]: single nodes that are left over join clusters by the same test.
//! 4. [`rebuild`]: the graph of the clusters.
//!
//! Invariant: of the lightest cut known and the minimum cut of the contracted graph, one is a minimum
//! cut of the graph.

mod absorb;
mod clusters;
mod growth;
mod rebuild;
mod round;
mod scan;
mod seed;
mod tie;
mod waiting;

use crate::graph::Graph;
use crate::rows::{RowBuffer, Rows};
use absorb::Absorption;
use rebuild::Rebuild;
use round::{Lightest, Lists, Sums};
use tie::Tie;

/// Memory that one solve after another can use.
#[derive(Debug, Default, Clone)]
pub(crate) struct Workspace {
    lists: Lists,
    narrow: Sums<u32>,
    wide: Sums<u64>,
    widest: Sums<u128>,
    absorption: Absorption,
    rebuild: Rebuild,
    current: RowBuffer,
    next: RowBuffer,
    /// For each contraction, the cluster that each node went into.
    levels: Vec<Vec<u32>>,
    /// Levels of earlier solves, whose memory is used again.
    spare: Vec<Vec<u32>>,
    lightest: Lightest,
}

impl Workspace {
    /// Whether each node is on the one side of a minimum cut, for at least two nodes.
    pub(crate) fn lightest_side(&mut self, graph: &Graph) -> Vec<bool> {
        self.lightest_side_of(Rows::of_graph(graph)).1
    }

    /// The same for rows whose arcs may be in any order, and the cut's value.
    pub(crate) fn lightest_side_of(&mut self, whole: Rows<'_>) -> (u64, Vec<bool>) {
        self.spare.append(&mut self.levels);
        let (node, _) = extreme_degrees(whole.degrees);
        self.lightest.value = u64::MAX;
        self.lightest.side.clear();
        self.lightest.side.push(node);
        self.lightest.level = 0;
        while self.contract(whole) {}
        (self.lightest.value, self.membership(whole.nodes()))
    }

    /// One round and its contraction. Returns whether there is anything left to contract.
    fn contract(&mut self, whole: Rows<'_>) -> bool {
        let level = self.levels.len();
        let rows = if level == 0 { whole } else { self.current.rows() };
        let (lightest, heaviest) = extreme_degrees(rows.degrees);
        self.lightest.offer(rows.degrees[lightest as usize], &[lightest], level);
        if self.lightest.value == 0 || rows.nodes() == 2 {
            return false;
        }
        let Self {
            lists,
            narrow,
            wide,
            widest,
            ..
        } = self;
        // A key is at most the bound (which no degree is below) and the weighted degree together.
        let greatest_key = 2 * u128::from(rows.degrees[heaviest as usize]);
        if greatest_key < <u32 as Tie>::LIMIT {
            round::run(rows, heaviest, &mut self.lightest, level, lists, narrow);
        } else if greatest_key < <u64 as Tie>::LIMIT {
            round::run(rows, heaviest, &mut self.lightest, level, lists, wide);
        } else {
            round::run(rows, heaviest, &mut self.lightest, level, lists, widest);
        }
        if self.lightest.value == 0 {
            return false;
        }
        let clusters = &mut self.lists.clusters;
        let count = self.absorption.run(rows, clusters, self.lightest.value);
        if count == 1 {
            return false;
        }
        self.rebuild.run(rows, clusters, count, &mut self.next);
        std::mem::swap(&mut self.current, &mut self.next);
        let mut cluster_of = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut cluster_of, &mut clusters.cluster_of);
        self.levels.push(cluster_of);
        true
    }

    /// The lightest cut's one side, as membership of the `nodes` nodes of the whole graph.
    fn membership(&self, nodes: usize) -> Vec<bool> {
        let Lightest { side, level, .. } = &self.lightest;
        let contracted = match self.levels[..*level].last() {
            None => nodes,
            Some(_) => self.levels.get(*level).map_or(self.current.degrees.len(), Vec::len),
        };
        let mut inside = vec![false; contracted];
        for &node in side {
            inside[node as usize] = true;
        }
        for cluster_of in self.levels[..*level].iter().rev() {
            inside = cluster_of.iter().map(|&cluster| inside[cluster as usize]).collect();
        }
        inside
    }
}

/// The nodes with the least and with the greatest weighted degree.
fn extreme_degrees(degrees: &[u64]) -> (u32, u32) {
    let (mut lightest, mut heaviest) = (0, 0);
    for (node, &degree) in degrees.iter().enumerate() {
        if degree < degrees[lightest] {
            lightest = node;
        }
        if degree > degrees[heaviest] {
            heaviest = node;
        }
    }
    (lightest as u32, heaviest as u32)
}
