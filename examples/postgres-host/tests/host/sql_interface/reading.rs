//! What is told of collections and strategies.

use healing_core::storage::OutcomeStore;
use serde_json::Value;

use crate::healers::Ward;
use crate::storage::{outcome, stores};
use crate::world;

/// Healers that watch different collections, as their tables have it.
#[test]
fn the_status_has_every_collection_and_when_each_has_cooled_down() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut client = ward.client();
    client
        .batch_execute(
            r#"INSERT INTO ruvector.collections (name) VALUES ('images'), ('songs');
               INSERT INTO ruvector.healing_healers (holder, backend_pid, watches, published_at, status, config)
               SELECT holder, 0, '{}', now() - age, status::jsonb, '{"enabled": true, "min_healing_interval_seconds": 600}'
               FROM (VALUES
                   ('one', INTERVAL '1 s', '{"collections": [{"collection": "embeddings", "lambda": 1}, {"collection": "images", "lambda": 1}]}'),
                   ('other', INTERVAL '9 s', '{"collections": [{"collection": "images", "lambda": 2}, {"collection": "songs", "lambda": 2}]}'),
                   ('no stores', INTERVAL '0', 'null')
               ) AS it (holder, age, status);
               INSERT INTO ruvector.healing_leases (collection, holder, token, granted_at, expires_at, released)
               VALUES ('images', 'other', 1, now(), now() + INTERVAL '1 hour', false);
               INSERT INTO ruvector.healing_actions
                   (collection_id, number, strategy_name, problem_class, summary, state, ended, started_at, updated_at)
               SELECT id, row_number() OVER (), 'any', 'hotspot', '', state, true, now(), now() - age
               FROM (VALUES
                   ('embeddings', 'completed', INTERVAL '9 minutes'), ('embeddings', 'expired', INTERVAL '1 minute'),
                   ('images', 'rolled_back', INTERVAL '5 minutes'), ('songs', 'completed', INTERVAL '11 minutes')
               ) AS it (name, state, age) JOIN ruvector.collections USING (name)"#,
        )
        .unwrap();
    let row = client
        .query_one(
            "SELECT status, (status ->> 'cooldown_until')::timestamptz = max((it ->> 'cooldown_until')::timestamptz),
                    array_agg(it ->> 'collection'), array_agg((it ->> 'lambda')::integer),
                    array_agg(round(extract(epoch FROM (it ->> 'cooldown_until')::timestamptz - now()) / 60)::integer)
             FROM ruvector_healing_status() AS status, jsonb_array_elements(status -> 'collections') AS it GROUP BY status",
            &[],
        )
        .unwrap();
    assert!(row.get::<_, bool>(1), "the latest of all: {:?}", row.get::<_, Value>(0));
    assert_eq!(row.get::<_, Vec<String>>(2), ["embeddings", "images", "songs"]);
    assert_eq!(
        row.get::<_, Vec<i32>>(3),
        [1, 2, 2],
        "who holds the lease knows best, then who spoke last"
    );
    assert_eq!(row.get::<_, Vec<Option<i32>>>(4), [Some(1), Some(5), None]);
}

/// A healer that was asleep must not hide what others have learned meanwhile.
#[test]
fn weights_are_those_of_whoever_has_learned_the_most() {
    let Some(stores) = stores() else { return };
    stores.store().record(&outcome(1)).unwrap();
    let mut client = stores.client();
    let mut weight = |reports: &str| -> Option<f64> {
        let sql = format!(
            "TRUNCATE ruvector.healing_healers;
             INSERT INTO ruvector.healing_healers (holder, backend_pid, watches, published_at, effectiveness)
             SELECT weight::text, 0, '{{}}', now() - age, jsonb_build_object(
                 'strategies', jsonb_build_array(jsonb_build_object('name', 'open_valves', 'weight', weight)))
                 || jsonb_strip_nulls(jsonb_build_object('learned_up_to', learned::jsonb))
             FROM (VALUES {reports}) AS it (weight, age, learned)"
        );
        client.batch_execute(&sql).unwrap();
        let sql = "SELECT weight FROM ruvector.ruvector_healing_effectiveness()";
        client.query_one(sql, &[]).unwrap().get(0)
    };
    let outcomes = |number: i32, feedback: i32| format!("'{{\"outcome\": {number}, \"feedback\": {feedback}}}'");
    let (now, earlier) = ("INTERVAL '0'", "INTERVAL '1 hour'");
    let by_outcome = format!("(1, {now}, {}), (2, {earlier}, {})", outcomes(9, 7), outcomes(10, 0));
    assert_eq!(weight(&by_outcome), Some(2.0));
    let by_feedback = format!("(1, {now}, {}), (2, {earlier}, {})", outcomes(10, 0), outcomes(10, 1));
    assert_eq!(weight(&by_feedback), Some(2.0));
    let by_time = format!("(1, {earlier}, {}), (2, {now}, {})", outcomes(10, 1), outcomes(10, 1));
    assert_eq!(weight(&by_time), Some(2.0));
    let of_another_learner = format!("(1, {now}, NULL), (2, {earlier}, {})", outcomes(1, 0));
    assert_eq!(weight(&of_another_learner), Some(2.0));
}
