//! Median times.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// So many runs make a median.
const FEWEST_RUNS: usize = 9;
/// Short runs are repeated for about so long.
const BUDGET: Duration = Duration::from_millis(400);
/// But no more often than this.
const MOST_RUNS: usize = 2001;

/// One run of a solver that is compared with is enough if it takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// The median time of a run in seconds, after one that warms up; and the result.
pub(crate) fn median_seconds<T>(run: impl FnMut() -> T) -> (f64, T) {
    median_within(Duration::MAX, run)
}

/// The same of a solver that is compared with, which may be slow: then of one run.
pub(crate) fn rival_seconds<T>(run: impl FnMut() -> T) -> (f64, T) {
    median_within(PATIENCE, run)
}

fn median_within<T>(patience: Duration, mut run: impl FnMut() -> T) -> (f64, T) {
    let started = Instant::now();
    let result = run();
    let one = started.elapsed().max(Duration::from_nanos(100));
    if one > patience {
        return (one.as_secs_f64(), result);
    }
    let affordable = (BUDGET.as_secs_f64() / one.as_secs_f64()) as usize;
    let runs = affordable.clamp(FEWEST_RUNS, MOST_RUNS);
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            black_box(run());
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[runs / 2].as_secs_f64(), result)
}
