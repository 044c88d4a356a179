//! The formats, and how to tell them apart by content.

use crate::error::ParseError;
use crate::graph_file::GraphFile;
use crate::lines::{LARGEST_NODE, Line, lines};
use crate::{dimacs, edge_list, metis};

/// A format of graph files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A header `nodes edges [format]` and one line of neighbours a node.
    Metis,
    /// Lines `p`, `e`, `a` and `c`.
    Dimacs,
    /// One edge `u v [weight]` a line.
    EdgeList,
}

/// Reads a graph file of a known format.
///
/// # Errors
///
/// If the file breaks the format: the first line that does, and how.
pub fn parse(file: &[u8], format: Format) -> Result<GraphFile, ParseError> {
    match format {
        Format::Metis => metis::parse(file),
        Format::Dimacs => dimacs::parse(file),
        Format::EdgeList => edge_list::parse(file),
    }
}

impl Format {
    /// The format that a file most likely has.
    ///
    /// A first line that begins with a letter is DIMACS. Numbers alone are METIS if they hold
    /// together as such (the header's counts, every edge at both ends), and otherwise an edge list
    /// if every line has two or three of them. A file that is neither is taken for what most of its
    /// lines look like, so that the error it gives helps.
    #[must_use]
    pub fn detect(file: &[u8]) -> Self {
        let mut visible =
            lines(file).filter(|line| !(line.is_blank() || line.starts_with(b'#') || line.starts_with(b'%')));
        let Some(first) = visible.next() else {
            return Self::EdgeList;
        };
        if b"cpean".iter().any(|&letter| first.starts_with(letter)) {
            return Self::Dimacs;
        }
        let edge_like = |line: Line<'_>| (2..=3).contains(&line.count_fields());
        let mut lines_of = [0_usize; 2];
        for line in visible {
            lines_of[usize::from(edge_like(line))] += 1;
        }
        let [unlike_edges, like_edges] = lines_of;
        let has_hashes = lines(file).any(|line| line.starts_with(b'#'));
        let Ok(nodes) = first.clone().number("number of nodes", LARGEST_NODE) else {
            return Self::EdgeList;
        };
        let rows = metis::rows(file).skip_while(|line| line.number <= first.number).count();
        let is_metis = if has_hashes {
            false
        } else if unlike_edges == 0 {
            // Only the whole file can tell; if the counts differ, it need not be read.
            rows >= nodes as usize && metis::parse(file).is_ok()
        } else {
            rows == nodes as usize || unlike_edges > like_edges
        };
        if is_metis { Self::Metis } else { Self::EdgeList }
    }
}
