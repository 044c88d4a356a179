//! Fits the default calibration to labelled incidents.

use std::collections::BTreeMap;

use healing_core::classify::{Calibration, Strengths, Suspicion, Weights};
use healing_core::topology::NodeRef;
use mock_cluster::Fault;

use crate::incident::Incident;

/// The weights are drawn towards 0 as if each were known to lie about 0 with this standard deviation, so that evidence that
/// happens to tell everything apart does not make infinitely sure.
const DEVIATION: f64 = 5.0;
/// Newton's method has settled long before.
const ROUNDS: usize = 50;

/// Suspicions with whether they were right.
#[derive(Default)]
pub(crate) struct Labelled(Vec<(Suspicion, bool)>);

/// Bias, loss, measurement, symptom.
type Vector = [f64; 4];

impl Labelled {
    /// Takes in the suspicions in an incident. One is right where its class is to blame, in that very place.
    pub(crate) fn add(&mut self, incident: &Incident, suspicions: Vec<Suspicion>) {
        let places: Vec<NodeRef> = incident.strikes.iter().filter_map(|(_, fault)| place(fault)).collect();
        for suspicion in suspicions {
            let right =
                incident.causes.contains(&suspicion.kind) && suspicion.node.is_none_or(|node| places.contains(&node));
            self.0.push((suspicion, right));
        }
    }

    /// The weights that make what happened most likely.
    pub(crate) fn fit(&self) -> Calibration {
        // Which weights judge a suspicion does not hang on what they are.
        let marked = Calibration {
            corroborated: mark(0.0),
            graph_alone: mark(1.0),
            resource: mark(2.0),
            resource_graph_alone: mark(3.0),
        };
        let mut situations: BTreeMap<u8, Vec<(Vector, f64)>> = BTreeMap::new();
        for (suspicion, right) in &self.0 {
            let mark = marked.weights_for(&suspicion.kind, &suspicion.strengths).bias;
            let label = if *right { 1.0 } else { 0.0 };
            situations
                .entry(mark as u8)
                .or_default()
                .push((features(&suspicion.strengths), label));
        }
        let fitted = |situation: u8| {
            situations
                .get(&situation)
                .map_or_else(Weights::default, |cases| logistic(cases))
        };
        Calibration {
            corroborated: fitted(0),
            graph_alone: fitted(1),
            resource: fitted(2),
            resource_graph_alone: fitted(3),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Where a fault strikes; `None` where that is everywhere.
fn place(fault: &Fault) -> Option<NodeRef> {
    match *fault {
        Fault::HotPartition { partition, .. }
        | Fault::UpdateStorm { partition, .. }
        | Fault::WriteFlood { partition, .. }
        | Fault::BrokenDisk { partition, .. } => Some(NodeRef::partition(partition)),
        Fault::CentroidSkew { centroid, .. } => Some(NodeRef::centroid(centroid)),
        Fault::MaintenanceStorm { shard, .. } => Some(NodeRef::maintenance_dep(shard)),
        Fault::LaggingReplica { replica, .. } | Fault::StuckReplica { replica, .. } => {
            Some(NodeRef::replication_target(replica))
        }
        _ => None,
    }
}

fn mark(bias: f64) -> Weights {
    Weights {
        bias,
        ..Weights::default()
    }
}

fn features(strengths: &Strengths) -> Vector {
    let symptom = if strengths.is_symptom { 1.0 } else { 0.0 };
    [1.0, strengths.lost, strengths.measured.unwrap_or(0.0), symptom]
}

/// Logistic regression by Newton's method, with a normal prior on all weights.
fn logistic(cases: &[(Vector, f64)]) -> Weights {
    let mut weights: Vector = [0.0; 4];
    for _ in 0..ROUNDS {
        let precision = 1.0 / (DEVIATION * DEVIATION);
        let mut gradient = weights.map(|weight| -weight * precision);
        let mut curvature = [[0.0; 4]; 4];
        for (at, row) in curvature.iter_mut().enumerate() {
            row[at] = precision;
        }
        for (features, label) in cases {
            let z: f64 = weights
                .iter()
                .zip(features)
                .map(|(weight, feature)| weight * feature)
                .sum();
            let likely = 1.0 / (1.0 + (-z).exp());
            for (row, one) in features.iter().enumerate() {
                gradient[row] += (label - likely) * one;
                for (column, other) in features.iter().enumerate() {
                    curvature[row][column] += likely * (1.0 - likely) * one * other;
                }
            }
        }
        let step = solve(curvature, gradient);
        for (weight, change) in weights.iter_mut().zip(step) {
            *weight += change.clamp(-2.0, 2.0);
        }
    }
    let [bias, lost, measured, symptom] = weights.map(|weight| (weight * 100.0).round() / 100.0);
    Weights {
        bias,
        lost,
        measured,
        symptom,
    }
}

/// Gauss's elimination; the matrix is positive definite, so no pivot is 0.
fn solve(mut matrix: [Vector; 4], mut right: Vector) -> Vector {
    for pivot in 0..4 {
        let (above, below) = matrix.split_at_mut(pivot + 1);
        for (offset, row) in below.iter_mut().enumerate() {
            let factor = row[pivot] / above[pivot][pivot];
            for (value, subtracted) in row.iter_mut().zip(above[pivot]) {
                *value -= factor * subtracted;
            }
            right[pivot + 1 + offset] -= factor * right[pivot];
        }
    }
    for row in (0..4).rev() {
        let known: f64 = (row + 1..4).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}
