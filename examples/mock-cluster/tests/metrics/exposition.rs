//! What `/metrics` says.

use std::process::{Command, Stdio};

use std::io::Write;

use crate::processes::{eventually, free_address, get, serving};

/// The names of the seed document, and those that its alerts read.
const SEED: [&str; 10] = [
    "ruvector_healing_attempts_total{collection=\"embeddings\",strategy=\"rebalance_partitions\"}",
    "ruvector_healing_success_total{collection=\"embeddings\",strategy=\"rebalance_partitions\"}",
    "ruvector_healing_duration_seconds{collection=\"embeddings\",strategy=\"rebalance_partitions\",quantile=\"0.99\"}",
    "ruvector_healing_active{collection=\"embeddings\"}",
    "ruvector_healing_cooldown{collection=\"embeddings\"}",
    "ruvector_healing_success_rate{collection=\"embeddings\"}",
    "ruvector_healing_avg_improvement{collection=\"embeddings\"}",
    "ruvector_healing_time_to_recovery_seconds{collection=\"embeddings\"}",
    "ruvector_healing_enabled{collection=\"embeddings\"}",
    "ruvector_integrity_state{collection=\"embeddings\"}",
];

/// The value of a series.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(series))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn before_anything_was_done_counters_are_0_and_rates_over_nothing_are_no_number() {
    let address = free_address();
    let _serving = serving("quiet", &address);
    // A scrape in the middle of the first tick sees some of them, and some that say nothing yet.
    let first = eventually("the first metrics", || {
        get(&address, "/metrics").filter(|metrics| value(metrics, SEED[5]).is_some_and(f64::is_nan))
    });
    assert_eq!(value(&first, SEED[0]), Some(0.0));
}

#[test]
fn the_seeds_series_are_there_and_move_as_the_cluster_is_healed() {
    let address = free_address();
    let _serving = serving("hot-partition", &address);
    // A scrape may come between one series and the next: what is looked for is one with all of it.
    let is = |metrics: &str, series: usize, right: fn(f64) -> bool| value(metrics, SEED[series]).is_some_and(right);
    let late = eventually("the remediation being verified", || {
        get(&address, "/metrics").filter(|metrics| {
            is(metrics, 1, |successes| successes == 1.0)
                && is(metrics, 2, |seconds| seconds > 10.0)
                && is(metrics, 5, |rate| rate == 1.0)
                && is(metrics, 6, |improvement| improvement > 0.1)
        })
    });
    for series in SEED {
        assert!(value(&late, series).is_some(), "{series} in\n{late}");
    }
    assert_eq!(value(&late, SEED[0]), Some(1.0));
}

#[test]
fn promtool_finds_nothing_wrong_with_the_exposition() {
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(std::env::var_os("CI").is_none(), "CI=true needs promtool");
        eprintln!("SKIPPED: no promtool on this machine");
        return;
    };
    let address = free_address();
    let _serving = serving("quiet", &address);
    let metrics = eventually("the first metrics", || {
        get(&address, "/metrics").filter(|metrics| metrics.contains(SEED[0]))
    });
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
