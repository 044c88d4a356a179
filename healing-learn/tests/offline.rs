//! What an offline estimate says, against what can be computed by hand or measured by doing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::by_lot::ByLot;
use common::{candidates, choice, collection, hour, numbers, outcome};
use healing_core::Ratio;
use healing_core::learner::Ranked;
use healing_core::storage::{Disturbance, OutcomeRecord, RecordedChoice};
use healing_learn::{OriginalWeights, PosteriorConfig, PosteriorWeights, Utility, evaluate_offline};

/// Success is all that counts.
const SUCCESS_ALONE: Utility = Utility {
    improvement: Ratio::ZERO,
    impact: Ratio::ZERO,
    duration: Ratio::ZERO,
};

/// An outcome of a choice between `a` and `b`, of which `strategy` was chosen with `propensity`.
fn chosen(strategy: &str, propensity: f64, verified: bool, at: i64) -> OutcomeRecord {
    let (candidates, collection) = (candidates(&["a", "b"]), collection("embeddings"));
    let ranking: Vec<Ranked<'_>> = candidates
        .iter()
        .map(|candidate| Ranked {
            candidate,
            propensity: Ratio::clamped(if candidate.strategy == strategy {
                propensity
            } else {
                1.0 - propensity
            }),
        })
        .collect();
    let began = hour(at) - Duration::from_secs(60);
    OutcomeRecord {
        choice: Some(RecordedChoice::new(&choice(&collection, began, &candidates), &ranking)),
        ..outcome(strategy, verified, hour(at))
    }
}

#[test]
fn nothing_recorded_is_no_estimate() {
    let policy = OriginalWeights::default();
    assert_eq!(evaluate_offline(&policy, &SUCCESS_ALONE, &[]), None);
    let without_choice = outcome("a", true, hour(0));
    assert_eq!(evaluate_offline(&policy, &SUCCESS_ALONE, &[without_choice]), None);
}

#[test]
fn each_outcome_counts_by_how_much_more_probable_its_choice_would_have_been() {
    // The original formula takes `a` first, and goes on with it as long as it weighs more than 1.
    let disturbed = OutcomeRecord {
        disturbances: vec![Disturbance::AnotherFault],
        ..chosen("a", 0.5, false, 4)
    };
    let records = [
        chosen("a", 0.5, true, 0),
        chosen("b", 0.5, false, 1),
        chosen("a", 0.25, true, 2),
        chosen("a", 0.5, false, 3),
        disturbed,
    ];
    let estimate = evaluate_offline(&OriginalWeights::default(), &SUCCESS_ALONE, &records).unwrap();
    assert_eq!((estimate.outcomes, estimate.left_out), (4, 1));
    assert_eq!(estimate.recorded, 0.5);
    // Weights 2, 0, 4, 2, of which the first and the third earned 1.
    assert_eq!(estimate.inverse_propensity, 6.0 / 4.0);
    assert_eq!(estimate.self_normalised, Some(6.0 / 8.0));
    assert_eq!(estimate.effective_outcomes, 64.0 / 24.0);
}

#[test]
fn a_policy_evaluated_on_even_choices_is_worth_what_it_finds_out() {
    // `a` always works, `b` never does, and the recorded policy tossed a coin.
    let records: Vec<OutcomeRecord> = (0..400)
        .map(|at| {
            let strategy = if (at * 7919 + 13) % 4 < 2 { "a" } else { "b" };
            chosen(strategy, 0.5, strategy == "a", at)
        })
        .collect();
    let config = PosteriorConfig {
        seed: 9,
        ..PosteriorConfig::default()
    };
    let estimate = evaluate_offline(&PosteriorWeights::new(config), &SUCCESS_ALONE, &records).unwrap();
    assert!((estimate.recorded - 0.5).abs() < 0.05, "{estimate:?}");
    let (found, error) = (estimate.self_normalised.unwrap(), estimate.standard_error.unwrap());
    assert!(found > 0.95 && error < 0.05, "{estimate:?}");
    assert!(estimate.effective_outcomes > 100.0, "{estimate:?}");
}

#[test]
fn the_interval_of_an_estimate_covers_the_truth_as_often_as_it_should() {
    const RUNS: u64 = 300;
    const A_WORKS: f64 = 0.3;
    const B_WORKS: f64 = 0.8;
    for (recorded_b, evaluated_b) in [(0.2, 0.9), (0.5, 0.1), (0.3, 1.0)] {
        let policy = ByLot::weighing(move |strategy| {
            if strategy == "b" {
                evaluated_b
            } else {
                1.0 - evaluated_b
            }
        });
        let truth = evaluated_b * B_WORKS + (1.0 - evaluated_b) * A_WORKS;
        let mut covered = 0;
        let mut mean_of_estimates = 0.0;
        for run in 0..RUNS {
            let mut number = numbers(run);
            let mut choose = |at| {
                let (strategy, propensity, works) = if number() < recorded_b {
                    ("b", recorded_b, B_WORKS)
                } else {
                    ("a", 1.0 - recorded_b, A_WORKS)
                };
                chosen(strategy, propensity, number() < works, at)
            };
            let records: Vec<OutcomeRecord> = (0..300).map(&mut choose).collect();
            let estimate = evaluate_offline(&policy, &SUCCESS_ALONE, &records).unwrap();
            let (found, error) = (estimate.self_normalised.unwrap(), estimate.standard_error.unwrap());
            covered += u64::from((found - truth).abs() <= 1.96 * error);
            mean_of_estimates += estimate.inverse_propensity / RUNS as f64;
        }
        let coverage = covered as f64 / RUNS as f64;
        assert!(
            (0.91..=0.99).contains(&coverage),
            "{coverage} of the intervals hold {truth}"
        );
        assert!(
            (mean_of_estimates - truth).abs() < 0.02,
            "{mean_of_estimates} instead of {truth}"
        );
    }
}
