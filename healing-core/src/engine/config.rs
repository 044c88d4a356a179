//! How a healer behaves (seed, "Safety Limits").

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::duration_serde;
use crate::monitor::{JudgedBy, MOST_WEAK_CUTS, MonitorConfig, Thresholds};
use crate::number::Ratio;
use crate::problem::ProblemKind;

/// How a healer behaves. The first eight fields are the seed's, with its defaults, but that `resync_replica` needs approval too.
/// No duration may be longer than a year (366 days).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealingConfig {
    /// Whether it acts at all. Disabled, it still watches.
    pub enabled: bool,
    /// From the end of one remediation of a collection to the begin of the next. 300 s.
    #[serde(rename = "min_healing_interval_seconds", with = "duration_serde::seconds")]
    pub min_healing_interval: Duration,
    /// At most this many remediations of a collection begin within a window. 3; 1 to [`MOST_ATTEMPTS`]. The seed's
    /// `max_attempts_per_hour` is read too.
    #[serde(alias = "max_attempts_per_hour")]
    pub max_attempts_per_window: u32,
    /// The length of that window. One hour; more than 0.
    #[serde(rename = "attempt_window_seconds", with = "duration_serde::seconds")]
    pub attempt_window: Duration,
    /// Strategies more disruptive than this need a human's approval while the collection is under stress. 0.5.
    pub max_auto_heal_impact: Ratio,
    /// Problems whose treatment a human must approve. None.
    pub require_approval: Vec<ProblemKind>,
    /// Strategies whose use a human must approve. `scale_replicas` and `resync_replica`.
    pub require_approval_strategies: Vec<String>,
    /// Whether outcomes are handed to the learner. They are recorded in any case.
    pub learning_enabled: bool,

    /// The same while its state is critical, when more disruption is worth it. 0.7.
    pub max_auto_heal_impact_critical: Ratio,
    /// The same for strategies that cannot undo, in either state. 0.5.
    pub max_irreversible_impact: Ratio,
    /// A plan may touch at most this share of the graph's nodes, and always one. 0.5.
    pub max_node_share: Ratio,
    /// A plan may move at most this share of the collection's vectors. 0.25.
    pub max_data_share: Ratio,
    /// At most this many remediations are at work in one healer at a time. 8, at least 1.
    pub max_active: u32,
    /// After so many remediations in a row that did not help, none begins for an `attempt_window`, and a human is called.
    /// 3, at least 1.
    pub ineffective_limit: u32,
    /// A strategy that failed this often in a row for a kind of problem is quarantined for it: for a
    /// `min_healing_interval`, and twice as long with each further failure, up to a day. 2, at least 1.
    pub quarantine_after: u32,
    /// When more than this share of the collections (of at least [`storm_minimum`](Self::storm_minimum)), or of one
    /// collection's nodes, is unhealthy at once, the cause is outside: no remediation begins. 0.5.
    pub storm_share: Ratio,
    /// With fewer collections, or nodes, than this there is no storm among them. 4.
    pub storm_minimum: u32,
    /// How long the share must have been back below its limit for remediations to begin again. 60 s.
    #[serde(rename = "storm_delay_seconds", with = "duration_serde::seconds")]
    pub storm_delay: Duration,
    /// How long a remediation awaits approval before it expires. One hour; more than 0.
    #[serde(rename = "approval_timeout_seconds", with = "duration_serde::seconds")]
    pub approval_timeout: Duration,
    /// An observation older than this is none. 60 s; more than 0.
    #[serde(rename = "max_observation_age_seconds", with = "duration_serde::seconds")]
    pub max_observation_age: Duration,
    /// How often undoing a step is tried before it is given up and a human called. 3; 1 to 100.
    pub undo_attempts: u32,
    /// What becomes of journal records once a checkpoint sums them up.
    pub journal_retention: JournalRetention,

    /// How each collection is watched.
    pub monitor: MonitorConfig,
    /// From one regular sample of a collection to the next. 10 s; more than 0.
    #[serde(rename = "sample_interval_seconds", with = "duration_serde::seconds")]
    pub sample_interval: Duration,
    /// From the end of a step to the measurement of what it did. 5 s.
    #[serde(rename = "step_settle_seconds", with = "duration_serde::seconds")]
    pub step_settle: Duration,
    /// From the last step to verification. The seed's 10 s. Where the symptom is gone by then and lambda has not followed yet,
    /// but rises, it is verified later: each time after as long again, at most 30 times. A replica that fell behind under a
    /// load that is no longer there has to catch up first.
    #[serde(rename = "stabilisation_seconds", with = "duration_serde::seconds")]
    pub stabilisation: Duration,
    /// How long a measurement that a remediation waits for may fail before the remediation is undone. 120 s.
    #[serde(rename = "measurement_patience_seconds", with = "duration_serde::seconds")]
    pub measurement_patience: Duration,
    /// Lambda must rise, or the symptom sink, by this share to count as verified. The seed's 0.1; more than 0.
    pub min_improvement: Ratio,
    /// A step after which lambda is this share lower than before is taken back. The seed's 0.1; more than 0.
    pub worsening_limit: Ratio,
    /// What counts as verified.
    pub verification: VerificationRule,
    /// Which of several strategies is tried.
    pub selection: Selection,
    /// The longest a collection is leased at a time; renewed after a third of it. 30 s, at least 1 s.
    #[serde(rename = "lease_seconds", with = "duration_serde::seconds")]
    pub lease: Duration,
}

/// The greatest number of attempts per window that can be configured.
pub const MOST_ATTEMPTS: u32 = 100;

/// What becomes of journal records once a checkpoint sums them up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JournalRetention {
    /// They are dropped; the checkpoint holds the digest of the last of them.
    #[default]
    Prune,
    /// They stay, for an audit that reaches back to the beginning. Opening the store still begins at the checkpoint.
    Keep,
}

/// What counts as verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VerificationRule {
    /// Lambda rose enough; or integrity did, or the problem's own symptom sank enough, while lambda did not fall.
    #[default]
    LambdaOrSymptom,
    /// Lambda rose enough: the seed's rule, under which nothing that lambda does not notice can ever verify.
    LambdaOnly,
}

/// Which of several strategies for a problem is tried.
///
/// By the first two rules, of the strategies that have a plan to which no guard objects, only those are compared that failed
/// least often of late, of those the ones that need nobody's approval, where there are any, and of those the ones whose plans
/// promise most: that the edges they touch have enough left for a normal state, before that these gain, or nothing, before that
/// they gain too little for an improvement.
///
/// By default the least disruptive one goes first: a graduated response disrupts no more than it must, and is the same for the
/// same outcomes. The price is that what is more disruptive than something that works well enough is never tried, so nobody
/// gets to know whether it works better, and that the outcomes say nothing of what any other way to choose would have been
/// worth. [`Learned`](Self::Learned) gives up the first for the second. Where the least disruptive of several strategies is
/// mostly the right one, trying out the others costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Selection {
    /// Of those whose weight is at least half of the greatest, the least disruptive. The learner is asked for weights alone, and
    /// no choice is recorded.
    #[default]
    Graduated,
    /// The one that the learner ranks first, which may be to try out what it knows little of; it is recorded from what it was
    /// chosen, and with what propensity. Where the learner does not rank or a human must be asked, as
    /// [`Graduated`](Self::Graduated).
    Learned,
    /// The one with the greatest weight: the seed's rule.
    HighestWeight,
}

impl Default for HealingConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            min_healing_interval: Duration::from_secs(300),
            max_attempts_per_window: 3,
            attempt_window: Duration::from_secs(3600),
            max_auto_heal_impact: Ratio::literal(0.5),
            require_approval: Vec::new(),
            require_approval_strategies: vec!["scale_replicas".to_owned(), "resync_replica".to_owned()],
            learning_enabled: true,
            max_auto_heal_impact_critical: Ratio::literal(0.7),
            max_irreversible_impact: Ratio::literal(0.5),
            max_node_share: Ratio::literal(0.5),
            max_data_share: Ratio::literal(0.25),
            max_active: 8,
            ineffective_limit: 3,
            quarantine_after: 2,
            storm_share: Ratio::literal(0.5),
            storm_minimum: 4,
            storm_delay: Duration::from_secs(60),
            approval_timeout: Duration::from_secs(3600),
            max_observation_age: Duration::from_secs(60),
            undo_attempts: 3,
            journal_retention: JournalRetention::Prune,
            monitor: MonitorConfig::default(),
            sample_interval: Duration::from_secs(10),
            step_settle: Duration::from_secs(5),
            stabilisation: Duration::from_secs(10),
            measurement_patience: Duration::from_secs(120),
            min_improvement: Ratio::literal(0.1),
            worsening_limit: Ratio::literal(0.1),
            verification: VerificationRule::LambdaOrSymptom,
            selection: Selection::Graduated,
            lease: Duration::from_secs(30),
        }
    }
}

impl HealingConfig {
    /// The seed document's rules where they differ from the default: the strategy with the greatest weight goes first, and
    /// lambda alone makes the state and verifies. To be used with [`RuleClassifier`](crate::classify::RuleClassifier) and the seed's weight
    /// formula, as the thing to measure against.
    #[must_use]
    pub fn original() -> Self {
        Self {
            verification: VerificationRule::LambdaOnly,
            selection: Selection::HighestWeight,
            monitor: MonitorConfig {
                judged_by: JudgedBy::MinimumCut,
                ..MonitorConfig::default()
            },
            ..Self::default()
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`InvalidConfig`], which names every faulty field, not only the first.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, field: &str, found: String, expected: &str| {
            if !holds {
                faults.push(ConfigFault {
                    field: field.to_owned(),
                    found,
                    expected: expected.to_owned(),
                });
            }
        };
        let attempts = self.max_attempts_per_window;
        expect(
            (1..=MOST_ATTEMPTS).contains(&attempts),
            "max_attempts_per_window",
            attempts.to_string(),
            "1 to 100; to heal nothing, set enabled to false",
        );
        for (field, limit) in [
            ("max_active", self.max_active),
            ("ineffective_limit", self.ineffective_limit),
            ("quarantine_after", self.quarantine_after),
        ] {
            expect(limit >= 1, field, limit.to_string(), "at least 1");
        }
        expect(
            (1..=MOST_UNDO_ATTEMPTS).contains(&self.undo_attempts),
            "undo_attempts",
            self.undo_attempts.to_string(),
            "1 to 100",
        );
        expect(
            self.lease >= SHORTEST_LEASE,
            "lease_seconds",
            format!("{:?}", self.lease),
            "at least 1 s",
        );
        for (field, duration) in [
            ("attempt_window_seconds", self.attempt_window),
            ("sample_interval_seconds", self.sample_interval),
            ("approval_timeout_seconds", self.approval_timeout),
            ("max_observation_age_seconds", self.max_observation_age),
        ] {
            expect(!duration.is_zero(), field, format!("{duration:?}"), "more than 0");
        }
        for (field, duration) in [
            ("min_healing_interval_seconds", self.min_healing_interval),
            ("attempt_window_seconds", self.attempt_window),
            ("sample_interval_seconds", self.sample_interval),
            ("step_settle_seconds", self.step_settle),
            ("stabilisation_seconds", self.stabilisation),
            ("measurement_patience_seconds", self.measurement_patience),
            ("lease_seconds", self.lease),
            ("approval_timeout_seconds", self.approval_timeout),
            ("max_observation_age_seconds", self.max_observation_age),
            ("storm_delay_seconds", self.storm_delay),
            ("monitor.drift.window_seconds", self.monitor.drift.window),
            ("monitor.drift.horizon_seconds", self.monitor.drift.horizon),
        ] {
            expect(duration <= LONGEST, field, format!("{duration:?}"), "at most a year");
        }
        expect(
            self.min_improvement > Ratio::ZERO,
            "min_improvement",
            self.min_improvement.to_string(),
            "more than 0",
        );
        expect(
            self.worsening_limit > Ratio::ZERO,
            "worsening_limit",
            self.worsening_limit.to_string(),
            "more than 0",
        );
        let weak_cuts = self.monitor.weak_cuts;
        expect(
            weak_cuts <= MOST_WEAK_CUTS,
            "monitor.weak_cuts",
            weak_cuts.to_string(),
            "at most 8",
        );
        if let Thresholds::Relative { stress, critical, .. } = self.monitor.thresholds {
            expect(
                critical <= stress,
                "monitor.thresholds.relative.critical",
                critical.to_string(),
                "at most the stress threshold",
            );
        }
        if let Thresholds::Absolute(thresholds) = self.monitor.thresholds {
            expect(
                thresholds.critical <= thresholds.stress,
                "monitor.thresholds.absolute.critical",
                thresholds.critical.to_string(),
                "at most the stress threshold",
            );
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(InvalidConfig { faults })
        }
    }
}

const MOST_UNDO_ATTEMPTS: u32 = 100;

/// A lease that is shorter could hardly be renewed in time.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// No duration of a configuration may be longer.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A configuration with at least one faulty field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the configuration is invalid: {}", .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
#[non_exhaustive]
pub struct InvalidConfig {
    /// Every faulty field.
    pub faults: Vec<ConfigFault>,
}

/// One faulty field of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is {found}, expected {expected}")]
#[non_exhaustive]
pub struct ConfigFault {
    /// Its wire name, after those of the objects that it is in: `monitor.baseline_samples`.
    pub field: String,
    /// What it holds.
    pub found: String,
    /// What would be right.
    pub expected: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_faulty_field_is_named() {
        let config = HealingConfig {
            max_attempts_per_window: 0,
            sample_interval: Duration::ZERO,
            lease: Duration::MAX,
            approval_timeout: Duration::MAX,
            ..HealingConfig::default()
        };
        let faults: Vec<_> = config
            .validate()
            .unwrap_err()
            .faults
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(
            faults,
            [
                "max_attempts_per_window",
                "sample_interval_seconds",
                "lease_seconds",
                "approval_timeout_seconds"
            ]
        );
        assert!(HealingConfig::default().validate().is_ok() && HealingConfig::original().validate().is_ok());
    }

    #[test]
    fn what_must_be_more_than_nothing_may_not_be_nothing() {
        let config = HealingConfig {
            min_improvement: Ratio::ZERO,
            worsening_limit: Ratio::ZERO,
            ..HealingConfig::default()
        };
        let faults = config.validate().unwrap_err().faults;
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["min_improvement", "worsening_limit"]);
    }

    #[test]
    fn the_seeds_configuration_json_reads_and_a_misspelt_field_does_not() {
        let config: HealingConfig = serde_json::from_str(
            r#"{"enabled": false, "min_healing_interval_seconds": 60, "max_auto_heal_impact": 0.3,
                "require_approval": ["memory_pressure", "cache_stampede"]}"#,
        )
        .unwrap();
        assert_eq!(config.min_healing_interval, Duration::from_secs(60));
        assert_eq!(config.require_approval[1].as_str(), "cache_stampede");
        for misspelt in [
            r#"{"max_impact": 0.3}"#,
            r#"{"monitor": {"baseline_sample": 3}}"#,
            r#"{"monitor": {"hysteresis": {"stress_sample": 3}}}"#,
            r#"{"monitor": {"drift": {"window": 60}}}"#,
            r#"{"monitor": {"thresholds": {"relative": {"stress": 0.8, "critical": 0.5, "recovery_offset": 0, "offset": 0}}}}"#,
        ] {
            assert!(serde_json::from_str::<HealingConfig>(misspelt).is_err(), "{misspelt}");
        }
        assert!(serde_json::from_str::<HealingConfig>(r#"{"max_auto_heal_impact": 3}"#).is_err());
    }
}
