//! What came of the remediations of the last 24 hours.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::elapsed;
use crate::storage::OutcomeRecord;

/// How far back rates and means reach, as the seed's `total_healings_24h` does.
pub(super) const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Remediations that are remembered of one collection; far more than its attempts allow in the window.
const MOST: usize = 4096;

/// A remediation that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) at: Timestamp,
    pub(super) took: Duration,
    /// `None` where it could not be judged.
    pub(super) verified: Option<bool>,
    /// The relative change of lambda; `None` where it was not measured.
    pub(super) improvement: Option<f64>,
}

/// The newest remediations of a collection, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Ended>);

impl From<&OutcomeRecord> for Ended {
    fn from(outcome: &OutcomeRecord) -> Self {
        Self {
            at: outcome.completed_at,
            took: elapsed(outcome.started_at, outcome.completed_at),
            verified: outcome.verified,
            improvement: outcome.final_lambda.map(|_| outcome.improvement_pct / 100.0),
        }
    }
}

impl Recent {
    pub(super) fn push(&mut self, ended: Ended) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(ended);
    }

    /// Forgets what is out of the window.
    pub(super) fn forget_before(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|oldest| elapsed(oldest.at, now) > WINDOW) {
            self.0.pop_front();
        }
    }

    /// The verified share of those that could be judged; NaN over nothing.
    pub(super) fn success_rate(&self) -> f64 {
        mean(self.0.iter().filter_map(|ended| ended.verified).map(super::flag))
    }

    /// NaN over nothing.
    pub(super) fn avg_improvement(&self) -> f64 {
        mean(self.0.iter().filter_map(|ended| ended.improvement))
    }

    /// NaN over nothing.
    pub(super) fn time_to_recovery(&self) -> f64 {
        let verified = self.0.iter().filter(|ended| ended.verified == Some(true));
        mean(verified.map(|ended| ended.took.as_secs_f64()))
    }
}

/// NaN over nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
    sum / number
}
