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
    summary_with(scenario, policy, seed, &[])
}

fn summary_with(scenario: &str, policy: &str, seed: u64, flags: &[&str]) -> Value {
    let seed = seed.to_string();
    let told = ["--scenario", scenario, "--policy", policy, "--seed", &seed, "--json"];
    let output = mock_cluster(&[&told, flags].concat());
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

/// Each strategy heals its scenario, verified at the first attempt, and nobody else does.
fn is_healed_by(scenario: &str, strategy: &str, flags: &[&str]) {
    for seed in 1..=3 {
        let healed = summary_with(scenario, "default", seed, flags);
        assert_eq!(healed["recovered"], true, "{scenario}, seed {seed}");
        assert_eq!(verified(&healed), 1, "{scenario}, seed {seed}");
        assert_eq!(healed["remediations"][0]["strategy"], strategy);
        let left_alone = summary(scenario, "none", seed);
        assert_eq!(left_alone["recovered"], false, "{scenario}, seed {seed}");
    }
}

#[test]
fn jobs_that_are_in_each_others_way_are_paused() {
    is_healed_by("maintenance-contention", "pause_maintenance", &[]);
}

#[test]
fn overfull_centroids_are_rebuilt() {
    is_healed_by("centroid-skew", "rebuild_centroids", &[]);
}

#[test]
fn reads_are_routed_past_a_lagging_replica() {
    is_healed_by("lagging-replica", "reroute_reads", &[]);
}

#[test]
fn cold_data_gives_way_to_a_bulk_load() {
    is_healed_by("memory-pressure", "evict_cold_data", &[]);
}

#[test]
fn fragmented_indexes_are_compacted_where_an_operator_approves_what_cannot_be_undone() {
    is_healed_by("fragmented-index", "compact_indexes", &["--approve"]);
}

#[test]
fn of_an_update_storm_the_hot_partition_is_healed_and_not_the_lag_that_it_brings_about() {
    is_healed_by("update-storm", "rebalance_partitions", &[]);
}

#[test]
fn what_moving_does_not_heal_is_throttled() {
    for seed in 1..=3 {
        let healed = summary("write-flood", "default", seed);
        assert_eq!(healed["recovered"], true, "seed {seed}");
        let strategies: Vec<_> = healed["remediations"].as_array().unwrap().iter().collect();
        let last = strategies.last().unwrap();
        assert_eq!(
            (&last["strategy"], &last["verified"]),
            (&"throttle_ingestion".into(), &true.into())
        );
        assert_eq!(summary("write-flood", "none", seed)["recovered"], false);
    }
}

#[test]
fn a_stuck_replica_waits_for_a_human_who_approves_its_fresh_copy() {
    let told = |arguments: &[&str]| String::from_utf8(mock_cluster(arguments).stdout).unwrap();
    let alone = told(&["--scenario", "stuck-replica"]);
    assert!(
        alone.contains("nothing here can treat replication_lag: a human is called"),
        "{alone}"
    );
    assert!(
        alone.contains("takes no part: see --approve") && alone.contains("still degraded"),
        "{alone}"
    );

    let approved = told(&["--scenario", "stuck-replica", "--approve"]);
    for part in [
        "copy 1 stalled replicas anew; this cannot be undone (resync_replica)",
        "is approved by the operator",
        "the cluster is well",
    ] {
        assert!(approved.contains(part), "{part} is missing in\n{approved}");
    }
}

#[test]
fn what_nothing_explains_is_left_to_a_human() {
    let output = mock_cluster(&["--scenario", "broken-disk"]);
    let story = String::from_utf8(output.stdout).unwrap();
    assert!(story.contains("unknown is left alone: nothing explains it"), "{story}");
    assert!(
        story.contains("a human is called") && story.contains("still degraded"),
        "{story}"
    );
}

#[test]
fn the_severity_and_the_time_of_the_fault_can_be_told() {
    let run = |severity: &str, after: &str| {
        let output = mock_cluster(&["--policy", "none", "--json", "--severity", severity, "--after", after]);
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON object")
    };
    let (mild, bad) = (run("0.3", "300"), run("1", "300"));
    assert_eq!(number(&mild["fault"], "after_seconds"), 300.0);
    assert_eq!(number(&mild["fault"], "severity"), 0.3);
    assert!(number(&bad, "lambda_lowest") < number(&mild, "lambda_lowest"));
    assert_eq!(mock_cluster(&["--severity", "2"]).status.code(), Some(2));
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
    for scenario in mock_cluster::Scenario::ALL {
        let run = || mock_cluster(&["--scenario", scenario.name(), "--approve", "--seed", "7", "--json"]).stdout;
        assert_eq!(run(), run(), "{}", scenario.name());
    }
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
        "because share of the healthy capacity around partition:",
        "because load of partition:",
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
fn the_original_policy_weighs_by_success_rate_times_one_plus_the_average_improvement() {
    for (scenario, seed) in [("write-flood", 1), ("write-flood", 2), ("hot-partition", 3)] {
        let run = summary(scenario, "original", seed);
        let remediations = run["remediations"].as_array().unwrap();
        assert!(!remediations.is_empty(), "{scenario}, seed {seed}");
        for (strategy, weight) in run["weights_after"].as_object().unwrap() {
            let tried: Vec<_> = remediations.iter().filter(|it| it["strategy"] == *strategy).collect();
            let mean = |value: &dyn Fn(&Value) -> f64| {
                tried.iter().map(|it| value(it)).sum::<f64>() / f64::from(u32::try_from(tried.len()).unwrap())
            };
            let improvement = |it: &Value| number(it, "lambda_after") / number(it, "lambda_before") - 1.0;
            let expected = if tried.is_empty() {
                1.0
            } else {
                mean(&|it| f64::from(u8::from(it["verified"] == true))) * (1.0 + mean(&improvement))
            };
            let weight = weight.as_f64().unwrap();
            assert!(
                (weight - expected).abs() < 1e-6,
                "{strategy}: {weight}, expected {expected}"
            );
        }
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
