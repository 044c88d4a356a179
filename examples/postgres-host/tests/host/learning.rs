//! What several healers on one database learn of one another.

use std::sync::Arc;

use healing_core::learner::Learner;
use healing_core::storage::{FeedbackScore, OutcomeRecord, OutcomeStore};
use healing_core::{Amount, Clock, HealingConfig, SystemClock, VirtualClock};
use postgres_host::{SharedLearning, service};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::healers::{Healing, Ward, config};
use crate::storage::{Stores, outcome, stores};
use crate::world::{self, embeddings, eventually};

const STRATEGIES: [&str; 3] = ["open_valves", "close_valves", "turn_valves"];

fn learner(stores: &Stores, clock: &Arc<VirtualClock>) -> SharedLearning {
    SharedLearning::load(stores.store(), clock.clone()).unwrap()
}

fn weights(learner: &SharedLearning) -> Vec<Amount> {
    STRATEGIES
        .map(|it| learner.weights().get(it).copied().unwrap_or_default())
        .to_vec()
}

fn score(score: f64) -> FeedbackScore {
    FeedbackScore::new(score).unwrap()
}

#[test]
fn learners_that_read_on_at_any_moments_know_what_one_knows_that_reads_everything_at_once() {
    let Some(stores) = stores() else { return };
    let clock = Arc::new(VirtualClock::starting_at(outcome(1).completed_at));
    let (store, early) = (stores.store(), learner(&stores, &clock));
    let mut late = early.clone();
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    for number in 1..=60 {
        let strategy = STRATEGIES[dice.random_range(0..3)];
        let verified = dice.random::<f64>() < 0.6;
        let record = OutcomeRecord {
            strategy_name: strategy.to_owned(),
            verified: Some(verified),
            success: verified,
            improvement_pct: 10.0,
            ..outcome(number)
        };
        store.record(&record).unwrap();
        while dice.random::<f64>() < 0.5 {
            let judged = outcome(dice.random_range(1..=number)).remediation;
            store
                .set_feedback(&judged, score(dice.random_range(-1.0..1.0)))
                .unwrap();
            if dice.random::<f64>() < 0.3 {
                early.catch_up().unwrap();
            }
        }
        if number == 30 {
            late = learner(&stores, &clock);
        }
    }
    early.catch_up().unwrap();
    late.catch_up().unwrap();
    let (at_once, nothing) = (learner(&stores, &clock), vec![Amount::default(); 3]);
    assert_ne!(weights(&at_once), nothing);
    for learner in [&early, &late] {
        for (one, other) in weights(learner).iter().zip(weights(&at_once)) {
            assert!((one.get() - other.get()).abs() < 1e-9, "{one:?} instead of {other:?}");
        }
        let up_to = |learner: &SharedLearning| learner.effectiveness()["learned_up_to"].clone();
        assert_eq!(up_to(learner), up_to(&at_once));
        assert_eq!(up_to(learner)["outcome"], json!(60));
    }
}

#[test]
fn what_one_healer_went_through_the_other_has_learned() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let (_one, _other) = (
        Healing::start_as(&ward, config(), "one"),
        Healing::start_as(&ward, config(), "other"),
    );
    let mut watch = ward.watch();
    ward.flood(12);
    watch.until("embeddings#1 completed");
    let knows = "SELECT count(*) FROM ruvector.running_healers
                 WHERE (effectiveness #>> '{learned_up_to,outcome}')::bigint = (SELECT max(id) FROM ruvector.healing_outcomes)
                     AND effectiveness #>> '{strategies,0,name}' = 'pause_maintenance'";
    eventually("both know of it", || ward.count(knows) == 2);
    let judge = "SELECT ruvector_healing_feedback(action_id, 1) FROM ruvector_healing_history()";
    ward.client().query(judge, &[]).unwrap();
    let heard =
        "SELECT count(*) FROM ruvector.running_healers WHERE effectiveness #>> '{learned_up_to,feedback}' = '1'";
    eventually("both have heard what was said of it", || ward.count(heard) == 2);
}

#[test]
fn nothing_is_learned_while_learning_is_switched_off() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config: HealingConfig = serde_json::from_value(json!({ "learning_enabled": false })).unwrap();
    let mut healer = service::healer(&ward.database, clock, [embeddings()], "here", config).unwrap();
    postgres_host::PostgresStorage::new(ward.database.clone())
        .record(&outcome(1))
        .unwrap();
    let _ = healer.tick();
    let known = healer.effectiveness().unwrap();
    assert_eq!(known["learned_up_to"]["outcome"], json!(0));
    let on = json!({ "learning_enabled": true });
    let operator = healing_core::identity::Operator::new("test").unwrap();
    healer.configure(on.as_object().unwrap(), &operator).unwrap();
    let _ = healer.tick();
    let known = healer.effectiveness().unwrap();
    assert_eq!(known["learned_up_to"]["outcome"], json!(1));
}
