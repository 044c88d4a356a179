//! Lone nodes join a cluster where a look at their own edges proves that they may.

use crate::contraction::clusters::Clusters;
use crate::contraction::goal::Goal;
use crate::rows::Rows;

/// The test is repeated while it finds any, but no more often than this.
const SWEEPS: usize = 3;

/// Room to merge clusters of one node into others.
#[derive(Debug, Default, Clone)]
pub(crate) struct Absorption {
    sizes: Vec<u32>,
    weight_to: Vec<u64>,
    alone: Vec<u32>,
}

impl Absorption {
    /// Padberg and Rinaldi's tests 1 and 2 on clusters of one node; then numbers the clusters anew,
    /// without gaps, the one with most nodes last, and returns how many there are.
    pub(crate) fn run<G: Goal>(&mut self, rows: Rows<'_>, clusters: &mut Clusters, bound: u64) -> usize {
        let count = clusters.count();
        self.weight_to.clear();
        self.weight_to.resize(count, 0);
        self.alone.clear();
        self.sizes.clear();
        for cluster in 0..count {
            let members = clusters.members_of(cluster);
            self.sizes.push(members.len() as u32);
            if let &[node] = members {
                self.alone.push(node);
            }
        }
        let mut alone = std::mem::take(&mut self.alone);
        for _ in 0..SWEEPS {
            let before = alone.len();
            alone.retain(|&node| !self.joins::<G>(rows, &mut clusters.cluster_of, node, bound));
            if alone.len() == before {
                break;
            }
        }
        self.alone = alone;
        self.renumber(&mut clusters.cluster_of)
    }

    fn joins<G: Goal>(&mut self, rows: Rows<'_>, cluster_of: &mut [u32], node: u32, bound: u64) -> bool {
        let own = cluster_of[node as usize];
        if self.sizes[own as usize] != 1 {
            return true;
        }
        let (targets, weights) = rows.arcs_of(node);
        let needed = G::needed(rows.degrees[node as usize], bound);
        let mut joined = None;
        let mut seen = 0;
        for (&target, &weight) in targets.iter().zip(weights) {
            seen += 1;
            let cluster = cluster_of[target as usize];
            let sum = &mut self.weight_to[cluster as usize];
            *sum += weight;
            if *sum >= needed {
                joined = Some(cluster);
                break;
            }
        }
        for &target in &targets[..seen] {
            self.weight_to[cluster_of[target as usize] as usize] = 0;
        }
        if let Some(cluster) = joined {
            cluster_of[node as usize] = cluster;
            self.sizes[own as usize] = 0;
            self.sizes[cluster as usize] += 1;
        }
        joined.is_some()
    }

    fn renumber(&mut self, cluster_of: &mut [u32]) -> usize {
        let largest = (0..self.sizes.len())
            .max_by_key(|&cluster| self.sizes[cluster])
            .unwrap_or(0);
        let mut next = 0;
        for (cluster, size) in self.sizes.iter_mut().enumerate() {
            if *size > 0 && cluster != largest {
                *size = next;
                next += 1;
            }
        }
        self.sizes[largest] = next;
        if next > 0 {
            for cluster in cluster_of {
                *cluster = self.sizes[*cluster as usize];
            }
        }
        next as usize + 1
    }
}
