//! Edge lists: `U V [WEIGHT]` a line, separated by white space; `#` or `%` begins a comment line.
//!
//! The nodes are the numbers that occur, however large or sparse: a number that no line names is no
//! node. They keep their numbers in what is printed, unless a node 0 occurs: then the file counts
//! from 0, and every number is printed one higher, so that what is printed counts from 1 as ever.

use crate::error::ParseError;
use crate::graph_file::{GraphFile, NodeNumbers};
use crate::lines::{LARGEST_NODE, Line, lines};

/// Lines that hold an edge.
pub(crate) fn rows(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    lines(file).filter(|line| !(line.is_blank() || line.starts_with(b'#') || line.starts_with(b'%')))
}

pub(crate) fn parse(file: &[u8]) -> Result<GraphFile, ParseError> {
    let mut edges = Vec::new();
    for mut line in rows(file) {
        let u = line.number("node", LARGEST_NODE)? as u32;
        let v = line.number("node", LARGEST_NODE)? as u32;
        let weight = line.optional_number("weight", u64::MAX)?.unwrap_or(1);
        line.end()?;
        edges.push((u, v, weight));
    }

    let mut numbers: Vec<u32> = edges.iter().flat_map(|&(u, v, _)| [u, v]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let shift = u32::from(numbers.first() == Some(&0));
    for number in &mut numbers {
        *number += shift;
    }
    let gapless = numbers.last().is_none_or(|&largest| largest as usize == numbers.len());
    for (u, v, _) in &mut edges {
        for end in [u, v] {
            let number = *end + shift;
            // Every number is in the list.
            *end = if gapless {
                number - 1
            } else {
                numbers.partition_point(|&n| n < number) as u32
            };
        }
    }
    let numbers = if gapless {
        NodeNumbers::Consecutive(numbers.len() as u32)
    } else {
        NodeNumbers::Listed(numbers)
    };
    Ok(GraphFile { edges, numbers })
}
