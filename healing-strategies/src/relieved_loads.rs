//! What load is left on partitions as more and more is taken off them.

use std::collections::BTreeMap;

use healing_core::Observation;
use healing_core::plan::CapacityEffect;
use healing_core::topology::NodeRef;

use crate::relief::relieved;

/// Follows the loads of hot partitions through a plan's steps, and says what each should do to their edges. Where it goes is
/// chosen to stay bearable, and is expected to bear it.
pub(crate) struct RelievedLoads<'a> {
    observation: &'a Observation,
    /// The load still on each partition after the moves so far.
    left: BTreeMap<i64, f64>,
}

impl<'a> RelievedLoads<'a> {
    pub(crate) fn new(observation: &'a Observation) -> Self {
        Self {
            observation,
            left: BTreeMap::new(),
        }
    }

    /// The effects once this much more load, in requests a second, has left `partition`.
    pub(crate) fn of_taking(&mut self, partition: i64, load: f64) -> Vec<CapacityEffect> {
        let Some(measured) = self.observation.metrics.partitions.get(&partition) else {
            return Vec::new();
        };
        let before = measured.load.get();
        let left = self.left.entry(partition).or_insert(before);
        *left = (*left - load).max(0.0);
        let growth = if *left > 0.0 { before / *left } else { f64::INFINITY };
        relieved(self.observation, NodeRef::partition(partition), growth)
    }
}
