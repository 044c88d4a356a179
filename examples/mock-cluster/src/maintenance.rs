//! Background jobs and what they leave for each other.

use std::collections::BTreeMap;

use healing_core::identity::RemediationId;
use healing_core::metrics::{JobPriority, JobState};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{JOB_SLOTS, LONGEST_OPERATION, MAINTENANCE_BUDGET};
use crate::noise::Noise;
use crate::size::Size;

/// Every unfinished job, by number.
pub(crate) struct Maintenance {
    pub(crate) jobs: BTreeMap<i64, Job>,
    next_id: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) job_type: &'static str,
    pub(crate) priority: JobPriority,
    pub(crate) state: JobState,
    pub(crate) shard: i64,
    /// The remediation that paused it.
    pub(crate) paused_by: Option<RemediationId>,
    /// I/O that it wants, MB a second.
    wants: f64,
    /// Seconds until the operation it is in ends.
    operation_left: u32,
}

impl Maintenance {
    /// What always runs: on each shard the archiving of the log, and a vacuum.
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size) -> Self {
        let mut maintenance = Self {
            jobs: BTreeMap::new(),
            next_id: 1,
        };
        for shard in 1..=size.shards() {
            maintenance.add(shard, "archive_log", JobPriority::High, random.random_range(25.0..35.0));
            maintenance.add(shard, "vacuum", JobPriority::Normal, random.random_range(15.0..25.0));
        }
        maintenance.fill_slots();
        maintenance
    }

    pub(crate) fn add(&mut self, shard: i64, job_type: &'static str, priority: JobPriority, wants: f64) {
        let job = Job {
            job_type,
            priority,
            state: JobState::Waiting,
            shard,
            paused_by: None,
            wants,
            operation_left: 0,
        };
        self.jobs.insert(self.next_id, job);
        self.next_id += 1;
    }

    /// One second passes.
    pub(crate) fn step(&mut self, noise: &mut Noise) {
        for job in self.jobs.values_mut() {
            match job.state {
                JobState::Running if job.operation_left == 0 => {
                    job.operation_left = noise.lot(1..=LONGEST_OPERATION);
                }
                JobState::Running => job.operation_left -= 1,
                JobState::Draining if job.operation_left == 0 => job.state = JobState::Paused,
                JobState::Draining => job.operation_left -= 1,
                JobState::Waiting | JobState::Paused => {}
            }
        }
        self.fill_slots();
    }

    /// Whether another second would change nothing but which operation each running job is in.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.jobs.values().all(|job| job.state != JobState::Draining)
    }

    /// What always runs is at work, and nothing else is.
    pub(crate) fn put_right(&mut self) {
        self.jobs.retain(|_, job| job.priority > JobPriority::Low);
        for job in self.jobs.values_mut() {
            job.state = JobState::Running;
            job.paused_by = None;
        }
    }

    /// The share of the maintenance on each shard that is not done when it should be.
    pub(crate) fn missing_shares(&self) -> BTreeMap<i64, f64> {
        let mut wanted: BTreeMap<i64, f64> = BTreeMap::new();
        for job in self.jobs.values().filter(|job| is_at_work(job.state)) {
            *wanted.entry(job.shard).or_insert(0.0) += job.wants;
        }
        let missing = |wanted: f64| {
            if wanted > MAINTENANCE_BUDGET {
                1.0 - MAINTENANCE_BUDGET / wanted
            } else {
                0.0
            }
        };
        wanted
            .into_iter()
            .map(|(shard, wanted)| (shard, missing(wanted)))
            .collect()
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.jobs.values().filter(|job| job.state == JobState::Waiting).count() as u64
    }

    /// Asks a job to pause in the name of a remediation; `false` when there is none of that number.
    pub(crate) fn pause(&mut self, id: i64, by: &RemediationId) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        let paused = match job.state {
            JobState::Running => JobState::Draining,
            JobState::Waiting => JobState::Paused,
            JobState::Draining | JobState::Paused => return true,
        };
        job.state = paused;
        job.paused_by = Some(by.clone());
        true
    }

    /// Lets a job go on; `false` when there is none of that number.
    pub(crate) fn resume(&mut self, id: i64) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else {
            return false;
        };
        job.state = match job.state {
            JobState::Draining => JobState::Running,
            JobState::Paused => JobState::Waiting,
            state @ (JobState::Running | JobState::Waiting) => state,
        };
        job.paused_by = None;
        self.fill_slots();
        true
    }

    /// Waiting jobs take the free slots of their shard, in order of priority and number.
    pub(crate) fn fill_slots(&mut self) {
        if self.waiting() == 0 {
            return;
        }
        let mut at_work: BTreeMap<i64, usize> = BTreeMap::new();
        for job in self.jobs.values().filter(|job| is_at_work(job.state)) {
            *at_work.entry(job.shard).or_insert(0) += 1;
        }
        let waiting = self.jobs.iter_mut().filter(|(_, job)| job.state == JobState::Waiting);
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|(id, job)| (std::cmp::Reverse(job.priority), **id));
        for (_, job) in waiting {
            let at_work = at_work.entry(job.shard).or_insert(0);
            if *at_work < JOB_SLOTS {
                *at_work += 1;
                job.state = JobState::Running;
            }
        }
    }
}

fn is_at_work(state: JobState) -> bool {
    matches!(state, JobState::Running | JobState::Draining)
}
