//! The operators' functions, through a plain SQL client.

use healing_core::storage::OutcomeStore;
use postgres::error::{DbError, SqlState};
use postgres::{Client, NoTls};
use postgres_host::{Database, Limits, PostgresError};
use serde_json::{Value, json};

use crate::healers::{Healing, Ward, config};
use crate::storage::{outcome, stores};
use crate::world;

fn ask(client: &mut Client, sql: &str) -> Value {
    client.query_one(sql, &[]).unwrap().get(0)
}

/// What the server says of a call that fails.
fn complaint(client: &mut Client, sql: &str) -> DbError {
    let error = client.query(sql, &[]).unwrap_err();
    error.as_db_error().unwrap_or_else(|| panic!("{error}")).clone()
}

fn code(client: &mut Client, sql: &str) -> String {
    let complaint = complaint(client, sql);
    assert!(
        complaint.hint().is_some_and(|hint| !hint.is_empty()),
        "no hint: {complaint:?}"
    );
    complaint.code().code().to_owned()
}

#[test]
fn without_a_healer_an_order_is_a_clear_error_and_reading_works() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut client = ward.client();
    let refusal = complaint(&mut client, "SELECT ruvector_healing_trigger('embeddings')");
    assert_eq!(
        (refusal.code().code(), refusal.message()),
        ("RH001", "no healer is running")
    );
    for call in [
        "ruvector_healing_configure('{\"enabled\": false}')",
        "ruvector_healing_execute('embeddings', 'rebalance_partitions', '{}')",
        "ruvector_healing_rollback('embeddings')",
        "ruvector_healing_freeze('because')",
        "ruvector_healing_unfreeze()",
        "ruvector_healing_explain('embeddings')",
    ] {
        assert_eq!(code(&mut client, &format!("SELECT {call}")), "RH001", "{call}");
    }
    for call in [
        "approve(action_id := 123)",
        "abort(action_id := 123)",
        "reject(123)",
        "feedback(123, 1)",
    ] {
        assert_eq!(
            code(&mut client, &format!("SELECT ruvector_healing_{call}")),
            "RH005",
            "{call}"
        );
    }
    for call in [
        "trigger(NULL)",
        "trigger('')",
        "configure('[]')",
        "configure(NULL)",
        "execute('a', NULL, '{}')",
        "execute('a', 'b', '{\"dry_run\": 7}')",
        "freeze('')",
        "history(NULL)",
        "history(limit_ := 0)",
    ] {
        assert_eq!(
            code(&mut client, &format!("SELECT ruvector_healing_{call}")),
            "22023",
            "{call}"
        );
    }
    assert_eq!(ward.count("SELECT count(*) FROM ruvector.healing_commands"), 0);
    let status = ask(&mut client, "SELECT * FROM ruvector_healing_status()");
    assert_eq!(status["total_healings_24h"], json!(0));
    assert_eq!(status["success_rate"], Value::Null, "a rate over nothing is none");
    assert_eq!(status["active_remediations"], json!([]));
    assert!(
        client
            .query("SELECT * FROM ruvector_healing_history()", &[])
            .unwrap()
            .is_empty()
    );
    assert!(
        client
            .query("SELECT * FROM ruvector_healing_effectiveness()", &[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_operator_runs_everything_from_sql() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut client = ward.client();
    let mut watch = ward.watch();

    let status = ask(&mut client, "SELECT * FROM ruvector_healing_status()");
    assert_eq!(
        (&status["enabled"], &status["cooldown_until"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(status["healers"][0]["holder"], json!("here"));
    assert_eq!(status["collections"][0]["collection"], json!("embeddings"));

    // The design document's own call.
    let configured = ask(
        &mut client,
        "SELECT ruvector_healing_configure('{
             \"enabled\": false, \"min_healing_interval_seconds\": 0, \"max_attempts_per_hour\": 50,
             \"max_auto_heal_impact\": 0.5, \"require_approval_strategies\": [\"pause_maintenance\"],
             \"learning_enabled\": true }'::jsonb)",
    );
    assert_eq!(configured["max_attempts_per_window"], json!(50));
    assert_eq!(
        ask(&mut client, "SELECT ruvector_healing_status() -> 'enabled'"),
        json!(false)
    );
    let invalid = complaint(
        &mut client,
        "SELECT ruvector_healing_configure('{\"max_attempts_per_hour\": 0}')",
    );
    assert_eq!(invalid.code().code(), "22023");
    assert!(
        invalid.message().contains("max_attempts_per_window is 0"),
        "{invalid:?}"
    );
    assert_eq!(
        code(&mut client, "SELECT ruvector_healing_configure('{\"max_impact\": 1}')"),
        "22023"
    );

    assert_eq!(code(&mut client, "SELECT ruvector_healing_trigger('images')"), "RH002");
    assert_eq!(
        ask(&mut client, "SELECT ruvector_healing_trigger('embeddings')")["remediation"],
        Value::Null
    );
    ward.flood(12);
    assert_eq!(
        code(
            &mut client,
            "SELECT ruvector_healing_execute('embeddings', 'pause_maintenance', '{}')"
        ),
        "RH011"
    );
    ask(&mut client, "SELECT ruvector_healing_configure('{\"enabled\": true}')");

    // The loop wants approval, and a human says no; then yes.
    watch.until("embeddings#1 awaiting_approval");
    let active = ask(
        &mut client,
        "SELECT ruvector_healing_status() -> 'active_remediations' -> 0",
    );
    assert_eq!(
        (&active["strategy"], &active["state"]),
        (&json!("pause_maintenance"), &json!("awaiting_approval"))
    );
    let first = active["action_id"].as_i64().unwrap();
    let rejected = ask(
        &mut client,
        &format!("SELECT ruvector_healing_reject(action_id := {first})"),
    );
    assert_eq!(
        rejected,
        json!({ "remediation": "embeddings#1", "action_id": first, "state": "rejected" })
    );
    assert_eq!(
        code(
            &mut client,
            &format!("SELECT ruvector_healing_approve(action_id := {first})")
        ),
        "RH005"
    );
    watch.until("embeddings#2 awaiting_approval");
    let second = ask(
        &mut client,
        "SELECT ruvector_healing_status() #> '{active_remediations,0,action_id}'",
    )
    .as_i64()
    .unwrap();
    assert!(second > first);
    assert_eq!(
        code(&mut client, "SELECT ruvector_healing_rollback('embeddings')"),
        "RH007"
    );
    let approved = ask(
        &mut client,
        &format!("SELECT ruvector_healing_approve(action_id := {second})"),
    );
    assert_eq!(approved["remediation"], json!("embeddings#2"));
    watch.until("embeddings#2 completed");
    assert_eq!(
        code(
            &mut client,
            &format!("SELECT ruvector_healing_abort(action_id := {second})")
        ),
        "RH005"
    );

    let judged = ask(&mut client, &format!("SELECT ruvector_healing_feedback({second}, 1)"));
    assert_eq!(judged["action_id"], json!(second));
    assert_eq!(
        code(&mut client, &format!("SELECT ruvector_healing_feedback({second}, 2)")),
        "22023"
    );
    let history = client
        .query_one(
            "SELECT action_id, feedback_score, verified FROM ruvector_healing_history()",
            &[],
        )
        .unwrap();
    assert_eq!(
        (
            history.get::<_, i64>(0),
            history.get::<_, f32>(1),
            history.get::<_, bool>(2)
        ),
        (second, 1.0, true)
    );
    let report = client
        .query_one(
            "SELECT strategy, outcomes, success_rate, weight FROM ruvector_healing_effectiveness()",
            &[],
        )
        .unwrap();
    assert_eq!(
        (
            report.get::<_, &str>(0),
            report.get::<_, i64>(1),
            report.get::<_, f64>(2)
        ),
        ("pause_maintenance", 1, 1.0)
    );
    assert!(report.get::<_, Option<f64>>(3).is_some_and(|weight| weight > 0.0));
    let explained = ask(&mut client, "SELECT ruvector_healing_explain('embeddings')");
    assert_eq!(
        explained["decision"]["problems"][0]["problem"],
        json!("maintenance_contention")
    );

    // Rolled back, and frozen so that the loop does not begin anew.
    ask(&mut client, "SELECT ruvector_healing_freeze('a release is under way')");
    assert_eq!(
        ask(&mut client, "SELECT ruvector_healing_status() #> '{frozen,reason}'"),
        json!("a release is under way")
    );
    let back = ask(&mut client, "SELECT ruvector_healing_rollback('embeddings')");
    assert_eq!(back["remediation"], json!("embeddings#2"));
    watch.until("embeddings#2 rolled_back");
    assert_eq!(
        code(&mut client, "SELECT ruvector_healing_rollback('embeddings')"),
        "RH008"
    );

    // An operator's own remediation: shown first, then done, and broken off.
    let shown = "SELECT ruvector_healing_execute('embeddings', 'pause_maintenance', '{\"dry_run\": true}'::jsonb)";
    assert_eq!(ask(&mut client, shown)["plan"]["strategy"], json!("pause_maintenance"));
    let frozen = complaint(
        &mut client,
        "SELECT ruvector_healing_execute('embeddings', 'pause_maintenance')",
    );
    assert_eq!(frozen.code().code(), "RH011");
    ask(
        &mut client,
        "SELECT ruvector_healing_configure('{\"enabled\": true, \"step_settle_seconds\": 5}')",
    );
    ask(&mut client, "SELECT ruvector_healing_unfreeze()");
    // The loop may be faster: its remediation awaits approval, and gives way.
    let mut began = client.query_one(
        "SELECT ruvector_healing_execute('embeddings', 'pause_maintenance')",
        &[],
    );
    while let Err(error) = began {
        assert_eq!(error.code().map(SqlState::code), Some("RH007"), "{error:?}");
        let active = "SELECT ruvector_healing_reject(action_id) FROM ruvector.healing_actions WHERE NOT ended";
        client.query_one(active, &[]).unwrap();
        began = client.query_one(
            "SELECT ruvector_healing_execute('embeddings', 'pause_maintenance')",
            &[],
        );
    }
    let began: Value = began.unwrap().get(0);
    let name = began["remediation"].as_str().unwrap();
    watch.until(&format!("{name} settling"));
    let aborted = ask(
        &mut client,
        &format!("SELECT ruvector_healing_abort(action_id := {})", began["action_id"]),
    );
    assert_eq!(aborted["state"], json!("rolling_back"));
    watch.until(&format!("{name} rolled_back"));
    assert_eq!(
        code(
            &mut client,
            "SELECT ruvector_healing_execute('embeddings', 'no_such_thing')"
        ),
        "RH009"
    );
    let nothing = "SELECT ruvector_healing_execute('embeddings', 'compact_indexes')";
    assert!(["RH010", "RH007"].contains(&code(&mut client, nothing).as_str()));
}

#[test]
fn an_order_works_inside_a_transaction_of_any_isolation_and_is_not_undone_with_it() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut client = ward.client();
    client.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE").unwrap();
    client.query("SELECT count(*) FROM pg_class", &[]).unwrap();
    let configured = ask(&mut client, "SELECT ruvector_healing_configure('{\"max_active\": 3}')");
    assert_eq!(configured["max_active"], json!(3));
    client.batch_execute("ROLLBACK").unwrap();
    let config = ask(
        &mut client,
        "SELECT config -> 'max_active' FROM ruvector.healing_healers",
    );
    assert_eq!(config, json!(3), "it was carried out while the caller waited");
}

#[test]
fn what_is_in_an_order_is_never_taken_for_sql() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut client = ward.client();
    let reason = "'); DROP TABLE ruvector.healing_journal; -- \\ \u{1f4a5} $1 %L";
    client.query("SELECT ruvector_healing_freeze($1)", &[&reason]).unwrap();
    assert_eq!(
        ask(&mut client, "SELECT ruvector_healing_status() #> '{frozen,reason}'"),
        json!(reason)
    );
    let strategy = "x', (SELECT 1)";
    let error = client
        .query("SELECT ruvector_healing_execute('embeddings', $1)", &[&strategy])
        .unwrap_err();
    assert_eq!(error.code().map(SqlState::code), Some("RH009"));
    assert!(ward.count("SELECT count(*) FROM ruvector.healing_journal") > 0);
}

/// A healer that takes an order and hangs, or never takes it.
#[test]
fn an_order_that_nobody_answers_ends_in_an_error_that_says_what_became_of_it() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut healer = ward.client();
    // What a desk does when it begins, and nothing more.
    healer
        .batch_execute(
            "SELECT pg_advisory_lock_shared(1751474540, 3);
             INSERT INTO ruvector.healing_healers (holder, backend_pid, watches) VALUES ('asleep', pg_backend_pid(), '{embeddings}')",
        )
        .unwrap();
    let mut client = ward.client();
    client.batch_execute("SET ruvector.patience = '300 ms'").unwrap();
    assert_eq!(
        code(&mut client, "SELECT ruvector_healing_trigger('embeddings')"),
        "RH003"
    );
    assert_eq!(
        ward.count("SELECT count(*) FROM ruvector.healing_commands WHERE state = 'withdrawn'"),
        1
    );

    healer.batch_execute("LISTEN ruvector_healing_commands").unwrap();
    client.batch_execute("SET ruvector.patience = '2 s'").unwrap();
    let (asked, error) = std::thread::scope(|scope| {
        let call = scope.spawn(move || complaint(&mut client, "SELECT ruvector_healing_trigger('embeddings')"));
        let take = "UPDATE ruvector.healing_commands SET state = 'taken', taken_by = 'asleep' WHERE state = 'given'";
        world::eventually("the order comes", || healer.execute(take, &[]).unwrap() == 1);
        // It dies with the order in its hands: the caller is told at once.
        drop(healer);
        ((), call.join().unwrap())
    });
    let () = asked;
    assert_eq!(error.code().code(), "RH004");
    assert!(error.message().contains("asleep"), "{error:?}");
}

#[test]
fn an_order_that_is_lost_on_its_way_says_whether_it_may_have_been_carried_out() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut healer = ward.client();
    // It takes orders, and does not answer.
    healer
        .batch_execute(
            "SELECT pg_advisory_lock_shared(1751474540, 3);
             INSERT INTO ruvector.healing_healers (holder, backend_pid, watches) VALUES ('mute', pg_backend_pid(), '{embeddings}')",
        )
        .unwrap();
    let mut admin = ward.client();
    let courier: String = admin
        .query_one(
            "SELECT 'ruvector_courier_' || oid FROM pg_database WHERE datname = current_database()",
            &[],
        )
        .unwrap()
        .get(0);

    let mut client = ward.client();
    let call = "SELECT ruvector_healing_trigger('embeddings')";
    for patience in ["a while", "-1 s", "0"] {
        client
            .execute("SELECT set_config('ruvector.patience', $1, false)", &[&patience])
            .unwrap();
        assert_eq!(code(&mut client, call), "22023", "{patience}");
    }
    client.batch_execute("SET ruvector.patience = '60 s'").unwrap();
    admin
        .batch_execute(&format!("ALTER ROLE {courier} CONNECTION LIMIT 0"))
        .unwrap();
    let refusal = complaint(&mut client, call);
    assert_eq!(refusal.code().code(), "RH014");
    assert!(refusal.hint().unwrap().contains("Nothing was done"), "{refusal:?}");
    assert!(
        refusal.detail().unwrap().contains("too many connections"),
        "{refusal:?}"
    );
    assert_eq!(ward.count("SELECT count(*) FROM ruvector.healing_commands"), 0);

    admin
        .batch_execute(&format!("ALTER ROLE {courier} CONNECTION LIMIT 50"))
        .unwrap();
    let lost = std::thread::scope(|scope| {
        let call = scope.spawn(move || complaint(&mut client, call));
        let take = "UPDATE ruvector.healing_commands SET state = 'taken', taken_by = 'mute' WHERE state = 'given'";
        world::eventually("the order comes", || healer.execute(take, &[]).unwrap() == 1);
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1";
        assert_eq!(admin.query_one(cut, &[&courier]).unwrap().get::<_, i64>(0), 1);
        call.join().unwrap()
    });
    assert_eq!(lost.code().code(), "RH004");
    assert!(lost.hint().unwrap().contains("may have been carried out"), "{lost:?}");
}

#[test]
fn a_freeze_of_a_collection_that_nobody_watches_is_refused() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut client = ward.client();
    let misspelt = "SELECT ruvector_healing_freeze('a release', 'embedings')";
    assert_eq!(code(&mut client, misspelt), "RH002");
    assert_eq!(
        ask(&mut client, "SELECT ruvector_healing_freeze('a release', 'embeddings')")["frozen"],
        json!(true)
    );
}

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

#[test]
fn the_public_may_do_nothing_at_all() {
    let Some(stores) = stores() else { return };
    let public = stores
        .client()
        .query_one(
            "SELECT coalesce(string_agg(what, ', '), '') FROM (
                 SELECT oid::regprocedure::text, proacl, 'f'::\"char\", proowner FROM pg_proc
                 WHERE pronamespace = 'ruvector'::regnamespace
                 UNION ALL
                 SELECT oid::regclass::text, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner
                 FROM pg_class WHERE relnamespace = 'ruvector'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
                 UNION ALL
                 SELECT nspname, nspacl, 'n', nspowner FROM pg_namespace WHERE nspname = 'ruvector'
             ) AS thing (what, acl, kind, owner)
             WHERE EXISTS (SELECT FROM aclexplode(coalesce(acl, acldefault(kind, owner))) WHERE grantee = 0)",
            &[],
        )
        .unwrap();
    assert_eq!(public.get::<_, String>(0), "");
}

/// A role of its own, logged in.
fn log_in(ward: &Ward<'_>, role: &str, group: Option<&str>) -> Client {
    let role = format!("{role}_{}", ward.name);
    let mut admin = ward.client();
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    if let Some(group) = group {
        admin.batch_execute(&format!("GRANT {group} TO {role}")).unwrap();
    }
    ward.server.config(&ward.name).user(&role).connect(NoTls).unwrap()
}

#[test]
fn readers_read_operators_order_and_everybody_else_is_refused() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let reads = [
        "SELECT ruvector.ruvector_healing_status()",
        "SELECT * FROM ruvector.ruvector_healing_history()",
        "SELECT * FROM ruvector.ruvector_healing_effectiveness()",
    ];
    let orders = [
        "SELECT ruvector.ruvector_healing_trigger('embeddings')",
        "SELECT ruvector.ruvector_healing_configure('{\"max_active\": 7}')",
        "SELECT ruvector.ruvector_healing_freeze('why not', 'embeddings')",
        "SELECT ruvector.ruvector_healing_unfreeze('embeddings')",
    ];
    let behind = [
        "SELECT ruvector.order_healer('freeze', NULL, '{}')",
        "TABLE ruvector.healing_journal",
        "INSERT INTO ruvector.healing_commands (verb, arguments, given_by, expires_at) VALUES ('freeze', '{}', 'me', now())",
        "CALL ruvector.hand_over('7b7d', NULL)",
        "SELECT ruvector.dblink('ruvector_loopback', 'SELECT 1')",
        "UPDATE ruvector.healing_leases SET token = 0",
        "SELECT ruvector.drop_centroid_version(1, 1)",
        "CREATE TABLE ruvector.mine ()",
        "TABLE pg_user_mapping",
    ];
    let refused = |client: &mut Client, call: &str| {
        let error = client.query(call, &[]).unwrap_err();
        assert_eq!(error.code().map(SqlState::code), Some("42501"), "{call}: {error:?}");
    };

    let mut reader = log_in(&ward, "reader", Some("ruvector_reader"));
    reads.iter().for_each(|call| drop(reader.query(*call, &[]).unwrap()));
    orders.iter().chain(&behind).for_each(|call| refused(&mut reader, call));
    reader.query("SELECT ruvector_healing_status()", &[]).unwrap();

    let mut operator = log_in(&ward, "operator", Some("ruvector_operator"));
    reads
        .iter()
        .chain(&orders)
        .for_each(|call| drop(operator.query(*call, &[]).unwrap()));
    behind.iter().for_each(|call| refused(&mut operator, call));
    let by = "SELECT body::json #>> '{by}' FROM ruvector.healing_journal WHERE body LIKE '%configured%'";
    let by: String = ward.client().query_one(by, &[]).unwrap().get(0);
    assert_eq!(
        by,
        format!("operator_{}", ward.name),
        "the journal names who gave the order"
    );

    let mut nobody = log_in(&ward, "nobody", None);
    reads
        .iter()
        .chain(&orders)
        .chain(&behind)
        .for_each(|call| refused(&mut nobody, call));
    let unknown = nobody.query("SELECT ruvector_healing_status()", &[]).unwrap_err();
    assert_eq!(
        unknown.code().map(SqlState::code),
        Some("42883"),
        "the schema is not even looked into"
    );

    let mut client = log_in(&ward, "client", Some("ruvector_client"));
    client
        .query("SELECT ruvector.insert_vector('embeddings', '{1,2,3,4}')", &[])
        .unwrap();
    reads
        .iter()
        .chain(&orders)
        .chain(&behind)
        .for_each(|call| refused(&mut client, call));
}

/// What a caller puts in front of the system's own names must not be run with the owner's rights.
#[test]
fn a_callers_search_path_and_temporary_objects_are_not_looked_at() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut operator = log_in(&ward, "trickster", Some("ruvector_operator"));
    let mut admin = ward.client();
    admin.batch_execute("CREATE SCHEMA playground; GRANT ALL ON SCHEMA playground TO PUBLIC; CREATE TABLE public.loot (who TEXT); GRANT INSERT ON public.loot TO PUBLIC").unwrap();
    operator
        .batch_execute(
            "CREATE FUNCTION playground.now() RETURNS timestamptz LANGUAGE sql AS
                 $$ INSERT INTO public.loot VALUES (current_user); SELECT pg_catalog.now() $$;
             CREATE FUNCTION playground.jsonb_build_object(VARIADIC \"any\") RETURNS jsonb LANGUAGE internal IMMUTABLE AS 'jsonb_build_object_noargs';
             CREATE TEMP TABLE healing_outcomes (completed_at timestamptz, verified boolean);
             CREATE TEMP TABLE collections (id integer, name text);
             SET search_path = playground, pg_temp, pg_catalog, ruvector, public",
        )
        .unwrap_or_else(|error| {
            // Functions in C are for superusers; the rest is tried all the same.
            assert_eq!(error.code().map(SqlState::code), Some("42501"), "{error:?}");
            operator
                .batch_execute(
                    "CREATE FUNCTION playground.now() RETURNS timestamptz LANGUAGE sql AS
                         $$ INSERT INTO public.loot VALUES (current_user); SELECT pg_catalog.now() $$;
                     CREATE TEMP TABLE healing_outcomes (completed_at timestamptz, verified boolean);
                     CREATE TEMP TABLE collections (id integer, name text);
                     SET search_path = playground, pg_temp, pg_catalog, ruvector, public",
                )
                .unwrap();
        });
    let status = ask(&mut operator, "SELECT ruvector.ruvector_healing_status()");
    assert_eq!(status["total_healings_24h"], json!(0));
    operator
        .query(
            "SELECT * FROM ruvector.ruvector_healing_history(since => pg_catalog.now())",
            &[],
        )
        .unwrap();
    operator
        .query("SELECT ruvector.ruvector_healing_freeze('tried')", &[])
        .unwrap();
    assert_eq!(ward.count("SELECT count(*) FROM public.loot"), 0);
    let unsafe_functions = ward.count(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'ruvector'::regnamespace AND prosecdef
             AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e') -- the extension's own
             AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, ruvector, pg_temp'], false)",
    );
    assert_eq!(
        unsafe_functions, 0,
        "every function that runs with its owner's rights has a search path of its own"
    );
}

/// A hosted PostgreSQL gives nobody a superuser.
#[test]
fn the_owner_of_the_schema_need_not_be_a_superuser() {
    let Some(server) = world::server() else { return };
    let mut admin = server.config("postgres").connect(NoTls).unwrap();
    admin
        .batch_execute("CREATE ROLE landlord LOGIN CREATEROLE PASSWORD 'rent'; GRANT pg_monitor TO landlord")
        .unwrap();
    admin.batch_execute("CREATE DATABASE rented OWNER landlord").unwrap();
    let mut admin = server.config("rented").connect(NoTls).unwrap();
    admin
        .batch_execute("CREATE EXTENSION dblink; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO landlord")
        .unwrap();
    let mut as_landlord = server.config("rented");
    // A member of the couriers' group must show a password.
    as_landlord.user("landlord").password("rent");
    let database = Database::new(as_landlord, Limits::default());
    database.migrate().unwrap();
    // Another role made those of this server, so that from PostgreSQL 16 on they are not this one's to grant.
    if let Err(refusal) = database.install_sql_interface() {
        assert!(matches!(refusal, PostgresError::Unsuitable { .. }), "{refusal}");
        assert!(refusal.to_string().contains("WITH ADMIN OPTION"), "{refusal}");
        admin
            .batch_execute("GRANT ruvector_courier TO landlord WITH ADMIN OPTION")
            .unwrap();
    }
    let ward = Ward::of(server, "rented".to_owned(), database);
    let _healing = Healing::start(&ward, config());
    let mut operator = log_in(&ward, "tenant", Some("ruvector_operator"));
    let configured = ask(
        &mut operator,
        "SELECT ruvector_healing_configure('{\"max_active\": 2}')",
    );
    assert_eq!(configured["max_active"], json!(2));
    let mut watch = ward.watch();
    ward.flood(9);
    watch.until("embeddings#1 completed");
}
