//! The graph whose nodes are clusters of another one.

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
    /// Fills `contracted` with the graph of the clusters. The last cluster's arcs are not read, but
    /// found as the reverses of the others': it should be the largest.
    pub(crate) fn run(&mut self, rows: Rows<'_>, cluster_of: &[u32], count: usize, contracted: &mut RowBuffer) {
        let last = count as u32 - 1;
        self.sort_members(cluster_of, count);
        let Self {
            begins,
            members,
            slot_of,
            outward,
        } = self;
        slot_of.clear();
        slot_of.resize(count, 0);
        contracted.clear();
        for cluster in 0..last {
            // Slot `i` of the arcs is noted as `i + 1`, so that 0 is none.
            let row = contracted.targets.len();
            let own = begins[cluster as usize] as usize..begins[cluster as usize + 1] as usize;
            for &node in &members[own] {
                let (targets, weights) = rows.arcs_of(node);
                if outward.len() < targets.len() + 1 {
                    outward.resize(targets.len() + 1, (0, 0));
                }
                let mut count = 0;
                for (&target, &weight) in targets.iter().zip(weights) {
                    let target = cluster_of[target as usize];
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
        for cluster in 0..last {
            let own = contracted.offsets[cluster as usize]..contracted.offsets[cluster as usize + 1];
            let slot = slot_of[last as usize];
            let _ = slot;
            if let Some(arc) = own.clone().find(|&arc| contracted.targets[arc] == last) {
                let weight = contracted.weights[arc];
                contracted.targets.push(cluster);
                contracted.weights.push(weight);
            }
        }
        contracted.end_row();
    }

    /// Counting sort of the nodes by cluster, leaving out the last cluster's.
    fn sort_members(&mut self, cluster_of: &[u32], count: usize) {
        let Self { begins, members, .. } = self;
        let last = count as u32 - 1;
        begins.clear();
        begins.resize(count + 1, 0);
        for &cluster in cluster_of {
            begins[cluster as usize] += 1;
        }
        let mut sum = 0;
        for begin in begins.iter_mut() {
            sum += std::mem::replace(begin, sum);
        }
        members.clear();
        members.resize(begins[last as usize] as usize, 0);
        for (node, &cluster) in cluster_of.iter().enumerate() {
            if cluster != last {
                let slot = &mut begins[cluster as usize];
                members[*slot as usize] = node as u32;
                *slot += 1;
            }
        }
        // Each begin has moved to the next cluster's.
        for cluster in (1..count).rev() {
            begins[cluster] = begins[cluster - 1];
        }
        begins[0] = 0;
    }
}
