//! The whole host: orders come by annotation and are answered.

use std::time::Duration;

use healing_core::HealingConfig;
use healing_core::number::Ratio;
use kubernetes_host::{Host, Settings};
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::fake_api::{FakeApi, Rollouts};
use crate::objects::{HEALING, READS, deployment, healing};
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

fn status(api: &FakeApi) -> Value {
    api.get(HEALING).unwrap()["status"].clone()
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
