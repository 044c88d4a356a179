//! The angle of a chance: where beliefs about it are kept.
//!
//! A chance `p` has the angle `acos(1 - 2p)`, in 0..=pi (the arcsine transformation; Anscombe 1948, "The Transformation of
//! Poisson, Binomial and Negative-Binomial Data"). An outcome says as much of the angle wherever that is, so cells of equal
//! width are equally hard to tell apart, and are narrow in chance where that matters, near 0 and 1. What is believed evenly
//! of the angle is what Jeffreys believed of a chance that nothing is known of (1946): Beta(1/2, 1/2).

use std::f64::consts::PI;
use std::sync::LazyLock;

/// Cells over the range of the angle. One is as wide as the spread of what four hundred outcomes say.
pub(crate) const CELLS: usize = 64;

/// A cell's width in radians.
pub(crate) const WIDTH: f64 = PI / CELLS as f64;

/// What lies in a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// The chance in its middle.
    pub(crate) success: f64,
    /// What is missing to 1.
    pub(crate) failure: f64,
    pub(crate) ln_success: f64,
    pub(crate) ln_failure: f64,
    /// The chance at its lower end.
    pub(crate) low: f64,
    /// The chance at its upper end.
    pub(crate) high: f64,
}

/// All cells, those of small chances first.
pub(crate) static ALL: LazyLock<[Cell; CELLS]> = LazyLock::new(|| std::array::from_fn(Cell::new));

impl Cell {
    fn new(index: usize) -> Self {
        let start = index as f64;
        let (success, failure) = (chance(start + 0.5), chance(CELLS as f64 - start - 0.5));
        Self {
            success,
            failure,
            ln_success: success.ln(),
            ln_failure: failure.ln(),
            low: chance(start),
            high: chance(start + 1.0),
        }
    }
}

/// The chance `position` cells from the lower end.
fn chance(position: f64) -> f64 {
    (position * WIDTH / 2.0).sin().powi(2)
}
