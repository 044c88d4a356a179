//! The seed's formula, through its public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{candidates, choice, collection, day, outcome};
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, Ratio};
use healing_learn::{OriginalWeights, Policy};
use proptest::prelude::*;

fn improved(verified: bool, fraction: f64, on: i64) -> OutcomeRecord {
    OutcomeRecord {
        improvement_pct: fraction * 100.0,
        ..outcome("throttle", verified, day(on))
    }
}

fn weight(policy: &OriginalWeights, on: i64) -> Option<f64> {
    policy.overall_weight("throttle", day(on)).map(Amount::get)
}

fn weight_after(outcomes: &[(bool, f64)]) -> Option<f64> {
    let mut policy = OriginalWeights::default();
    for &(verified, fraction) in outcomes {
        policy.learn(&improved(verified, fraction, 0), day(0));
    }
    weight(&policy, 0)
}

#[test]
fn the_weight_is_the_success_rate_times_one_plus_the_average_improvement() {
    assert_eq!(weight_after(&[]), None);
    assert_eq!(weight_after(&[(true, 0.5)]), Some(1.5));
    assert_eq!(weight_after(&[(true, 0.5), (false, -0.25)]), Some(0.5 * 1.125));
    assert_eq!(weight_after(&[(false, 0.0), (false, 0.0)]), Some(0.0));
}

#[test]
fn what_is_thirty_days_old_no_longer_counts() {
    let mut policy = OriginalWeights::default();
    policy.learn(&improved(false, 0.0, 0), day(0));
    policy.learn(&improved(true, 1.0, 10), day(10));
    assert_eq!(weight(&policy, 29), Some(0.5 * 1.5));
    assert_eq!(weight(&policy, 30), Some(2.0));
    assert_eq!(weight(&policy, 40), None);
}

#[test]
fn the_heaviest_goes_first_and_the_unknown_weighs_one() {
    let mut policy = OriginalWeights::default();
    policy.learn(&outcome("throttle", true, day(0)), day(0));
    policy.learn(&outcome("rebalance", false, day(0)), day(0));
    let (candidates, collection) = (
        candidates(&["drain", "rebalance", "throttle"]),
        collection("embeddings"),
    );
    let ranking = policy.rank(&choice(&collection, day(1), &candidates));
    let names: Vec<_> = ranking.iter().map(|it| it.candidate.strategy.as_str()).collect();
    assert_eq!(names, ["throttle", "drain", "rebalance"]);
    let propensities: Vec<_> = ranking.iter().map(|it| it.propensity).collect();
    assert_eq!(propensities, [Ratio::ONE, Ratio::ZERO, Ratio::ZERO]);
}

#[test]
fn an_improvement_beyond_all_bounds_does_not_break_the_sums() {
    let mut policy = OriginalWeights::default();
    for fraction in [f64::MAX / 100.0, -f64::MAX / 100.0, 0.5] {
        policy.learn(&improved(true, fraction, 0), day(0));
    }
    assert!(weight(&policy, 0).unwrap().is_finite());
    policy.learn(&improved(true, 0.5, 30), day(30));
    assert_eq!(
        weight(&policy, 30),
        Some(1.5),
        "what was forgotten leaves nothing behind"
    );
}

proptest! {
    #[test]
    fn forgetting_as_it_goes_equals_the_formula_over_everything(
        // Late ones too: reported up to five days after they ended.
        stream in prop::collection::vec((0i64..20, 0i64..6, any::<bool>(), -1.0..5.0f64), 1..60),
    ) {
        let mut policy = OriginalWeights::default();
        let mut now = 0;
        let mut all = Vec::new();
        for (gap, late, verified, fraction) in stream {
            now += gap;
            let ended = now - late;
            all.push((ended, verified, fraction));
            policy.learn(&improved(verified, fraction, ended), day(now));
            let counting: Vec<_> = all.iter().filter(|(ended, ..)| now - ended < 30).collect();
            let number = counting.len() as f64;
            let verified = counting.iter().filter(|(_, verified, _)| *verified).count() as f64;
            let improvement: f64 = counting.iter().map(|(.., fraction)| fraction).sum();
            let expected = (verified / number * (1.0 + improvement / number)).max(0.0);
            let found = weight(&policy, now).unwrap();
            prop_assert!((found - expected).abs() < 1e-8, "{found} instead of {expected}");
        }
    }
}
