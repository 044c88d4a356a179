//! The program, as a user calls it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use serde_json::Value;

fn mock_cluster(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mock-cluster"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn summary(scenario: &str, policy: &str, seed: u64) -> Value {
    let output = mock_cluster(&[
        "--scenario",
        scenario,
        "--policy",
        policy,
        "--seed",
        &seed.to_string(),
        "--json",
    ]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn number(summary: &Value, key: &str) -> f64 {
    summary[key].as_f64().expect(key)
}

fn verified(summary: &Value) -> usize {
    let remediations = summary["remediations"].as_array().unwrap();
    remediations
        .iter()
        .filter(|remediation| remediation["verified"] == true)
        .count()
}

fn a_hot_partition_degrades_and_only_healing_brings_it_back(seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let none = summary("hot-partition", "none", seed);
        assert_eq!(none["recovered"], false, "seed {seed}");
        assert!(
            number(&none, "lambda_final") < number(&none, "stress_threshold"),
            "seed {seed}"
        );
        assert!(none["remediations"].as_array().unwrap().is_empty());

        let healed = summary("hot-partition", "default", seed);
        assert_eq!(healed["recovered"], true, "seed {seed}");
        assert!(
            number(&healed, "lambda_lowest") < 0.6 * number(&healed, "lambda_initial"),
            "seed {seed}"
        );
        assert!(
            number(&healed, "lambda_final") > number(&healed, "stress_threshold"),
            "seed {seed}"
        );
        assert_eq!(verified(&healed), 1, "seed {seed}");
        let remediation = &healed["remediations"][0];
        assert_eq!(remediation["problem"], "hotspot_congestion");
        assert_eq!(remediation["strategy"], "rebalance_partitions");
        assert!(remediation["steps"].as_u64().unwrap() > 0);
        let weight = |when: &str| healed[when]["rebalance_partitions"].as_f64().unwrap();
        assert!(weight("weights_after") > weight("weights_before"), "seed {seed}");
    }
}

#[test]
fn a_hot_partition_is_healed_for_seeds_1_to_10() {
    a_hot_partition_degrades_and_only_healing_brings_it_back(1..=10);
}

#[test]
fn a_hot_partition_is_healed_for_seeds_11_to_20() {
    a_hot_partition_degrades_and_only_healing_brings_it_back(11..=20);
}

#[test]
fn jobs_that_are_in_each_others_way_are_paused() {
    for seed in 1..=3 {
        let healed = summary("maintenance-contention", "default", seed);
        assert_eq!(healed["recovered"], true, "seed {seed}");
        assert_eq!(verified(&healed), 1, "seed {seed}");
        assert_eq!(healed["remediations"][0]["strategy"], "pause_maintenance");
        assert_eq!(
            summary("maintenance-contention", "none", seed)["recovered"],
            false,
            "seed {seed}"
        );
    }
}

#[test]
fn what_nothing_treats_is_left_to_a_human() {
    let output = mock_cluster(&["--scenario", "lagging-replica"]);
    let story = String::from_utf8(output.stdout).unwrap();
    assert!(
        story.contains("nothing here can treat replication_lag: a human is called"),
        "{story}"
    );
    assert!(story.contains("still degraded"), "{story}");
}

#[test]
fn nothing_is_done_about_nothing() {
    for policy in ["default", "original"] {
        let quiet = summary("quiet", policy, 5);
        assert!(quiet["remediations"].as_array().unwrap().is_empty());
        assert_eq!(
            (&quiet["fault"], &quiet["recovered"]),
            (&Value::Null, &Value::Bool(true))
        );
    }
}

#[test]
fn the_same_arguments_give_the_same_bytes_and_another_seed_gives_others() {
    for policy in ["default", "original", "none"] {
        let run = |seed| mock_cluster(&["--policy", policy, "--seed", seed, "--json"]).stdout;
        assert_eq!(run("7"), run("7"));
        assert_ne!(run("7"), run("8"));
    }
}

#[test]
fn the_story_names_the_fault_the_diagnosis_the_plan_each_step_and_the_verification() {
    let output = mock_cluster(&[]);
    let story = String::from_utf8(output.stdout).unwrap();
    for part in [
        "FAULT: clients turn to partition",
        "state normal -> ",
        "diagnosis: hotspot_congestion",
        "because partition_link edges in the witness",
        "plan embeddings#1: move",
        "predicted: lambda",
        "step 1/",
        "measured: lambda",
        "embeddings#1: verified, lambda rose by",
        "the cluster is well",
        "weight   rebalance_partitions",
    ] {
        assert!(story.contains(part), "{part} is missing in\n{story}");
    }
}

#[test]
fn scenarios_are_listed() {
    let output = mock_cluster(&["--list"]);
    let list = String::from_utf8(output.stdout).unwrap();
    for scenario in mock_cluster::Scenario::ALL {
        assert!(
            list.contains(scenario.name()) && list.contains(scenario.description()),
            "{list}"
        );
    }
}

#[test]
fn wrong_arguments_give_a_message_and_exit_code_2() {
    for (arguments, message) in [
        (
            &["--scenario", "no-such"][..],
            "there is no such scenario; there are hot-partition",
        ),
        (&["--seed", "x"], "invalid value 'x'"),
        (&["--policy", "best"], "possible values: default, original, none"),
        (&["--colour"], "unexpected argument"),
    ] {
        let output = mock_cluster(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}
