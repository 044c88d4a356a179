//! Every minimum cut of a connected graph, in one tree of cycles.
//!
//! A *cactus* is a graph in which every edge lies on one cycle (two nodes joined by a bridge count as a
//! cycle of two). Each node of the graph goes into a node of the cactus; some of those stay empty. To
//! cut a cycle at two places splits the cactus, and with it the graph: these splits are the minimum
//! cuts, all of them. E. A. Dinitz, A. V. Karzanov and M. V. Lomonosov, "On the structure of the system
//! of minimum edge cuts of a graph" (Studies in Discrete Optimization, 1976).
//!
//! 1. [`trivial`]: nodes that are quickly seen to be cut off in one way only.
//! 2. [`chain`]: all minimum cuts that separate two neighbours, from one maximum flow.
//! 3. [`build`]: divides the graph along these cuts until none is left, and notes the cycles.
//! 4. [`rooted`]: the cactus as a list of nodes in which each cut is one stretch.

mod build;
mod chain;
mod rooted;
mod trivial;

pub(crate) use build::build;
pub(crate) use rooted::Cactus;
