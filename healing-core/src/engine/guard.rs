//! Guards: why a problem is not treated now.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::HealingConfig;
use super::standing::{Failures, Standing};
use super::storm::Storm;
use crate::clock::{elapsed, later};
use crate::identity::{HolderId, Operator};
use crate::observation::Observation;
use crate::problem::ProblemClass;
use crate::storage::Freeze;

/// Why a problem is not treated now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// Healing is switched off.
    Disabled,
    /// An operator froze it.
    Frozen {
        /// Who.
        by: Operator,
        /// Why.
        reason: String,
    },
    /// Nothing explains the problem: a human must look.
    UnknownProblem {
        /// The weakened edges, in words.
        witness_summary: String,
    },
    /// So much is unhealthy at once that the cause must be outside.
    Storm {
        /// How many collections, or nodes of this collection, are unhealthy.
        unhealthy: u32,
        /// Of how many.
        of: u32,
    },
    /// The last remediation ended a short while ago.
    CoolingDown {
        /// Until then.
        until: Timestamp,
    },
    /// As many remediations as allowed have begun within the window.
    TooManyAttempts {
        /// How many.
        attempts: u32,
        /// When the oldest of them leaves the window.
        until: Timestamp,
    },
    /// The last remediations did not help, one after the other.
    Ineffective {
        /// How many.
        in_a_row: u32,
        /// When the next may begin all the same.
        until: Timestamp,
    },
    /// As many remediations as allowed are at work in other collections.
    TooManyActive {
        /// How many.
        active: u32,
    },
    /// The observation was made before the last remediation had ended, or is too old.
    StaleObservation {
        /// When it was made.
        observed_at: Timestamp,
    },
    /// Every worker thread hangs in a call that was given up.
    NoWorkers {
        /// How many hang.
        abandoned: usize,
    },
    /// Another healer acts on the collection.
    LeaseHeld {
        /// Who.
        holder: HolderId,
    },
    /// Whether another healer acts on the collection cannot be told.
    LeaseUnavailable {
        /// Why not.
        error: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => formatter.write_str("healing is switched off"),
            Self::Frozen { by, reason } => write!(formatter, "{by} froze it: {reason}"),
            Self::UnknownProblem { witness_summary } => write!(formatter, "nothing explains it: {witness_summary}"),
            Self::Storm { unhealthy, of } => {
                write!(
                    formatter,
                    "{unhealthy} of {of} are unhealthy at once, so the cause is outside"
                )
            }
            Self::CoolingDown { until } => write!(formatter, "it cools down until {until}"),
            Self::TooManyAttempts { attempts, until } => {
                write!(formatter, "{attempts} attempts are enough until {until}")
            }
            Self::Ineffective { in_a_row, until } => {
                write!(
                    formatter,
                    "the last {in_a_row} remediations did not help; the next may begin at {until}"
                )
            }
            Self::TooManyActive { active } => write!(formatter, "{active} remediations are at work elsewhere"),
            Self::StaleObservation { observed_at } => {
                write!(formatter, "the observation of {observed_at} is too old to act on")
            }
            Self::NoWorkers { abandoned } => write!(formatter, "all {abandoned} worker threads hang"),
            Self::LeaseHeld { holder } => write!(formatter, "{holder} acts on it"),
            Self::LeaseUnavailable { error } => write!(formatter, "the lease cannot be had: {error}"),
        }
    }
}

impl Refusal {
    /// Whether a human should be called: it will not go away by itself soon, and is no human's order.
    #[must_use]
    pub fn calls_human(&self) -> bool {
        match self {
            Self::UnknownProblem { .. }
            | Self::Storm { .. }
            | Self::TooManyAttempts { .. }
            | Self::Ineffective { .. }
            | Self::NoWorkers { .. } => true,
            Self::Disabled
            | Self::Frozen { .. }
            | Self::CoolingDown { .. }
            | Self::TooManyActive { .. }
            | Self::StaleObservation { .. }
            | Self::LeaseHeld { .. }
            | Self::LeaseUnavailable { .. } => false,
        }
    }

    /// Every wire name that [`name`](Self::name) gives.
    pub const NAMES: [&'static str; 12] = [
        "disabled",
        "frozen",
        "unknown_problem",
        "storm",
        "cooling_down",
        "too_many_attempts",
        "ineffective",
        "too_many_active",
        "stale_observation",
        "no_workers",
        "lease_held",
        "lease_unavailable",
    ];

    /// Its wire name: `cooling_down`, ...
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Frozen { .. } => "frozen",
            Self::UnknownProblem { .. } => "unknown_problem",
            Self::Storm { .. } => "storm",
            Self::CoolingDown { .. } => "cooling_down",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Ineffective { .. } => "ineffective",
            Self::TooManyActive { .. } => "too_many_active",
            Self::StaleObservation { .. } => "stale_observation",
            Self::NoWorkers { .. } => "no_workers",
            Self::LeaseHeld { .. } => "lease_held",
            Self::LeaseUnavailable { .. } => "lease_unavailable",
        }
    }
}

/// What the guards look at beside the collection's own standing.
#[derive(Debug, Clone)]
pub(super) struct Circumstances {
    pub(super) freeze: Option<Freeze>,
    /// The storm among collections, or else among this one's nodes.
    pub(super) storm: Option<Storm>,
    /// Whether it is known what operators ordered.
    pub(super) orders_known: bool,
    /// Remediations at work.
    pub(super) active: u32,
    /// Worker threads that hang, where none is left.
    pub(super) no_workers: Option<usize>,
}

/// Who wants something treated: an operator's order passes the limits that protect against the loop's own zeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Initiative {
    Loop,
    Operator,
}

/// Why nothing at all may begin in a collection now.
pub(super) fn refuse(
    initiative: Initiative,
    standing: &Standing,
    circumstances: &Circumstances,
    observation: &Observation,
    now: Timestamp,
    config: &HealingConfig,
) -> Option<Refusal> {
    if !config.enabled {
        return Some(Refusal::Disabled);
    }
    if let Some(Freeze { by, reason }) = circumstances.freeze.clone() {
        return Some(Refusal::Frozen { by, reason });
    }
    if circumstances.active >= config.max_active {
        return Some(Refusal::TooManyActive {
            active: circumstances.active,
        });
    }
    if let Some(abandoned) = circumstances.no_workers {
        return Some(Refusal::NoWorkers { abandoned });
    }
    if initiative == Initiative::Operator {
        return None;
    }
    refuse_storm(circumstances)
        .or_else(|| refuse_stale(standing, observation, now, config))
        .or_else(|| refuse_cool_down(standing, now, config))
        .or_else(|| refuse_attempts(standing, now, config))
        .or_else(|| refuse_ineffective(standing, now, config))
}

/// Why a problem is never treated, whoever orders it.
pub(super) fn refuse_problem(problem: &ProblemClass) -> Option<Refusal> {
    match problem {
        ProblemClass::Unknown { witness_summary } => Some(Refusal::UnknownProblem {
            witness_summary: witness_summary.clone(),
        }),
        _ => None,
    }
}

/// Until when a strategy that failed so often stays in quarantine.
pub(super) fn quarantined_until(failures: Failures, now: Timestamp, config: &HealingConfig) -> Option<Timestamp> {
    let excess = failures.in_a_row.checked_sub(config.quarantine_after)?;
    let factor = 1_u32.checked_shl(excess).unwrap_or(u32::MAX);
    let length = config
        .min_healing_interval
        .saturating_mul(factor)
        .min(LONGEST_QUARANTINE);
    within(failures.last, now, length).then(|| later(failures.last, length))
}

/// Whether a strategy's failures still speak against it.
pub(super) fn is_recent(failures: Failures, now: Timestamp) -> bool {
    within(failures.last, now, LONGEST_QUARANTINE)
}

/// Whether less than `length` has passed since `at`. A time that lies further in the future was written before the clock was
/// set back, and waiting for it would take for ever.
fn within(at: Timestamp, now: Timestamp, length: Duration) -> bool {
    elapsed(at, now) < length && elapsed(now, at) <= length
}

const LONGEST_QUARANTINE: Duration = Duration::from_secs(24 * 3600);

fn refuse_storm(circumstances: &Circumstances) -> Option<Refusal> {
    let Storm { unhealthy, of } = circumstances.storm?;
    Some(Refusal::Storm { unhealthy, of })
}

/// How many nodes are so unwell that they count as down, and how many there are.
pub(super) fn unhealthy_nodes(observation: &Observation) -> (u32, u32) {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let nodes = observation.graph.nodes();
    let unhealthy = nodes.iter().filter(|node| node.health.get() < DOWN_BELOW).count();
    (count(unhealthy), count(nodes.len()))
}

/// A node of less health counts as down where a storm among nodes is concerned.
const DOWN_BELOW: f64 = 0.5;

/// Whether so many are unhealthy that the cause must be outside.
pub(super) fn is_storm(unhealthy: u32, of: u32, config: &HealingConfig) -> bool {
    of >= config.storm_minimum && f64::from(unhealthy) > f64::from(of) * config.storm_share.get()
}

fn refuse_stale(
    standing: &Standing,
    observation: &Observation,
    now: Timestamp,
    config: &HealingConfig,
) -> Option<Refusal> {
    let observed_at = observation.observed_at;
    let before_the_end = standing
        .ended()
        .is_some_and(|ended| observed_at < ended && ended <= now);
    let too_old = elapsed(observed_at, now) > config.max_observation_age;
    (before_the_end || too_old).then_some(Refusal::StaleObservation { observed_at })
}

fn refuse_cool_down(standing: &Standing, now: Timestamp, config: &HealingConfig) -> Option<Refusal> {
    let ended = standing.ended()?;
    within(ended, now, config.min_healing_interval).then(|| Refusal::CoolingDown {
        until: later(ended, config.min_healing_interval),
    })
}

/// Why no further attempt may begin now.
pub(super) fn refuse_attempts(standing: &Standing, now: Timestamp, config: &HealingConfig) -> Option<Refusal> {
    // Here a time in the future counts: a limit is not to be passed because the clock was set back.
    let mut counted = standing
        .attempts()
        .iter()
        .filter(|&&begun| elapsed(begun, now) < config.attempt_window);
    let oldest = counted.next()?;
    let attempts = u32::try_from(counted.count()).unwrap_or(u32::MAX).saturating_add(1);
    let until = later(*oldest, config.attempt_window);
    (attempts >= config.max_attempts_per_window).then_some(Refusal::TooManyAttempts { attempts, until })
}

fn refuse_ineffective(standing: &Standing, now: Timestamp, config: &HealingConfig) -> Option<Refusal> {
    let in_a_row = standing.ineffective();
    let ended = standing.ended()?;
    (in_a_row >= config.ineffective_limit && within(ended, now, config.attempt_window)).then(|| Refusal::Ineffective {
        in_a_row,
        until: later(ended, config.attempt_window),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_over_at_the_very_moment_that_it_was_told_to_last_until() {
        let config = HealingConfig::default();
        let last = Timestamp::from_second(1_000_000).unwrap_or_default();
        let failures = Failures {
            in_a_row: config.quarantine_after,
            last,
        };
        let until = later(last, config.min_healing_interval);
        let just_before = until - Duration::from_nanos(1);
        assert_eq!(quarantined_until(failures, last, &config), Some(until));
        assert_eq!(quarantined_until(failures, just_before, &config), Some(until));
        assert_eq!(quarantined_until(failures, until, &config), None);
        // The clock was set back, by as long as the wait and by more.
        let earlier = last - config.min_healing_interval;
        assert_eq!(quarantined_until(failures, earlier, &config), Some(until));
        assert_eq!(
            quarantined_until(failures, earlier - Duration::from_nanos(1), &config),
            None
        );
    }

    #[test]
    fn failures_speak_against_a_strategy_for_a_day() {
        let last = Timestamp::from_second(1_000_000).unwrap_or_default();
        let failures = Failures { in_a_row: 1, last };
        let over = later(last, Duration::from_secs(24 * 3600));
        assert!(is_recent(failures, over - Duration::from_nanos(1)));
        assert!(!is_recent(failures, over));
    }
}
