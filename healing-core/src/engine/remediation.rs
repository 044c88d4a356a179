//! A remediation: one attempt to treat one problem of one collection, and the states it passes through.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decision::ConsideredStrategy;
use crate::diagnosis::Diagnosis;
use crate::identity::{Operator, RemediationId};
use crate::metrics::SystemMetrics;
use crate::monitor::{IntegrityReport, IntegrityState, WitnessEdge};
use crate::number::{Amount, Lambda};
use crate::plan::{Plan, Prediction};
use crate::problem::ProblemKind;
use crate::storage::RecordedChoice;

/// One attempt to treat one problem. A plain value, cheap to clone: all but its state never changes and is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remediation {
    /// Its name.
    pub id: RemediationId,
    /// When it began.
    pub started_at: Timestamp,
    /// Whose order it was; `None` when the loop acts by itself.
    #[serde(default)]
    pub ordered_by: Option<Operator>,
    /// What is treated.
    pub diagnosis: Arc<Diagnosis>,
    /// How.
    pub plan: Arc<Plan>,
    /// Why this strategy: what was considered beside it.
    #[serde(default)]
    pub considered: Arc<[ConsideredStrategy]>,
    /// The learner's choice, where it ranked.
    #[serde(default)]
    pub choice: Option<Arc<RecordedChoice>>,
    /// Parameters of the operator's order; empty when the loop acts by itself.
    pub parameters: Arc<Map<String, Value>>,
    /// What the plan should do to lambda; `None` where its steps declare no effects.
    pub prediction: Option<Prediction>,
    /// How things stood when it began.
    pub initial: Arc<Initial>,
    /// Where it is.
    pub state: RemediationState,
}

/// How things stood when a remediation began: what its effect is measured against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Initial {
    /// Lambda.
    pub lambda: Lambda,
    /// What the state followed from: lambda, or less where another cut had lost a greater share of its worth.
    pub integrity: Lambda,
    /// The healthy lambda, where known.
    pub baseline: Option<Lambda>,
    /// Below this integrity, in lambda's unit, there was something to treat.
    #[serde(default)]
    pub stress: Option<Lambda>,
    /// From this integrity on, in lambda's unit, there is nothing left to do.
    pub target: Option<Lambda>,
    /// The integrity state.
    pub state: IntegrityState,
    /// How strongly the problem showed; `None` where that is not measured.
    pub symptom: Option<Amount>,
    /// Every kind of problem that was found, the treated one among them.
    #[serde(default)]
    pub problems: Vec<ProblemKind>,
    /// The edges across the minimum cut.
    pub witness: Vec<WitnessEdge>,
    /// What was measured beside the graph.
    pub metrics: SystemMetrics,
}

impl Initial {
    pub(super) fn of(
        problems: Vec<ProblemKind>,
        report: &IntegrityReport,
        metrics: &SystemMetrics,
        symptom: Option<Amount>,
    ) -> Self {
        Self {
            lambda: report.lambda,
            integrity: report.integrity,
            baseline: report.baseline,
            stress: report.thresholds.map(|thresholds| thresholds.stress),
            target: report.thresholds.map(|thresholds| thresholds.target()),
            state: report.state,
            symptom,
            problems,
            witness: report.witness.clone(),
            metrics: metrics.clone(),
        }
    }

    /// The lambda below which a change is measured against this instead of the initial lambda: one percent of the
    /// baseline, so that a disconnected graph's improvement is finite.
    #[must_use]
    pub fn floor(&self) -> Lambda {
        Lambda::clamped(self.baseline.map_or(0.0, Lambda::get) * 0.01)
    }
}

impl Remediation {
    /// Whether its state is one that its plan can come to. A journal that others can write to may say anything.
    pub(super) fn is_possible(&self) -> bool {
        let within = self.state.begun() <= self.plan.steps.len();
        within
            && match self.state {
                RemediationState::Settling { done, .. } => done > 0,
                RemediationState::RollingBack {
                    begun, remaining, keep, ..
                } => keep <= remaining && remaining <= begun,
                _ => true,
            }
    }
}

/// Where a remediation is. Each state is in the journal before anything is done in it.
///
/// ```text
/// awaiting_approval -> planned -> executing(0) -> settling -> executing(1) ... -> stabilising -> verifying -> completed
///        |                            |              |                                             |
///        v                            +--------------+---------------> rolling_back <--------------+
///     rejected                                                         |        |
///                                                                rolled_back  rollback_failed
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemediationState {
    /// A human must approve it first. Nothing was touched.
    AwaitingApproval {
        /// Since when.
        since: Timestamp,
    },
    /// It may begin. Nothing was touched.
    Planned {
        /// Since when.
        since: Timestamp,
        /// Who approved it, where approval was needed.
        approved_by: Option<Operator>,
    },
    /// The step `step` is being done; all before it are done.
    Executing {
        /// The step's position in the plan.
        step: usize,
        /// When it began; its deadline follows from that.
        since: Timestamp,
        /// Lambda before it began.
        lambda_before: Lambda,
    },
    /// The first `done` steps are done; what the last one did is awaited and then measured.
    Settling {
        /// How many steps are done, at least one.
        done: usize,
        /// When to measure.
        until: Timestamp,
        /// Lambda before the last step began.
        lambda_before: Lambda,
    },
    /// All steps that are wanted are done; the service is left to settle.
    Stabilising {
        /// How many steps are done.
        done: usize,
        /// When to verify.
        until: Timestamp,
    },
    /// It is to be measured whether it helped.
    Verifying {
        /// How many steps are done.
        done: usize,
        /// Since when.
        since: Timestamp,
    },
    /// It ended, and nothing needs to be undone.
    Completed {
        /// How many steps are done.
        done: usize,
        /// Lambda when it was verified.
        final_lambda: Lambda,
        /// Whether it helped. Not verified here means that the strategy cannot undo.
        verification: Verification,
    },
    /// Steps are taken back, newest first.
    RollingBack {
        /// How many steps were begun in all.
        begun: usize,
        /// How many of the first steps may still be in effect: the last of them is undone next.
        remaining: usize,
        /// How many of the first steps are to stay in effect: all but the last where only that one did harm.
        keep: usize,
        /// How often undoing the next one was tried and failed.
        #[serde(default)]
        failed_attempts: u32,
        /// When undoing the next one began, or is to be tried again; its deadline follows from that.
        since: Timestamp,
        /// Why.
        cause: UndoCause,
        /// What could not be undone so far.
        failures: Vec<UndoFailure>,
    },
    /// Everything that was begun was taken back.
    RolledBack {
        /// How many steps had been begun.
        begun: usize,
        /// Why.
        cause: UndoCause,
        /// Lambda afterwards, where it could be measured.
        final_lambda: Option<Lambda>,
    },
    /// Something could not be taken back, or the strategy takes nothing back: a human must look at it.
    RollbackFailed {
        /// How many steps had been begun.
        begun: usize,
        /// Why they were to be taken back.
        cause: UndoCause,
        /// What could not be undone.
        failures: Vec<UndoFailure>,
    },
    /// A human said no, or called it off before it began. Nothing was touched.
    Rejected {
        /// Who.
        by: Operator,
    },
    /// Its plan no longer fits what was found when it was to begin. Nothing was touched.
    Expired {
        /// Why.
        reason: String,
    },
}

impl RemediationState {
    /// The state's wire name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Planned { .. } => "planned",
            Self::Executing { .. } => "executing",
            Self::Settling { .. } => "settling",
            Self::Stabilising { .. } => "stabilising",
            Self::Verifying { .. } => "verifying",
            Self::Completed { .. } => "completed",
            Self::RollingBack { .. } => "rolling_back",
            Self::RolledBack { .. } => "rolled_back",
            Self::RollbackFailed { .. } => "rollback_failed",
            Self::Rejected { .. } => "rejected",
            Self::Expired { .. } => "expired",
        }
    }

    /// How many steps were begun so far.
    #[must_use]
    pub const fn begun(&self) -> usize {
        match self {
            Self::AwaitingApproval { .. } | Self::Planned { .. } | Self::Rejected { .. } | Self::Expired { .. } => 0,
            Self::Executing { step, .. } => step.saturating_add(1),
            Self::Settling { done, .. }
            | Self::Stabilising { done, .. }
            | Self::Verifying { done, .. }
            | Self::Completed { done, .. } => *done,
            Self::RollingBack { begun, .. } | Self::RolledBack { begun, .. } | Self::RollbackFailed { begun, .. } => {
                *begun
            }
        }
    }

    /// Whether nothing more will happen in this remediation.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        match self {
            Self::Completed { .. }
            | Self::RolledBack { .. }
            | Self::RollbackFailed { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. } => true,
            Self::AwaitingApproval { .. }
            | Self::Planned { .. }
            | Self::Executing { .. }
            | Self::Settling { .. }
            | Self::Stabilising { .. }
            | Self::Verifying { .. }
            | Self::RollingBack { .. } => false,
        }
    }
}

/// Whether a remediation helped, and how that shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verified_by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verification {
    /// Lambda rose enough.
    Lambda {
        /// The change relative to the initial lambda: 0.1 is ten percent more.
        relative_change: f64,
    },
    /// Integrity rose enough while lambda did not fall: a cut that had lost more of its worth than the minimum cut has some of
    /// it back.
    Integrity {
        /// The change relative to the initial integrity: 0.1 is ten percent more.
        relative_change: f64,
    },
    /// The problem's own symptom went down enough while lambda did not fall.
    Symptom {
        /// Before.
        before: Amount,
        /// After.
        after: Amount,
    },
    /// It was not seen to help.
    NotVerified {
        /// The change of lambda relative to the initial lambda.
        relative_change: f64,
    },
}

impl Verification {
    /// Whether it was seen to help.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        match self {
            Self::Lambda { .. } | Self::Integrity { .. } | Self::Symptom { .. } => true,
            Self::NotVerified { .. } => false,
        }
    }
}

/// Why steps are taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "undo_cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum UndoCause {
    /// A step failed: an error, a conflict, a panic.
    StepFailed {
        /// The step's position in the plan.
        step: usize,
        /// What happened.
        error: String,
    },
    /// Someone else changed what a step was about; that was left alone.
    Conflict {
        /// The step's position in the plan.
        step: usize,
        /// What was found.
        error: String,
    },
    /// A step did not end in time.
    TimedOut {
        /// The step's position in the plan.
        step: usize,
    },
    /// After a step lambda was lower than before it by more than is tolerated.
    Worsened {
        /// The step's position in the plan.
        step: usize,
        /// Lambda before the step.
        before: Lambda,
        /// Lambda after it.
        after: Lambda,
    },
    /// What was done could not be measured.
    NotMeasured {
        /// Why not.
        error: String,
    },
    /// It was not seen to help.
    NotVerified {
        /// The change of lambda relative to the initial lambda.
        relative_change: f64,
    },
    /// An operator broke it off.
    Aborted {
        /// Who.
        by: Operator,
    },
    /// It had ended, and an operator ordered it to be taken back.
    Ordered {
        /// Who.
        by: Operator,
    },
    /// The healer that was at it lost its lease or died.
    Interrupted {
        /// The state it was in.
        state: String,
    },
}

impl fmt::Display for UndoCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepFailed { step, error } => write!(formatter, "step {} failed: {error}", step + 1),
            Self::Conflict { step, error } => write!(formatter, "step {} gave way: {error}", step + 1),
            Self::TimedOut { step } => write!(formatter, "step {} did not end in time", step + 1),
            Self::Worsened { step, before, after } => {
                write!(
                    formatter,
                    "after step {} lambda fell from {before} to {after}",
                    step + 1
                )
            }
            Self::NotMeasured { error } => write!(formatter, "its effect could not be measured: {error}"),
            Self::NotVerified { relative_change } => {
                write!(
                    formatter,
                    "it did not help: lambda changed by {:+.1} %",
                    relative_change * 100.0
                )
            }
            Self::Aborted { by } => write!(formatter, "{by} aborted it"),
            Self::Ordered { by } => write!(formatter, "{by} ordered it to be taken back"),
            Self::Interrupted { state } => write!(formatter, "its healer was interrupted while {state}"),
        }
    }
}

/// A step that could not be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UndoFailure {
    /// The step's position in the plan.
    pub step: usize,
    /// What happened.
    pub error: String,
}
