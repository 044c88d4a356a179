//! The whole host: a hotspot is seen, scaling is approved by annotation, done, and shown.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use healing_core::HealingConfig;
use healing_core::number::Ratio;
use kubernetes_host::{Host, Settings};
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::fake_api::{FakeApi, Rollouts};
use crate::objects::{HEALING, READS, deployment, healing, path, usage};
use crate::observation::service;

/// The default, in a hurry.
fn quick() -> HealingConfig {
    let mut config = HealingConfig {
        sample_interval: Duration::from_millis(20),
        step_settle: Duration::ZERO,
        stabilisation: Duration::from_millis(100),
        min_improvement: Ratio::literal(0.05),
        ..HealingConfig::default()
    };
    config.monitor.baseline_samples = 3;
    config.monitor.hysteresis.cool_down = Duration::ZERO;
    config
}

fn settings() -> Settings {
    Settings {
        holder: "healer-0".to_owned(),
        store: None,
        config: quick(),
    }
}

fn cluster() -> FakeApi {
    let api = FakeApi::start(Rollouts::AtOnce);
    service(&api);
    api.put(READS, deployment(2));
    api.put(HEALING, healing());
    api
}

/// Shard 0 uses this much of its processor of one core.
fn load(api: &FakeApi, cpu: &str) {
    api.put(
        &path("metrics.k8s.io/v1beta1", "pods", "vectors-0"),
        usage("vectors-0", cpu, "256Mi"),
    );
}

fn status(api: &FakeApi) -> Value {
    api.get(HEALING).unwrap()["status"].clone()
}

fn awaited(api: &FakeApi) -> String {
    eventually("a remediation awaiting approval", || {
        status(api)["awaitingApproval"].as_str().map(str::to_owned)
    })
}

#[test]
fn a_hotspot_is_scaled_away_once_approved_by_annotation() {
    let api = cluster();
    let host = Host::start(&api.connection(), &settings()).unwrap();
    eventually("a healthy baseline", || {
        status(&api)["baseline"].as_str().map(str::to_owned)
    });
    load(&api, "1");
    let remediation = awaited(&api);
    assert_eq!(api.get(READS).unwrap()["spec"]["replicas"], 2);

    // Who approves is what the server notes of the client.
    let approval = json!({ "metadata": {
        "annotations": { "healing.example.com/approve": remediation },
        "managedFields": [{
            "manager": "kubectl-annotate",
            "operation": "Update",
            "fieldsType": "FieldsV1",
            "fieldsV1": { "f:metadata": { "f:annotations": { "f:healing.example.com/approve": {} } } },
        }],
    } });
    api.merge(HEALING, &approval);
    eventually("scaling", || {
        (api.get(READS).unwrap()["spec"]["replicas"] == 3).then_some(())
    });
    // The new replica takes reads off the shard.
    load(&api, "300m");
    let last = eventually("the remediation completing", || {
        let last = status(&api)["lastRemediation"].clone();
        (last["state"] == "completed").then_some(last)
    });
    assert_eq!(last["strategy"], "scale_replicas");
    assert_eq!(last["problem"], "hotspot_congestion");
    eventually("the order being answered", || {
        let object = api.get(HEALING).unwrap();
        let answer = object["status"]["lastOrder"].as_str()?.to_owned();
        let gone = object["metadata"]["annotations"]["healing.example.com/approve"].is_null();
        (gone && answer.contains("was approved by kubectl-annotate")).then_some(())
    });
    eventually("Events on the object", || {
        let events = api.objects("/events/");
        let reasons: Vec<&str> = events.iter().filter_map(|event| event["reason"].as_str()).collect();
        let told = ["Diagnosed", "AwaitingApproval", "Completed"]
            .iter()
            .all(|reason| reasons.contains(reason));
        let on_object = events.iter().all(|event| event["regarding"]["name"] == "vectors");
        (told && on_object).then_some(())
    });
    host.stop();
}

#[test]
fn an_order_that_cannot_be_carried_out_is_answered() {
    let api = cluster();
    let host = Host::start(&api.connection(), &settings()).unwrap();
    for (value, expected) in [
        ("vectors#99", "was not done"),
        ("others#1", "is not a remediation of vectors"),
        ("nonsense", "not of the form"),
    ] {
        let annotation = json!({ "metadata": { "annotations": { "healing.example.com/approve": value } } });
        api.merge(HEALING, &annotation);
        eventually(value, || {
            let answer = status(&api)["lastOrder"].as_str()?.to_owned();
            let object = api.get(HEALING).unwrap();
            let gone = object["metadata"]["annotations"]["healing.example.com/approve"].is_null();
            (gone && answer.contains(expected) && answer.contains(value)).then_some(())
        });
    }
    host.stop();
}

#[test]
fn a_rejected_remediation_scales_nothing() {
    let api = cluster();
    let host = Host::start(&api.connection(), &settings()).unwrap();
    eventually("a healthy baseline", || {
        status(&api)["baseline"].as_str().map(str::to_owned)
    });
    load(&api, "1");
    let remediation = awaited(&api);
    let rejection = json!({ "metadata": { "annotations": { "healing.example.com/reject": remediation } } });
    api.merge(HEALING, &rejection);
    eventually("the rejection", || {
        (status(&api)["lastRemediation"]["state"] == "rejected").then_some(())
    });
    assert_eq!(api.get(READS).unwrap()["spec"]["replicas"], 2);
    host.stop();
}

#[test]
fn what_is_ordered_while_the_watch_is_down_is_found_afterwards() {
    let api = cluster();
    let host = Host::start(&api.connection(), &settings()).unwrap();
    api.forget_history();
    let annotation = json!({ "metadata": { "annotations": { "healing.example.com/abort": "vectors#7" } } });
    api.merge(HEALING, &annotation);
    eventually("an answer", || {
        status(&api)["lastOrder"]
            .as_str()
            .filter(|answer| answer.contains("vectors#7"))
            .map(|_| ())
    });
    host.stop();
}

#[test]
fn a_host_stops_without_waiting_for_the_next_sample_or_look_at_its_status() {
    let api = cluster();
    let mut settings = settings();
    settings.config.sample_interval = Duration::from_secs(86_400);
    let host = Host::start(&api.connection(), &settings).unwrap();
    let (stopped, stops) = channel();
    thread::spawn(move || {
        host.stop();
        stopped.send(()).unwrap();
    });
    // Half of what it would take to look at the status once more.
    stops
        .recv_timeout(Duration::from_secs(30))
        .expect("the host has stopped");
}
