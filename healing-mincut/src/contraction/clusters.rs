//! Disjoint sets of nodes, found one after the other.

/// The cluster of a node that is in none.
pub(crate) const FREE: u32 = u32::MAX;

/// The clusters of one round.
#[derive(Debug, Default, Clone)]
pub(crate) struct Clusters {
    /// Which cluster each node belongs to, or `FREE`.
    pub(crate) cluster_of: Vec<u32>,
    /// The members, one cluster's after the other's; one entry longer than there are nodes.
    pub(crate) members: Vec<u32>,
    /// Where the members of each cluster begin, and the end.
    begins: Vec<u32>,
    /// Nodes all of whose neighbours are known to be in their own cluster.
    pub(crate) is_inner: Vec<bool>,
    /// Nodes that a growing cluster has looked at in vain.
    pub(crate) outside: Vec<u32>,
    /// How many members, of all clusters, had been followed when a node was looked at in vain.
    pub(crate) looked_at: Vec<u32>,
}

impl Clusters {
    pub(crate) fn reset(&mut self, nodes: usize) {
        self.cluster_of.clear();
        self.cluster_of.resize(nodes, FREE);
        self.members.resize(nodes + 1, 0);
        self.is_inner.clear();
        self.is_inner.resize(nodes, false);
        self.looked_at.clear();
        self.looked_at.resize(nodes, 0);
        self.begins.clear();
        self.begins.push(0);
    }

    pub(crate) fn count(&self) -> usize {
        self.begins.len() - 1
    }

    pub(crate) fn members_of(&self, cluster: usize) -> &[u32] {
        &self.members[self.positions_of(cluster)]
    }

    /// Where the members of a cluster stand among all members.
    pub(crate) fn positions_of(&self, cluster: usize) -> std::ops::Range<usize> {
        self.begins[cluster] as usize..self.begins[cluster + 1] as usize
    }

    /// How many nodes are in clusters.
    pub(crate) fn clustered(&self) -> usize {
        self.begins[self.count()] as usize
    }

    /// Adds a cluster of these nodes.
    pub(crate) fn add(&mut self, nodes: &[u32]) {
        let begin = self.clustered();
        self.members[begin..begin + nodes.len()].copy_from_slice(nodes);
        self.end_cluster(begin + nodes.len());
    }

    /// Makes every node that is in no cluster one of its own.
    pub(crate) fn add_the_rest_alone(&mut self) {
        for node in 0..self.cluster_of.len() as u32 {
            if self.cluster_of[node as usize] == FREE {
                self.add(&[node]);
            }
        }
    }

    /// The members up to `end` that are in no cluster yet become one.
    pub(crate) fn end_cluster(&mut self, end: usize) {
        let cluster = self.count() as u32;
        for &node in &self.members[self.clustered()..end] {
            self.cluster_of[node as usize] = cluster;
        }
        self.begins.push(end as u32);
    }
}
