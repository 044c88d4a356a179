//! What a process sees of the clusters.

use std::sync::Arc;

use healing_core::metrics::SystemMetrics;
use healing_core::observation::ObservationError;
use healing_core::topology::{ContractedGraph, Edge, TopologyError};
use healing_core::{CollectionId, Observation, ObservationSource};

use super::event::ObservationMishap;
use super::link::{Link, MadeUp};

/// Every cluster, as far as one process sees it. What is observed is dated by the clock of the process's own machine.
pub(super) struct Eyes {
    pub(super) link: Arc<Link>,
}

impl ObservationSource for Eyes {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let unseen = |error: MadeUp| ObservationError::Host(error.boxed());
        self.link.reaches_world().map_err(unseen)?;
        let simulation = self.link.simulation().map_err(unseen)?;
        let (mut observation, mishap) = match simulation.blindness(collection) {
            None => (simulation.observe(collection)?, None),
            Some((ObservationMishap::Missing, _)) => return Err(unseen(MadeUp::Unseen)),
            Some((ObservationMishap::Panics, _)) => MadeUp::Unseen.panic(),
            Some((ObservationMishap::Stale, at_first)) => (at_first, None),
            Some((mishap, _)) => (simulation.observe(collection)?, Some(mishap)),
        };
        observation.observed_at = self.link.clock().shown_at(observation.observed_at);
        if let Some(mishap) = mishap {
            distort(&mut observation, mishap)?;
        }
        simulation.saw(self.link.pid, &observation);
        Ok(observation)
    }
}

/// Makes nonsense of an observation, of the kind that passes for a valid one.
fn distort(observation: &mut Observation, mishap: ObservationMishap) -> Result<(), TopologyError> {
    match mishap {
        ObservationMishap::Missing | ObservationMishap::Panics | ObservationMishap::Stale => {}
        ObservationMishap::Mistaken => {
            if let Ok(other) = CollectionId::new("somewhere else") {
                observation.collection = other;
            }
        }
        ObservationMishap::Empty => {
            observation.graph = ContractedGraph::builder().build();
            observation.metrics = SystemMetrics::default();
        }
        ObservationMishap::Alone => {
            let mut graph = ContractedGraph::builder();
            if let Some(node) = observation.graph.nodes().first() {
                graph.node(node.node, node.health.get())?;
            }
            observation.graph = graph.build();
        }
        ObservationMishap::Apart => {
            let mut position = 0_usize;
            observation.graph = rebuilt(&observation.graph, |_| {
                position += 1;
                if position.is_multiple_of(3) { 1.0 } else { 0.0 }
            })?;
        }
        ObservationMishap::Powerless => observation.graph = rebuilt(&observation.graph, |_| 0.0)?,
        ObservationMishap::Enormous => observation.graph = rebuilt(&observation.graph, |_| 1e12)?,
        ObservationMishap::FromTheFuture => {
            let future = observation
                .observed_at
                .checked_add(std::time::Duration::from_secs(86_400));
            observation.observed_at = future.unwrap_or(observation.observed_at);
        }
    }
    Ok(())
}

/// The same graph with so many times the capacities.
fn rebuilt(graph: &ContractedGraph, mut factor: impl FnMut(&Edge) -> f64) -> Result<ContractedGraph, TopologyError> {
    let mut builder = ContractedGraph::builder();
    for node in graph.nodes() {
        builder.node(node.node, node.health.get())?;
    }
    for edge in graph.edges() {
        let (one, other) = edge.key().ends();
        let capacity = edge.effective_capacity().get() * factor(edge);
        builder.edge(Edge::new(edge.key().kind(), one, other, capacity)?)?;
    }
    Ok(builder.build())
}
