//! What a monitor has learned, as data: for one that begins later.

use serde::{Deserialize, Serialize};

use crate::number::{Amount, Lambda};
use crate::topology::EdgeKey;

/// Two values are about the same if they differ by at most this share of the greater one.
const ABOUT: f64 = 0.05;

/// What a collection is like when all is well, as a monitor has learned it: see
/// [`IntegrityMonitor::learned`](super::IntegrityMonitor::learned).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnedHealth {
    /// The minimum cut.
    pub lambda: Lambda,
    /// The share of its worth that the weakest cut has left: what scatters is never at its mean everywhere.
    pub weakest_share: Amount,
    /// What each edge carries, sorted by edge.
    pub edges: Vec<HealthyEdge>,
}

/// What an edge carries when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HealthyEdge {
    /// The edge.
    pub edge: EdgeKey,
    /// Its effective capacity.
    pub capacity: Amount,
}

impl LearnedHealth {
    /// Whether the other one says much the same: of the same edges, to a twentieth.
    #[must_use]
    pub fn is_about(&self, other: &Self) -> bool {
        self.edges.len() == other.edges.len()
            && about(self.lambda.get(), other.lambda.get())
            && about(self.weakest_share.get(), other.weakest_share.get())
            && self
                .edges
                .iter()
                .zip(&other.edges)
                .all(|(one, other)| one.edge == other.edge && about(one.capacity.get(), other.capacity.get()))
    }
}

fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= ABOUT * one.max(other)
}
