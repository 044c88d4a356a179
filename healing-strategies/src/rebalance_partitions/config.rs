//! How far a rebalance may go.

use healing_core::Ratio;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The limits of one rebalance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RebalanceConfig {
    /// Vectors moved at most, over all steps. 10,000; at least 1.
    pub max_moves: usize,
    /// Vectors moved at most in one step. 200; at least 1.
    pub batch: usize,
    /// The share of a partition's vectors that may be moved off it: the blast radius. 0.5.
    pub max_share_of_partition: Ratio,
    /// A partition whose load is within this share above the mean is well. 0.1.
    pub tolerance: Ratio,
}

impl Default for RebalanceConfig {
    fn default() -> Self {
        Self {
            max_moves: 10_000,
            batch: 200,
            max_share_of_partition: Ratio::literal(0.5),
            tolerance: Ratio::literal(0.1),
        }
    }
}

impl RebalanceConfig {
    pub(super) fn validate(&self) -> Result<(), InvalidRebalanceConfig> {
        match self {
            Self { max_moves: 0, .. } => Err(InvalidRebalanceConfig { field: "max_moves" }),
            Self { batch: 0, .. } => Err(InvalidRebalanceConfig { field: "batch" }),
            _ => Ok(()),
        }
    }
}

/// A limit that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is 0, expected at least 1")]
#[non_exhaustive]
pub struct InvalidRebalanceConfig {
    /// The limit.
    pub field: &'static str,
}
