//! What the metrics say about each place where a class of problems can be.

use crate::metrics::{JobMetrics, JobPriority, JobState, SystemMetrics};
use crate::number::Amount;
use crate::topology::NodeRef;

/// One measurement of every node in a role.
pub(super) struct Measured {
    /// Sorted by number.
    by_id: Vec<(i64, f64)>,
    /// Of all of them together, where the host does not tell them apart.
    overall: Option<f64>,
}

impl Measured {
    /// Each partition's load over the mean of all.
    pub(super) fn load_ratios(metrics: &SystemMetrics) -> Self {
        let loads = metrics.partitions.iter().map(|(&id, it)| (id, it.load.get()));
        Self::over_mean(loads, metrics.mean_partition_load())
    }

    /// Each centroid's population over the mean of all.
    #[allow(clippy::cast_precision_loss, reason = "a ratio of counts needs no more than 53 bits")]
    pub(super) fn skew_factors(metrics: &SystemMetrics) -> Self {
        let populations = metrics.centroid_populations.iter().map(|(&id, &it)| (id, it as f64));
        Self::over_mean(populations, metrics.mean_centroid_population())
    }

    /// How far each replica is behind, seconds.
    pub(super) fn lags(metrics: &SystemMetrics) -> Self {
        let lags = metrics.replicas.iter().map(|(&id, it)| (id, it.lag.as_secs_f64()));
        Self {
            by_id: lags.collect(),
            overall: None,
        }
    }

    /// Jobs that wait for their turn, or are at work though they could wait, at each maintenance service.
    #[allow(clippy::cast_precision_loss, reason = "a number of jobs needs no more than 53 bits")]
    pub(super) fn contending_jobs(metrics: &SystemMetrics) -> Self {
        let mut by_service: Vec<(i64, f64)> = Vec::new();
        let mut services: Vec<NodeRef> = metrics.jobs.iter().filter_map(|job| job.service).collect();
        services.sort_unstable();
        services.dedup();
        by_service.extend(services.iter().map(|service| (service.id, 0.0)));
        let mut anywhere = 0.0;
        for job in metrics.jobs.iter().filter(|job| contends(job)) {
            let service = job.service.and_then(|it| services.binary_search(&it).ok());
            match service.and_then(|at| by_service.get_mut(at)) {
                Some((_, contending)) => *contending += 1.0,
                None => anywhere += 1.0,
            }
        }
        let waiting = metrics.maintenance_queue_depth.map(|depth| depth as f64);
        let overall = if metrics.jobs.is_empty() {
            waiting
        } else {
            Some(waiting.map_or(anywhere, |waiting| waiting.max(anywhere)))
        };
        Self {
            overall: if services.is_empty() { overall } else { None },
            by_id: by_service,
        }
    }

    fn over_mean(values: impl Iterator<Item = (i64, f64)>, mean: Option<Amount>) -> Self {
        let by_id = match mean {
            Some(mean) if mean > Amount::ZERO => values.map(|(id, value)| (id, value / mean.get())).collect(),
            _ => Vec::new(),
        };
        Self { by_id, overall: None }
    }

    /// What is measured of a node.
    pub(super) fn of(&self, id: i64) -> Option<f64> {
        match self.by_id.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => Some(self.by_id[at].1),
            Err(_) => self.overall,
        }
    }

    /// Those that are above a threshold.
    pub(super) fn above(&self, threshold: f64) -> impl Iterator<Item = i64> {
        let above = self.by_id.iter().filter(move |(_, value)| *value > threshold);
        above.map(|(id, _)| *id)
    }
}

fn contends(job: &JobMetrics) -> bool {
    match job.state {
        JobState::Waiting => true,
        JobState::Running => job.priority == JobPriority::Low,
        JobState::Draining | JobState::Paused => false,
    }
}
