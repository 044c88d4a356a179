//! The report is a page of its own that shows what happened.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Writes the report of a scenario.
fn report(directory: &TempDir, arguments: &[&str]) -> PathBuf {
    told(directory, arguments).0
}

/// The report of a scenario, and what was printed beside it.
fn told(directory: &TempDir, arguments: &[&str]) -> (PathBuf, Vec<u8>) {
    let path = directory.path().join("report.html");
    let output = Command::new(env!("CARGO_BIN_EXE_mock-cluster"))
        .args(arguments)
        .arg("--report")
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (path, output.stdout)
}

#[test]
fn it_needs_nothing_from_anywhere_and_runs_no_script() {
    let directory = tempfile::tempdir().unwrap();
    let page = std::fs::read_to_string(report(&directory, &[])).unwrap();
    for forbidden in ["<script", "http://", "https://", "@import", "<link", " src="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
}

#[test]
fn the_same_seed_gives_the_same_page() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pages = [&one, &other].map(|directory| std::fs::read(report(directory, &["--seed", "7"])).unwrap());
    assert!(pages[0] == pages[1]);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_mock-cluster"))
        .args(["--scenario", "quiet", "--report", "/nonexistent/report.html"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("the report cannot be written to /nonexistent/report.html"),
        "{message}"
    );
}

#[test]
fn a_browser_draws_every_part_of_it() {
    let Some(chromium) = chromium() else {
        assert!(std::env::var_os("CI").is_none(), "CI=true needs Chromium");
        eprintln!("SKIPPED: no chromium on this machine, so nobody has looked at the report");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let (path, story) = told(&directory, &["--scenario", "stuck-replica", "--approve", "--json"]);
    let story: Value = serde_json::from_slice(&story).unwrap();
    let remediations = story["remediations"].as_array().unwrap().len();
    assert!(remediations > 1, "{story}");
    for (id, at_least) in [
        ("lambda-line", 1),
        ("baseline", 1),
        ("stress-threshold", 1),
        ("critical-threshold", 1),
        ("fault", 1),
        ("remediations", 1),
        ("outcomes", 1),
        ("weights", 1),
        ("weakest", 1),
        (".remediation", remediations),
        (".end", remediations),
        (".weight", 1),
        (".state", 1),
    ] {
        let drawn = drawn(&chromium, &path, id);
        assert!(drawn.len() >= at_least, "{id}: {drawn:?}");
        for (width, height) in drawn {
            assert!(width + height > 1.0, "{id} is {width} by {height}");
        }
    }
}

/// The sizes of what a browser draws for an id, or for a class that begins with a dot.
fn drawn(chromium: &str, page: &Path, part: &str) -> Vec<(f64, f64)> {
    let selector = match part.strip_prefix('.') {
        Some(class) => format!(".{class}"),
        None => format!("#{part}"),
    };
    // The page itself has no script; this copy measures what is drawn and leaves that where it can be read.
    let measuring = format!(
        "<script>document.title = JSON.stringify([...document.querySelectorAll('{selector}')].map(it => it.getBoundingClientRect())\
         .map(it => [it.width, it.height]))</script></body>"
    );
    let copy = page.with_file_name("measured.html");
    let text = std::fs::read_to_string(page).unwrap().replace("</body>", &measuring);
    std::fs::write(&copy, text).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&copy)
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let title = dom
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .unwrap_or_else(|| panic!("{output:?}"))
        .0;
    let sizes: Value = serde_json::from_str(title).unwrap();
    let sizes = sizes.as_array().unwrap().iter();
    sizes
        .map(|it| (it[0].as_f64().unwrap(), it[1].as_f64().unwrap()))
        .collect()
}

fn chromium() -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let present = |name: &String| Command::new(name).arg("--version").output().is_ok();
    names.into_iter().find(present)
}
