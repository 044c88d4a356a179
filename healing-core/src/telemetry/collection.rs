//! The metrics of one collection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use metrics::{Counter, Gauge, Histogram};

use super::metric::{self, Namespace};
use super::recent::Recent;
use super::{flag, started};
use crate::clock::elapsed;
use crate::engine::{EventKind, Healer, HealingEvent, Refusal, Remediation, RemediationState, outcome_of};
use crate::identity::CollectionId;
use crate::monitor::IntegrityState;
use crate::number::Lambda;

pub(super) struct CollectionSeries {
    strategies: BTreeMap<String, StrategySeries>,
    deferrals: BTreeMap<&'static str, Counter>,
    calls_human: Counter,
    active: Gauge,
    cooldown: Gauge,
    enabled: Gauge,
    state: Gauge,
    lambda: Gauge,
    baseline: Gauge,
    active_seconds: Gauge,
    awaiting_approval: Gauge,
    success_rate: Gauge,
    avg_improvement: Gauge,
    time_to_recovery: Gauge,
    recent: Recent,
    /// The sample that was shown last; `None`: something happened since.
    shown: Option<Timestamp>,
}

/// What is counted of one strategy in one collection.
struct StrategySeries {
    attempts: Counter,
    success: Counter,
    duration: Histogram,
    rolled_back: Counter,
    rollback_failed: Counter,
    prediction_error: Histogram,
    quarantined: Gauge,
}

impl CollectionSeries {
    pub(super) fn register(
        namespace: &Namespace,
        collection: &CollectionId,
        strategies: &[&str],
        recent: Recent,
    ) -> Self {
        let labels = [("collection", collection.as_str())];
        let gauge = |metric| namespace.gauge(metric, &labels);
        let strategies = strategies
            .iter()
            .map(|&strategy| {
                let series = StrategySeries::register(namespace, collection, strategy);
                (strategy.to_owned(), series)
            })
            .collect();
        let deferrals = Refusal::NAMES
            .iter()
            .map(|&reason| {
                let labels = [("collection", collection.as_str()), ("reason", reason)];
                (reason, started(namespace.counter(&metric::DEFERRALS, &labels)))
            })
            .collect();
        Self {
            strategies,
            deferrals,
            calls_human: started(namespace.counter(&metric::CALLS_HUMAN, &labels)),
            active: gauge(&metric::ACTIVE),
            cooldown: gauge(&metric::COOLDOWN),
            enabled: gauge(&metric::ENABLED),
            state: gauge(&metric::STATE),
            lambda: gauge(&metric::LAMBDA),
            baseline: gauge(&metric::BASELINE),
            active_seconds: gauge(&metric::ACTIVE_SECONDS),
            awaiting_approval: gauge(&metric::AWAITING_APPROVAL),
            success_rate: gauge(&metric::SUCCESS_RATE),
            avg_improvement: gauge(&metric::AVG_IMPROVEMENT),
            time_to_recovery: gauge(&metric::TIME_TO_RECOVERY),
            recent,
            shown: None,
        }
    }

    /// Counts what happened.
    pub(super) fn count(&mut self, event: &HealingEvent) {
        self.shown = None;
        self.calls_human.increment(event.kind.calls_human().into());
        match &event.kind {
            EventKind::Deferred { reason, .. } => {
                if let Some(counter) = self.deferrals.get(reason.name()) {
                    counter.increment(1);
                }
            }
            EventKind::Remediation(remediation) => self.count_transition(remediation, event.at),
            _ => {}
        }
    }

    fn count_transition(&mut self, remediation: &Remediation, at: Timestamp) {
        let Some(strategy) = self.strategies.get(&remediation.plan.strategy) else {
            return;
        };
        let took = elapsed(remediation.started_at, at);
        match &remediation.state {
            RemediationState::Executing { step: 0, .. } => strategy.attempts.increment(1),
            RemediationState::Completed { verification, .. } => {
                strategy.success.increment(verification.is_verified().into());
            }
            RemediationState::RolledBack { .. } => strategy.rolled_back.increment(1),
            RemediationState::RollbackFailed { .. } => strategy.rollback_failed.increment(1),
            _ => {}
        }
        if !remediation.state.is_terminal() || remediation.state.begun() == 0 {
            return;
        }
        strategy.duration.record(took.as_secs_f64());
        let Some(outcome) = outcome_of(remediation, at) else {
            return;
        };
        if let (Some(predicted), Some(measured)) = (outcome.predicted_lambda, outcome.final_lambda)
            && outcome.verified == Some(true)
        {
            let error = predicted.relative_change(measured, remediation.initial.floor());
            strategy.prediction_error.record(error.abs());
        }
        self.recent.push((&outcome).into());
    }

    /// Shows how things stand, where there is something new.
    pub(super) fn update(&mut self, healer: &Healer, collection: &CollectionId) {
        let sampled = healer.report(collection).map(|report| report.observed_at);
        let active = healer.active(collection);
        if self.shown.is_some() && self.shown == sampled && active.is_none() {
            return;
        }
        let now = healer.now();
        let Some(status) = healer.collection_status(collection) else {
            return;
        };
        self.shown = sampled;
        self.recent.forget_before(now);
        let waiting_since = active.and_then(|it| match it.state {
            RemediationState::AwaitingApproval { since } => Some(since),
            _ => None,
        });
        let at_work = active.filter(|_| waiting_since.is_none());
        let seconds_since = |since: Option<Timestamp>| since.map_or(0.0, |since| elapsed(since, now).as_secs_f64());
        self.active.set(flag(at_work.is_some()));
        self.active_seconds.set(seconds_since(at_work.map(|it| it.started_at)));
        self.awaiting_approval.set(seconds_since(waiting_since));
        self.cooldown.set(flag(status.cooldown_until.is_some()));
        self.enabled
            .set(flag(healer.config().enabled && status.frozen.is_none()));
        self.state.set(match status.state {
            None | Some(IntegrityState::Normal) => 0.0,
            Some(IntegrityState::Stress) => 1.0,
            Some(IntegrityState::Critical) => 2.0,
        });
        self.lambda.set(status.lambda.map_or(f64::NAN, Lambda::get));
        self.baseline.set(status.baseline.map_or(f64::NAN, Lambda::get));
        self.success_rate.set(self.recent.success_rate());
        self.avg_improvement.set(self.recent.avg_improvement());
        self.time_to_recovery.set(self.recent.time_to_recovery());
        for (name, strategy) in &self.strategies {
            let quarantined = status.quarantined.iter().any(|it| it.strategy == *name);
            strategy.quarantined.set(flag(quarantined));
        }
    }
}

impl StrategySeries {
    fn register(namespace: &Namespace, collection: &CollectionId, strategy: &str) -> Self {
        let labels = [("collection", collection.as_str()), ("strategy", strategy)];
        let rollbacks = |result| {
            let [collection, strategy] = labels;
            started(namespace.counter(&metric::ROLLBACKS, &[collection, strategy, ("result", result)]))
        };
        Self {
            attempts: started(namespace.counter(&metric::ATTEMPTS, &labels)),
            success: started(namespace.counter(&metric::SUCCESS, &labels)),
            duration: namespace.histogram(&metric::DURATION, &labels),
            rolled_back: rollbacks("done"),
            rollback_failed: rollbacks("failed"),
            prediction_error: namespace.histogram(&metric::PREDICTION_ERROR, &labels),
            quarantined: namespace.gauge(&metric::QUARANTINED, &labels),
        }
    }
}
