//! The operational graph of a collection: what serves it, and what holds those parts together.
//!
//! Nodes are operational units (partitions, centroids, shards, ...), not vectors; an edge carries the capacity of the
//! working relation between two of them. The weaker the graph's minimum cut, the closer the service is to falling apart.
//!
//! What must never break: a [`ContractedGraph`] that exists is valid. Every edge joins two different known nodes, every
//! number is finite and in range, and nodes and edges are sorted, so equal graphs are equal values.

mod builder;
mod difference;
mod edge;
mod graph;
mod node;

pub use builder::ContractedGraphBuilder;
pub use difference::{EdgeChange, TopologyChange};
pub use edge::{Edge, EdgeKey, EdgeKind};
pub use graph::{ContractedGraph, TopologyError};
pub use node::{Node, NodeKind, NodeRef};
