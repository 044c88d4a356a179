//! What can be wrong with a graph file or a stream of updates, and in which line.

/// A graph file, or a stream of updates, that breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something that should be a whole number is none.
    #[error("`{found}` is no {what}: a whole number of at most {most} is needed")]
    NotANumber {
        /// What was looked for.
        what: &'static str,
        /// What stood there.
        found: String,
        /// The largest number that is allowed.
        most: u64,
    },
    /// The line ends too early.
    #[error("the line ends too early: the {what} is missing")]
    Missing {
        /// What was looked for.
        what: &'static str,
    },
    /// An update that is none.
    #[error("`{found}` is no change of weight: a whole number of at most 64 bits behind a + or - is needed")]
    NotAChange {
        /// What stood there.
        found: String,
    },
    /// A node that the graph does not have.
    #[error("there is no node {node} in the graph")]
    NotInTheGraph {
        /// The number in the line.
        node: u64,
    },
    /// The line goes on after its end.
    #[error("`{found}` is too much: the line should have ended before it")]
    TooMuch {
        /// The first thing too many.
        found: String,
    },
    /// A node number that the header rules out.
    #[error("there is no node {node}: the header says that they are numbered 1 to {nodes}")]
    NoSuchNode {
        /// The number in the line.
        node: u64,
        /// The number of nodes in the header.
        nodes: u32,
    },
    /// There is no header.
    #[error("the file ends without a header: {expected}")]
    NoHeader {
        /// How a header looks.
        expected: &'static str,
    },
    /// A second header.
    #[error("a second `p` line: a file has one")]
    SecondHeader,
    /// An edge before the header.
    #[error("an edge before the `p` line: the header comes first")]
    EdgeBeforeHeader,
    /// A line of an unknown kind.
    #[error("lines start with c, p, e, a or n, not with `{found}`")]
    UnknownLine {
        /// What it starts with.
        found: String,
    },
    /// The header of a METIS file asks for something unknown.
    #[error("`{found}` is no format: three digits of 0 and 1 are (sizes, node weights, edge weights)")]
    UnknownMetisFormat {
        /// The format field.
        found: String,
    },
    /// Fewer or more lines of nodes than the header says.
    #[error("the header says {nodes} nodes, one a line, but there are {lines} lines after it")]
    WrongNodeCount {
        /// The header's number.
        nodes: u32,
        /// The lines that follow.
        lines: usize,
    },
    /// Fewer or more edges than the header says.
    #[error("the header says {expected} edges, but there are {found}")]
    WrongEdgeCount {
        /// The header's number.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// An edge that is not listed at both of its ends alike.
    #[error("the edge from node {from} to node {to} with weight {weight} is not listed so by node {to}")]
    OneSidedEdge {
        /// The node whose line it is.
        from: u32,
        /// The node whose line lacks it.
        to: u32,
        /// The weight in this line.
        weight: u64,
    },
    /// More nodes than this program accepts.
    #[error("{nodes} nodes are too many: at most {most} are read")]
    TooManyNodes {
        /// The number.
        nodes: u64,
        /// The limit.
        most: u32,
    },
}

impl Problem {
    /// This problem, in the line of that number.
    pub(crate) fn at(self, line: usize) -> ParseError {
        ParseError { line, problem: self }
    }
}
