//! What the benchmarks share: the graphs they run on, the solvers and limits they compare with, the simulated world, and what
//! they measure by.

pub mod chaos;
pub mod cpu_time;
pub mod ending;
pub mod families;
pub mod hard;
pub mod in_parallel;
pub mod linear_pass;
pub mod resident;
pub mod scoreboard;
pub mod textbook;
