//! Lone nodes join a cluster where a look at their own edges proves that they may.

use crate::rows::Rows;

/// Which cluster each node belongs to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Clusters {
    pub(crate) cluster_of: Vec<u32>,
    pub(crate) count: usize,
    sizes: Vec<u32>,
    weight_to: Vec<u64>,
    alone: Vec<u32>,
}

impl Clusters {
    /// Clusters that are runs of `order`, each beginning at one of `starts`.
    pub(crate) fn from_runs(&mut self, order: &[u32], starts: &[u32]) {
        self.count = starts.len();
        self.cluster_of.clear();
        self.cluster_of.resize(order.len(), 0);
        self.sizes.clear();
        for (cluster, &start) in starts.iter().enumerate() {
            let end = starts.get(cluster + 1).map_or(order.len(), |&next| next as usize);
            for &node in &order[start as usize..end] {
                self.cluster_of[node as usize] = cluster as u32;
            }
            self.sizes.push((end - start as usize) as u32);
        }
    }

    /// Padberg and Rinaldi, "An efficient algorithm for the minimum capacity cut problem"
    /// (Mathematical Programming 47, 1990), tests 1 and 2.
    pub(crate) fn absorb_lone_nodes(&mut self, rows: Rows<'_>, order: &[u32], starts: &[u32], bound: u64) {
        self.weight_to.clear();
        self.weight_to.resize(self.count, 0);
        self.alone.clear();
        for (cluster, &start) in starts.iter().enumerate() {
            if self.sizes[cluster] == 1 {
                self.alone.push(order[start as usize]);
            }
        }
        let mut alone = std::mem::take(&mut self.alone);
        for _ in 0..3 {
            let before = alone.len();
            alone.retain(|&node| !self.joins(rows, node, bound));
            if alone.len() == before {
                break;
            }
        }
        self.alone = alone;
    }

    fn joins(&mut self, rows: Rows<'_>, node: u32, bound: u64) -> bool {
        let own = self.cluster_of[node as usize];
        if self.sizes[own as usize] != 1 {
            return true;
        }
        let (targets, weights) = rows.arcs_of(node);
        let needed = bound.min(rows.degrees[node as usize].div_ceil(2));
        let mut joined = None;
        let mut seen = 0;
        for (&target, &weight) in targets.iter().zip(weights) {
            seen += 1;
            let cluster = self.cluster_of[target as usize];
            let sum = &mut self.weight_to[cluster as usize];
            *sum += weight;
            if *sum >= needed {
                joined = Some(cluster);
                break;
            }
        }
        for &target in &targets[..seen] {
            self.weight_to[self.cluster_of[target as usize] as usize] = 0;
        }
        if let Some(cluster) = joined {
            self.cluster_of[node as usize] = cluster;
            self.sizes[own as usize] = 0;
            self.sizes[cluster as usize] += 1;
        }
        joined.is_some()
    }

    /// Numbers the clusters anew, without gaps, the one with most nodes last.
    pub(crate) fn renumber(&mut self) {
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
        self.count = next as usize + 1;
        if self.count == 1 {
            self.cluster_of.fill(0);
            return;
        }
        for cluster in &mut self.cluster_of {
            *cluster = self.sizes[*cluster as usize];
        }
    }
}
