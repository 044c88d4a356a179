//! What was decided for a collection, and why: data, so that it can be explained later.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard::Refusal;
use crate::identity::RemediationId;
use crate::monitor::IntegrityState;
use crate::number::{Amount, Lambda, Percent, Ratio};
use crate::plan::{MAX_PLAN_BYTES, MAX_PLAN_STEPS, Prediction};
use crate::problem::ProblemKind;

/// What was decided when a collection was last found degraded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The integrity state.
    pub state: IntegrityState,
    /// Lambda.
    pub lambda: Lambda,
    /// What kept anything from beginning, whatever the problem.
    pub refusal: Option<Refusal>,
    /// The diagnosed problems as far as they were looked into, most certain first.
    pub problems: Vec<ConsideredProblem>,
    /// The remediation that began.
    pub began: Option<RemediationId>,
}

/// One diagnosed problem, and what was considered for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsideredProblem {
    /// The kind of problem.
    pub problem: ProblemKind,
    /// How certain the diagnosis was.
    pub confidence: Ratio,
    /// Why this problem was not to be treated.
    pub refusal: Option<Refusal>,
    /// The strategies for it, in the order of preference.
    pub candidates: Vec<ConsideredStrategy>,
}

/// A strategy that was considered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsideredStrategy {
    /// The strategy.
    pub strategy: String,
    /// Its learned weight.
    pub weight: Amount,
    /// How disruptive it is.
    pub impact: Ratio,
    /// How often it failed in a row for this kind of problem.
    pub failures: u32,
    /// What came of considering it.
    #[serde(flatten)]
    pub verdict: StrategyVerdict,
}

/// What came of considering a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrategyVerdict {
    /// It was chosen.
    Chosen {
        /// What its plan should do to lambda.
        prediction: Option<Prediction>,
    },
    /// It would have done, and another one was preferred.
    PassedOver {
        /// What its plan should do to lambda.
        prediction: Option<Prediction>,
    },
    /// It will not do.
    Rejected {
        /// Why not.
        #[serde(flatten)]
        reason: RejectionReason,
    },
}

impl fmt::Display for StrategyVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen { .. } => formatter.write_str("it was chosen"),
            Self::PassedOver { .. } => formatter.write_str("another one was preferred"),
            Self::Rejected { reason } => reason.fmt(formatter),
        }
    }
}

/// Why a strategy will not do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rejection", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectionReason {
    /// It is more disruptive than the configuration allows.
    TooDisruptive {
        /// How disruptive it is.
        impact: Ratio,
        /// How disruptive it may be.
        limit: Ratio,
    },
    /// It failed too often for this kind of problem.
    Quarantined {
        /// When it may be tried again.
        until: Timestamp,
    },
    /// It has no plan for the case.
    NoPlan {
        /// Why not.
        error: String,
    },
    /// Its plan has no steps, or more than [`MAX_PLAN_STEPS`](crate::plan::MAX_PLAN_STEPS).
    UnusablePlan {
        /// The number of steps.
        steps: usize,
    },
    /// Its plan is longer than [`MAX_PLAN_BYTES`](crate::plan::MAX_PLAN_BYTES).
    OversizedPlan {
        /// How many bytes it has as JSON.
        bytes: usize,
    },
    /// Its plan touches too much of the collection.
    BlastRadius {
        /// What of: `nodes` or `vectors`.
        of: BlastRadius,
        /// How much of it, in percent.
        share: Percent,
        /// How much it may be, in percent.
        limit: Percent,
    },
    /// Its plan would lower lambda.
    PredictedWorse {
        /// Lambda now.
        before: Lambda,
        /// Lambda with the plan's effects.
        after: Lambda,
    },
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDisruptive { impact, limit } => {
                write!(formatter, "its impact is {impact}, at most {limit} is allowed")
            }
            Self::Quarantined { until } => write!(formatter, "it failed too often and may be tried again at {until}"),
            Self::NoPlan { error } => write!(formatter, "it has no plan: {error}"),
            Self::UnusablePlan { steps } => {
                write!(
                    formatter,
                    "its plan has {steps} steps, 1 to {MAX_PLAN_STEPS} are allowed"
                )
            }
            Self::OversizedPlan { bytes } => {
                write!(
                    formatter,
                    "its plan has {bytes} bytes, at most {MAX_PLAN_BYTES} are allowed"
                )
            }
            Self::BlastRadius { of, share, limit } => {
                write!(
                    formatter,
                    "its plan touches {share} % of the {of}, at most {limit} % are allowed"
                )
            }
            Self::PredictedWorse { before, after } => {
                write!(formatter, "its plan would lower lambda from {before} to {after}")
            }
        }
    }
}

/// What a plan touches too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlastRadius {
    /// The nodes of the graph.
    Nodes,
    /// The vectors of the collection.
    Vectors,
}

impl fmt::Display for BlastRadius {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nodes => "nodes",
            Self::Vectors => "vectors",
        })
    }
}
