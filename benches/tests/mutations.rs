//! The simulation finds what is broken: every deliberately broken variant of the engine, and soon.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and tells what it found"
)]

use std::num::NonZero;
use std::thread;

use healing_benches::chaos::{Schedule, live};
use healing_core::engine::Mutation;
use parking_lot::Mutex;

const HOURS: u32 = 24;
/// So many runs may go by before a broken engine is caught.
const RUNS: u64 = 1000;
/// None of the runs that the others are judged by.
const FIRST_SEED: u64 = 700_000;

/// After how many runs an engine is caught that is broken so, and by what: by something that does not happen to one in order.
fn caught(mutation: Mutation) -> Option<(u64, String)> {
    (0..RUNS).find_map(|run| {
        let sound = Schedule::draw(FIRST_SEED + run, HOURS, None);
        let broken = Schedule {
            mutation: Some(mutation),
            ..sound.clone()
        };
        let violation = live(&broken).unwrap().violation?;
        let is_sound = live(&sound).unwrap().violation.is_none();
        is_sound.then(|| (run + 1, violation.invariant.to_owned()))
    })
}

#[test]
#[ignore = "thousands of simulated days: with --release"]
fn every_broken_engine_is_caught() {
    let left = Mutex::new(Mutation::ALL.into_iter());
    let missed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().next();
                    let Some(mutation) = next else { return };
                    match caught(mutation) {
                        Some((runs, invariant)) => eprintln!("{mutation:?}: caught in run {runs} by {invariant}"),
                        None => missed.lock().push(mutation),
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner(), [], "not caught within {RUNS} runs");
}
