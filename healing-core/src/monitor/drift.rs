//! The warning before the state changes.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hysteresis::IntegrityState;
use super::thresholds::ResolvedThresholds;
use super::trend::{Trend, Window};
use crate::duration_serde;
use crate::number::Lambda;

/// When sinking integrity is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftConfig {
    /// The slope is measured over this much time: over less, faster falls are told in time; over more, slower ones are told
    /// from scatter. 30 minutes.
    #[serde(rename = "window_seconds", with = "duration_serde::seconds")]
    pub window: Duration,
    /// It is reported when integrity will be below the stress threshold within this time, if it goes on so. One hour.
    #[serde(rename = "horizon_seconds", with = "duration_serde::seconds")]
    pub horizon: Duration,
}

impl Default for DriftConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(1800),
            horizon: Duration::from_secs(3600),
        }
    }
}

/// Integrity sinks towards the stress threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Drift {
    /// Since when it is reported.
    pub since: Timestamp,
    /// Where integrity is now, by the line through its last window.
    pub level: Lambda,
    /// By how much it falls in an hour, in lambda's unit.
    pub fall_per_hour: Lambda,
    /// When it will be below the stress threshold, if it goes on so.
    #[serde(rename = "stress_in_seconds", with = "duration_serde::seconds")]
    pub stress_in: Duration,
}

/// Of all pairs of points in the window, this share more must fall than rise. Of windows of points that scatter at random, one
/// of 20,000 is like that (3.9 standard deviations of Kendall's tau for 30 points).
const CLEAR_FALL: f64 = -0.5;
/// A warning is over when the threshold is this many horizons away.
const OVER_AFTER: f64 = 2.0;

const HOUR: f64 = 3600.0;

/// Watches for drift.
#[derive(Debug, Clone)]
pub(super) struct DriftWatch {
    config: DriftConfig,
    trend: Trend,
    drift: Option<Drift>,
}

impl DriftWatch {
    pub(super) fn new(config: DriftConfig) -> Self {
        Self {
            config,
            trend: Trend::new(config.window),
            drift: None,
        }
    }

    pub(super) fn reconfigure(&mut self, config: DriftConfig) {
        self.config = config;
        self.trend.reconfigure(config.window);
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.trend.clear();
        self.drift = None;
    }

    /// The drift, while there is one.
    pub(super) fn drift(&self) -> Option<Drift> {
        self.drift
    }

    /// Takes in what was sampled at a time, so long after the sample before.
    pub(super) fn sample(
        &mut self,
        integrity: Lambda,
        thresholds: &ResolvedThresholds,
        state: IntegrityState,
        gap: Duration,
        at: Timestamp,
    ) {
        // What it warns of has come; and what is healed afterwards is no trend of what was before.
        if state != IntegrityState::Normal {
            self.clear();
            return;
        }
        if let Some(window) = self.trend.sample(gap, integrity.get()) {
            self.drift = self.config.judge(window, self.drift, thresholds, at);
        }
    }
}

impl DriftConfig {
    /// The drift that a window shows, after the one that was reported before.
    fn judge(
        &self,
        window: Window<'_>,
        before: Option<Drift>,
        thresholds: &ResolvedThresholds,
        at: Timestamp,
    ) -> Option<Drift> {
        if before.is_none() && window.concordance() > CLEAR_FALL {
            return None;
        }
        let line = window.line();
        let fall = -line.slope;
        if fall <= 0.0 {
            return None;
        }
        let distance = line.level - thresholds.stress.get();
        let seconds = (distance / fall).max(0.0);
        let horizon = self.horizon.as_secs_f64();
        let within = if before.is_some() {
            OVER_AFTER * horizon
        } else {
            horizon
        };
        (seconds <= within).then(|| Drift {
            since: before.map_or(at, |drift| drift.since),
            level: Lambda::clamped(line.level),
            fall_per_hour: Lambda::clamped(fall * HOUR),
            stress_in: Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
        })
    }
}
