//! What a tracker knows, through its public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{FeedbackStore, KIND, candidates, choice, collection, numbered, outcome};
use healing_core::storage::{Disturbance, FeedbackScore, MemoryStorage, OutcomeError, OutcomeRecord};
use healing_core::{Clock, Lambda, Learner, Ratio, VirtualClock};
use healing_learn::{Direction, EffectivenessReport, OriginalWeights, OutcomeTracker};
use proptest::prelude::*;

fn tracker() -> (VirtualClock, OutcomeTracker) {
    let clock = VirtualClock::default();
    let tracker = OutcomeTracker::new(Arc::new(clock.clone()));
    (clock, tracker)
}

fn weight(tracker: &OutcomeTracker, strategy: &str) -> f64 {
    tracker.weight(strategy, &KIND, &collection("embeddings")).get()
}

fn score(score: f64) -> FeedbackScore {
    FeedbackScore::new(score).unwrap()
}

/// `number` outcomes of three strategies, some of them late, disturbed or with feedback.
fn stream(clock: &VirtualClock, number: u64) -> Vec<OutcomeRecord> {
    let stream = (0..number).map(|number| {
        clock.advance(Duration::from_secs(number % 7 * 1800));
        let strategy = ["rebalance", "throttle", "drain"][number as usize % 3];
        let late = Duration::from_secs(number % 5 * 3600);
        OutcomeRecord {
            disturbances: if number % 11 == 0 {
                vec![Disturbance::AnotherFault]
            } else {
                Vec::new()
            },
            feedback_score: (number % 13 == 0).then(|| score((number % 1000) as f64 / 1000.0 - 0.5)),
            ..numbered(number, outcome(strategy, number % 4 != 1, clock.now() - late))
        }
    });
    stream.collect()
}

#[test]
fn by_the_original_formula_weights_follow_the_outcomes_and_the_unknown_keep_theirs() {
    let clock = VirtualClock::default();
    let tracker = OutcomeTracker::with_policy(OriginalWeights::default(), Arc::new(clock.clone()));
    assert!(tracker.weights().is_empty());
    tracker.learn(&outcome("rebalance", true, clock.now()));
    tracker.learn(&outcome("throttle", false, clock.now()));
    assert_eq!(weight(&tracker, "rebalance"), 1.5);
    assert_eq!(weight(&tracker, "throttle"), 0.0);
    assert_eq!(weight(&tracker, "never_tried"), 1.0);
}

#[test]
fn a_tracker_rebuilt_from_the_store_knows_what_the_first_one_knew() {
    let (clock, lived) = tracker();
    let store = MemoryStorage::new(Arc::new(clock.clone()));
    for outcome in stream(&clock, 2500) {
        lived.record(&store, &outcome).unwrap();
    }
    let rebuilt = OutcomeTracker::load(&store, Arc::new(clock.clone())).unwrap();
    assert_eq!(rebuilt.weights(), lived.weights());
    assert_eq!(rebuilt.effectiveness_report(), lived.effectiveness_report());
}

#[test]
fn a_replay_gives_bit_identical_weights_and_choices() {
    let (clock, lived) = tracker();
    let outcomes = stream(&clock, 1000);
    for outcome in &outcomes {
        lived.learn(outcome);
    }
    let replayed = lived.replay(&outcomes);
    clock.advance(Duration::from_secs(86_400));
    let bits = |tracker: &OutcomeTracker| {
        tracker
            .weights()
            .into_iter()
            .map(|(name, weight)| (name, weight.get().to_bits()))
    };
    assert!(bits(&lived).eq(bits(&replayed)));
    let (candidates, collection) = (
        candidates(&["drain", "rebalance", "throttle"]),
        collection("embeddings"),
    );
    for _ in 0..100 {
        clock.advance(Duration::from_secs(600));
        let choice = choice(&collection, clock.now(), &candidates);
        assert_eq!(lived.rank(&choice), replayed.rank(&choice));
    }
}

#[test]
fn feedback_counts_and_that_of_a_human_who_changed_their_mind_counts_once() {
    let (clock, tracker) = tracker();
    let store = FeedbackStore::default();
    let verified = numbered(1, outcome("throttle", true, clock.now()));
    tracker.record(&store, &verified).unwrap();
    let before = weight(&tracker, "throttle");
    tracker.feedback(&store, &verified.remediation, score(-1.0)).unwrap();
    assert!(weight(&tracker, "throttle") < before);
    tracker.feedback(&store, &verified.remediation, score(1.0)).unwrap();
    let approved = weight(&tracker, "throttle");
    assert!(approved > before);
    tracker.feedback(&store, &verified.remediation, score(1.0)).unwrap();
    assert_eq!(weight(&tracker, "throttle"), approved);
    assert_eq!(store.records()[0].feedback_score, Some(score(1.0)));

    let unknown = numbered(2, verified).remediation;
    let refused = tracker.feedback(&store, &unknown, score(1.0));
    assert!(matches!(refused, Err(OutcomeError::NoSuchOutcome { remediation }) if remediation == unknown));
    assert_eq!(weight(&tracker, "throttle"), approved);
}

#[test]
fn the_report_says_nothing_about_nothing() {
    let (clock, tracker) = tracker();
    let report = tracker.effectiveness_report();
    assert_eq!((report.overall_success_rate, report.avg_time_to_recovery), (None, None));
    assert_eq!((report.overall.success_rate, report.overall.trend), (None, None));

    tracker.learn(&numbered(1, outcome("throttle", false, clock.now())));
    let report = tracker.effectiveness_report();
    assert_eq!(
        (report.overall_success_rate, report.avg_time_to_recovery),
        (Some(Ratio::ZERO), None)
    );

    tracker.learn(&numbered(2, outcome("throttle", true, clock.now())));
    let longer = outcome("throttle", true, clock.now());
    tracker.learn(&OutcomeRecord {
        started_at: longer.completed_at - Duration::from_secs(120),
        ..numbered(3, longer)
    });
    let report = tracker.effectiveness_report();
    assert_eq!(report.avg_time_to_recovery, Some(Duration::from_secs(90)));
    let json = tracker.effectiveness();
    assert_eq!(json["avg_time_to_recovery_seconds"], 90.0);
    assert_eq!(json["overall"]["avg_time_to_recovery_seconds"], 90.0);
    assert_eq!(serde_json::from_value::<EffectivenessReport>(json).unwrap(), report);
    let recent: Vec<_> = report.strategies[0]
        .recent_outcomes
        .iter()
        .map(|it| it.remediation.number())
        .collect();
    assert_eq!(recent, [3, 2, 1]);
}

#[test]
fn the_report_tells_how_well_how_certainly_and_which_way_it_goes() {
    let (clock, tracker) = tracker();
    for number in 0..40 {
        let verified = number >= 20;
        let lambda = |value| Some(Lambda::new(value).unwrap());
        tracker.learn(&OutcomeRecord {
            predicted_lambda: lambda(10.0),
            final_lambda: lambda(8.0),
            disturbances: if number == 39 {
                vec![Disturbance::Aborted]
            } else {
                Vec::new()
            },
            ..outcome("throttle", verified, clock.now())
        });
    }
    let report = tracker.effectiveness_report();
    let throttle = &report.strategies[0];
    let rate = throttle.overall.success_rate.unwrap();
    assert_eq!(rate.share, Ratio::literal(0.5));
    assert!(rate.low < Ratio::literal(0.4) && rate.high > Ratio::literal(0.6));
    assert_eq!(throttle.overall.rollback_rate.unwrap().share, Ratio::literal(0.5));
    let error = throttle.overall.prediction_error.unwrap().get();
    assert!((error - 0.2).abs() < 1e-9, "{error}");
    assert_eq!(throttle.overall.trend.unwrap().direction, Direction::Improving);
    assert_eq!(throttle.overall.disturbed, 1);
    let newest = &throttle.recent_outcomes[0];
    assert_eq!(
        (newest.disturbances.as_slice(), newest.credit),
        (&[Disturbance::Aborted][..], Ratio::ZERO)
    );
    assert_eq!(throttle.problems.len(), 1);
    assert_eq!(
        (&throttle.problems[0].problem, throttle.problems[0].weight),
        (&KIND, throttle.weight)
    );
    assert_eq!(report.problems[0].overall, report.overall);
}

proptest! {
    #[test]
    fn feedback_given_later_is_worth_what_it_is_worth_when_read_back(
        verdicts in prop::collection::vec((any::<bool>(), 0u64..100_000), 1..40),
        feedback in prop::collection::vec((0usize..40, -1.0..=1.0f64), 0..40),
    ) {
        let (clock, lived) = tracker();
        let store = FeedbackStore::default();
        for (number, (verified, gap)) in (0..).zip(&verdicts) {
            clock.advance(Duration::from_secs(*gap));
            lived.record(&store, &numbered(number, outcome("throttle", *verified, clock.now()))).unwrap();
        }
        for (about, value) in feedback {
            let remediation = &store.records()[about % verdicts.len()].remediation;
            lived.feedback(&store, remediation, score(value)).unwrap();
        }
        let rebuilt = OutcomeTracker::load(&store, Arc::new(clock)).unwrap();
        prop_assert_eq!(weight(&rebuilt, "throttle").to_bits(), weight(&lived, "throttle").to_bits());
        prop_assert_eq!(rebuilt.weights(), lived.weights());
    }
}

#[test]
fn all_weights_are_those_of_the_strategies_that_were_tried() {
    let (clock, tracker) = tracker();
    for number in 0..10 {
        tracker.learn(&numbered(number, outcome("good", true, clock.now())));
        tracker.learn(&numbered(100 + number, outcome("bad", false, clock.now())));
    }
    let weights = tracker.weights();
    assert_eq!(weights.keys().collect::<Vec<_>>(), ["bad", "good"]);
    assert!(weights["good"] > weights["bad"]);
}
