//! `pause_maintenance`: lets background jobs that can wait, wait (seed, "Built-in Strategies", 2).

use std::sync::Arc;
use std::time::Duration;

use healing_core::metrics::{JobPriority, JobState};
use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{Job, Jobs};
use crate::errors::{failed, nothing_to_do, unless_gone, unreadable, wrong_problem};
use crate::handle::Handle;
use crate::parameters;

/// How often a job that finishes its operation is looked at.
const DRAIN_POLL: Duration = Duration::from_secs(2);

/// Pauses jobs below high priority of the contending types, one a step, the least important first.
///
/// A running job finishes the operation it is in: the step is in progress until it has, and fails when that takes longer
/// than the time the engine gives it, twice [`estimated_duration`](RemediationStrategy::estimated_duration). Undoing lets
/// exactly those jobs go on that this remediation paused. A job that ended by itself meanwhile needs neither; one that
/// someone else paused is a conflict, and stays paused.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{MemoryHost, PauseMaintenance};
///
/// let strategy = PauseMaintenance::new(Arc::new(MemoryHost::default()));
/// # use healing_core::RemediationStrategy;
/// assert_eq!(strategy.handles()[0].as_str(), "maintenance_contention");
/// ```
#[derive(Debug, Clone)]
pub struct PauseMaintenance {
    jobs: Handle<dyn Jobs>,
}

/// What a step does: `before` is what the job was doing when the plan was made, paused is what it shall be after.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PauseJob {
    job: i64,
    job_type: String,
    before: JobState,
    after: JobState,
}

impl PauseMaintenance {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(jobs: Arc<dyn Jobs>) -> Self {
        Self { jobs: jobs.into() }
    }

    /// The job that a step is about, as it is now; `None` when it has ended.
    fn find(&self, action: &PauseJob, context: &StepContext<'_>) -> Result<Option<Job>, StepError> {
        let jobs = self.jobs.jobs(context.collection()).map_err(failed)?;
        Ok(jobs.into_iter().find(|job| job.id == action.job))
    }
}

/// A job that is draining or paused must be so in this remediation's name.
fn is_ours(job: &Job, context: &StepContext<'_>) -> Result<(), StepError> {
    if job.paused_by.as_ref() == Some(context.remediation()) {
        return Ok(());
    }
    let by = job
        .paused_by
        .as_ref()
        .map_or_else(|| "a human".to_owned(), ToString::to_string);
    Err(StepError::Conflict {
        subject: format!("job {}", job.id),
        expected: format!("at work, or paused by {}", context.remediation()),
        found: format!("paused by {by}"),
    })
}

const KINDS: [ProblemKind; 1] = [ProblemKind::MaintenanceContention];

impl RemediationStrategy for PauseMaintenance {
    fn name(&self) -> &'static str {
        "pause_maintenance"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.1)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::MaintenanceContention { job_types, .. } = &case.diagnosis.problem else {
            return Err(wrong_problem(case));
        };
        parameters::only(case.parameters, &[])?;
        let jobs = self.jobs.jobs(&case.observation.collection);
        let mut jobs = jobs.map_err(unreadable)?;
        jobs.retain(|job| {
            job.priority < JobPriority::High
                && matches!(job.state, JobState::Running | JobState::Waiting)
                && job_types.contains(&job.job_type)
        });
        // What matters least goes first; within that, running jobs, as those that wait would start in their place.
        jobs.sort_by_key(|job| (job.priority, job.state != JobState::Running, job.id));
        if jobs.is_empty() {
            return Err(nothing_to_do(
                "none of the contending jobs is below high priority and at work",
            ));
        }
        let steps = jobs.iter().map(|job| {
            let action = PauseJob {
                job: job.id,
                job_type: job.job_type.clone(),
                before: job.state,
                after: JobState::Paused,
            };
            Step::new(
                format!(
                    "pause job {} ({}, {} priority)",
                    job.id,
                    job.job_type,
                    name_of(job.priority)
                ),
                &action,
            )
        });
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!("pause {} background jobs below high priority", steps.len()),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: PauseJob = step.action()?;
        let Some(job) = self.find(&action, context)? else {
            return Ok(StepReport::Done);
        };
        match job.state {
            JobState::Paused => is_ours(&job, context).map(|()| StepReport::Done),
            JobState::Draining => {
                is_ours(&job, context)?;
                // Nothing more to do but wait, as long as that is permitted.
                context.permit()?;
                Ok(StepReport::InProgress { poll_after: DRAIN_POLL })
            }
            JobState::Running | JobState::Waiting => {
                let paused = unless_gone(self.jobs.pause(&context.permit()?, job.id))?;
                Ok(paused.map_or(StepReport::Done, |()| StepReport::InProgress { poll_after: DRAIN_POLL }))
            }
        }
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: PauseJob = step.action()?;
        let Some(job) = self.find(&action, context)? else {
            return Ok(StepReport::Done);
        };
        match job.state {
            JobState::Paused | JobState::Draining => {
                is_ours(&job, context)?;
                unless_gone(self.jobs.resume(&context.permit()?, job.id))?;
                Ok(StepReport::Done)
            }
            JobState::Running | JobState::Waiting => Ok(StepReport::Done),
        }
    }
}

fn name_of(priority: JobPriority) -> &'static str {
    match priority {
        JobPriority::Low => "low",
        JobPriority::Normal => "normal",
        JobPriority::High => "high",
    }
}
