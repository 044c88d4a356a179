//! What a remediation should do to the edges of the node that it relieves.

use healing_core::Observation;
use healing_core::number::Amount;
use healing_core::plan::CapacityEffect;
use healing_core::topology::{EdgeKind, NodeRef};

/// Expects of each edge at `node` that what it has left grows by `growth`, and at most to its full capacity.
///
/// A node that fails the share *e* of its load *L* serves *(1 - e) L*, and goes on serving that much. With the load *L'* it
/// fails *max(0, 1 - (1 - e) L / L')*, so what each of its edges has left grows by *min(L / L', 1 / (1 - e))*. Where the
/// rest of an edge's errors comes from its other end this promises too much, which the measurement after each step shows.
pub(crate) fn relieved(observation: &Observation, node: NodeRef, growth: f64) -> Vec<CapacityEffect> {
    let edges = observation.graph.edges_at(node);
    edges
        .map(|edge| {
            let now = edge.effective_capacity().get();
            // Nothing left of an edge times an endless growth is no number; such an edge promises nothing.
            let grown = if now > 0.0 {
                (now * growth).min(edge.capacity().get())
            } else {
                0.0
            };
            CapacityEffect {
                edge: edge.key(),
                effective_capacity: Amount::clamped(grown),
            }
        })
        .collect()
}

/// Expects of each edge of `kind` at `node` its full capacity.
pub(crate) fn restored(observation: &Observation, node: NodeRef, kind: EdgeKind) -> Vec<CapacityEffect> {
    let edges = observation.graph.edges_at(node);
    edges
        .filter(|edge| edge.key().kind() == kind)
        .map(CapacityEffect::restored)
        .collect()
}
