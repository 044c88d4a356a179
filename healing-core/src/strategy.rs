//! The trait that every remediation implements, built-in or a host's own.

use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::HostError;
use crate::diagnosis::Diagnosis;
use crate::metrics::SystemMetrics;
use crate::monitor::IntegrityReport;
use crate::number::{Amount, Ratio};
use crate::observation::Observation;
use crate::permit::{NotPermitted, StepContext};
use crate::plan::{MalformedStep, Plan, PlanError, Step};
use crate::problem::{ProblemClass, ProblemKind};

/// Knows one way to treat some kinds of problem: plans it, does it, takes it back (seed, "Remediation Strategies").
///
/// The engine owns the loop around it: when to act, in which order, for how long, whether it helped and whether to undo.
/// A strategy only translates between a problem, steps as data, and calls to its actuator. What it must guarantee:
///
/// - [`plan`](Self::plan) reads and touches nothing. It refuses parameters that it does not know: a misspelt limit must not
///   be ignored.
/// - [`execute`](Self::execute) may be called any number of times for the same step, also after a crash in the middle of
///   it, and leaves the world as after one complete call.
/// - [`rollback`](Self::rollback) likewise leaves the world as if the step had never begun: after a complete, a partial
///   or no execution.
///   It calls its actuator even where it finds nothing to undo, so that what it acts on has seen this call's greater token
///   and refuses a call of [`execute`](Self::execute) that was given up and is still on its way; and it answers
///   [`StepReport::Done`] only once it has seen that the world is as before.
/// - Both compare before they set. Where the present value is neither the step's *before* nor its *after*, someone else
///   acted: the answer is [`StepError::Conflict`], and that value is left alone.
/// - Nothing blocks: what takes time is begun and answered with [`StepReport::InProgress`]; the engine asks again.
/// - It shows in the graph, by what its steps expect of edges, or in its [`symptom`](Self::symptom): what shows in neither
///   can hardly be verified, and is undone.
///
/// `testkit::strategy::suite` (feature `testkit`) tells whether one keeps all that.
pub trait RemediationStrategy: Send + Sync {
    /// The stable name, snake_case, unique in a registry.
    fn name(&self) -> &str;

    /// The kinds of problem it treats.
    fn handles(&self) -> &[ProblemKind];

    /// How disruptive it is: 0 unnoticeable, 1 as bad as an outage.
    fn impact(&self) -> Ratio;

    /// How long a typical plan takes. A step that runs twice as long counts as failed.
    fn estimated_duration(&self) -> Duration;

    /// Whether [`rollback`](Self::rollback) can restore what was before.
    fn reversible(&self) -> bool;

    /// What it would do about `case`. Reads only.
    ///
    /// # Errors
    /// [`PlanError`], above all [`PlanError::NothingToDo`].
    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError>;

    /// Does `step`, or goes on with it. Where it takes several actuator calls, the first that fails ends it, here as in
    /// [`rollback`](Self::rollback): such a call may still be at work, and its lease be needed to hold it off.
    ///
    /// # Errors
    /// [`StepError`]: the engine undoes what was done so far.
    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError>;

    /// Takes `step` back.
    ///
    /// # Errors
    /// [`StepError`]: the engine goes on undoing the other steps and then calls a human.
    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError>;

    /// How strongly the problem shows in `metrics`, smaller is better: what the engine verifies by where lambda does not
    /// notice the remediation. The default is [`ProblemClass::symptom`]; a strategy for a custom problem says it here.
    fn symptom(&self, problem: &ProblemClass, metrics: &SystemMetrics) -> Option<Amount> {
        problem.symptom(metrics)
    }
}

/// What a strategy plans from.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The collection as it stands.
    pub observation: &'a Observation,
    /// What the monitor says of it.
    pub report: &'a IntegrityReport,
    /// What is to be treated.
    pub diagnosis: &'a Diagnosis,
    /// Parameters of an operator's order (`max_moves`, ...); empty when the loop acts by itself.
    pub parameters: &'a Map<String, Value>,
}

impl Case<'_> {
    /// The refusal of a case whose problem the strategy does not treat.
    #[must_use]
    pub fn wrong_problem(&self) -> PlanError {
        PlanError::WrongProblem {
            kind: self.diagnosis.problem.kind(),
        }
    }

    /// Refuses parameters that the strategy does not know: a misspelt limit must not be ignored.
    ///
    /// # Errors
    /// [`PlanError::InvalidParameter`], which names the first one that is not among `known`.
    pub fn check_parameters(&self, known: &[&str]) -> Result<(), PlanError> {
        let unknown = self.parameters.iter().find(|(name, _)| !known.contains(&name.as_str()));
        let Some((name, value)) = unknown else { return Ok(()) };
        Err(PlanError::InvalidParameter {
            name: name.clone(),
            value: value.to_string(),
            expected: match known {
                [] => "no parameters".to_owned(),
                known => format!("one of {}", known.join(", ")),
            },
        })
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepReport {
    /// It is done; also when it was done before.
    Done,
    /// It was begun and takes time: call again after this long.
    InProgress {
        /// How long to wait before the next call.
        poll_after: Duration,
    },
}

/// Why a step could not be done or taken back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StepError {
    /// Someone else changed what the step is about; it was left alone.
    #[error("{subject} is {found}, expected {expected}: someone else acted, it was left alone")]
    Conflict {
        /// What the step is about.
        subject: String,
        /// The values it could have had: before or after.
        expected: String,
        /// The value it has.
        found: String,
    },
    /// The actuator failed.
    #[error("the actuator failed: {0}")]
    Actuator(#[source] HostError),
    /// The step may not act any more.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
    /// The step's action cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedStep),
    /// The strategy cannot take anything back.
    #[error("the strategy is not reversible")]
    NotReversible,
}
