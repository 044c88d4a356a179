//! How the default policy learns and chooses, through its public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{KIND, candidates, choice, collection, day, hour, outcome, treating};
use healing_core::learner::{Candidate, Choice, Ranked};
use healing_core::monitor::IntegrityState;
use healing_core::storage::{Disturbance, OutcomeRecord, RecordedChoice};
use healing_core::{Ratio, Timestamp};
use healing_learn::{CreditRule, Policy, PosteriorConfig, PosteriorWeights};
use proptest::prelude::*;

fn policy_of(seed: u64) -> PosteriorWeights {
    PosteriorWeights::new(PosteriorConfig {
        seed,
        ..PosteriorConfig::default()
    })
}

fn learn(policy: &mut PosteriorWeights, outcome: &OutcomeRecord) {
    policy.learn(outcome, outcome.completed_at);
}

fn learn_hourly(policy: &mut PosteriorWeights, strategy: &str, from: i64, verdicts: impl IntoIterator<Item = bool>) {
    for (at, verified) in (from..).zip(verdicts) {
        learn(policy, &outcome(strategy, verified, hour(at)));
    }
}

fn weight(policy: &PosteriorWeights, strategy: &str, at: Timestamp) -> f64 {
    policy
        .weight(strategy, &KIND, &collection("embeddings"), at)
        .unwrap()
        .get()
}

/// How often each of the candidates goes first in `number` choices, an hour apart.
fn firsts(policy: &PosteriorWeights, state: IntegrityState, candidates: &[Candidate], number: i64) -> Vec<i64> {
    let collection = collection("embeddings");
    let mut firsts = vec![0; candidates.len()];
    for at in 0..number {
        let choice = Choice {
            state,
            ..choice(
                &collection,
                hour(1000) + Duration::from_secs(at.unsigned_abs()),
                candidates,
            )
        };
        let first = policy.rank(&choice)[0].candidate;
        firsts[candidates.iter().position(|candidate| candidate == first).unwrap()] += 1;
    }
    firsts
}

#[test]
fn the_unknown_weighs_nothing_yet_successes_raise_a_weight_and_failures_lower_it() {
    let mut policy = policy_of(1);
    assert_eq!(policy.weight("good", &KIND, &collection("embeddings"), day(0)), None);
    learn(&mut policy, &outcome("good", true, day(0)));
    learn(&mut policy, &outcome("bad", false, day(0)));
    assert!(weight(&policy, "good", day(0)) > 1.0);
    assert!(weight(&policy, "bad", day(0)) < 1.0);
    assert!(
        weight(&policy, "bad", day(0)) > 0.0,
        "a strategy that failed gets another chance"
    );
}

#[test]
fn what_is_known_fades_in_the_time_of_the_outcomes() {
    let mut policy = policy_of(1);
    learn_hourly(&mut policy, "bad", 0, [false; 10]);
    let weights: Vec<f64> = [1, 200, 400, 4000].map(|on| weight(&policy, "bad", day(on))).to_vec();
    assert!(weights.is_sorted_by(|one, other| one < other), "{weights:?}");
    assert!(
        *weights.last().unwrap() > 0.8,
        "after many half-lives it is almost unknown again: {weights:?}"
    );
}

#[test]
fn a_strategy_that_breaks_after_a_hundred_successes_is_noticed_within_ten_outcomes() {
    let mut policy = policy_of(1);
    learn_hourly(&mut policy, "breaks", 0, [true; 100]);
    learn_hourly(&mut policy, "fair", 0, (0..100).map(|number| number % 2 == 0));
    assert!(weight(&policy, "breaks", hour(100)) > weight(&policy, "fair", hour(100)));
    learn_hourly(&mut policy, "breaks", 100, [false; 10]);
    assert!(weight(&policy, "breaks", hour(110)) < weight(&policy, "fair", hour(110)));
}

#[test]
fn one_lucky_try_does_not_beat_a_hundred_good_ones() {
    let mut policy = policy_of(1);
    learn_hourly(&mut policy, "proven", 0, (0..100).map(|number| number % 10 != 0));
    let lucky = OutcomeRecord {
        improvement_pct: 1000.0,
        ..outcome("lucky", true, hour(100))
    };
    learn(&mut policy, &lucky);
    assert!(weight(&policy, "proven", hour(100)) > weight(&policy, "lucky", hour(100)));
}

#[test]
fn a_collection_without_outcomes_of_its_own_believes_the_others_and_then_itself() {
    let mut policy = policy_of(1);
    let (own, other) = (collection("own"), collection("other"));
    for at in 0..20 {
        learn(
            &mut policy,
            &treating(other.clone(), outcome("works_elsewhere", true, hour(at))),
        );
    }
    let weight = |policy: &PosteriorWeights| policy.weight("works_elsewhere", &KIND, &own, hour(20)).unwrap().get();
    let borrowed = weight(&policy);
    assert!(borrowed > 1.2, "{borrowed}");
    for at in 20..25 {
        learn(
            &mut policy,
            &treating(own.clone(), outcome("works_elsewhere", false, hour(at))),
        );
    }
    assert!(weight(&policy) < 0.8, "{}", weight(&policy));
    let elsewhere = policy.weight("works_elsewhere", &KIND, &other, hour(25)).unwrap().get();
    assert!(elsewhere > 1.4, "{elsewhere}");
}

#[test]
fn of_two_that_work_equally_well_the_less_disruptive_and_the_quicker_goes_first() {
    let mut policy = policy_of(1);
    for name in ["gentle", "rough", "slow"] {
        for at in 0..50 {
            let quick = outcome(name, true, hour(at));
            let slow = OutcomeRecord {
                started_at: quick.completed_at - Duration::from_secs(3600),
                ..quick.clone()
            };
            learn(&mut policy, if name == "slow" { &slow } else { &quick });
        }
    }
    let mut candidates = candidates(&["gentle", "rough", "slow"]);
    candidates[1].impact = Ratio::ONE;
    let firsts = firsts(&policy, IntegrityState::Stress, &candidates, 100);
    assert!(firsts[0] > 3 * (firsts[1] + firsts[2]), "{firsts:?}");
}

#[test]
fn what_was_never_tried_is_tried_and_what_is_known_to_be_bad_is_hardly_ever() {
    let mut policy = policy_of(1);
    learn_hourly(&mut policy, "fair", 0, (0..60).map(|number| number % 2 == 0));
    learn_hourly(&mut policy, "bad", 0, [false; 60]);
    let firsts = firsts(
        &policy,
        IntegrityState::Stress,
        &candidates(&["bad", "fair", "new"]),
        1000,
    );
    assert!(firsts[0] < 20 && firsts[2] > 50, "{firsts:?}");
}

fn exploring(critical_exploration: f64) -> PosteriorWeights {
    PosteriorWeights::new(PosteriorConfig {
        critical_exploration: Ratio::clamped(critical_exploration),
        ..PosteriorConfig::default()
    })
}

/// What comes of the first of `ranking`, which was chosen.
fn outcome_of(choice: &Choice<'_>, ranking: &[Ranked<'_>], verified: bool) -> OutcomeRecord {
    OutcomeRecord {
        choice: Some(RecordedChoice::new(choice, ranking)),
        ..treating(
            choice.collection.clone(),
            outcome(&ranking[0].candidate.strategy, verified, choice.at),
        )
    }
}

#[test]
fn in_critical_state_every_tenth_choice_of_a_collection_is_left_to_chance_and_under_stress_every_one() {
    let mut policy = exploring(0.1);
    let (one, other) = (collection("one"), collection("other"));
    let candidates = candidates(&["a", "b", "c"]);
    for round in 1..=30 {
        for (number, collection) in [&one, &other].into_iter().enumerate() {
            let at = hour(10 * round) + Duration::from_secs(60 * number as u64);
            for state in [IntegrityState::Stress, IntegrityState::Critical] {
                let choice = Choice {
                    state,
                    ..choice(collection, at, &candidates)
                };
                let ranking = policy.rank(&choice);
                let is_left_to_chance = ranking[0].propensity < Ratio::ONE;
                assert_eq!(is_left_to_chance, state == IntegrityState::Stress || round % 10 == 0);
                let verified = round % 2 == 0;
                learn(&mut policy, &outcome_of(&choice, &ranking, verified));
            }
        }
    }
}

#[test]
fn propensities_are_the_frequencies_of_first_places() {
    const NUMBER: i64 = 4000;
    let mut policy = policy_of(3);
    learn_hourly(&mut policy, "a", 0, [true, false, true]);
    learn_hourly(&mut policy, "b", 0, [true, true, false, false]);
    let candidates = candidates(&["a", "b", "c"]);
    for state in [IntegrityState::Stress, IntegrityState::Critical] {
        let collection = collection("embeddings");
        let choice = Choice {
            state,
            ..choice(&collection, hour(1000), &candidates)
        };
        let ranking = policy.rank(&choice);
        let firsts = firsts(&policy, state, &candidates, NUMBER);
        for (candidate, first) in candidates.iter().zip(firsts) {
            let ranked = ranking.iter().find(|ranked| ranked.candidate == candidate).unwrap();
            let (propensity, frequency) = (ranked.propensity.get(), first as f64 / NUMBER as f64);
            assert!(
                (propensity - frequency).abs() < 0.03,
                "{propensity} and {frequency} in {state}"
            );
        }
    }
}

#[test]
fn a_disturbed_outcome_counts_less_and_one_cut_short_not_at_all() {
    let after = |disturbances: &[Disturbance]| {
        let mut policy = policy_of(1);
        learn(&mut policy, &outcome("throttle", true, day(0)));
        let disturbed = OutcomeRecord {
            disturbances: disturbances.to_vec(),
            ..outcome("throttle", false, day(0))
        };
        learn(&mut policy, &disturbed);
        weight(&policy, "throttle", day(0))
    };
    let (undisturbed, confounded, aborted) = (
        after(&[]),
        after(&[Disturbance::AnotherFault]),
        after(&[Disturbance::Aborted]),
    );
    let mut alone = policy_of(1);
    learn(&mut alone, &outcome("throttle", true, day(0)));
    assert!(undisturbed < confounded && confounded < aborted);
    assert_eq!(aborted, weight(&alone, "throttle", day(0)));
    assert_eq!(CreditRule::default().credit(&[Disturbance::NotMeasured]), Ratio::ZERO);
}

#[test]
fn a_store_from_another_age_is_no_danger() {
    let mut policy = policy_of(1);
    for at in [Timestamp::MIN, Timestamp::MAX, day(0), Timestamp::MIN] {
        let outcome = OutcomeRecord {
            started_at: at,
            improvement_pct: f64::MAX,
            ..outcome("throttle", true, day(0))
        };
        let outcome = OutcomeRecord {
            completed_at: at,
            ..outcome
        };
        policy.learn(&outcome, day(0));
    }
    assert!(weight(&policy, "throttle", Timestamp::MIN).is_finite());
    assert!(weight(&policy, "throttle", Timestamp::MAX) > 0.0);
}

#[test]
fn nothing_to_choose_from_is_an_empty_ranking() {
    let collection = collection("embeddings");
    assert!(policy_of(1).rank(&choice(&collection, day(0), &[])).is_empty());
}

proptest! {
    #[test]
    fn every_ranking_is_a_permutation_whose_propensities_add_up_to_one_and_can_be_drawn_again(
        seed: u64,
        verdicts in prop::collection::vec((0usize..4, any::<bool>(), 0i64..100), 0..80),
        impacts in prop::collection::vec(0.0..=1.0f64, 1..5),
        critical: bool,
    ) {
        let names = ["a", "b", "c", "d"];
        let mut policy = policy_of(seed);
        let mut now = 0;
        for (strategy, verified, gap) in verdicts {
            now += gap;
            learn(&mut policy, &outcome(names[strategy], verified, hour(now)));
        }
        let mut candidates = candidates(&names[..impacts.len()]);
        for (candidate, impact) in candidates.iter_mut().zip(impacts) {
            candidate.impact = Ratio::clamped(impact);
        }
        let collection = collection("embeddings");
        let state = if critical { IntegrityState::Critical } else { IntegrityState::Stress };
        let choice = Choice { state, ..choice(&collection, hour(now), &candidates) };
        let ranking = policy.rank(&choice);
        let mut ranked: Vec<&str> = ranking.iter().map(|it| it.candidate.strategy.as_str()).collect();
        ranked.sort_unstable();
        prop_assert_eq!(ranked, &names[..candidates.len()]);
        let sum: f64 = ranking.iter().map(|it| it.propensity.get()).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        prop_assert_eq!(policy.rank(&choice), ranking);
    }

    #[test]
    fn in_critical_state_never_more_than_the_configured_share_of_a_collections_choices_has_explored(
        share in prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0f64],
        choices in prop::collection::vec((0usize..2, 1usize..4, any::<bool>(), any::<bool>(), any::<bool>()), 0..50),
    ) {
        let mut policy = exploring(share);
        // Learns the same and never explores: it knows what is best as far as is known.
        let mut cautious = exploring(0.0);
        let (collections, candidates) = ([collection("one"), collection("other")], candidates(&["a", "b", "c"]));
        let mut made = [0.0; 2];
        let mut explored = [0.0; 2];
        for (at, (place, number, critical, verified, disturbed)) in (0..).zip(choices) {
            let state = if critical { IntegrityState::Critical } else { IntegrityState::Stress };
            let choice = Choice { state, ..choice(&collections[place], hour(at), &candidates[..number]) };
            let ranking = policy.rank(&choice);
            if critical {
                let best = cautious.rank(&choice);
                prop_assert_eq!(best[0].propensity, Ratio::ONE);
                made[place] += 1.0;
                if ranking[0].propensity == Ratio::ONE {
                    prop_assert_eq!(ranking[0].candidate, best[0].candidate);
                } else {
                    explored[place] += 1.0;
                }
                prop_assert!(explored[place] <= share * made[place], "{explored:?} of {made:?}");
            }
            let outcome = OutcomeRecord {
                disturbances: if disturbed { vec![Disturbance::Aborted] } else { Vec::new() },
                ..outcome_of(&choice, &ranking, verified)
            };
            learn(&mut policy, &outcome);
            learn(&mut cautious, &outcome);
        }
    }

    #[test]
    fn taking_a_candidate_away_leaves_the_others_in_their_order(
        seed: u64,
        at in 0i64..10_000,
        away in 0usize..4,
    ) {
        let policy = policy_of(seed);
        let (all, collection) = (candidates(&["a", "b", "c", "d"]), collection("embeddings"));
        let mut fewer = all.clone();
        let gone = fewer.remove(away);
        let names = |candidates: &[Candidate]| -> Vec<String> {
            let ranking = policy.rank(&choice(&collection, hour(at), candidates));
            ranking.iter().map(|it| it.candidate.strategy.clone()).filter(|name| *name != gone.strategy).collect()
        };
        prop_assert_eq!(names(&all), names(&fewer));
    }
}

#[test]
fn in_critical_state_what_is_best_as_far_as_is_known_goes_first_wherever_it_is_listed() {
    let mut policy = exploring(0.0);
    learn_hourly(&mut policy, "good", 0, [true; 20]);
    learn_hourly(&mut policy, "bad", 0, [false; 20]);
    for names in [["good", "bad"], ["bad", "good"]] {
        let (candidates, collection) = (candidates(&names), collection("embeddings"));
        let choice = Choice {
            state: IntegrityState::Critical,
            ..choice(&collection, hour(30), &candidates)
        };
        let ranking = policy.rank(&choice);
        let ranked: Vec<_> = ranking
            .iter()
            .map(|it| (it.candidate.strategy.as_str(), it.propensity.get()))
            .collect();
        assert_eq!(ranked, [("good", 1.0), ("bad", 0.0)]);
    }
}

#[test]
fn of_two_that_work_equally_often_the_one_that_gains_more_weighs_more() {
    let mut policy = policy_of(1);
    for (strategy, improvement_pct) in [("little", 10.0), ("much", 200.0)] {
        for at in 0..20 {
            let outcome = outcome(strategy, true, hour(at));
            learn(
                &mut policy,
                &OutcomeRecord {
                    improvement_pct,
                    ..outcome
                },
            );
        }
    }
    assert!(weight(&policy, "much", hour(20)) > weight(&policy, "little", hour(20)));
}

#[test]
fn what_a_strategy_weighs_altogether_is_between_its_collections_and_nearer_to_that_with_more_outcomes() {
    let mut policy = policy_of(1);
    for (name, number, verified) in [("often", 40, true), ("seldom", 10, false)] {
        for at in 0..number {
            learn(
                &mut policy,
                &treating(collection(name), outcome("mixed", verified, hour(at))),
            );
        }
    }
    let now = hour(40);
    let of = |name| policy.weight("mixed", &KIND, &collection(name), now).unwrap().get();
    let (often, seldom) = (of("often"), of("seldom"));
    let altogether = policy.weight_for_kind("mixed", &KIND, now).unwrap().get();
    assert!(
        f64::midpoint(often, seldom) < altogether && altogether < often,
        "{often}, {seldom}: {altogether}"
    );
    assert_eq!(policy.overall_weight("mixed", now).unwrap().get(), altogether);
    assert_eq!(policy.overall_weight("never tried", now), None);
}
