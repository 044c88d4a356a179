//! The shortest schedule that still fails.

use healing_core::identity::InvalidName;

use super::chronicle::Violation;
use super::run::{Outcome, live};
use super::schedule::Schedule;

/// A schedule that fails, and of which nothing can be left out.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The positions of its events in the schedule that it was made from.
    pub kept: Vec<usize>,
    /// The schedule.
    pub schedule: Schedule,
    /// What comes of it.
    pub outcome: Outcome,
    /// Runs that it took.
    pub runs: usize,
}

/// Runs at most: the result is then the shortest found so far.
const MOST_RUNS: usize = 600;

/// Leaves out of `schedule` what is not needed to break the contract that it breaks, by delta debugging (Zeller and Hildebrandt,
/// "Simplifying and Isolating Failure-Inducing Input", 2002).
///
/// # Errors
/// As [`live`].
pub fn shrink(schedule: &Schedule, outcome: &Outcome, violation: &Violation) -> Result<Shrunk, InvalidName> {
    let mut shortest = Shrunk {
        kept: (0..schedule.events.len()).collect(),
        schedule: schedule.clone(),
        outcome: outcome.clone(),
        runs: 0,
    };
    let mut parts = 2;
    while shortest.kept.len() > 1 && shortest.runs < MOST_RUNS {
        let length = shortest.kept.len().div_ceil(parts);
        let starts = (0..shortest.kept.len()).step_by(length);
        let mut found = false;
        for start in starts {
            let end = (start + length).min(shortest.kept.len());
            let mut kept = shortest.kept.clone();
            kept.drain(start..end);
            let candidate = schedule.with_only(&kept);
            let outcome = live(&candidate)?;
            shortest.runs += 1;
            let same = outcome
                .violation
                .as_ref()
                .is_some_and(|it| it.invariant == violation.invariant);
            if same {
                shortest = Shrunk {
                    kept,
                    schedule: candidate,
                    outcome,
                    ..shortest
                };
                found = true;
                break;
            }
        }
        if found {
            parts = (parts - 1).max(2);
        } else if length == 1 {
            break;
        } else {
            parts = (parts * 2).min(shortest.kept.len());
        }
    }
    Ok(shortest)
}
