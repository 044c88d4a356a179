//! DIMACS graph files: `p KIND NODES EDGES`, then `e U V [WEIGHT]` or `a U V [WEIGHT]`.
//!
//! Nodes are counted from 1, a missing weight is 1, `c` begins a comment, and `n` lines (sources
//! and sinks of flow problems) are passed over. The graph is undirected: lines that join the same
//! two nodes add up, whichever end they name first.

use crate::error::{ParseError, Problem};
use crate::graph_file::{GraphFile, NodeNumbers};
use crate::lines::{Line, lines, shown};

/// A header can promise any number of nodes in a few bytes; this many are believed.
const MOST_NODES: u32 = 100_000_000;

struct Header {
    line: usize,
    nodes: u32,
    edges: u64,
}

impl Header {
    /// The line's `p` has been read.
    fn parse(mut line: Line<'_>) -> Result<Self, ParseError> {
        // The kind (`edge`, `col`, `sp`, `max`, `cut`) does not matter; some files have none.
        let mut after_kind = line.clone();
        let kind = after_kind.field();
        if kind.is_some_and(|kind| !kind[0].is_ascii_digit()) {
            line = after_kind;
        }
        let nodes = line.number("number of nodes", u64::MAX)?;
        if nodes > u64::from(MOST_NODES) {
            return Err(Problem::TooManyNodes {
                nodes,
                most: MOST_NODES,
            }
            .at(line.number));
        }
        let edges = line.number("number of edges", u64::MAX)?;
        line.end()?;
        Ok(Self {
            line: line.number,
            nodes: nodes as u32,
            edges,
        })
    }
}

pub(crate) fn parse(file: &[u8]) -> Result<GraphFile, ParseError> {
    let mut header: Option<Header> = None;
    let mut edges = Vec::new();
    let mut last_line = 1;
    for mut line in lines(file) {
        last_line = line.number;
        let number = line.number;
        match line.field() {
            None | Some(b"n") => {}
            Some(comment) if comment[0] == b'c' => {}
            Some(b"p") if header.is_some() => return Err(Problem::SecondHeader.at(number)),
            Some(b"p") => header = Some(Header::parse(line)?),
            Some(b"e" | b"a") => {
                let header = header.as_ref().ok_or(Problem::EdgeBeforeHeader.at(number))?;
                let u = node(&mut line, header.nodes)?;
                let v = node(&mut line, header.nodes)?;
                let weight = line.optional_number("weight", u64::MAX)?.unwrap_or(1);
                line.end()?;
                edges.push((u, v, weight));
            }
            Some(other) => {
                return Err(Problem::UnknownLine { found: shown(other) }.at(number));
            }
        }
    }
    let expected = "a DIMACS file has a line `p KIND NODES EDGES`";
    let header = header.ok_or(Problem::NoHeader { expected }.at(last_line))?;
    let found = edges.len() as u64;
    if found != header.edges {
        let problem = Problem::WrongEdgeCount {
            expected: header.edges,
            found,
        };
        return Err(problem.at(header.line));
    }
    Ok(GraphFile {
        edges,
        numbers: NodeNumbers::Consecutive(header.nodes),
    })
}

/// A node counted from 1 in the file, from 0 in what is returned.
fn node(line: &mut Line<'_>, nodes: u32) -> Result<u32, ParseError> {
    let number = line.number("node", u64::MAX)?;
    if number == 0 || number > u64::from(nodes) {
        return Err(Problem::NoSuchNode { node: number, nodes }.at(line.number));
    }
    Ok((number - 1) as u32)
}
