//! Nodes: the operational units of a collection.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::Ratio;

/// What an operational node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodeKind {
    /// A partition of the collection's vectors or rows.
    Partition,
    /// A centroid of an inverted-file index.
    Centroid,
    /// A server or process that carries partitions.
    Shard,
    /// A maintenance service that others depend on.
    MaintenanceDep,
    /// A replica.
    ReplicationTarget,
    /// Whatever else the host has.
    Custom,
}

impl NodeKind {
    /// The kind's wire name, in snake_case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Centroid => "centroid",
            Self::Shard => "shard",
            Self::MaintenanceDep => "maintenance_dep",
            Self::ReplicationTarget => "replication_target",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The name of a node: its kind, and the host's number for it within the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeRef {
    /// What the node is.
    pub kind: NodeKind,
    /// The host's number for it, unique within the kind.
    pub id: i64,
}

impl NodeRef {
    /// Names the node `id` of `kind`.
    #[must_use]
    pub const fn new(kind: NodeKind, id: i64) -> Self {
        Self { kind, id }
    }

    /// The partition with this number.
    #[must_use]
    pub const fn partition(id: i64) -> Self {
        Self::new(NodeKind::Partition, id)
    }

    /// The centroid with this number.
    #[must_use]
    pub const fn centroid(id: i64) -> Self {
        Self::new(NodeKind::Centroid, id)
    }

    /// The shard with this number.
    #[must_use]
    pub const fn shard(id: i64) -> Self {
        Self::new(NodeKind::Shard, id)
    }

    /// The maintenance service with this number.
    #[must_use]
    pub const fn maintenance_dep(id: i64) -> Self {
        Self::new(NodeKind::MaintenanceDep, id)
    }

    /// The replica with this number.
    #[must_use]
    pub const fn replication_target(id: i64) -> Self {
        Self::new(NodeKind::ReplicationTarget, id)
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind, self.id)
    }
}

/// A node with the health that the host reports for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The node's name.
    #[serde(flatten)]
    pub node: NodeRef,
    /// 0 (dead) to 1 (well), as the host judges it. The cut does not read it: a sick node shows in its edges.
    pub health: Ratio,
}
