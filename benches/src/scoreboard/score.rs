//! What a policy is worth.

use std::time::Duration;

use mock_cluster::Policy;
use serde::Serialize;

use super::NOISE;
use super::life::{Lived, Treatment};

/// How one policy did.
#[derive(Debug, Clone, Serialize)]
pub struct Score {
    /// Its name.
    pub policy: &'static str,
    /// How many incidents there were; before each there was a quiet hour.
    pub incidents: usize,
    /// The share of the incidents that can be healed which were, 0 to 1.
    pub recovered_share: f64,
    /// Half of the incidents that can be healed took no longer to recover from, seconds; `None` for ever.
    pub median_recovery_s: Option<f64>,
    /// The same of 95 in 100.
    pub p95_recovery_s: Option<f64>,
    /// The share of the time after a fault that can be healed in which the cluster was degraded, 0 to 1.
    pub degraded_share: f64,
    /// Steps that were begun.
    pub actions: usize,
    /// How many of these were taken back.
    pub undone: usize,
    /// Incidents that healing made worse.
    pub harm_events: usize,
    /// Remediations that began in quiet hours.
    pub false_remediations: usize,
    /// Clients' requests that failed.
    pub failed_requests: u64,

    /// In half of the incidents that can be healed the cluster was degraded no longer, seconds.
    #[serde(skip)]
    pub median_degraded_s: f64,
    /// The mean time that a request took, milliseconds.
    #[serde(skip)]
    pub latency_ms: f64,
    /// Inserts that were held back and still waited an hour after the fault.
    #[serde(skip)]
    pub waiting_inserts: f64,
    /// The share of the healable incidents in which the cluster was degraded, at each look after the fault.
    #[serde(skip)]
    pub degraded_at: Vec<f64>,
}

impl Score {
    /// The score of `policy` for `incidents`, of which `unhealed` came where nobody healed. Where none of them can be healed, all
    /// count as if they could.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of requests far below 2^53"
    )]
    pub fn of(policy: Policy, incidents: &[Lived], unhealed: &[Lived]) -> Self {
        let any_healable = incidents.iter().any(|it| it.incident.is_healable());
        let counts = |it: &&Lived| !any_healable || it.incident.is_healable();
        let healable: Vec<&Lived> = incidents.iter().filter(counts).collect();
        let share = |number: usize| number as f64 / healable.len().max(1) as f64;
        let mut recoveries: Vec<f64> = healable.iter().map(|it| seconds(it.recovery())).collect();
        recoveries.sort_by(f64::total_cmp);
        let mut degraded: Vec<f64> = healable.iter().map(|it| it.time_degraded().as_secs_f64()).collect();
        degraded.sort_by(f64::total_cmp);
        let looks = healable.first().map_or(0, |it| it.degraded.len());
        let degraded_at: Vec<f64> = (0..looks)
            .map(|look| share(healable.iter().filter(|it| it.degraded[look]).count()))
            .collect();
        let steps = |count: fn(&Treatment) -> usize| {
            let all = incidents.iter().flat_map(|it| &it.remediations);
            all.map(count).sum()
        };
        let requests: f64 = incidents.iter().map(|it| it.requests).sum();
        let request_seconds: f64 = incidents.iter().map(|it| it.request_seconds).sum();
        Self {
            policy: policy.name(),
            incidents: incidents.len(),
            recovered_share: share(healable.iter().filter(|it| it.has_recovered()).count()),
            median_recovery_s: quantile(&recoveries, 0.5),
            p95_recovery_s: quantile(&recoveries, 0.95),
            degraded_share: degraded_at.iter().sum::<f64>() / looks.max(1) as f64,
            actions: steps(|it| it.begun),
            undone: steps(|it| it.undone),
            harm_events: incidents
                .iter()
                .zip(unhealed)
                .filter(|(healed, left)| is_harm(healed, left))
                .count(),
            false_remediations: incidents.iter().map(|it| it.false_remediations).sum(),
            failed_requests: incidents.iter().map(|it| it.failed).sum::<f64>().round() as u64,
            median_degraded_s: quantile(&degraded, 0.5).unwrap_or(0.0),
            latency_ms: 1000.0 * request_seconds / requests.max(f64::MIN_POSITIVE),
            waiting_inserts: incidents.iter().map(|it| it.waiting_inserts).sum(),
            degraded_at,
        }
    }
}

/// Whether an incident went worse than without healing, for clients or by lambda.
#[must_use]
pub fn is_harm(healed: &Lived, left: &Lived) -> bool {
    healed.failed > left.failed * (1.0 + NOISE)
        || healed.mean_lambda < left.mean_lambda * (1.0 - NOISE)
        || healed.final_lambda < left.final_lambda * (1.0 - NOISE)
}

fn seconds(time: Option<Duration>) -> f64 {
    time.map_or(f64::INFINITY, |time| time.as_secs_f64())
}

/// The smallest of the sorted values that so large a share of them does not exceed; `None` where that is for ever.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position in the slice"
    )]
    let position = (sorted.len() as f64 * share).ceil() as usize;
    let value = *sorted.get(position.saturating_sub(1))?;
    value.is_finite().then_some(value)
}
