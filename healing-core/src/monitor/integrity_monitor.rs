//! Observation in, report out.

use healing_mincut::{Graph, minimum_cut};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::baseline::Baseline;
use super::hysteresis::{Hysteresis, HysteresisConfig, IntegrityState};
use super::report::{IntegrityReport, WitnessEdge};
use super::thresholds::Thresholds;
use crate::number::Lambda;
use crate::observation::Observation;
use crate::topology::{ContractedGraph, EdgeKey, NodeRef};

/// How a collection is watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MonitorConfig {
    /// When lambda is too low.
    pub thresholds: Thresholds,
    /// How reluctant the state is.
    pub hysteresis: HysteresisConfig,
    /// The baseline is the median of this many first samples. With relative thresholds a collection counts as normal until
    /// then, so a healer should begin with a collection that is well.
    pub baseline_samples: usize,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::default(),
            hysteresis: HysteresisConfig::default(),
            baseline_samples: 5,
        }
    }
}

/// Watches one collection: computes the minimum cut of each observation and keeps the state that follows.
#[derive(Debug, Clone)]
pub struct IntegrityMonitor {
    thresholds: Thresholds,
    hysteresis: Hysteresis,
    baseline: Baseline,
}

/// An observation that has no minimum cut.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// A graph with less than two nodes has no cut.
    #[error("the observed graph has {nodes} nodes; a cut needs at least 2")]
    TooFewNodes {
        /// The number of nodes.
        nodes: usize,
    },
    /// The graph is beyond what the minimum cut can count.
    #[error("the observed graph has no minimum cut that can be computed: {0}")]
    Graph(#[from] healing_mincut::GraphError),
}

impl IntegrityMonitor {
    /// A monitor that has seen nothing yet.
    #[must_use]
    pub fn new(config: &MonitorConfig) -> Self {
        Self {
            thresholds: config.thresholds,
            hysteresis: Hysteresis::new(config.hysteresis),
            baseline: Baseline::new(config.baseline_samples),
        }
    }

    /// Goes on by another configuration. The baseline that was learned, and the state, stay.
    pub fn reconfigure(&mut self, config: &MonitorConfig) {
        self.thresholds = config.thresholds;
        self.hysteresis.reconfigure(config.hysteresis);
    }

    /// Takes one regular sample in: the state moves by it.
    ///
    /// # Errors
    /// [`MonitorError`] when the graph has no minimum cut; the state then stays as it is.
    pub fn sample(&mut self, observation: &Observation) -> Result<IntegrityReport, MonitorError> {
        let cut = cut(&observation.graph)?;
        let baseline_before = self.baseline.value();
        let transition = match self.thresholds.resolve(baseline_before) {
            Some(thresholds) => self.hysteresis.sample(cut.lambda, &thresholds, observation.observed_at),
            None => None,
        };
        if self.hysteresis.state() == IntegrityState::Normal {
            self.baseline.sample_healthy(cut.lambda);
        }
        Ok(IntegrityReport {
            transition,
            ..self.report(observation, cut)
        })
    }

    /// Looks at an observation without letting it move the state: a sample between two steps of a remediation.
    ///
    /// # Errors
    /// [`MonitorError`] when the graph has no minimum cut.
    pub fn look(&self, observation: &Observation) -> Result<IntegrityReport, MonitorError> {
        Ok(self.report(observation, cut(&observation.graph)?))
    }

    fn report(&self, observation: &Observation, cut: Cut) -> IntegrityReport {
        let baseline = self.baseline.value();
        IntegrityReport {
            collection: observation.collection.clone(),
            observed_at: observation.observed_at,
            lambda: cut.lambda,
            baseline,
            thresholds: self.thresholds.resolve(baseline),
            witness: cut.witness,
            side: cut.side,
            state: self.hysteresis.state(),
            transition: None,
        }
    }
}

/// The value of the minimum cut of `graph` if some edges had other effective capacities.
pub(crate) fn lambda_with(
    graph: &ContractedGraph,
    capacity_of: impl Fn(&EdgeKey) -> Option<f64>,
) -> Result<Lambda, MonitorError> {
    let (solved, weights) = solve(graph, capacity_of)?;
    Ok(Lambda::clamped(
        crossing(graph, solved.side()).map(|edge| weights[edge]).sum(),
    ))
}

/// A minimum cut in the terms of the observation.
struct Cut {
    lambda: Lambda,
    witness: Vec<WitnessEdge>,
    side: Vec<NodeRef>,
}

fn cut(graph: &ContractedGraph) -> Result<Cut, MonitorError> {
    let (solved, weights) = solve(graph, |_| None)?;
    let crossing: Vec<usize> = crossing(graph, solved.side()).collect();
    Ok(Cut {
        // Summed in the host's own unit over the witness: the cut was found in fixed point, its value need not be read there.
        lambda: Lambda::clamped(crossing.iter().map(|&edge| weights[edge]).sum()),
        witness: crossing
            .iter()
            .map(|&edge| WitnessEdge::new(graph.edges()[edge]))
            .collect(),
        side: solved
            .side()
            .iter()
            .map(|&node| graph.nodes()[node as usize].node)
            .collect(),
    })
}

/// The minimum cut, and the effective capacity of each edge by position.
fn solve(
    graph: &ContractedGraph,
    capacity_of: impl Fn(&EdgeKey) -> Option<f64>,
) -> Result<(healing_mincut::MinimumCut, Vec<f64>), MonitorError> {
    let too_few = MonitorError::TooFewNodes {
        nodes: graph.nodes().len(),
    };
    let weights: Vec<f64> = graph
        .edges()
        .iter()
        .map(|edge| capacity_of(&edge.key()).unwrap_or_else(|| edge.effective_capacity().get()))
        .collect();
    let ends = graph.edges().iter().map(|edge| edge.key().ends());
    let weighted = ends
        .zip(&weights)
        .map(|((a, b), &weight)| (index(graph, a), index(graph, b), weight));
    let nodes = u32::try_from(graph.nodes().len()).unwrap_or(u32::MAX);
    let (solvable, _fixed_point) = Graph::from_capacities(nodes, weighted)?;
    Ok((minimum_cut(&solvable).ok_or(too_few)?, weights))
}

/// The positions of the edges across the cut, in order.
fn crossing<'a>(graph: &'a ContractedGraph, side: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
    let mut inside = vec![false; graph.nodes().len()];
    for &node in side {
        inside[node as usize] = true;
    }
    graph.edges().iter().enumerate().filter_map(move |(position, edge)| {
        let (a, b) = edge.key().ends();
        (inside[index(graph, a) as usize] != inside[index(graph, b) as usize]).then_some(position)
    })
}

/// The position of a node that is known to be in the graph.
fn index(graph: &ContractedGraph, node: NodeRef) -> u32 {
    graph
        .position(node)
        .and_then(|position| u32::try_from(position).ok())
        .unwrap_or(u32::MAX)
}
