//! `pause_maintenance`: lets background jobs that can wait, wait (seed, "Built-in Strategies", 2).

use std::sync::Arc;
use std::time::Duration;

use healing_core::metrics::{JobPriority, JobState};
use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{Job, Jobs};
use crate::config::{InvalidConfig, expect};
use crate::errors::{failed, not_seen, nothing_to_do, unless_gone, unreadable};
use crate::handle::Handle;
use crate::seconds;

/// How often a job that finishes its operation is looked at.
const DRAIN_POLL: Duration = Duration::from_secs(2);

/// Pauses jobs of low priority (below high, or as its [`PauseConfig`] says) of the contending types, the least important first:
/// of each priority those that wait, together in one step, then those that run, one a step.
///
/// A running job finishes the operation it is in: the step is in progress until it has, and fails when that takes longer
/// than the time the engine gives it, twice [`estimated_duration`](RemediationStrategy::estimated_duration). Undoing lets
/// exactly those jobs go on that this remediation paused. A job that ended by itself meanwhile needs neither; one that
/// someone else paused is a conflict, and stays paused.
///
/// ```
/// use std::sync::Arc;
/// use healing_core::metrics::JobPriority;
/// use healing_strategies::{MemoryHost, PauseConfig, PauseMaintenance};
///
/// let strategy = PauseMaintenance::new(Arc::new(MemoryHost::default()));
/// let careful = PauseConfig { most_important: JobPriority::Low, ..PauseConfig::default() };
/// assert!(strategy.clone().with_config(careful).is_ok());
/// let reckless = PauseConfig { most_important: JobPriority::High, ..careful };
/// assert!(strategy.with_config(reckless).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct PauseMaintenance {
    jobs: Handle<dyn Jobs>,
    config: PauseConfig,
}

/// What is paused, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PauseConfig {
    /// The most important jobs that are paused. Normal, as in the seed, which pauses what is below high; never high.
    pub most_important: JobPriority,
    /// Jobs paused at most: the blast radius. 100; 1 to 1,000.
    pub max_jobs: usize,
    /// How long a job usually takes to finish the operation it is in; twice as long and its step has failed. The seed's
    /// 30 s; more than 0, at most a day.
    #[serde(rename = "drain_seconds", with = "seconds")]
    pub drain: Duration,
}

impl Default for PauseConfig {
    fn default() -> Self {
        Self {
            most_important: JobPriority::Normal,
            max_jobs: 100,
            drain: Duration::from_secs(30),
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a step does to each of its jobs: `before` is what the job was doing when the plan was made, paused is what it shall be
/// after.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PauseJob {
    job: i64,
    job_type: String,
    before: JobState,
    after: JobState,
}

impl PauseJob {
    fn of(job: &Job) -> Self {
        Self {
            job: job.id,
            job_type: job.job_type.clone(),
            before: job.state,
            after: JobState::Paused,
        }
    }
}

impl PauseMaintenance {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(jobs: Arc<dyn Jobs>) -> Self {
        Self {
            jobs: jobs.into(),
            config: PauseConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: PauseConfig) -> Result<Self, InvalidConfig> {
        let PauseConfig {
            most_important,
            max_jobs,
            drain,
        } = config;
        let can_wait = most_important < JobPriority::High;
        expect(can_wait, "most_important", &name_of(most_important), "low or normal")?;
        let steps = 1..=MAX_PLAN_STEPS;
        expect(steps.contains(&max_jobs), "max_jobs", &max_jobs, "1 to 1000")?;
        let in_range = !drain.is_zero() && drain <= DAY;
        let found = drain.as_secs_f64();
        expect(in_range, "drain_seconds", &found, "more than 0, at most a day")?;
        Ok(Self { config, ..self })
    }

    /// The jobs that a step is about, as they are now; those that have ended are left out.
    fn find(&self, actions: &[PauseJob], context: &StepContext<'_>) -> Result<Vec<Job>, StepError> {
        let mut jobs = self.jobs.jobs(context.collection()).map_err(failed)?;
        jobs.retain(|job| actions.iter().any(|action| action.job == job.id));
        Ok(jobs)
    }

    /// Brings one job closer to being paused; whether it is.
    fn pause(&self, job: &Job, context: &StepContext<'_>) -> Result<bool, StepError> {
        match job.state {
            JobState::Paused => is_ours(job, context).map(|()| true),
            JobState::Draining => {
                is_ours(job, context)?;
                // Nothing more to do but wait, as long as that is permitted.
                context.permit()?;
                Ok(false)
            }
            JobState::Running | JobState::Waiting => {
                let paused = unless_gone(self.jobs.pause(&context.permit()?, job.id))?;
                Ok(paused.is_none())
            }
        }
    }
}

fn is_paused(job: &Job) -> bool {
    matches!(job.state, JobState::Paused | JobState::Draining)
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
        self.config.drain
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::MaintenanceContention { job_types, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let jobs = self.jobs.jobs(&case.observation.collection);
        let mut jobs = jobs.map_err(unreadable)?;
        jobs.retain(|job| {
            job.priority <= self.config.most_important
                && matches!(job.state, JobState::Running | JobState::Waiting)
                && job_types.contains(&job.job_type)
        });
        // What matters least goes first; within that what waits, as it would start in the place of what is paused.
        let waits = |job: &Job| job.state == JobState::Waiting;
        jobs.sort_by_key(|job| (job.priority, !waits(job), job.id));
        jobs.truncate(self.config.max_jobs);
        if jobs.is_empty() {
            return Err(nothing_to_do("none of the contending jobs can wait and is at work"));
        }
        let paused = jobs.len();
        // Nothing is lost while what has not begun does not begin, so that there is nothing to measure between.
        let together = jobs.chunk_by(|one, other| one.priority == other.priority && waits(one) && waits(other));
        let steps = together.map(step).collect::<Result<Vec<_>, _>>()?;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!("pause {paused} background jobs that can wait"),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let mut all_paused = true;
        for job in self.find(&step.action::<Vec<PauseJob>>()?, context)? {
            all_paused &= self.pause(&job, context)?;
        }
        Ok(if all_paused {
            StepReport::Done
        } else {
            StepReport::InProgress { poll_after: DRAIN_POLL }
        })
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let actions: Vec<PauseJob> = step.action()?;
        // What someone else paused holds up none of the others. A call that failed does: it may still be at work.
        let (ours, others): (Vec<_>, Vec<_>) = self
            .find(&actions, context)?
            .into_iter()
            .partition(|job| !is_paused(job) || is_ours(job, context).is_ok());
        for job in ours {
            unless_gone(self.jobs.resume(&context.permit()?, job.id))?;
        }
        others.iter().try_for_each(|job| is_ours(job, context))?;
        let jobs = self.find(&actions, context)?;
        match jobs
            .iter()
            .find(|job| job.paused_by.as_ref() == Some(context.remediation()))
        {
            Some(job) => Err(not_seen(&format!("job {}", job.id), &"resumed", &job.state)),
            None => Ok(StepReport::Done),
        }
    }
}

/// Pauses these jobs.
fn step(jobs: &[Job]) -> Result<Step, PlanError> {
    let described = jobs.iter().map(|job| {
        let priority = name_of(job.priority);
        format!("{} ({}, {priority} priority)", job.id, job.job_type)
    });
    let described: Vec<String> = described.collect();
    let actions: Vec<PauseJob> = jobs.iter().map(PauseJob::of).collect();
    Step::new(format!("pause job {}", described.join(", ")), &actions)
}

fn name_of(priority: JobPriority) -> &'static str {
    match priority {
        JobPriority::Low => "low",
        JobPriority::Normal => "normal",
        JobPriority::High => "high",
    }
}
