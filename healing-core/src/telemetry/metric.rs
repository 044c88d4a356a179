//! What is measured, by which name, and the way to the recorder.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, with_recorder};

/// A metric: what its name ends in after the namespace, and what it says.
pub(super) struct Metric {
    suffix: &'static str,
    description: &'static str,
}

const fn metric(suffix: &'static str, description: &'static str) -> Metric {
    Metric { suffix, description }
}

pub(super) const ATTEMPTS: Metric = metric("_healing_attempts_total", "Remediations whose first step began");
pub(super) const SUCCESS: Metric = metric("_healing_success_total", "Remediations that were verified");
pub(super) const DURATION: Metric = metric(
    "_healing_duration_seconds",
    "From the beginning of a remediation to its end",
);
pub(super) const ACTIVE: Metric = metric("_healing_active", "Whether a remediation is at work");
pub(super) const COOLDOWN: Metric = metric("_healing_cooldown", "Whether the collection cools down");
pub(super) const SUCCESS_RATE: Metric = metric(
    "_healing_success_rate",
    "The share of verified remediations of the last 24 hours; NaN over nothing",
);
pub(super) const AVG_IMPROVEMENT: Metric = metric(
    "_healing_avg_improvement",
    "The mean relative change of lambda by the remediations of the last 24 hours; NaN over nothing",
);
pub(super) const TIME_TO_RECOVERY: Metric = metric(
    "_healing_time_to_recovery_seconds",
    "The mean duration of the verified remediations of the last 24 hours; NaN over nothing",
);
pub(super) const ENABLED: Metric = metric("_healing_enabled", "Whether new remediations may begin");
pub(super) const STATE: Metric = metric("_integrity_state", "0 normal, 1 stress, 2 critical");
pub(super) const LAMBDA: Metric = metric("_integrity_lambda", "The minimum cut; NaN until known");
pub(super) const BASELINE: Metric = metric("_integrity_baseline", "The healthy minimum cut; NaN until known");
pub(super) const DEFERRALS: Metric = metric(
    "_healing_deferrals_total",
    "Times that a problem began not to be treated",
);
pub(super) const ROLLBACKS: Metric = metric("_healing_rollbacks_total", "Remediations that were taken back");
pub(super) const QUARANTINED: Metric = metric("_healing_quarantined", "Whether a strategy may not be tried");
pub(super) const PREDICTION_ERROR: Metric = metric(
    "_healing_prediction_error",
    "How far lambda ended from the predicted one, relative to that",
);
pub(super) const ACTIVE_SECONDS: Metric = metric(
    "_healing_active_seconds",
    "How long the remediation at work has been at it; 0 without one",
);
pub(super) const AWAITING_APPROVAL: Metric = metric(
    "_healing_awaiting_approval_seconds",
    "How long a remediation has waited for an approval; 0 without one",
);
pub(super) const CALLS_HUMAN: Metric = metric("_healing_calls_human_total", "Events that a human should look at");
pub(super) const STORAGE_FAILURES: Metric = metric("_healing_storage_failures_total", "Failed calls of a store");
pub(super) const JOURNAL_APPEND: Metric = metric("_healing_journal_append_seconds", "How long an append took");
pub(super) const ABANDONED_THREADS: Metric = metric(
    "_healing_abandoned_threads",
    "Worker threads that hang in calls that were given up",
);
pub(super) const STORM: Metric = metric(
    "_healing_storm",
    "Whether so much is unhealthy that no remediation begins",
);
pub(super) const AUDIT_VERIFIED: Metric = metric(
    "_audit_verified",
    "Whether the last verification of the journal found it sound",
);

/// What the names of all metrics begin with.
#[derive(Debug, Clone)]
pub(super) struct Namespace(String);

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

impl Namespace {
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(super) fn counter(&self, metric: &Metric, labels: &[(&'static str, &str)]) -> Counter {
        let key = self.key(metric, labels);
        with_recorder(|recorder| {
            recorder.describe_counter(key.name().to_owned().into(), None, metric.description.into());
            recorder.register_counter(&key, &METADATA)
        })
    }

    pub(super) fn gauge(&self, metric: &Metric, labels: &[(&'static str, &str)]) -> Gauge {
        let key = self.key(metric, labels);
        with_recorder(|recorder| {
            recorder.describe_gauge(key.name().to_owned().into(), None, metric.description.into());
            recorder.register_gauge(&key, &METADATA)
        })
    }

    pub(super) fn histogram(&self, metric: &Metric, labels: &[(&'static str, &str)]) -> Histogram {
        let key = self.key(metric, labels);
        with_recorder(|recorder| {
            recorder.describe_histogram(key.name().to_owned().into(), None, metric.description.into());
            recorder.register_histogram(&key, &METADATA)
        })
    }

    fn key(&self, metric: &Metric, labels: &[(&'static str, &str)]) -> Key {
        let labels: Vec<Label> = labels
            .iter()
            .map(|&(name, value)| Label::new(name, value.to_owned()))
            .collect();
        Key::from_parts(format!("{}{}", self.0, metric.suffix), labels)
    }
}
