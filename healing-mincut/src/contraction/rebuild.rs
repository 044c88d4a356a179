//! The graph whose nodes are clusters of another one.

use crate::contraction::clusters::Clusters;
use crate::rows::{RowBuffer, Rows};

/// Room to sort nodes by cluster and to add up parallel edges.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rebuild {
    begins: Vec<u32>,
    members: Vec<u32>,
    slot_of: Vec<usize>,
    outward: Vec<(u32, u64)>,
}

impl Rebuild {
    /// Fills `contracted` with the graph of the `count` clusters. The last cluster's arcs are not
    /// read, but found as the reverses of the others': it should be the largest.
    pub(crate) fn run(&mut self, rows: Rows<'_>, clusters: &Clusters, count: usize, contracted: &mut RowBuffer) {
        let last = count as u32 - 1;
        self.sort_members(clusters, count);
        self.slot_of.clear();
        self.slot_of.resize(count, 0);
        contracted.clear();
        for cluster in 0..last {
            self.add_row(rows, &clusters.cluster_of, cluster, contracted);
        }
        self.outward.clear();
        for cluster in 0..last {
            let row = contracted.offsets[cluster as usize]..contracted.offsets[cluster as usize + 1];
            let arcs = contracted.targets[row.clone()].iter().zip(&contracted.weights[row]);
            let reverse = arcs.filter(|&(&target, _)| target == last);
            self.outward.extend(reverse.map(|(_, &weight)| (cluster, weight)));
        }
        for &(cluster, weight) in &self.outward {
            contracted.targets.push(cluster);
            contracted.weights.push(weight);
        }
        contracted.end_row();
    }

    /// Adds up the edges from a cluster's members to other clusters.
    fn add_row(&mut self, rows: Rows<'_>, cluster_of: &[u32], cluster: u32, contracted: &mut RowBuffer) {
        let Self {
            begins,
            members,
            slot_of,
            outward,
        } = self;
        let own = begins[cluster as usize] as usize..begins[cluster as usize + 1] as usize;
        // The arc in slot `i` is noted as `i + 1`: at most `row` means none in this row.
        let row = contracted.targets.len();
        for &node in &members[own] {
            let (targets, weights) = rows.arcs_of(node);
            if outward.len() < targets.len() + 1 {
                outward.resize(targets.len() + 1, (0, 0));
            }
            let mut count = 0;
            for (&target, &weight) in targets.iter().zip(weights) {
                let target = cluster_of[target as usize];
                // Without a branch: whether the entry counts is decided by the length alone.
                outward[count] = (target, weight);
                count += usize::from(target != cluster);
            }
            for &(target, weight) in &outward[..count] {
                let slot = &mut slot_of[target as usize];
                if *slot > row {
                    contracted.weights[*slot - 1] += weight;
                } else {
                    contracted.targets.push(target);
                    contracted.weights.push(weight);
                    *slot = contracted.targets.len();
                }
            }
        }
        contracted.end_row();
    }

    /// Counting sort by cluster of the nodes that may have neighbours in others, leaving out the last
    /// cluster's.
    fn sort_members(&mut self, clusters: &Clusters, count: usize) {
        let Self { begins, members, .. } = self;
        let last = count as u32 - 1;
        let nodes = || {
            let inner = clusters.is_inner.iter();
            clusters.cluster_of.iter().zip(inner).map(|(&cluster, &is_inner)| {
                // Nodes that need not be read count as the last cluster's.
                if is_inner { last } else { cluster }
            })
        };
        begins.clear();
        begins.resize(count + 1, 0);
        for cluster in nodes() {
            begins[cluster as usize] += 1;
        }
        let mut sum = 0;
        for begin in begins.iter_mut() {
            sum += std::mem::replace(begin, sum);
        }
        members.clear();
        members.resize(begins[last as usize] as usize, 0);
        for (node, cluster) in nodes().enumerate() {
            if cluster != last {
                let slot = &mut begins[cluster as usize];
                members[*slot as usize] = node as u32;
                *slot += 1;
            }
        }
        // Each begin has moved to where the next cluster begins.
        begins.rotate_right(1);
        begins[0] = 0;
    }
}
