//! States that do not flap.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::thresholds::ResolvedThresholds;
use crate::duration_serde;
use crate::number::Lambda;

/// How a collection is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityState {
    /// Lambda is where it should be.
    #[default]
    Normal,
    /// Lambda has been below the stress threshold.
    Stress,
    /// Lambda has been below the critical threshold.
    Critical,
}

impl IntegrityState {
    /// The state's wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Stress => "stress",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for IntegrityState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A transition from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StateChange {
    /// The state before.
    pub from: IntegrityState,
    /// The state after.
    pub to: IntegrityState,
    /// When the sample that brought it was taken.
    pub at: Timestamp,
}

/// How reluctant the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HysteresisConfig {
    /// This many samples in a row below the stress threshold make stress. 3; 0 counts as 1.
    pub stress_samples: u32,
    /// This many samples in a row below the critical threshold make it critical. 2; 0 counts as 1.
    pub critical_samples: u32,
    /// Every sample must stay above threshold + offset for this long before the state goes back up; and for as long after it
    /// went up it does not go down again. So a signal that swings around a threshold crosses it at most once in this time. 300 s.
    #[serde(rename = "recovery_hold_seconds", with = "duration_serde::seconds")]
    pub recovery_hold: Duration,
    /// No transition within this long after one. 60 s.
    #[serde(rename = "cool_down_seconds", with = "duration_serde::seconds")]
    pub cool_down: Duration,
    /// Between two samples at most this much time counts, so that a clock that jumps hours ahead does not end a hold or a
    /// cool-down by itself. 60 s.
    #[serde(rename = "longest_sample_gap_seconds", with = "duration_serde::seconds")]
    pub longest_sample_gap: Duration,
}

impl Default for HysteresisConfig {
    /// 3 samples, 2 samples, 300 s, 60 s; gaps count up to 60 s.
    fn default() -> Self {
        Self {
            stress_samples: 3,
            critical_samples: 2,
            recovery_hold: Duration::from_secs(300),
            cool_down: Duration::from_secs(60),
            longest_sample_gap: Duration::from_secs(60),
        }
    }
}

/// The state machine: counts samples and measured time, never compares a time of day.
#[derive(Debug, Clone)]
pub(super) struct Hysteresis {
    config: HysteresisConfig,
    state: IntegrityState,
    below_stress: u32,
    below_critical: u32,
    /// How long every sample has been clear of the stress threshold.
    clear_of_stress: Hold,
    /// How long every sample has been clear of the critical threshold.
    clear_of_critical: Hold,
    /// `None` before the first transition.
    since_transition: Option<Duration>,
    /// Since it last went up.
    since_rise: Option<Duration>,
}

impl Hysteresis {
    pub(super) fn new(config: HysteresisConfig) -> Self {
        Self {
            config,
            state: IntegrityState::Normal,
            below_stress: 0,
            below_critical: 0,
            clear_of_stress: Hold::default(),
            clear_of_critical: Hold::default(),
            since_transition: None,
            since_rise: None,
        }
    }

    pub(super) fn reconfigure(&mut self, config: HysteresisConfig) {
        self.config = config;
    }

    pub(super) fn state(&self) -> IntegrityState {
        self.state
    }

    /// Takes one sample in, so long after the one before; the transition it brings, if it brings one.
    pub(super) fn sample(
        &mut self,
        lambda: Lambda,
        thresholds: &ResolvedThresholds,
        gap: Duration,
        at: Timestamp,
    ) -> Option<StateChange> {
        for since in [&mut self.since_transition, &mut self.since_rise].into_iter().flatten() {
            *since = since.saturating_add(gap);
        }
        count_in_a_row(&mut self.below_stress, lambda < thresholds.stress);
        count_in_a_row(&mut self.below_critical, lambda < thresholds.critical);
        let clear_of = |threshold: Lambda| lambda.get() >= threshold.get() + thresholds.recovery_offset.get();
        self.clear_of_stress.sample(clear_of(thresholds.stress), gap);
        self.clear_of_critical.sample(clear_of(thresholds.critical), gap);

        let is_within = |since: Option<Duration>, limit| since.is_some_and(|since| since < limit);
        let to = self.next_state();
        if to == self.state
            || is_within(self.since_transition, self.config.cool_down)
            || (to > self.state && is_within(self.since_rise, self.config.recovery_hold))
        {
            return None;
        }
        if to < self.state {
            self.since_rise = Some(Duration::ZERO);
        }
        let change = StateChange {
            from: self.state,
            to,
            at,
        };
        self.state = to;
        self.since_transition = Some(Duration::ZERO);
        Some(change)
    }

    fn next_state(&self) -> IntegrityState {
        let critical = self.below_critical >= self.config.critical_samples.max(1);
        let stressed = self.below_stress >= self.config.stress_samples.max(1);
        let hold = self.config.recovery_hold;
        match self.state {
            IntegrityState::Normal | IntegrityState::Stress if critical => IntegrityState::Critical,
            IntegrityState::Normal if stressed => IntegrityState::Stress,
            IntegrityState::Stress | IntegrityState::Critical if self.clear_of_stress.lasted(hold) => {
                IntegrityState::Normal
            }
            IntegrityState::Critical if self.clear_of_critical.lasted(hold) => IntegrityState::Stress,
            unchanged => unchanged,
        }
    }
}

/// How long something has been so in every sample; `None` while it is not.
#[derive(Debug, Clone, Default)]
struct Hold(Option<Duration>);

impl Hold {
    fn sample(&mut self, so: bool, gap: Duration) {
        self.0 = so.then(|| self.0.map_or(Duration::ZERO, |lasted| lasted.saturating_add(gap)));
    }

    fn lasted(&self, duration: Duration) -> bool {
        self.0.is_some_and(|lasted| lasted >= duration)
    }
}

fn count_in_a_row(count: &mut u32, below: bool) {
    *count = if below { count.saturating_add(1) } else { 0 };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;

    const THRESHOLDS: fn() -> ResolvedThresholds = || ResolvedThresholds {
        stress: Lambda::clamped(80.0),
        critical: Lambda::clamped(50.0),
        recovery_offset: Lambda::clamped(5.0),
    };

    /// Feeds one sample every ten seconds and returns the transitions with the number of the sample that brought them.
    fn transitions(lambdas: impl IntoIterator<Item = f64>) -> Vec<(usize, IntegrityState)> {
        let mut hysteresis = Hysteresis::new(HysteresisConfig::default());
        let mut at = Timestamp::UNIX_EPOCH;
        let mut found = Vec::new();
        let gap = Duration::from_secs(10);
        for (number, lambda) in lambdas.into_iter().enumerate() {
            if let Some(change) = hysteresis.sample(Lambda::clamped(lambda), &THRESHOLDS(), gap, at) {
                found.push((number, change.to));
            }
            at = later(at, gap);
        }
        found
    }

    fn repeated(lambda: f64, times: usize) -> impl Iterator<Item = f64> {
        std::iter::repeat_n(lambda, times)
    }

    #[test]
    fn three_samples_below_make_stress_and_two_below_critical_make_it_critical() {
        assert_eq!(transitions([79.0, 79.0]), []);
        assert_eq!(transitions([79.0, 79.0, 79.0]), [(2, IntegrityState::Stress)]);
        assert_eq!(transitions([79.0, 79.0, 80.0, 79.0, 79.0]), []);
        assert_eq!(transitions([49.0]), []);
        assert_eq!(transitions([49.0, 49.0]), [(1, IntegrityState::Critical)]);
    }

    #[test]
    fn recovery_needs_every_sample_of_the_hold_above_threshold_and_offset() {
        let stressed = || repeated(70.0, 3);
        assert_eq!(
            transitions(stressed().chain(repeated(84.9, 100))),
            [(2, IntegrityState::Stress)]
        );
        let recovered = transitions(stressed().chain(repeated(85.0, 31)));
        assert_eq!(recovered, [(2, IntegrityState::Stress), (33, IntegrityState::Normal)]);
        let interrupted = stressed()
            .chain(repeated(85.0, 20))
            .chain([84.0])
            .chain(repeated(85.0, 30));
        assert_eq!(transitions(interrupted), [(2, IntegrityState::Stress)]);
    }

    #[test]
    fn a_critical_collection_recovers_as_far_as_every_sample_of_the_hold_allows() {
        let critical = || repeated(10.0, 2);
        let half_way = transitions(critical().chain(repeated(60.0, 31)));
        assert_eq!(half_way, [(1, IntegrityState::Critical), (32, IntegrityState::Stress)]);
        let all_the_way = transitions(critical().chain(repeated(100.0, 31)));
        assert_eq!(
            all_the_way,
            [(1, IntegrityState::Critical), (32, IntegrityState::Normal)]
        );
    }
}
