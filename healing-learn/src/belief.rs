//! What is believed of a probability, as a histogram.
//!
//! Lots and propensities come from the same histograms, so a propensity is that of the very lot that is drawn, up to the
//! quadrature. A histogram needs no rejection sampling either: one uniform number is one lot.

use std::sync::LazyLock;

/// Cells of a histogram. Half a cell is 0.4 % of the range, well below the spread of a belief that fades.
const CELLS: usize = 128;

/// The logarithms of each cell's middle and of what is missing to 1.
static LOGARITHMS: LazyLock<[(f64, f64); CELLS]> =
    LazyLock::new(|| std::array::from_fn(|cell| (middle(cell).ln(), (1.0 - middle(cell)).ln())));

/// A Beta distribution with a weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WeightedBeta {
    pub(crate) weight: f64,
    pub(crate) successes: f64,
    pub(crate) failures: f64,
}

/// A mixture of Beta distributions over 0..1.
#[derive(Debug, Clone)]
pub(crate) struct Belief {
    /// The probability of each cell; they add up to 1.
    cells: [f64; CELLS],
    /// The probability of all cells before this one.
    below: [f64; CELLS],
    mean: f64,
}

impl Belief {
    pub(crate) fn new(mixture: &[WeightedBeta]) -> Self {
        let mut cells = [0.0; CELLS];
        for beta in mixture {
            add(&mut cells, *beta);
        }
        let whole: f64 = cells.iter().sum();
        let (mut below, mut sum) = ([0.0; CELLS], 0.0);
        for (cell, below) in cells.iter_mut().zip(&mut below) {
            *cell /= whole;
            *below = sum;
            sum += *cell;
        }
        Self {
            cells,
            below,
            mean: mean(mixture),
        }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    /// The middle of each cell with its probability.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (f64, f64)> {
        self.cells.iter().enumerate().map(|(cell, mass)| (middle(cell), *mass))
    }

    /// The value below which the share `lot` of the belief lies.
    pub(crate) fn quantile(&self, lot: f64) -> f64 {
        let cell = self.below.partition_point(|below| *below <= lot).saturating_sub(1);
        let within = (lot - self.below[cell]) / self.cells[cell].max(f64::MIN_POSITIVE);
        (start(cell) + within.clamp(0.0, 1.0) / CELLS as f64).clamp(0.0, 1.0)
    }

    /// The share of the belief that lies below `value`.
    pub(crate) fn share_below(&self, value: f64) -> f64 {
        let position = value * CELLS as f64;
        if position <= 0.0 {
            0.0
        } else if position >= CELLS as f64 {
            1.0
        } else {
            let cell = (position as usize).min(CELLS - 1);
            self.below[cell] + self.cells[cell] * (position - cell as f64)
        }
    }
}

impl WeightedBeta {
    /// The same mean with a smaller spread, as after `times` as many outcomes.
    pub(crate) fn sharpened(self, times: f64) -> Self {
        Self {
            successes: self.successes * times,
            failures: self.failures * times,
            ..self
        }
    }

    fn mean(&self) -> f64 {
        self.successes / (self.successes + self.failures)
    }
}

/// The mean of a mixture.
pub(crate) fn mean(mixture: &[WeightedBeta]) -> f64 {
    let weight: f64 = mixture.iter().map(|beta| beta.weight).sum();
    mixture.iter().map(|beta| beta.weight * beta.mean()).sum::<f64>() / weight
}

fn add(cells: &mut [f64; CELLS], beta: WeightedBeta) {
    let density = |(value, missing): &(f64, f64)| (beta.successes - 1.0) * value + (beta.failures - 1.0) * missing;
    let logarithms: [f64; CELLS] = std::array::from_fn(|cell| density(&LOGARITHMS[cell]));
    let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let densities = logarithms.map(|logarithm| (logarithm - greatest).exp());
    let whole: f64 = densities.iter().sum();
    for (cell, density) in cells.iter_mut().zip(densities) {
        *cell += beta.weight * density / whole;
    }
}

fn start(cell: usize) -> f64 {
    cell as f64 / CELLS as f64
}

fn middle(cell: usize) -> f64 {
    (cell as f64 + 0.5) / CELLS as f64
}
