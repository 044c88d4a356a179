//! METIS graph files, as described in the METIS manual, section 4.1.1.
//!
//! A header `nodes edges [format [weights a node]]`, then one line a node that lists its neighbours
//! (counted from 1), each followed by the edge's weight if the format's last digit is 1. Every edge
//! stands in the lines of both its ends. A node without neighbours has an empty line; `%` begins a
//! comment line.

use crate::error::{ParseError, Problem};
use crate::graph_file::{GraphFile, NodeNumbers};
use crate::lines::{LARGEST_NODE, Line, lines, shown};

/// What the header says.
struct Header {
    nodes: u32,
    edges: u64,
    /// Numbers before the first neighbour in each line: its size and its weights.
    skipped: u64,
    weighted: bool,
}

impl Header {
    fn parse(mut line: Line<'_>) -> Result<Self, ParseError> {
        let nodes = line.number("number of nodes", LARGEST_NODE)? as u32;
        let edges = line.number("number of edges", u64::MAX)?;
        let format_line = line.number;
        let format = line.field().unwrap_or(b"0");
        let [sizes, node_weights, weighted] =
            digits(format).ok_or_else(|| Problem::UnknownMetisFormat { found: shown(format) }.at(format_line))?;
        let weights_a_node = line.optional_number("number of weights a node", u64::from(u32::MAX))?;
        line.end()?;
        let node_weights = if node_weights { weights_a_node.unwrap_or(1) } else { 0 };
        Ok(Self {
            nodes,
            edges,
            skipped: u64::from(sizes) + node_weights,
            weighted,
        })
    }
}

/// The format's three digits; leading zeros may be missing.
fn digits(format: &[u8]) -> Option<[bool; 3]> {
    let mut padded = [b'0'; 3];
    let start = padded.len().checked_sub(format.len())?;
    padded[start..].copy_from_slice(format);
    let known = padded.iter().all(|digit| matches!(digit, b'0' | b'1'));
    known.then(|| padded.map(|digit| digit == b'1'))
}

/// Lines that are no comments.
pub(crate) fn rows(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    lines(file).filter(|line| !line.starts_with(b'%'))
}

pub(crate) fn parse(file: &[u8]) -> Result<GraphFile, ParseError> {
    // The header is the first line that says anything; after it, empty lines count.
    let mut rows = rows(file).skip_while(Line::is_blank);
    let expected = "a METIS file begins with `nodes edges [format]`";
    let header_line = rows.next().ok_or(Problem::NoHeader { expected }.at(1))?;
    let header_number = header_line.number;
    let header = Header::parse(header_line)?;

    // Every edge twice, as `(smaller end, larger end, weight)`: seen from each of its ends.
    let mut from_smaller = Vec::new();
    let mut from_larger = Vec::new();
    let mut loops = 0;
    let (mut node_lines, mut beyond) = (0, 0);
    for (row, mut line) in rows.enumerate() {
        if row >= header.nodes as usize {
            beyond += usize::from(!line.is_blank());
            continue;
        }
        for _ in 0..header.skipped {
            line.number("node weight", u64::MAX)?;
        }
        let node = row as u32;
        while let Some(number) = line.optional_number("neighbour", u64::MAX)? {
            if number == 0 || number > u64::from(header.nodes) {
                let nodes = header.nodes;
                return Err(Problem::NoSuchNode { node: number, nodes }.at(line.number));
            }
            let neighbour = (number - 1) as u32;
            let weight = if header.weighted {
                line.number("edge weight", u64::MAX)?
            } else {
                1
            };
            match node.cmp(&neighbour) {
                std::cmp::Ordering::Less => from_smaller.push((node, neighbour, weight)),
                std::cmp::Ordering::Equal => loops += 1,
                std::cmp::Ordering::Greater => from_larger.push((neighbour, node, weight)),
            }
        }
        node_lines += 1;
    }
    if node_lines < header.nodes as usize || beyond > 0 {
        let lines = node_lines + beyond;
        return Err(Problem::WrongNodeCount {
            nodes: header.nodes,
            lines,
        }
        .at(header_number));
    }
    check_both_ends(file, &mut from_smaller, &mut from_larger)?;
    // A self loop may stand in its line once or twice.
    let edges = from_smaller.len() as u64;
    let possible = [edges, edges + loops, edges + loops / 2];
    if !possible.contains(&header.edges) {
        let problem = Problem::WrongEdgeCount {
            expected: header.edges,
            found: edges + loops,
        };
        return Err(problem.at(header_number));
    }
    Ok(GraphFile {
        edges: from_smaller,
        numbers: NodeNumbers::Consecutive(header.nodes),
    })
}

/// Each edge is listed alike at both of its ends.
fn check_both_ends(
    file: &[u8],
    from_smaller: &mut [(u32, u32, u64)],
    from_larger: &mut [(u32, u32, u64)],
) -> Result<(), ParseError> {
    from_smaller.sort_unstable();
    from_larger.sort_unstable();
    if from_smaller == from_larger {
        return Ok(());
    }
    // The first difference: the smaller one of the two is the one without a partner.
    let differs = from_smaller.iter().zip(from_larger.iter()).position(|(a, b)| a != b);
    let first = differs.unwrap_or(from_smaller.len().min(from_larger.len()));
    let (edge, listed_by_smaller) = match (from_smaller.get(first), from_larger.get(first)) {
        (Some(&a), Some(&b)) if a < b => (a, true),
        (Some(&a), None) => (a, true),
        (_, Some(&b)) => (b, false),
        (None, None) => return Ok(()),
    };
    let (smaller, larger, weight) = edge;
    let (from, to) = if listed_by_smaller {
        (smaller, larger)
    } else {
        (larger, smaller)
    };
    let line = rows(file).skip_while(Line::is_blank).nth(from as usize + 1);
    let number = line.map_or(1, |line| line.number);
    Err(Problem::OneSidedEdge {
        from: from + 1,
        to: to + 1,
        weight,
    }
    .at(number))
}
