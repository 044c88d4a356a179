//! Streams of updates: `U V +WEIGHT` or `U V -WEIGHT` a line.
//!
//! `+` adds the weight to the edge between two nodes, `-` takes it off; an edge of which nothing is
//! left is gone. Nodes are called what the graph's file calls them, counted from 1. A fourth field is
//! passed over; blank lines and lines that begin with `#` are skipped.

use healing_mincut::Update;

use crate::error::{ParseError, Problem};
use crate::graph_file::NodeNumbers;
use crate::lines::{LARGEST_NODE, Line, decimal, lines, shown};

/// One line of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedUpdate {
    /// The line, counted from 1.
    pub line: usize,
    /// What it says, with nodes counted from 0.
    pub update: Update,
}

/// Reads a stream of updates for a graph whose nodes are called by these numbers.
///
/// # Errors
///
/// The first line that is no update, or names a node that the graph does not have.
pub fn parse_updates(file: &[u8], numbers: &NodeNumbers) -> Result<Vec<NumberedUpdate>, ParseError> {
    lines(file)
        .filter(|line| !(line.is_blank() || line.starts_with(b'#')))
        .map(|line| parse_line(line, numbers))
        .collect()
}

fn parse_line(mut line: Line<'_>, numbers: &NodeNumbers) -> Result<NumberedUpdate, ParseError> {
    let u = node(&mut line, numbers)?;
    let v = node(&mut line, numbers)?;
    let Some(field) = line.field() else {
        return Err(Problem::Missing { what: "change" }.at(line.number));
    };
    let update = match (field.split_at(1), decimal(&field[1..])) {
        ((b"+", [_, ..]), Some(weight)) => Update::Insert { u, v, weight },
        ((b"-", [_, ..]), Some(weight)) => Update::Lighten { u, v, weight },
        _ => return Err(Problem::NotAChange { found: shown(field) }.at(line.number)),
    };
    line.field();
    line.end()?;
    Ok(NumberedUpdate {
        line: line.number,
        update,
    })
}

fn node(line: &mut Line<'_>, numbers: &NodeNumbers) -> Result<u32, ParseError> {
    let number = line.number("node", LARGEST_NODE)?;
    numbers
        .node(number as u32)
        .ok_or_else(|| Problem::NotInTheGraph { node: number }.at(line.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(stream: &str) -> Result<Vec<(usize, Update)>, String> {
        parse_updates(stream.as_bytes(), &NodeNumbers::Listed(vec![1, 2, 7]))
            .map(|updates| {
                updates
                    .iter()
                    .map(|numbered| (numbered.line, numbered.update))
                    .collect()
            })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn lines_are_counted_with_those_that_are_skipped() {
        let updates = parsed("# a stream\n1 7 +5\n\n 2\t1 -3 99.5\r\n").unwrap();
        let expected = [
            (2, Update::Insert { u: 0, v: 2, weight: 5 }),
            (4, Update::Lighten { u: 1, v: 0, weight: 3 }),
        ];
        assert_eq!(updates, expected);
        assert_eq!(parsed(""), Ok(Vec::new()));
    }

    #[test]
    fn a_malformed_line_is_named_with_what_is_wrong() {
        for (stream, message) in [
            ("1 2 +1\n1 x +1\n", "line 2: `x` is no node"),
            ("1 3 +1\n", "line 1: there is no node 3 in the graph"),
            ("\n1 2\n", "line 2: the line ends too early: the change is missing"),
            ("1 2 5\n", "line 1: `5` is no change of weight"),
            ("1 2 +\n", "line 1: `+` is no change of weight"),
            ("1 2 +-4\n", "line 1: `+-4` is no change of weight"),
            (
                "1 2 -99999999999999999999\n",
                "line 1: `-99999999999999999999` is no change",
            ),
            ("1 2 +1 3 4\n", "line 1: `4` is too much"),
        ] {
            let error = parsed(stream).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
