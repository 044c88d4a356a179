//! What the benchmarks share: the graphs they run on, the solvers and limits they compare with, and the simulated world.

pub mod chaos;
pub mod families;
pub mod linear_pass;
pub mod textbook;
