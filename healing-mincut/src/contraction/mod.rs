//! The solver: contract what no lighter cut can separate, until one node is left.

mod absorb;
mod rebuild;
mod scan;
mod tie;
mod waiting;

use crate::graph::Graph;
use crate::rows::{RowBuffer, Rows};
use absorb::Clusters;
use rebuild::Rebuild;
use scan::{Prefix, Scan};
use tie::Ties;

/// Memory that one solve after another can use.
#[derive(Debug, Default, Clone)]
pub(crate) struct Workspace {
    scan: Scan,
    ties: Ties,
    clusters: Clusters,
    rebuild: Rebuild,
    current: RowBuffer,
    next: RowBuffer,
    /// For each round, the cluster that each of its nodes went into.
    levels: Vec<Vec<u32>>,
    spare: Vec<Vec<u32>>,
    /// The lightest cut's one side, as nodes of the graph after so many rounds.
    best_side: Vec<u32>,
    best_level: usize,
}

impl Workspace {
    /// Whether each node is on the one side of a minimum cut; at least two nodes.
    pub(crate) fn lightest_side(&mut self, graph: &Graph) -> (u64, Vec<bool>) {
        self.spare.append(&mut self.levels);
        let mut bound = u64::MAX;
        let mut found = false;
        let mut current = std::mem::take(&mut self.current);
        let mut next = std::mem::take(&mut self.next);
        loop {
            let rows = if self.levels.is_empty() {
                Rows::of_graph(graph)
            } else {
                current.rows()
            };
            let mut lightest = 0;
            let mut heaviest = 0;
            for (node, &degree) in rows.degrees.iter().enumerate() {
                if degree < rows.degrees[lightest] {
                    lightest = node;
                }
                if degree > rows.degrees[heaviest] {
                    heaviest = node;
                }
            }
            if rows.degrees[lightest] < bound || !found {
                found = true;
                bound = rows.degrees[lightest];
                self.best_side.clear();
                self.best_side.push(lightest as u32);
                self.best_level = self.levels.len();
            }
            if bound == 0 || rows.nodes() == 2 {
                break;
            }
            let largest = rows.degrees[heaviest];
            let first = heaviest as u32;
            let prefix = if largest < 1 << 30 {
                self.scan.run(rows, first, bound, &mut self.ties.narrow)
            } else if largest < 1 << 62 {
                self.scan.run(rows, first, bound, &mut self.ties.wide)
            } else {
                self.scan.run(rows, first, bound, &mut self.ties.widest)
            };
            if let Some(Prefix { value, length }) = prefix {
                bound = value;
                self.best_side.clear();
                self.best_side.extend_from_slice(&self.scan.order()[..length]);
                self.best_level = self.levels.len();
                if bound == 0 {
                    break;
                }
            }
            let (order, starts) = (self.scan.order(), self.scan.starts());
            self.clusters.from_runs(order, starts);
            self.clusters.absorb_lone_nodes(rows, order, starts, bound);
            self.clusters.renumber();
            if self.clusters.count == 1 {
                break;
            }
            self.rebuild
                .run(rows, &self.clusters.cluster_of, self.clusters.count, &mut next);
            std::mem::swap(&mut current, &mut next);
            let mut level = self.spare.pop().unwrap_or_default();
            std::mem::swap(&mut level, &mut self.clusters.cluster_of);
            self.levels.push(level);
        }
        self.current = current;
        self.next = next;
        (bound, self.membership(graph))
    }

    fn membership(&self, graph: &Graph) -> Vec<bool> {
        let nodes = match self.levels.get(self.best_level) {
            Some(level) => level.len(),
            None if self.best_level == 0 => graph.nodes() as usize,
            None => self.current.degrees.len(),
        };
        let mut inside = vec![false; nodes];
        for &node in &self.best_side {
            inside[node as usize] = true;
        }
        for level in self.levels[..self.best_level].iter().rev() {
            inside = level.iter().map(|&cluster| inside[cluster as usize]).collect();
        }
        inside
    }
}
