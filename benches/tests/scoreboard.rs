//! The scoreboard as a program.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const FIELDS: [&str; 11] = [
    "policy",
    "incidents",
    "recovered_share",
    "median_recovery_s",
    "p95_recovery_s",
    "degraded_share",
    "actions",
    "undone",
    "harm_events",
    "false_remediations",
    "failed_requests",
];

/// Two incidents: what is printed as JSON, and the page.
fn scoreboard(directory: &TempDir) -> (Vec<u8>, PathBuf) {
    let page = directory.path().join("page.html");
    let output = Command::new(env!("CARGO_BIN_EXE_scoreboard"))
        .args(["--seed", "5", "--incidents", "2", "--json", "--report"])
        .arg(&page)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (output.stdout, page)
}

#[test]
fn it_is_the_same_each_time_and_its_page_stands_alone_and_is_drawn() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (json, path) = scoreboard(&one);
    let (same_json, same_path) = scoreboard(&other);
    assert!(json == same_json);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page == std::fs::read_to_string(same_path).unwrap());

    let rows: Value = serde_json::from_slice(&json).unwrap();
    let rows = rows.as_array().unwrap();
    let policies: Vec<_> = rows.iter().map(|row| row["policy"].as_str().unwrap()).collect();
    assert_eq!(policies, ["none", "original", "default"]);
    for row in rows {
        for field in FIELDS {
            assert!(row.get(field).is_some(), "{field} in {row}");
        }
    }

    for forbidden in ["<script", "https://", "@import", "<link", " src="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    is_drawn(&path);
}

/// A browser makes a picture of the page.
fn is_drawn(page: &std::path::Path) {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(chromium) = names
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
    else {
        assert!(std::env::var_os("CI").is_none(), "CI=true needs Chromium");
        eprintln!("SKIPPED: no chromium on this machine, so nobody has looked at the page");
        return;
    };
    // The page itself has no script; this copy says what is drawn.
    let measuring = "<script>document.title = [...document.querySelectorAll('polyline, table')]\
                     .filter(it => it.getBoundingClientRect().width > 1).length</script></body>";
    let copy = page.with_file_name("measured.html");
    let text = std::fs::read_to_string(page).unwrap().replace("</body>", measuring);
    std::fs::write(&copy, text).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&copy)
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    // A line for each policy, and two tables.
    assert!(dom.contains("<title>5</title>"), "{output:?}");
}
