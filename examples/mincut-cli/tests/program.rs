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

/// A square of weight 1, with a tail of weight 2 and one of weight 5.
const SQUARE: &str = "1 2 1\n2 3 1\n3 4 1\n4 1 1\n4 5 2\n5 6 5\n";

#[test]
fn all_minimum_cuts_are_counted_and_listed_with_the_edges_in_some() {
    let result = json(&run("all.txt", SQUARE, &["--all", "--json"]));
    assert_eq!((&result["value"], &result["count"]), (&2.into(), &7.into()));
    assert_eq!(result["cuts"].as_array().unwrap().len(), 7);
    assert!(result["cuts"].as_array().unwrap().iter().all(|cut| cut["value"] == 2));
    let edges = serde_json::json!([[1, 2, 1], [1, 4, 1], [2, 3, 1], [3, 4, 1], [4, 5, 2]]);
    assert_eq!(result["edges_in_some"], edges);
    let text = String::from_utf8(run("all.txt", SQUARE, &["--all"]).stdout).unwrap();
    assert!(text.contains("minimum cuts   7\n"), "{text}");
    assert!(text.contains("value 2  2 nodes  1 edges  side 5 6\n"), "{text}");
    assert!(text.contains("edges in some  5\n"), "{text}");
}

#[test]
fn more_cuts_than_can_be_listed_are_still_counted() {
    let ring: String = (1..=100).map(|node| format!("{node} {}\n", node % 100 + 1)).collect();
    let result = json(&run("ring.txt", &ring, &["--all", "--json"]));
    assert_eq!(result["count"], 4950);
    assert_eq!(result["cuts"].as_array().unwrap().len(), 1000);
}

#[test]
fn the_weakest_cuts_come_lightest_first() {
    let result = json(&run("weakest.txt", SQUARE, &["--weakest", "9", "--json"]));
    let values: Vec<_> = result["cuts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cut| &cut["value"])
        .collect();
    assert_eq!(values, [2, 2, 2, 2, 5]);
    let text = String::from_utf8(run("weakest.txt", SQUARE, &["--weakest", "2"]).stdout).unwrap();
    assert!(text.contains("weakest cuts   2\n"), "{text}");
}

#[test]
fn a_cut_between_two_nodes_goes_by_the_numbers_in_the_file() {
    let sparse = "10 20 4\n20 30 3\n30 70 9\n";
    let result = json(&run("st.txt", sparse, &["--st", "10", "70", "--json"]));
    assert_eq!(result["st"], serde_json::json!([10, 70]));
    assert_eq!(
        (&result["value"], &result["side"]),
        (&3.into(), &serde_json::json!([10, 20]))
    );
    assert_eq!(result["witness"], serde_json::json!([[20, 30, 3]]));
    let text = String::from_utf8(run("st.txt", sparse, &["--st", "70", "10"]).stdout).unwrap();
    assert!(text.contains("between        70 and 10\n"), "{text}");
}

#[test]
fn questions_that_make_no_sense_are_refused_with_exit_code_2_and_say_why() {
    for (options, reason) in [
        (&["--st", "1", "7"][..], "has no node 7"),
        (&["--st", "0", "1"], "has no node 0"),
        (&["--st", "2", "2"], "two different ones"),
        (&["--st", "1"], "2 values required"),
        (&["--st", "1", "x"], "invalid value 'x'"),
        (&["--weakest", "0"], "0 is not in 1.."),
        (&["--weakest", "-1"], "unexpected argument '-1'"),
        (&["--all", "--weakest", "2"], "cannot be used with"),
        (&["--all", "--st", "1", "2"], "cannot be used with"),
    ] {
        let output = run("refused.txt", SQUARE, options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(reason), "{options:?}: {message}");
    }
}

#[test]
fn a_graph_without_cuts_has_no_weakest_and_none_at_all() {
    let result = json(&run("none.txt", "1 1 5\n", &["--all", "--json"]));
    assert_eq!((&result["count"], result["value"].is_null()), (&0.into(), true));
    let result = json(&run("none.txt", "1 1 5\n", &["--weakest", "3", "--json"]));
    assert_eq!(result["cuts"], serde_json::json!([]));
    let text = String::from_utf8(run("none.txt", "1 1 5\n", &["--weakest", "3"]).stdout).unwrap();
    assert!(text.contains("fewer than two nodes"), "{text}");
}
