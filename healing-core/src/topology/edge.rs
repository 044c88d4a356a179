//! Edges: the working relations between nodes, and what is left of their capacity.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::graph::TopologyError;
use super::node::NodeRef;
use crate::duration_serde;
use crate::number::{Amount, Ratio};

/// What an edge carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// Queries and vectors that pass between two partitions.
    PartitionLink,
    /// Queries routed from a centroid to a partition, or from a partition to its shard.
    RoutingLink,
    /// Maintenance that one node needs from another.
    Dependency,
    /// Changes shipped to a replica.
    Replication,
    /// Whatever else the host has.
    Custom,
}

impl EdgeKind {
    /// The kind's wire name, in snake_case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PartitionLink => "partition_link",
            Self::RoutingLink => "routing_link",
            Self::Dependency => "dependency",
            Self::Replication => "replication",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for EdgeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What tells one edge of a graph from another: its two ends, whose order does not matter, and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Ends")]
pub struct EdgeKey {
    a: NodeRef,
    b: NodeRef,
    kind: EdgeKind,
}

impl EdgeKey {
    /// The edge of `kind` between two nodes. A key whose ends are equal names no edge of any graph.
    #[must_use]
    pub fn new(one: NodeRef, other: NodeRef, kind: EdgeKind) -> Self {
        Self {
            a: one.min(other),
            b: one.max(other),
            kind,
        }
    }

    /// The two ends, smaller first.
    #[must_use]
    pub const fn ends(&self) -> (NodeRef, NodeRef) {
        (self.a, self.b)
    }

    /// What the edge carries.
    #[must_use]
    pub const fn kind(&self) -> EdgeKind {
        self.kind
    }

    /// Whether `node` is one of the ends.
    #[must_use]
    pub fn touches(&self, node: NodeRef) -> bool {
        self.a == node || self.b == node
    }
}

/// A key on the wire: its ends in any order.
#[derive(Deserialize)]
struct Ends {
    a: NodeRef,
    b: NodeRef,
    kind: EdgeKind,
}

impl From<Ends> for EdgeKey {
    fn from(Ends { a, b, kind }: Ends) -> Self {
        Self::new(a, b, kind)
    }
}

impl fmt::Display for EdgeKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} -- {}", self.kind, self.a, self.b)
    }
}

/// An undirected working relation between two nodes.
///
/// Its *effective capacity*, capacity x (1 - error rate), is its weight in the minimum cut.
///
/// ```
/// use healing_core::topology::{Edge, EdgeKind, NodeRef};
///
/// let link = Edge::new(EdgeKind::PartitionLink, NodeRef::partition(1), NodeRef::partition(2), 40.0)?.with_error_rate(0.25)?;
/// assert_eq!(link.effective_capacity().get(), 30.0);
/// # Ok::<(), healing_core::topology::TopologyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    #[serde(flatten)]
    key: EdgeKey,
    capacity: Amount,
    #[serde(default)]
    flow: Amount,
    #[serde(default, rename = "latency_ms", with = "duration_serde::milliseconds")]
    latency: Duration,
    #[serde(default)]
    error_rate: Ratio,
}

impl Edge {
    /// An edge that is in perfect order: no errors, no flow, no latency.
    ///
    /// `capacity` is in the host's own unit, the same for all edges of the graph (requests a second, say).
    ///
    /// # Errors
    /// [`TopologyError::SelfLoop`] when both ends are the same node; [`TopologyError::InvalidNumber`] when the capacity is
    /// not a finite number of at least 0.
    pub fn new(kind: EdgeKind, one: NodeRef, other: NodeRef, capacity: f64) -> Result<Self, TopologyError> {
        if one == other {
            return Err(TopologyError::SelfLoop { node: one, kind });
        }
        let key = EdgeKey::new(one, other, kind);
        let capacity = Amount::for_field("capacity", capacity).map_err(|source| invalid(key, source))?;
        Ok(Self {
            key,
            capacity,
            flow: Amount::ZERO,
            latency: Duration::ZERO,
            error_rate: Ratio::ZERO,
        })
    }

    /// The same edge with this share of its requests failing, 0..=1.
    ///
    /// # Errors
    /// [`TopologyError::InvalidNumber`] when it is not a number in 0..=1.
    pub fn with_error_rate(self, error_rate: f64) -> Result<Self, TopologyError> {
        let error_rate = Ratio::for_field("error_rate", error_rate).map_err(|source| invalid(self.key, source))?;
        Ok(Self { error_rate, ..self })
    }

    /// The same edge with what it carries now, in the unit of its capacity.
    ///
    /// # Errors
    /// [`TopologyError::InvalidNumber`] when it is not a finite number of at least 0.
    pub fn with_flow(self, flow: f64) -> Result<Self, TopologyError> {
        let flow = Amount::for_field("flow", flow).map_err(|source| invalid(self.key, source))?;
        Ok(Self { flow, ..self })
    }

    /// The same edge with this latency.
    #[must_use]
    pub fn with_latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// What tells this edge from the others of its graph.
    #[must_use]
    pub const fn key(&self) -> EdgeKey {
        self.key
    }

    /// What it could carry if nothing failed.
    #[must_use]
    pub const fn capacity(&self) -> Amount {
        self.capacity
    }

    /// What it carries now, in the unit of its capacity.
    #[must_use]
    pub const fn flow(&self) -> Amount {
        self.flow
    }

    /// How long a request over it takes.
    #[must_use]
    pub const fn latency(&self) -> Duration {
        self.latency
    }

    /// The share of requests over it that fail.
    #[must_use]
    pub const fn error_rate(&self) -> Ratio {
        self.error_rate
    }

    /// Capacity x (1 - error rate): its weight in the minimum cut.
    #[must_use]
    pub fn effective_capacity(&self) -> Amount {
        Amount::clamped(self.capacity.get() * self.error_rate.complement().get())
    }

    /// The edge that parallel edges became; sums that left the range are brought back into it.
    pub(super) fn merged(key: EdgeKey, capacity: f64, flow: f64, latency: Duration, error_rate: f64) -> Self {
        let (capacity, flow) = (Amount::clamped(capacity), Amount::clamped(flow));
        Self {
            key,
            capacity,
            flow,
            latency,
            error_rate: Ratio::clamped(error_rate),
        }
    }
}

fn invalid(edge: EdgeKey, source: crate::number::InvalidNumber) -> TopologyError {
    TopologyError::InvalidNumber {
        place: edge.to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_an_edges_ends_does_not_matter_on_the_wire_either() {
        let (low, high) = (NodeRef::partition(1), NodeRef::centroid(1));
        let edge = |a, b| json!({ "a": a, "b": b, "kind": "routing_link", "capacity": 9.0 });
        let read = |json| serde_json::from_value::<Edge>(json).unwrap();
        assert_eq!(read(edge(low, high)), read(edge(high, low)));
        assert_eq!(
            read(edge(high, low)).key(),
            EdgeKey::new(low, high, EdgeKind::RoutingLink)
        );
    }
}
