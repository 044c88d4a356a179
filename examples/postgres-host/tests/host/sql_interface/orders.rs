//! What an operator orders, and what becomes of it.

use postgres::Client;
use postgres::error::SqlState;
use serde_json::{Value, json};

use super::{ask, code, complaint};
use crate::healers::{Healing, Ward, config};
use crate::world;

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

/// What passes for a healer: it does what a desk does when it begins, and nothing more.
fn pretender(ward: &Ward<'_>, holder: &str) -> Client {
    let mut client = ward.client();
    let began = format!(
        "SELECT pg_advisory_lock_shared(1751474540, 3);
         INSERT INTO ruvector.healing_healers (holder, backend_pid, watches) VALUES ('{holder}', pg_backend_pid(), '{{embeddings}}')"
    );
    client.batch_execute(&began).unwrap();
    client
}

/// A healer that takes an order and hangs, or never takes it.
#[test]
fn an_order_that_nobody_answers_ends_in_an_error_that_says_what_became_of_it() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut healer = pretender(&ward, "asleep");
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
    let error = std::thread::scope(|scope| {
        let call = scope.spawn(move || complaint(&mut client, "SELECT ruvector_healing_trigger('embeddings')"));
        let take = "UPDATE ruvector.healing_commands SET state = 'taken', taken_by = 'asleep' WHERE state = 'given'";
        world::eventually("the order comes", || healer.execute(take, &[]).unwrap() == 1);
        // It dies with the order in its hands: the caller is told at once.
        drop(healer);
        call.join().unwrap()
    });
    assert_eq!(error.code().code(), "RH004");
    assert!(error.message().contains("asleep"), "{error:?}");
}

#[test]
fn an_order_that_is_lost_on_its_way_says_whether_it_may_have_been_carried_out() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let mut healer = pretender(&ward, "mute");
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
