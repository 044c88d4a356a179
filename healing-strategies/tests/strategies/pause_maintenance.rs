//! `pause_maintenance`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::metrics::{JobPriority, JobState, SystemMetrics};
use healing_core::permit::Permit;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{StepError, StepReport};
use healing_core::{CollectionId, ProblemClass, RemediationStrategy};
use healing_strategies::actuators::{ActuatorError, Job, Jobs};
use healing_strategies::{PauseConfig, PauseMaintenance};
use parking_lot::Mutex;
use proptest::prelude::*;

use crate::case::{collection, complete, in_context, observation, plan};

/// Jobs that drain for so many looks.
#[derive(Clone)]
struct Scheduler(Arc<Mutex<Inside>>);

struct Inside {
    jobs: BTreeMap<i64, Job>,
    /// Calls for this one fail.
    out_of_reach: Option<i64>,
    looks_to_drain: u32,
    draining: BTreeMap<i64, u32>,
}

impl Scheduler {
    fn with(jobs: &[(i64, &str, JobPriority, JobState)]) -> Self {
        let jobs = jobs.iter().map(|&(id, job_type, priority, state)| {
            (
                id,
                Job {
                    id,
                    job_type: job_type.to_owned(),
                    priority,
                    state,
                    paused_by: None,
                },
            )
        });
        let inside = Inside {
            jobs: jobs.collect(),
            out_of_reach: None,
            looks_to_drain: 3,
            draining: BTreeMap::new(),
        };
        Self(Arc::new(Mutex::new(inside)))
    }

    fn states(&self) -> BTreeMap<i64, JobState> {
        self.0.lock().jobs.values().map(|job| (job.id, job.state)).collect()
    }

    fn strategy(&self) -> PauseMaintenance {
        PauseMaintenance::new(Arc::new(self.clone()))
    }

    /// Some time passes.
    fn go_on(&self) {
        let inside = &mut *self.0.lock();
        for (id, left) in &mut inside.draining {
            *left = left.saturating_sub(1);
            if let Some(job) = inside
                .jobs
                .get_mut(id)
                .filter(|job| *left == 0 && job.state == JobState::Draining)
            {
                job.state = JobState::Paused;
            }
        }
    }
}

impl Jobs for Scheduler {
    fn jobs(&self, _collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        Ok(self.0.lock().jobs.values().cloned().collect())
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let inside = &mut *self.0.lock();
        inside.reach(job)?;
        let found = inside.jobs.get_mut(&job).ok_or(ActuatorError::NotFound {
            what: format!("job {job}"),
        })?;
        if matches!(found.state, JobState::Running | JobState::Waiting) {
            found.paused_by = Some(permit.remediation().clone());
        }
        found.state = match found.state {
            JobState::Running => {
                inside.draining.insert(job, inside.looks_to_drain);
                JobState::Draining
            }
            JobState::Waiting => JobState::Paused,
            state => state,
        };
        Ok(())
    }

    fn resume(&self, _permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let mut inside = self.0.lock();
        inside.reach(job)?;
        let found = inside.jobs.get_mut(&job).ok_or(ActuatorError::NotFound {
            what: format!("job {job}"),
        })?;
        found.state = JobState::Running;
        found.paused_by = None;
        Ok(())
    }
}

impl Inside {
    fn reach(&self, job: i64) -> Result<(), ActuatorError> {
        match self.out_of_reach {
            Some(lost) if lost == job => Err(ActuatorError::Host(format!("job {job} does not answer").into())),
            _ => Ok(()),
        }
    }
}

fn storm() -> Scheduler {
    Scheduler::with(&[
        (1, "vacuum", JobPriority::Normal, JobState::Running),
        (2, "reindex", JobPriority::Low, JobState::Running),
        (3, "backup", JobPriority::Low, JobState::Waiting),
        (4, "archive", JobPriority::High, JobState::Running),
        (5, "reindex", JobPriority::Low, JobState::Paused),
        (6, "export", JobPriority::Low, JobState::Running),
    ])
}

fn contention(job_types: &[&str]) -> ProblemClass {
    let job_types = job_types.iter().map(|&it| it.to_owned()).collect();
    ProblemClass::MaintenanceContention {
        job_types,
        queue_depth: 1,
    }
}

fn planned(scheduler: &Scheduler) -> Plan {
    let observed = observation(3, &[], SystemMetrics::default());
    plan(
        &scheduler.strategy(),
        &observed,
        contention(&["archive", "backup", "reindex", "vacuum"]),
        &[],
    )
    .unwrap()
}

/// The step that pauses job 2, which runs.
fn of_running(plan: &Plan) -> &Step {
    let pauses = |step: &&Step| step.action[0]["job"] == 2;
    plan.steps.iter().find(pauses).unwrap()
}

fn paused_by(plan: &Plan) -> Vec<i64> {
    plan.steps
        .iter()
        .flat_map(|step| step.action.as_array().unwrap())
        .map(|action| action["job"].as_i64().unwrap())
        .collect()
}

#[test]
fn only_contending_jobs_below_high_priority_are_paused_the_least_important_first() {
    let scheduler = storm();
    let plan = planned(&scheduler);
    assert_eq!(scheduler.states(), storm().states(), "planning touches nothing");
    assert_eq!(paused_by(&plan), [3, 2, 1]);
    let strategy = scheduler.strategy();
    for step in &plan.steps {
        complete(step, |step, cx| strategy.execute(step, cx), || scheduler.go_on()).unwrap();
    }
    let paused: Vec<i64> = scheduler
        .states()
        .into_iter()
        .filter(|(_, state)| *state == JobState::Paused)
        .map(|(id, _)| id)
        .collect();
    assert_eq!(paused, [1, 2, 3, 5]);
}

#[test]
fn no_more_important_and_no_more_jobs_are_paused_than_configured() {
    let scheduler = storm();
    let observed = observation(3, &[], SystemMetrics::default());
    let paused = |config| {
        let strategy = scheduler.strategy().with_config(config).unwrap();
        let problem = contention(&["archive", "backup", "reindex", "vacuum"]);
        paused_by(&plan(&strategy, &observed, problem, &[]).unwrap())
    };
    let default = PauseConfig::default();
    let low = PauseConfig {
        most_important: JobPriority::Low,
        ..default
    };
    assert_eq!(paused(low), [3, 2]);
    let one = PauseConfig { max_jobs: 1, ..default };
    assert_eq!(paused(one), [3]);
    for (config, field) in [
        (
            PauseConfig {
                most_important: JobPriority::High,
                ..default
            },
            "most_important",
        ),
        (PauseConfig { max_jobs: 0, ..default }, "max_jobs"),
        (
            PauseConfig {
                drain: Duration::ZERO,
                ..default
            },
            "drain_seconds",
        ),
    ] {
        assert_eq!(scheduler.strategy().with_config(config).unwrap_err().field, field);
    }
}

#[test]
fn a_running_job_is_in_progress_until_its_operation_has_ended() {
    let scheduler = storm();
    let plan = planned(&scheduler);
    let look = || {
        in_context(Duration::from_secs(60), |cx| {
            scheduler.strategy().execute(of_running(&plan), cx)
        })
        .unwrap()
    };
    for _ in 0..3 {
        assert!(matches!(look(), StepReport::InProgress { .. }));
        scheduler.go_on();
    }
    assert_eq!(look(), StepReport::Done);
}

#[test]
fn jobs_of_one_priority_that_wait_are_paused_together_and_let_go_together() {
    let low = |id, state| (id, "reindex", JobPriority::Low, state);
    let scheduler = Scheduler::with(&[
        low(1, JobState::Running),
        low(2, JobState::Waiting),
        low(3, JobState::Waiting),
        (4, "vacuum", JobPriority::Normal, JobState::Waiting),
    ]);
    let plan = planned(&scheduler);
    let together: Vec<usize> = plan
        .steps
        .iter()
        .map(|it| it.action.as_array().unwrap().len())
        .collect();
    assert_eq!((paused_by(&plan), together), (vec![2, 3, 1, 4], vec![2, 1, 1]));

    let strategy = scheduler.strategy();
    complete(&plan.steps[0], |step, cx| strategy.execute(step, cx), || {}).unwrap();
    let states = scheduler.states();
    assert_eq!((states[&2], states[&3]), (JobState::Paused, JobState::Paused));

    // That one of them was taken over holds up the others no more than it must.
    if let Some(job) = scheduler.0.lock().jobs.get_mut(&2) {
        job.paused_by = None;
    }
    let undone = in_context(Duration::from_secs(60), |cx| strategy.rollback(&plan.steps[0], cx));
    assert!(matches!(undone, Err(StepError::Conflict { .. })), "{undone:?}");
    let states = scheduler.states();
    assert_eq!((states[&2], states[&3]), (JobState::Paused, JobState::Running));
}

/// It may still be at work, and whoever goes on has a call under way that nobody waits for.
#[test]
fn the_first_call_that_fails_ends_the_step_both_ways() {
    let waiting = |id| (id, "reindex", JobPriority::Low, JobState::Waiting);
    let scheduler = Scheduler::with(&[waiting(1), waiting(2), waiting(3)]);
    let plan = planned(&scheduler);
    let strategy = scheduler.strategy();
    let step = &plan.steps[0];
    scheduler.0.lock().out_of_reach = Some(2);
    let executed = in_context(Duration::from_secs(60), |cx| strategy.execute(step, cx));
    assert!(matches!(executed, Err(StepError::Actuator(_))), "{executed:?}");
    let state = |id| scheduler.states()[&id];
    assert_eq!(
        [1, 2, 3].map(state),
        [JobState::Paused, JobState::Waiting, JobState::Waiting]
    );

    scheduler.0.lock().out_of_reach = None;
    complete(step, |step, cx| strategy.execute(step, cx), || {}).unwrap();
    scheduler.0.lock().out_of_reach = Some(2);
    let undone = in_context(Duration::from_secs(60), |cx| strategy.rollback(step, cx));
    assert!(matches!(undone, Err(StepError::Actuator(_))), "{undone:?}");
    assert_eq!(
        [1, 2, 3].map(state),
        [JobState::Running, JobState::Paused, JobState::Paused]
    );
}

#[test]
fn a_job_that_ended_meanwhile_needs_neither_pause_nor_resumption() {
    let scheduler = storm();
    let plan = planned(&scheduler);
    scheduler.0.lock().jobs.remove(&2);
    let strategy = scheduler.strategy();
    complete(of_running(&plan), |step, cx| strategy.execute(step, cx), || {}).unwrap();
    complete(of_running(&plan), |step, cx| strategy.rollback(step, cx), || {}).unwrap();
}

#[test]
fn a_job_that_someone_else_paused_meanwhile_is_a_conflict_and_stays_paused() {
    for by in [None, Some(RemediationId::new(collection(), 99))] {
        for state in [JobState::Paused, JobState::Draining] {
            let scheduler = storm();
            let plan = planned(&scheduler);
            if let Some(job) = scheduler.0.lock().jobs.get_mut(&2) {
                job.state = state;
                job.paused_by.clone_from(&by);
            }
            let strategy = scheduler.strategy();
            let before = scheduler.states();
            let executed = in_context(Duration::from_secs(60), |cx| strategy.execute(of_running(&plan), cx));
            assert!(matches!(executed, Err(StepError::Conflict { .. })), "{executed:?}");
            let undone = in_context(Duration::from_secs(60), |cx| strategy.rollback(of_running(&plan), cx));
            assert!(matches!(undone, Err(StepError::Conflict { .. })), "{undone:?}");
            assert_eq!(scheduler.states(), before);
        }
    }
}

#[test]
fn the_wait_for_a_drain_ends_at_its_deadline() {
    let scheduler = storm();
    let plan = planned(&scheduler);
    let strategy = scheduler.strategy();
    let begun = in_context(Duration::from_secs(60), |cx| strategy.execute(of_running(&plan), cx)).unwrap();
    assert!(matches!(begun, StepReport::InProgress { .. }));
    let late = in_context(Duration::ZERO, |cx| strategy.execute(of_running(&plan), cx));
    assert!(matches!(late, Err(StepError::NotPermitted(_))), "{late:?}");
}

#[test]
fn where_no_job_can_wait_nothing_is_planned() {
    let scheduler = storm();
    let observed = observation(3, &[], SystemMetrics::default());
    for problem in [contention(&["archive"]), contention(&[])] {
        let refused = plan(&scheduler.strategy(), &observed, problem, &[]).unwrap_err();
        assert!(matches!(refused, PlanError::NothingToDo { .. }), "{refused}");
    }
    let refused = plan(
        &scheduler.strategy(),
        &observed,
        contention(&["backup"]),
        &[("max_moves", 1.into())],
    );
    assert!(matches!(refused, Err(PlanError::InvalidParameter { .. })));
    let other = ProblemClass::Unknown {
        witness_summary: String::new(),
    };
    assert!(matches!(
        plan(&scheduler.strategy(), &observed, other, &[]),
        Err(PlanError::WrongProblem { .. })
    ));
}

#[test]
fn without_a_permit_no_job_is_paused() {
    let scheduler = storm();
    let plan = planned(&scheduler);
    let refused = in_context(Duration::ZERO, |cx| scheduler.strategy().execute(of_running(&plan), cx));
    assert!(matches!(refused, Err(StepError::NotPermitted(_))));
    assert_eq!(scheduler.states(), storm().states());
}

proptest! {
    #[test]
    fn undo_lets_exactly_the_paused_jobs_go_on(done in 0usize..4, drained in 0u32..4) {
        let scheduler = storm();
        let plan = planned(&scheduler);
        let strategy = scheduler.strategy();
        for step in &plan.steps[..done.min(plan.steps.len())] {
            // The last step may be left in the middle of its drain.
            in_context(Duration::from_secs(60), |cx| strategy.execute(step, cx)).unwrap();
            for _ in 0..drained {
                scheduler.go_on();
            }
        }
        for step in plan.steps.iter().rev() {
            complete(step, |step, cx| strategy.rollback(step, cx), || scheduler.go_on()).unwrap();
        }
        let at_work = |state: &JobState| matches!(state, JobState::Running | JobState::Waiting);
        for (id, state) in scheduler.states() {
            prop_assert_eq!(at_work(&state), id != 5, "job {} is {:?}", id, state);
        }
    }
}
