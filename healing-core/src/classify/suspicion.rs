//! What some evidence speaks for, before it is judged.

use serde::Serialize;

use crate::number::Ratio;
use crate::problem::ProblemKind;
use crate::topology::NodeRef;

/// A problem that some evidence speaks for, and what there is of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Suspicion {
    /// What would be wrong.
    pub kind: ProblemKind,
    /// Where; `None` for what would be wrong everywhere.
    pub node: Option<NodeRef>,
    /// How strongly what there is speaks for it.
    pub strengths: Strengths,
    /// The greatest share of the healthy capacity across a cut that it would have taken.
    pub lost: Ratio,
    /// The measurement that would corroborate it, in the unit of its threshold; `None` where the host has none.
    pub measured: Option<f64>,
}

/// How strongly evidence speaks for a problem: from -1, not at all, over 0, just at the threshold, to [`Self::STRONGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Strengths {
    /// The loss in the graph.
    pub lost: f64,
    /// The measurement; `None` where the host has none.
    pub measured: Option<f64>,
    /// Whether something else was found that brings it about.
    pub is_symptom: bool,
}

impl Strengths {
    /// Twice a threshold, or half the way from there to a hundred percent, is convincing; more does not convince more. So no
    /// single piece of evidence can be so strong that it needs no other.
    pub const STRONGEST: f64 = 0.5;
}

/// The strength of a value that has no upper limit.
pub(super) fn strength(value: f64, threshold: f64) -> f64 {
    if value > threshold {
        (1.0 - threshold / value).min(Strengths::STRONGEST)
    } else {
        value / threshold - 1.0
    }
}

/// The strength of a percentage.
pub(super) fn strength_of_percent(value: f64, threshold: f64) -> f64 {
    if value > threshold {
        ((value - threshold) / (100.0 - threshold)).min(Strengths::STRONGEST)
    } else {
        value / threshold - 1.0
    }
}
