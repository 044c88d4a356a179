//! What the benchmarks share: the graphs they run on, and the solvers and limits they compare with.

pub mod families;
pub mod linear_pass;
pub mod textbook;
