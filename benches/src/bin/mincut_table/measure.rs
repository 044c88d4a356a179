//! Median times.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// So many runs make a median, however long one takes.
const FEWEST_RUNS: usize = 9;
/// Short runs are repeated for about so long.
const BUDGET: Duration = Duration::from_millis(400);
/// But no more often than this.
const MOST_RUNS: usize = 2001;

/// The median time of a run in seconds, after one that warms up; and the result.
pub(crate) fn median_seconds<T>(run: impl FnMut() -> T) -> (f64, T) {
    median_of_at_least(FEWEST_RUNS, run)
}

/// The same, but of a run that takes longer than all of them should, the first is enough.
#[cfg(feature = "peers")]
pub(crate) fn few_runs_seconds<T>(run: impl FnMut() -> T) -> (f64, T) {
    median_of_at_least(0, run)
}

fn median_of_at_least<T>(fewest: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let started = Instant::now();
    let result = run();
    let one = started.elapsed().max(Duration::from_nanos(100));
    let affordable = (BUDGET.as_secs_f64() / one.as_secs_f64()) as usize;
    let runs = affordable.clamp(fewest, MOST_RUNS);
    if runs == 0 {
        return (one.as_secs_f64(), result);
    }
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
