//! The three formats: what they mean, how they are told apart, and which line is blamed.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use mincut_cli::{Format, GraphFile, NodeNumbers, parse};

fn read(file: &str) -> GraphFile {
    parse(file.as_bytes(), Format::detect(file.as_bytes())).unwrap()
}

/// The message for a file that breaks the format it is detected as.
fn complaint(file: &str) -> String {
    parse(file.as_bytes(), Format::detect(file.as_bytes()))
        .unwrap_err()
        .to_string()
}

const TRIANGLE: [(u32, u32, u64); 3] = [(0, 1, 5), (0, 2, 6), (1, 2, 7)];

#[test]
fn the_same_triangle_in_every_format_is_the_same_graph() {
    for file in [
        "3 3 1\n2 5 3 6\n1 5 3 7\n1 6 2 7\n",
        "% comment\n3 3 001\n2 5 3 6\n% another\n1 5 3 7\n1 6 2 7",
        "3 3 011 2\n9 9 2 5 3 6\n9 9 1 5 3 7\n9 9 1 6 2 7\n",
        "c comment\np edge 3 3\ne 1 2 5\ne 1 3 6\ne 2 3 7\n",
        "p max 3 3\nn 1 s\nn 3 t\na 1 2 5\na 1 3 6\na 2 3 7\n",
        "# comment\n1 2 5\n1 3 6\n\n2 3 7\n",
        "1\t2\t5\r\n1 3 6\r\n2 3 7\r\n",
    ] {
        assert_eq!(read(file).nodes(), 3, "{file}");
        assert_eq!(read(file).edges, TRIANGLE, "{file}");
    }
}

#[test]
fn a_missing_weight_is_one() {
    for file in ["2 1\n2\n1\n", "p edge 2 1\ne 1 2\n", "1 2\n"] {
        assert_eq!(read(file).edges, [(0, 1, 1)], "{file}");
    }
}

#[test]
fn an_unweighted_ring_in_metis_form_is_not_taken_for_an_edge_list() {
    let file = "4 4\n2 4\n1 3\n2 4\n1 3\n";
    assert_eq!(Format::detect(file.as_bytes()), Format::Metis);
}

#[test]
fn an_edge_list_that_begins_like_a_header_stays_an_edge_list() {
    let file = "4 4\n2 4\n1 3\n2 4\n1 2\n";
    assert_eq!(Format::detect(file.as_bytes()), Format::EdgeList);
}

#[test]
fn a_metis_node_without_neighbours_has_an_empty_line() {
    let file = read("4 1\n3\n\n1\n\n");
    assert_eq!((file.nodes(), file.edges), (4, vec![(0, 2, 1)]));
}

#[test]
fn sparse_numbers_of_an_edge_list_are_kept_as_names() {
    let file = read("10 4000000000\n7 10\n");
    assert_eq!(file.numbers, NodeNumbers::Listed(vec![7, 10, 4_000_000_000]));
    assert_eq!(file.edges, [(1, 2, 1), (0, 1, 1)]);
    assert_eq!((file.numbers.node(10), file.numbers.node(8)), (Some(1), None));
}

#[test]
fn an_edge_list_with_a_node_zero_is_printed_from_one() {
    let file = read("0 1\n1 2\n");
    assert_eq!(file.numbers, NodeNumbers::Consecutive(3));
    let file = read("0 5\n");
    assert_eq!(file.numbers, NodeNumbers::Listed(vec![1, 6]));
}

#[test]
fn the_line_at_fault_is_named_with_what_is_wrong() {
    for (file, line, problem) in [
        ("# edges\n1 2\n1 x\n", 3, "`x` is no node"),
        ("1 2 3\n1 2 3 4\n1 3\n2 3\n", 2, "`4` is too much"),
        ("1 2\n1 3\n1\n2 3\n", 3, "the node is missing"),
        ("1 2 -3\n", 1, "`-3` is no weight"),
        ("1 99999999999999999999\n", 1, "is no node"),
        ("p edge 2 1\ne 1 3\n", 2, "there is no node 3"),
        ("p edge 2 1\ne 0 1\n", 2, "there is no node 0"),
        ("p edge 2 2\ne 1 2\n", 1, "says 2 edges, but there are 1"),
        ("e 1 2\n", 1, "before the `p` line"),
        ("p edge 2 0\np edge 2 0\n", 2, "second `p` line"),
        ("p edge 2 1\nedge 1 2\n", 2, "not with `edge`"),
        ("c nothing\n", 1, "without a header"),
        ("p edge 4000000000 0\n", 1, "are too many"),
        ("3 3 1\n2 5 3 6\n1 5 3 7\n1 6 2\n", 4, "the edge weight is missing"),
        (
            "3 3 1\n2 5 3 6\n1 5 3 8\n1 6 2 7\n",
            4,
            "from node 3 to node 2 with weight 7",
        ),
        ("4 3\n2 3 4\n1\n1\n5\n", 5, "there is no node 5"),
        ("4 4\n2 3 4\n1\n1\n1\n", 1, "says 4 edges, but there are 3"),
        (
            "5 3\n2 3 4 5\n1\n1\n1\n",
            1,
            "says 5 nodes, one a line, but there are 4",
        ),
        ("3 2 7\n2\n1 3\n2\n", 1, "`7` is no format"),
    ] {
        let found = complaint(file);
        assert!(found.starts_with(&format!("line {line}: ")), "{file:?}: {found}");
        assert!(found.contains(problem), "{file:?}: {found}");
    }
}

#[test]
fn an_empty_file_is_a_graph_without_nodes() {
    assert_eq!(read("").nodes(), 0);
    assert_eq!(read("# nothing\n\n").nodes(), 0);
}

#[test]
fn bytes_that_are_no_text_are_an_error_like_any_other() {
    let file = b"1 2\n\xff\xfe 3\n";
    assert_eq!(parse(file, Format::detect(file)).unwrap_err().line, 2);
}
