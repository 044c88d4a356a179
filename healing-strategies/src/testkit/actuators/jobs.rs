//! Checks of [`Jobs`].

use healing_core::identity::RemediationId;
use healing_core::metrics::JobState;
use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Checked, is_fenced, is_not_found, same, settle, under, under_another, until};
use crate::actuators::{Job, Jobs};

/// The jobs that may be touched. None of them ends by itself while a check is at work.
#[derive(Debug, Clone, Copy)]
pub struct JobNumbers {
    /// One that is running.
    pub running: i64,
    /// One that waits for its turn.
    pub waiting: i64,
    /// A number that no job has.
    pub missing: i64,
}

trait Schedulers: Host<Actuator: Jobs> {}

impl<H: Host<Actuator: Jobs>> Schedulers for H {}

/// Looks at an actuator that pauses and resumes jobs.
pub fn jobs<H: Host<Actuator: Jobs>>(host: impl Fn() -> H, numbers: JobNumbers) -> Report {
    let mut report = Report::of("jobs");
    let mut check = |name, check: fn(&H, JobNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("jobs.they_come_by_number", by_number);
    check("jobs.a_running_job_drains_and_is_then_paused", drains);
    check("jobs.a_waiting_job_is_paused_at_once", paused_at_once);
    check("jobs.who_paused_a_job_is_remembered", remembered);
    check("jobs.a_resumed_job_goes_on_and_belongs_to_nobody", resumed);
    check("jobs.a_draining_job_can_be_resumed", resumed_while_draining);
    check("jobs.resuming_what_is_at_work_changes_nothing", at_work);
    check("jobs.a_missing_job_is_not_found", missing);
    check("jobs.an_older_token_is_fenced", fenced);
    report
}

fn find<H: Schedulers>(host: &H, id: i64) -> Result<Job, Objection> {
    let jobs = host
        .actuator()
        .jobs(host.collection())
        .map_err(failed("reading the jobs"))?;
    let found = jobs.into_iter().find(|job| job.id == id);
    found.ok_or_else(|| Objection::broken(format!("job {id} is not among the jobs, and was promised")))
}

fn pause<H: Schedulers>(host: &H, id: i64) -> Checked {
    under(host, |actuator, permit| actuator.pause(permit, id)).map_err(failed("pausing a job"))
}

fn resume<H: Schedulers>(host: &H, id: i64) -> Checked {
    under(host, |actuator, permit| actuator.resume(permit, id)).map_err(failed("resuming a job"))
}

fn is_ours<H: Schedulers>(host: &H, job: &Job) -> Checked {
    let ours = Some(RemediationId::new(host.collection().clone(), 1));
    same(&format!("who paused job {}", job.id), &job.paused_by, &ours)
}

fn goes_on(job: &Job, when: &str) -> Checked {
    require(matches!(job.state, JobState::Running | JobState::Waiting), || {
        format!("{when}, job {} is {:?}, neither running nor waiting", job.id, job.state)
    })?;
    same(&format!("{when}, who paused job {}", job.id), &job.paused_by, &None)
}

fn by_number<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    let jobs = host
        .actuator()
        .jobs(host.collection())
        .map_err(failed("reading the jobs"))?;
    require(jobs.is_sorted_by(|one, other| one.id < other.id), || {
        "the jobs do not come by number, each once".to_owned()
    })?;
    same(
        "the state of the running job",
        &find(host, numbers.running)?.state,
        &JobState::Running,
    )?;
    same(
        "the state of the waiting job",
        &find(host, numbers.waiting)?.state,
        &JobState::Waiting,
    )
}

fn drains<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    pause(host, numbers.running)?;
    let job = find(host, numbers.running)?;
    require(matches!(job.state, JobState::Draining | JobState::Paused), || {
        format!("a running job that was asked to pause is {:?}", job.state)
    })?;
    is_ours(host, &job)?;
    until(host, "a job that was asked to pause is draining", |host| {
        Ok(find(host, numbers.running)?.state == JobState::Paused)
    })?;
    is_ours(host, &find(host, numbers.running)?)
}

fn paused_at_once<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    pause(host, numbers.waiting)?;
    let job = find(host, numbers.waiting)?;
    same(
        "the state of a waiting job that was asked to pause",
        &job.state,
        &JobState::Paused,
    )?;
    is_ours(host, &job)?;
    settle(host);
    same(
        "the state of a paused job, later",
        &find(host, numbers.waiting)?.state,
        &JobState::Paused,
    )
}

/// An undo lets those jobs go on that its own remediation paused.
fn remembered<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    for job in [numbers.running, numbers.waiting] {
        pause(host, job)?;
        let again = under_another(host, |actuator, permit| actuator.pause(permit, job));
        again.map_err(failed("pausing a job that another remediation has paused"))?;
        is_ours(host, &find(host, job)?)?;
    }
    Ok(())
}

fn resumed<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    for id in [numbers.waiting, numbers.running] {
        pause(host, id)?;
        until(host, "a job that was asked to pause is draining", |host| {
            Ok(find(host, id)?.state == JobState::Paused)
        })?;
        resume(host, id)?;
        goes_on(&find(host, id)?, "resumed")?;
        settle(host);
        goes_on(&find(host, id)?, "resumed some time ago")?;
    }
    Ok(())
}

fn resumed_while_draining<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    pause(host, numbers.running)?;
    resume(host, numbers.running)?;
    goes_on(&find(host, numbers.running)?, "resumed while it was draining")?;
    settle(host);
    goes_on(
        &find(host, numbers.running)?,
        "resumed while it was draining, some time ago",
    )
}

fn at_work<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    for id in [numbers.running, numbers.waiting] {
        let before = find(host, id)?;
        resume(host, id)?;
        same("a job at work that was resumed", &find(host, id)?, &before)?;
    }
    Ok(())
}

fn missing<H: Schedulers>(host: &H, JobNumbers { missing, .. }: JobNumbers) -> Checked {
    is_not_found(
        "pausing a job",
        under(host, |actuator, permit| actuator.pause(permit, missing)),
    )?;
    is_not_found(
        "resuming a job",
        under(host, |actuator, permit| actuator.resume(permit, missing)),
    )
}

fn fenced<H: Schedulers>(host: &H, numbers: JobNumbers) -> Checked {
    is_fenced(
        host,
        |actuator, permit| actuator.pause(permit, numbers.running),
        |actuator, permit| actuator.pause(permit, numbers.waiting),
    )?;
    is_fenced(
        host,
        |actuator, permit| actuator.pause(permit, numbers.running),
        |actuator, permit| actuator.resume(permit, numbers.running),
    )?;
    is_ours(host, &find(host, numbers.running)?)
}
