//! Plans and their steps: what a strategy would do, as data.
//!
//! A plan can be shown (a dry run is the plan itself), approved, journalled, executed by another process than the one that
//! made it, and undone by a third.

use std::error::Error;
use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::number::{Amount, Lambda};
use crate::problem::ProblemKind;
use crate::topology::{Edge, EdgeKey, NodeRef};

/// The most steps a plan may have.
pub const MAX_PLAN_STEPS: usize = 1000;

/// The most bytes a plan may have as JSON: 4 MiB. It is written down as a whole.
pub const MAX_PLAN_BYTES: usize = 4 << 20;

/// What a strategy would do about a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The strategy that made it and can execute it.
    pub strategy: String,
    /// In one sentence, for the human who approves it.
    pub summary: String,
    /// What is done, in this order; undone in the reverse order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The nodes that the plan touches, sorted, each once.
    #[must_use]
    pub fn targets(&self) -> Vec<NodeRef> {
        let mut targets: Vec<_> = self
            .steps
            .iter()
            .flat_map(|step| step.targets.iter().copied())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// How many bytes the plan has as JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mut counted = Counted(0);
        // Neither the plan nor the counter can fail.
        let _ = serde_json::to_writer(&mut counted, self);
        counted.0
    }

    /// How many vectors the plan moves.
    #[must_use]
    pub fn vectors_moved(&self) -> u64 {
        self.steps
            .iter()
            .fold(0, |sum, step| sum.saturating_add(step.vectors_moved))
    }
}

/// Counts what is written to it.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One act of a plan. It holds what was before and what shall be after, so whoever reads it can do it or take it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// In one sentence.
    pub description: String,
    /// The nodes it touches.
    pub targets: Vec<NodeRef>,
    /// The strategy's own description of the act, with the values before and after.
    pub action: serde_json::Value,
    /// How many vectors it moves from one place to another.
    #[serde(default)]
    pub vectors_moved: u64,
    /// What it should do to the graph; empty where the strategy cannot tell.
    pub effects: Vec<CapacityEffect>,
}

impl Step {
    /// A step with the strategy's own `action`, which must hold the value before and the value after.
    ///
    /// # Errors
    /// [`PlanError::Unserialisable`] when the action cannot be written as JSON.
    pub fn new<A: Serialize>(description: impl Into<String>, action: &A) -> Result<Self, PlanError> {
        let action = serde_json::to_value(action).map_err(PlanError::Unserialisable)?;
        Ok(Self {
            description: description.into(),
            targets: Vec::new(),
            action,
            vectors_moved: 0,
            effects: Vec::new(),
        })
    }

    /// The same step, touching these nodes.
    #[must_use]
    pub fn touching(self, targets: impl IntoIterator<Item = NodeRef>) -> Self {
        Self {
            targets: targets.into_iter().collect(),
            ..self
        }
    }

    /// The same step, moving so many vectors.
    #[must_use]
    pub fn moving(self, vectors: u64) -> Self {
        Self {
            vectors_moved: vectors,
            ..self
        }
    }

    /// The same step with its expected effects on the graph.
    #[must_use]
    pub fn expecting(self, effects: impl IntoIterator<Item = CapacityEffect>) -> Self {
        Self {
            effects: effects.into_iter().collect(),
            ..self
        }
    }

    /// Reads the strategy's own action back.
    ///
    /// # Errors
    /// [`MalformedStep`] when the JSON is not what the strategy writes: the journal was written by another version, or the
    /// step belongs to another strategy.
    pub fn action<A: DeserializeOwned>(&self) -> Result<A, MalformedStep> {
        A::deserialize(&self.action).map_err(|source| MalformedStep {
            description: self.description.clone(),
            source,
        })
    }
}

/// A step whose action is not what its strategy writes.
#[derive(Debug, Error)]
#[error("the step {description:?} holds an action its strategy cannot read: {source}")]
#[non_exhaustive]
pub struct MalformedStep {
    /// The step's description.
    pub description: String,
    /// What the reader stumbled over.
    pub source: serde_json::Error,
}

/// What a step should do to one edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CapacityEffect {
    /// The edge.
    pub edge: EdgeKey,
    /// The effective capacity it should have once the step is done, in the unit of the graph's capacities.
    pub effective_capacity: Amount,
}

impl CapacityEffect {
    /// That the edge should have its full capacity.
    #[must_use]
    pub fn restored(edge: &Edge) -> Self {
        Self {
            edge: edge.key(),
            effective_capacity: edge.capacity(),
        }
    }
}

/// What a plan should do to the cuts, computed before anything is touched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Prediction {
    /// Lambda as it is.
    pub lambda_before: Lambda,
    /// Lambda with all declared effects in place.
    pub lambda_after: Lambda,
    /// The cut that would then have the smallest share left of what it is worth when all is well; `None` where that is not
    /// known of any.
    pub weakest_after: Option<CutWorth>,
}

/// What a cut is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CutWorth {
    /// The sum of the effective capacities across it.
    pub value: Lambda,
    /// The sum when all is well.
    pub baseline: Lambda,
}

/// Why a strategy has no plan for a case.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The strategy does not treat this kind of problem.
    #[error("the strategy does not treat {kind}")]
    WrongProblem {
        /// The problem's kind.
        kind: ProblemKind,
    },
    /// There is nothing this strategy could do that would help.
    #[error("nothing to do: {reason}")]
    NothingToDo {
        /// Why not.
        reason: String,
    },
    /// A parameter of an operator's order is unknown or out of bounds.
    #[error("the parameter {name} is {value}, expected {expected}")]
    InvalidParameter {
        /// Its name.
        name: String,
        /// What was given, as JSON.
        value: String,
        /// What would have been right.
        expected: String,
    },
    /// The actuator could not be read.
    #[error("the state to plan from could not be read: {0}")]
    Actuator(#[source] Box<dyn Error + Send + Sync>),
    /// An action cannot be written as JSON.
    #[error("a step's action cannot be written as JSON: {0}")]
    Unserialisable(#[source] serde_json::Error),
}
