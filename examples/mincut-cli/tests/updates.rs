//! Streams of updates, as the program replays them.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Two triangles of weight 3, joined by two light edges.
const TRIANGLES: &str = "1 2 3\n2 3 3\n1 3 3\n4 5 3\n5 6 3\n4 6 3\n3 4 1\n1 6 1\n";
/// One bridge goes; the other grows, until a corner is the weakest; the first bridge is back.
const STREAM: &str = "# bridges\n1 6 -1\n\n3 4 +2 0.5\n3 4 +9\n6 1 +1 1.5\n";

/// Replays a stream on a graph, each in a file of its own.
fn replay(name: &str, graph: &str, stream: &str, options: &[&str]) -> Output {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (graph_file, stream_file) = (
        directory.join(format!("{name}.graph")),
        directory.join(format!("{name}.stream")),
    );
    std::fs::write(&graph_file, graph).unwrap();
    std::fs::write(&stream_file, stream).unwrap();
    Command::new(env!("CARGO_BIN_EXE_mincut-cli"))
        .arg(graph_file)
        .arg("--updates")
        .arg(stream_file)
        .args(options)
        .output()
        .unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_value_is_printed_after_each_update() {
    assert_eq!(text(replay("values", TRIANGLES, STREAM, &[])), "1\n3\n6\n6\n");
}

#[test]
fn a_quiet_replay_prints_the_last_value_a_hash_and_the_time() {
    let text = text(replay("quiet", TRIANGLES, STREAM, &["--quiet"]));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0], "updates        4");
    assert_eq!(lines[1], "minimum cut    6");
    assert_eq!(lines[2], "hash           381e915415d22b1b");
    assert!(
        lines[3].starts_with("mean update    ") && lines[3].ends_with(" us"),
        "{text}"
    );
}

#[test]
fn json_has_the_promised_keys() {
    let text = text(replay("json", TRIANGLES, STREAM, &["--json"]));
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["nodes"], 6);
    assert_eq!(result["edges"], 8);
    assert_eq!(result["updates"], 4);
    assert_eq!(result["value"], 6);
    assert_eq!(result["values"], serde_json::json!([1, 3, 6, 6]));
    assert_eq!(result["hash"], "381e915415d22b1b");
    assert!(result["mean_seconds"].is_f64());
}

#[test]
fn quiet_json_has_no_values() {
    let text = text(replay("quiet-json", TRIANGLES, STREAM, &["--json", "--quiet"]));
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["value"], 6);
    assert!(result.get("values").is_none());
}

#[test]
fn an_empty_stream_leaves_the_value_of_the_graph() {
    assert_eq!(text(replay("empty", TRIANGLES, "", &[])), "");
    let quiet = text(replay("empty-quiet", TRIANGLES, "", &["--quiet"]));
    assert!(
        quiet.contains("minimum cut    2\nhash           cbf29ce484222325\n"),
        "{quiet}"
    );
}

#[test]
fn nodes_are_called_what_the_graph_file_calls_them() {
    let ring = "10 20 4\n20 30 4\n30 10 4\n";
    assert_eq!(text(replay("names", ring, "30 10 -3\n20 30 -4\n", &[])), "5\n1\n");
    let output = replay("no-name", ring, "10 20 +1\n10 11 +1\n", &[]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("no-name.stream: line 2: there is no node 11"),
        "{message}"
    );
}

#[test]
fn a_line_that_cannot_be_done_is_named_with_exit_code_1() {
    for (name, stream, expected) in [
        ("malformed", "1 2 +1\n\n1 2 up\n", "line 3: `up` is no change of weight"),
        (
            "too-light",
            "2 3 -1\n2 3 -3\n",
            "line 2: the edge from 2 to 3 has weight 2",
        ),
        ("no-edge", "# none\n1 5 -1\n", "line 2: there is no edge from 1 to 5"),
        ("loop", "4 4 +1\n", "line 1: an edge from node 4 to itself"),
    ] {
        let output = replay(name, TRIANGLES, stream, &[]);
        assert_eq!(output.status.code(), Some(1));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn quiet_is_for_replays_only() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lonely.graph");
    std::fs::write(&file, TRIANGLES).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mincut-cli"))
        .arg(file)
        .arg("--quiet")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
