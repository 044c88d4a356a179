//! The contracted graph: its design, and what is left of it.

use std::collections::BTreeMap;

use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeKind, NodeRef, TopologyError};

use super::facts::{Facts, PartitionFacts, Routes, Standby};

/// Of the capacity that holds a partition, what its index carries; the index carries the rest of its own to the server.
const INDEX_SHARE: f64 = 0.25;
/// At least so much of it is links to similar partitions.
const LINK_SHARE: f64 = 0.25;
/// The filled share of the pages of a B-tree whose entries come in no order: about ln 2 (Yao, "On random 2-3 trees", 1978).
const STEADY_DENSITY: f64 = 0.69;
/// Jobs may wait one behind each that runs.
const BEARABLE_QUEUE: f64 = 2.0;
/// So far behind, half of a standby's reads miss what they need, seconds.
const HALF_STALE: f64 = 15.0;

/// The only server, and the only maintenance, that a collection has.
const SERVER: NodeRef = NodeRef::shard(1);
const MAINTENANCE: NodeRef = NodeRef::maintenance_dep(1);

const fn index_of(partition: i64) -> NodeRef {
    NodeRef::new(NodeKind::Custom, partition)
}

impl Facts {
    #[allow(
        clippy::cast_precision_loss,
        reason = "numbers of partitions and vectors far below 2^53"
    )]
    pub(super) fn graph(&self, routes: &Routes) -> Result<ContractedGraph, TopologyError> {
        let whole = self.collection.partition_rate;
        let count = self.partitions.len().max(1) as f64;
        let losses: BTreeMap<i64, f64> = self.partitions.iter().map(|(&id, it)| (id, lost_at(it))).collect();
        let loss = |partition: i64| losses.get(&partition).copied().unwrap_or(0.0);
        let maintenance_loss = self.maintenance_loss();

        let mut graph = ContractedGraph::builder();
        graph.node(SERVER, 1.0)?.node(MAINTENANCE, 1.0 - maintenance_loss)?;
        for (&id, facts) in &self.partitions {
            graph.node(NodeRef::partition(id), 1.0 - loss(id))?;
            graph.node(index_of(id), 1.0 - wasted(facts))?;
        }
        for (&centroid, &population) in &self.populations {
            graph.node(NodeRef::centroid(centroid), 1.0 - self.list_loss(population))?;
        }
        for standby in &self.standbys {
            graph.node(NodeRef::replication_target(standby.id), 1.0 - staleness(standby))?;
        }

        let mut connect = |kind, one, other, capacity: f64, lost: f64| {
            let edge = Edge::new(kind, one, other, capacity)?.with_error_rate(lost.clamp(0.0, 1.0))?;
            let flow = |node: NodeRef| match node.kind {
                NodeKind::Partition => self.partitions.get(&node.id).map_or(0.0, |it| it.asked),
                _ => 0.0,
            };
            graph.edge(edge.with_flow(flow(one) + flow(other))?).map(|_| ())
        };
        for (&id, facts) in &self.partitions {
            let (partition, index) = (NodeRef::partition(id), index_of(id));
            let waste = wasted(facts);
            connect(
                EdgeKind::Custom,
                partition,
                index,
                whole * INDEX_SHARE,
                either(loss(id), waste),
            )?;
            connect(EdgeKind::Custom, index, SERVER, whole * (1.0 - INDEX_SHARE), waste)?;
            let lost = either(loss(id), maintenance_loss);
            connect(EdgeKind::Dependency, partition, MAINTENANCE, whole / count, lost)?;
        }
        let links = self.links.len().max(1) as f64;
        let per_partition = (1.0 - INDEX_SHARE - (self.populations.len() as f64 + 1.0) / count).max(LINK_SHARE);
        // Each link is one of two partitions.
        let link = whole * per_partition * count / (2.0 * links);
        for &(one, other) in &self.links {
            let (a, b) = (NodeRef::partition(one), NodeRef::partition(other));
            connect(EdgeKind::PartitionLink, a, b, link, either(loss(one), loss(other)))?;
        }
        let memory_loss = 1.0 - (1.0 / self.memory_used()).min(1.0);
        let mut on_list: BTreeMap<i64, i64> = BTreeMap::new();
        for (&(centroid, _), &vectors) in &routes.vectors {
            *on_list.entry(centroid).or_default() += vectors;
        }
        for (&(centroid, partition), &vectors) in &routes.vectors {
            let (Some(&population), true) = (
                self.populations.get(&centroid),
                self.partitions.contains_key(&partition),
            ) else {
                continue;
            };
            let share = vectors as f64 / on_list.get(&centroid).copied().unwrap_or(1).max(1) as f64;
            let lost = either(either(loss(partition), self.list_loss(population)), memory_loss);
            let (centroid, partition) = (NodeRef::centroid(centroid), NodeRef::partition(partition));
            connect(EdgeKind::RoutingLink, centroid, partition, whole * share, lost)?;
        }
        for standby in &self.standbys {
            let replica = NodeRef::replication_target(standby.id);
            connect(EdgeKind::Replication, SERVER, replica, whole, staleness(standby))?;
        }
        Ok(graph.build())
    }

    /// The share of a list that searches do not look at.
    #[allow(clippy::cast_precision_loss, reason = "a number of vectors far below 2^53")]
    fn list_loss(&self, population: i64) -> f64 {
        (1.0 - f64::from(self.collection.list_budget) / (population.max(1) as f64)).max(0.0)
    }

    /// The share of the maintenance that is due which has to wait for too long.
    #[allow(clippy::cast_precision_loss, reason = "a number of jobs far below 2^53")]
    fn maintenance_loss(&self) -> f64 {
        use healing_core::metrics::JobState;

        let due = self.jobs.iter().filter(|job| job.state != JobState::Paused).count() as f64;
        let bearable = BEARABLE_QUEUE * f64::from(self.collection.maintenance_slots);
        if due > bearable { 1.0 - bearable / due } else { 0.0 }
    }
}

/// The share of a partition's requests that are refused, or wait for a lock.
#[allow(clippy::cast_precision_loss, reason = "a number of sessions far below 2^53")]
fn lost_at(facts: &PartitionFacts) -> f64 {
    let refused = if facts.asked > 0.0 {
        facts.refused / facts.asked
    } else {
        0.0
    };
    // A few that wait among many that work are no blockade: as many as one in a hundred requests a second.
    let waiting = facts.waiting as f64;
    let blocked = waiting / (waiting + facts.asked / 100.0 + 1.0);
    either(refused, blocked)
}

/// The share of the index's pages beyond what one in steady use takes.
fn wasted(facts: &PartitionFacts) -> f64 {
    1.0 - ((1.0 - facts.index_waste) / STEADY_DENSITY).min(1.0)
}

/// The share of the reads of a standby that miss what it has not replayed yet. One that is beyond its bound is not read.
fn staleness(standby: &Standby) -> f64 {
    match standby.bound_seconds {
        Some(bound) if standby.lag_seconds > bound => 0.0,
        _ => standby.lag_seconds / (standby.lag_seconds + HALF_STALE),
    }
}

/// What is lost where either of two losses is enough.
fn either(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}
