//! The programs that judge the loop: the same seed gives the same, and what they say can be relied on.

use std::collections::BTreeSet;

use healing_benches::chaos::{self, FaultKind, Schedule};
use healing_benches::scoreboard::{self, INCIDENTS_OF_A_LIFE, Score};
use mock_cluster::{Policy, Scenario};

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [1, 2] {
        let schedule = Schedule::draw(seed, 8, None);
        let (once, again) = (chaos::live(&schedule).unwrap(), chaos::live(&schedule).unwrap());
        assert_eq!(once.trace_hash, again.trace_hash, "seed {seed}");
        assert_eq!(once.story, again.story, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another_trace() {
    let hash = |seed| chaos::live(&Schedule::draw(seed, 6, None)).unwrap().trace_hash;
    assert_ne!(hash(1), hash(2));
}

#[test]
fn only_the_faults_that_are_asked_for_come() {
    let crashes = BTreeSet::from([FaultKind::Crash]);
    let outcome = chaos::live(&Schedule::draw(3, 12, Some(&crashes))).unwrap();
    assert_eq!(outcome.faults.keys().copied().collect::<BTreeSet<_>>(), crashes);
}

#[test]
fn a_life_is_the_same_each_time_and_nobody_heals_where_nobody_should() {
    let incidents = scoreboard::draw(7, 2);
    let lived = |policy| scoreboard::live(7, &incidents, policy).unwrap();
    let (unhealed, healed) = (lived(Policy::None), lived(Policy::Default));
    let score = |policy, lived: &[_]| Score::of(policy, lived, &unhealed);
    let none = score(Policy::None, &unhealed);
    assert_eq!((none.actions, none.false_remediations, none.harm_events), (0, 0, 0));
    let json = |score: &Score| serde_json::to_string(score).unwrap();
    assert_eq!(
        json(&score(Policy::Default, &healed)),
        json(&score(Policy::Default, &lived(Policy::Default)))
    );
}

#[test]
fn what_can_be_healed_is_better_for_healing() {
    let healable = (1..).flat_map(|seed| scoreboard::draw(seed, INCIDENTS_OF_A_LIFE));
    let incidents: Vec<_> = healable
        .filter(|incident| incident.scenario == Scenario::HotPartition)
        .take(2)
        .collect();
    let lived = |policy| scoreboard::live(11, &incidents, policy).unwrap();
    let unhealed = lived(Policy::None);
    let score = |policy| Score::of(policy, &lived(policy), &unhealed);
    let (none, default) = (score(Policy::None), score(Policy::Default));
    assert!(none.recovered_share < f64::EPSILON, "{none:?}");
    assert!(default.recovered_share > 1.0 - f64::EPSILON, "{default:?}");
    assert!(default.failed_requests < none.failed_requests, "{default:?}");
    assert_eq!(none.median_recovery_s, None);
}
