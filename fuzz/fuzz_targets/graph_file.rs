//! Arbitrary bytes, as graph files of every format: read or refused with a line number, never a panic.

#![no_main]

use healing_mincut::minimum_cut;
use libfuzzer_sys::fuzz_target;
use mincut_cli::{Format, parse};

/// A header can promise more nodes than are worth solving for here.
const MOST_NODES: u32 = 10_000;

fuzz_target!(|data: &[u8]| {
    let lines = data.split(|&byte| byte == b'\n').count();
    let detected = Format::detect(data);
    for format in [Format::Metis, Format::Dimacs, Format::EdgeList] {
        let file = match parse(data, format) {
            Ok(file) => file,
            Err(error) => {
                assert!((1..=lines).contains(&error.line), "{error}");
                assert!(error.to_string().starts_with("line "));
                continue;
            }
        };
        for &(u, v, _) in &file.edges {
            assert!(u < file.nodes() && v < file.nodes());
            assert_eq!(file.numbers.node(file.numbers.number(u)), Some(u));
        }
        if format != detected || file.nodes() > MOST_NODES {
            continue;
        }
        if let Ok(graph) = file.to_graph() {
            assert_eq!(minimum_cut(&graph).is_some(), graph.nodes() >= 2);
        }
    }
});
