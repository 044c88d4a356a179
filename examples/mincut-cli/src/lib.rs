//! Reads graph files: METIS, DIMACS, and plain edge lists.
//!
//! The program beside this library prints their minimum cuts. Each format has a file of its own;
//! [`Format::detect`] tells them apart by content. A file that breaks its format gives a
//! [`ParseError`] that names the line and says what is wrong with it. [`parse_updates`] reads streams of
//! updates of such a graph.
//!
//! ```
//! use mincut_cli::{Format, parse};
//!
//! let file = b"# u v weight\n1 2 5\n2 3 1\n";
//! assert_eq!(Format::detect(file), Format::EdgeList);
//! let graph_file = parse(file, Format::EdgeList)?;
//! assert_eq!((graph_file.nodes(), graph_file.edges.len()), (3, 2));
//! # Ok::<(), mincut_cli::ParseError>(())
//! ```

mod dimacs;
mod edge_list;
mod error;
mod format;
mod graph_file;
mod lines;
mod metis;
mod updates;

pub use error::{ParseError, Problem};
pub use format::{Format, parse};
pub use graph_file::{GraphFile, NodeNumbers};
pub use updates::{NumberedUpdate, parse_updates};
