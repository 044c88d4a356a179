//! The program as it is run: what it prints, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs the program on a file with this content.
fn run(name: &str, content: &str, options: &[&str]) -> Output {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, content).unwrap();
    Command::new(env!("CARGO_BIN_EXE_mincut-cli"))
        .arg(file)
        .args(options)
        .output()
        .unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two triangles of weight 3, joined by two light edges.
const TRIANGLES: &str = "1 2 3\n2 3 3\n1 3 3\n4 5 3\n5 6 3\n4 6 3\n3 4 1\n1 6 1\n";

#[test]
fn json_has_the_promised_keys_and_counts_nodes_from_one() {
    let result = json(&run("keys.txt", TRIANGLES, &["--json"]));
    assert_eq!(result["nodes"], 6);
    assert_eq!(result["edges"], 8);
    assert_eq!(result["value"], 2);
    assert_eq!(result["side"], serde_json::json!([1, 2, 3]));
    assert_eq!(result["witness"], serde_json::json!([[1, 6, 1], [3, 4, 1]]));
    assert!(result["load_seconds"].is_f64() && result["solve_seconds"].is_f64());
}

#[test]
fn people_see_the_value_and_the_witness() {
    let output = run("people.txt", TRIANGLES, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("minimum cut    2\n"), "{text}");
    assert!(text.contains("    3 - 4  weight 1\n"), "{text}");
}

#[test]
fn a_single_node_has_no_cut() {
    let result = json(&run("single.txt", "1 1 5\n", &["--json"]));
    assert!(result["value"].is_null());
}

#[test]
fn a_format_can_be_forced() {
    let ring = "4 4\n2 4\n1 3\n2 4\n1 3\n";
    let result = json(&run("forced.txt", ring, &["--json", "--format", "edge-list"]));
    assert_eq!(result["value"], 0);
}

#[test]
fn a_malformed_file_is_blamed_by_line_with_exit_code_1() {
    let output = run("malformed.txt", "1 2\n2 x\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("malformed.txt: line 2: `x` is no node"), "{message}");
}

#[test]
fn wrong_arguments_have_exit_code_2() {
    assert_eq!(run("wrong.txt", TRIANGLES, &["--jsn"]).status.code(), Some(2));
    assert_eq!(run("wrong.txt", TRIANGLES, &["--format", "xml"]).status.code(), Some(2));
    let missing = Command::new(env!("CARGO_BIN_EXE_mincut-cli"))
        .arg("/no/such/file")
        .output();
    assert_eq!(missing.unwrap().status.code(), Some(2));
}
