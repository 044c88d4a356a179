//! `pause_maintenance`: lets background jobs that can wait, wait (seed, "Built-in Strategies", 2).

use std::sync::Arc;
use std::time::Duration;

use healing_core::metrics::{JobPriority, JobState};
use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{ActuatorError, Job, Jobs};
use crate::parameters;

/// How often a job that finishes its operation is looked at.
const DRAIN_POLL: Duration = Duration::from_secs(2);

/// Pauses jobs below high priority of the contending types, one a step, the least important first.
///
/// A running job finishes the operation it is in: the step is in progress until it has. Undoing lets exactly those jobs go
/// on that the plan paused. A job that ended by itself meanwhile needs neither.
#[derive(Clone)]
pub struct PauseMaintenance {
    jobs: Arc<dyn Jobs>,
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
        Self { jobs }
    }

    /// The job that a step is about, as it is now; `None` when it has ended.
    fn find(&self, action: &PauseJob, context: &StepContext<'_>) -> Result<Option<Job>, StepError> {
        let jobs = self.jobs.jobs(context.collection()).map_err(actuator)?;
        Ok(jobs.into_iter().find(|job| job.id == action.job))
    }
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
            return Err(PlanError::WrongProblem {
                kind: case.diagnosis.problem.kind().to_string(),
            });
        };
        parameters::only(case.parameters, &[])?;
        let jobs = self.jobs.jobs(&case.observation.collection);
        let mut jobs = jobs.map_err(|error| PlanError::Actuator(Box::new(error)))?;
        jobs.retain(|job| {
            job.priority < JobPriority::High
                && matches!(job.state, JobState::Running | JobState::Waiting)
                && job_types.contains(&job.job_type)
        });
        // What matters least goes first; within that, running jobs, as those that wait would start in their place.
        jobs.sort_by_key(|job| (job.priority, job.state != JobState::Running, job.id));
        if jobs.is_empty() {
            let reason = "none of the contending jobs is below high priority and at work".to_owned();
            return Err(PlanError::NothingToDo { reason });
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
            JobState::Paused => Ok(StepReport::Done),
            JobState::Draining => Ok(StepReport::InProgress { poll_after: DRAIN_POLL }),
            JobState::Running | JobState::Waiting => {
                unless_ended(self.jobs.pause(&context.permit()?, job.id))?;
                Ok(StepReport::InProgress { poll_after: DRAIN_POLL })
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
                unless_ended(self.jobs.resume(&context.permit()?, job.id))?;
                Ok(StepReport::Done)
            }
            JobState::Running | JobState::Waiting => Ok(StepReport::Done),
        }
    }
}

impl std::fmt::Debug for PauseMaintenance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PauseMaintenance").finish_non_exhaustive()
    }
}

/// A job that ended between the look and the call is as good as paused.
fn unless_ended(result: Result<(), ActuatorError>) -> Result<(), StepError> {
    match result {
        Err(ActuatorError::NotFound { .. }) => Ok(()),
        other => other.map_err(actuator),
    }
}

fn actuator(error: ActuatorError) -> StepError {
    StepError::Actuator(Box::new(error))
}

fn name_of(priority: JobPriority) -> &'static str {
    match priority {
        JobPriority::Low => "low",
        JobPriority::Normal => "normal",
        JobPriority::High => "high",
    }
}
