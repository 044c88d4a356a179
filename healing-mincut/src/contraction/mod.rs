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
//! A round reads every arc a few times at most. Where rounds make little progress, as in grids and other
//! graphs whose nodes are all as weakly tied as the minimum cut is light, some grow a cluster by flows
//! ([`proof`]), for no more work than the other rounds take. Worst case: about twice that of Nagamochi,
//! Ono and Ibaraki's algorithm, O(n) rounds of O(m + n log n) each; in practice a few rounds.
//!
//! Invariant: of the lightest cut known and the minimum cut of the contracted graph, one is a minimum
//! cut of the graph.

mod absorb;
mod clusters;
mod goal;
mod growth;
mod proof;
mod rebuild;
mod round;
mod scan;
mod seed;
mod tie;
mod tie_heap;
mod waiting;

use crate::graph::Graph;
use crate::rows::{RowBuffer, Rows};
use absorb::Absorption;
use goal::OneMinimumCut;
pub(crate) use goal::{EveryLighterCut, EveryMinimumCut, Goal};
use proof::{Budget, Patience, Proofs};
use rebuild::Rebuild;
use round::{Lightest, Lists, Sums};
use tie::Tie;

/// A round that contracts a smaller share of the nodes than this is the last.
const LEAST_PROGRESS: usize = 64;

/// A graph with some of its nodes contracted.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub(crate) graph: Graph,
    /// The node that each node of the whole graph went into.
    pub(crate) node_of: Vec<u32>,
}

/// Memory that one solve after another can use.
#[derive(Debug, Default, Clone)]
pub(crate) struct Workspace {
    lists: Lists,
    narrowest: Sums<u16>,
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
        self.find_lightest(whole);
        (self.lightest.value, self.membership(whole.nodes()))
    }

    fn find_lightest(&mut self, whole: Rows<'_>) {
        self.spare.append(&mut self.levels);
        let (node, _) = extreme_degrees(whole.degrees);
        self.lightest.value = u64::MAX;
        self.lightest.side.clear();
        self.lightest.side.push(node);
        self.lightest.level = 0;
        let mut patience = Patience::default();
        let mut budget = None;
        loop {
            let (nodes, arcs) = self.size(whole);
            let Some(left) = self.contract(whole, budget) else {
                break;
            };
            budget = patience.after_round(budget.is_some(), nodes, nodes - left, arcs);
        }
    }

    /// The value of a minimum cut, for at least two nodes.
    pub(crate) fn lightest_value(&mut self, graph: &Graph) -> u64 {
        self.find_lightest(Rows::of_graph(graph));
        self.lightest.value
    }

    /// Contracts what a goal allows, for a bound above 0: what is left is small if few cuts are to be
    /// kept, but not always as small as can be.
    pub(crate) fn kernel<G: Goal>(&mut self, graph: &Graph, bound: u64) -> Kernel {
        debug_assert!(!G::LOWERS_BOUND && bound > 0, "a bound that stays");
        self.spare.append(&mut self.levels);
        let whole = Rows::of_graph(graph);
        self.lightest.value = bound;
        let mut nodes = whole.nodes();
        while nodes > 1 {
            let rows = if self.levels.is_empty() {
                whole
            } else {
                self.current.rows()
            };
            let (_, heaviest) = extreme_degrees(rows.degrees);
            let count = self.contract_once::<G>(whole, heaviest, None).unwrap_or(nodes);
            let enough = count == 1 || (nodes - count) * LEAST_PROGRESS < nodes;
            nodes = count;
            if enough {
                break;
            }
        }
        if nodes == 1 {
            return Kernel {
                graph: Graph::from_checked_edges(1, Vec::new(), 0, 0),
                node_of: vec![0; whole.nodes()],
            };
        }
        let Some((first, others)) = self.levels.split_first() else {
            return Kernel {
                graph: graph.clone(),
                node_of: (0..graph.nodes()).collect(),
            };
        };
        let mut node_of = first.clone();
        for level in others {
            for node in &mut node_of {
                *node = level[*node as usize];
            }
        }
        Kernel {
            graph: self.current.rows().to_graph(),
            node_of,
        }
    }

    /// How many nodes and arcs the graph of the clusters has.
    fn size(&self, whole: Rows<'_>) -> (usize, usize) {
        let rows = if self.levels.is_empty() {
            whole
        } else {
            self.current.rows()
        };
        (rows.nodes(), rows.targets.len())
    }

    /// One round and its contraction; with a `budget`, by proofs. Returns how many nodes are left, unless
    /// there is nothing left to contract.
    fn contract(&mut self, whole: Rows<'_>, budget: Option<Budget>) -> Option<usize> {
        let level = self.levels.len();
        let rows = if level == 0 { whole } else { self.current.rows() };
        let (lightest, heaviest) = extreme_degrees(rows.degrees);
        self.lightest.offer(rows.degrees[lightest as usize], &[lightest], level);
        if self.lightest.value == 0 || rows.nodes() == 2 {
            return None;
        }
        if budget.is_some() && level > 0 {
            self.next.fill_sorted(self.current.rows());
            std::mem::swap(&mut self.current, &mut self.next);
        }
        self.contract_once::<OneMinimumCut>(whole, heaviest, budget)
            .filter(|&count| count > 1)
    }

    /// One round towards a goal and its contraction, unless it left one cluster alone. Returns how many
    /// it left: `None` if a cut of value 0 turned up. A `budget` asks for proofs, for which rows must ascend.
    fn contract_once<G: Goal>(&mut self, whole: Rows<'_>, heaviest: u32, budget: Option<Budget>) -> Option<usize> {
        let level = self.levels.len();
        let rows = if level == 0 { whole } else { self.current.rows() };
        let Self {
            lists,
            narrowest,
            narrow,
            wide,
            widest,
            lightest,
            ..
        } = self;
        let mut proofs = budget.map(|budget| Proofs::new(rows, budget));
        let proofs = proofs.as_mut();
        // A key is at most the bound and the weighted degree together.
        let heaviest_degree = rows.degrees[heaviest as usize];
        let greatest_key = u128::from(heaviest_degree) + u128::from(lightest.value.max(heaviest_degree));
        if greatest_key < <u16 as Tie>::LIMIT {
            round::run::<_, G>(rows, heaviest, lightest, level, lists, narrowest, proofs);
        } else if greatest_key < <u32 as Tie>::LIMIT {
            round::run::<_, G>(rows, heaviest, lightest, level, lists, narrow, proofs);
        } else if greatest_key < <u64 as Tie>::LIMIT {
            round::run::<_, G>(rows, heaviest, lightest, level, lists, wide, proofs);
        } else {
            round::run::<_, G>(rows, heaviest, lightest, level, lists, widest, proofs);
        }
        if self.lightest.value == 0 {
            return None;
        }
        let clusters = &mut self.lists.clusters;
        let count = self.absorption.run::<G>(rows, clusters, self.lightest.value);
        if count == 1 {
            return Some(count);
        }
        self.rebuild.run(rows, clusters, count, &mut self.next);
        std::mem::swap(&mut self.current, &mut self.next);
        let mut cluster_of = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut cluster_of, &mut clusters.cluster_of);
        self.levels.push(cluster_of);
        Some(count)
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
