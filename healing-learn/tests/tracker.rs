//! What a tracker knows, through its public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::metrics::SystemMetrics;
use healing_core::storage::{MemoryStorage, OutcomeRecord, OutcomeStore};
use healing_core::{Amount, Clock, CollectionId, Lambda, Learner, ProblemClass, ProblemKind, Ratio, VirtualClock};
use healing_learn::OutcomeTracker;

fn collection() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

fn outcome(clock: &VirtualClock, number: u64, strategy: &str, verified: Option<bool>, took: Duration) -> OutcomeRecord {
    let started_at = clock.now();
    clock.advance(took);
    OutcomeRecord {
        remediation: RemediationId::new(collection(), number),
        tenant: None,
        problem: ProblemClass::HotspotCongestion {
            partition_ids: vec![1],
            load_ratio: Amount::ZERO,
        },
        strategy_name: strategy.to_owned(),
        strategy_params: None,
        started_at,
        completed_at: clock.now(),
        success: verified.is_some(),
        verified,
        actions_taken: 1,
        improvement_pct: if verified == Some(true) { 50.0 } else { 0.0 },
        error_message: None,
        initial_lambda: Lambda::ZERO,
        final_lambda: None,
        witness_edges: Vec::new(),
        system_metrics: SystemMetrics::default(),
        feedback_score: None,
        predicted_lambda: None,
        rolled_back: false,
        disturbances: Vec::new(),
        choice: None,
    }
}

fn weight(tracker: &OutcomeTracker, strategy: &str) -> f64 {
    tracker
        .weight(strategy, &ProblemKind::HotspotCongestion, &collection())
        .get()
}

#[test]
fn weights_follow_the_outcomes_and_the_unknown_keep_theirs() {
    let clock = VirtualClock::default();
    let tracker = OutcomeTracker::new(Arc::new(clock.clone()));
    assert!(tracker.weights().is_empty());
    tracker.learn(&outcome(&clock, 1, "rebalance", Some(true), Duration::from_secs(60)));
    tracker.learn(&outcome(&clock, 2, "throttle", Some(false), Duration::from_secs(60)));
    tracker.learn(&outcome(&clock, 3, "throttle", None, Duration::from_secs(60)));
    assert_eq!(weight(&tracker, "rebalance"), 1.5);
    assert_eq!(weight(&tracker, "throttle"), 0.0);
    assert_eq!(weight(&tracker, "never_tried"), 1.0);
}

#[test]
fn a_tracker_rebuilt_from_the_store_knows_what_the_first_one_knew() {
    let clock = VirtualClock::default();
    let store = MemoryStorage::new(Arc::new(clock.clone()));
    let lived = OutcomeTracker::new(Arc::new(clock.clone()));
    for number in 0..2500 {
        let strategy = if number % 3 == 0 { "rebalance" } else { "throttle" };
        let verified = [Some(true), Some(false), None, Some(true)][number as usize % 4];
        let outcome = outcome(&clock, number, strategy, verified, Duration::from_secs(number));
        store.record(&outcome).unwrap();
        lived.learn(&outcome);
    }
    let rebuilt = OutcomeTracker::load(&store, Arc::new(clock.clone())).unwrap();
    assert_eq!(rebuilt.weights(), lived.weights());
    assert_eq!(rebuilt.effectiveness_report(), lived.effectiveness_report());
}

#[test]
fn the_report_says_nothing_about_nothing() {
    let clock = VirtualClock::default();
    let tracker = OutcomeTracker::new(Arc::new(clock.clone()));
    let report = tracker.effectiveness_report();
    assert_eq!((report.overall_success_rate, report.avg_time_to_recovery), (None, None));

    tracker.learn(&outcome(&clock, 1, "throttle", Some(false), Duration::from_secs(500)));
    let report = tracker.effectiveness_report();
    assert_eq!(
        (report.overall_success_rate, report.avg_time_to_recovery),
        (Some(Ratio::ZERO), None)
    );

    tracker.learn(&outcome(&clock, 2, "throttle", Some(true), Duration::from_secs(60)));
    tracker.learn(&outcome(&clock, 3, "throttle", Some(true), Duration::from_secs(120)));
    let report = tracker.effectiveness_report();
    assert_eq!(report.avg_time_to_recovery, Some(Duration::from_secs(90)));
    let recent: Vec<_> = report.strategies[0]
        .recent_outcomes
        .iter()
        .map(|it| it.remediation.number())
        .collect();
    assert_eq!(recent, [3, 2, 1]);
}
