//! What moving load away should do to the hot partition's edges.

use std::collections::BTreeMap;

use healing_core::Observation;
use healing_core::number::Amount;
use healing_core::plan::CapacityEffect;
use healing_core::topology::NodeRef;

/// Expects of each edge of an overloaded partition that it recovers as the overload goes.
///
/// A partition that fails the share *e* of its load *L* serves *(1 - e) L*, and goes on serving that much. With the load
/// *L'* it fails *max(0, 1 - (1 - e) L / L')*, so what each of its edges has left grows by *min(L / L', 1 / (1 - e))*, and at
/// most to the edge's full capacity. Where the rest of an edge's errors comes from its other end this promises too much,
/// which the measurement after each step will show; the destinations are chosen to stay below the mean, and are expected
/// to bear it.
pub(super) struct ExpectedRelief<'a> {
    observation: &'a Observation,
    /// The load still on each partition after the moves so far.
    left: BTreeMap<i64, f64>,
}

impl<'a> ExpectedRelief<'a> {
    pub(super) fn new(observation: &'a Observation) -> Self {
        Self {
            observation,
            left: BTreeMap::new(),
        }
    }

    /// The effects once this much more load has left `partition`.
    pub(super) fn of_moving(&mut self, partition: i64, load: f64) -> Vec<CapacityEffect> {
        let Some(measured) = self.observation.metrics.partitions.get(&partition) else {
            return Vec::new();
        };
        let before = measured.load.get();
        let left = self.left.entry(partition).or_insert(before);
        *left = (*left - load).max(0.0);
        let growth = if *left > 0.0 { before / *left } else { f64::INFINITY };
        let edges = self.observation.graph.edges_at(NodeRef::partition(partition));
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
}
