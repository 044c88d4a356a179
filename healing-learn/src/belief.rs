//! What is believed of a chance, as a histogram, and the lots that are drawn from it.
//!
//! Lots and propensities come from the same histograms, so a propensity is that of the very lot that is drawn, up to the
//! quadrature. A histogram needs no rejection sampling either: one uniform number is one lot.

use crate::angle::{ALL, CELLS};

/// A distribution over the chances 0..=1, even within each cell.
#[derive(Debug, Clone)]
pub(crate) struct Belief {
    /// The probability of each cell; they add up to 1.
    cells: [f64; CELLS],
    /// The probability of all cells before this one.
    below: [f64; CELLS],
}

/// How lots are drawn from a belief: around which of its quantiles, and how closely.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boldness {
    /// The odds of that quantile.
    pub(crate) odds: f64,
    /// By what the spread around it is divided, in logarithms of odds.
    pub(crate) sharpness: f64,
}

impl Belief {
    /// From the weight of each cell. Weights that are all 0 count as equal.
    pub(crate) fn new(weights: [f64; CELLS]) -> Self {
        let whole: f64 = weights.iter().sum();
        let cells = if whole > 0.0 {
            weights.map(|weight| weight / whole)
        } else {
            [1.0 / CELLS as f64; CELLS]
        };
        let (mut below, mut sum) = ([0.0; CELLS], 0.0);
        for (below, cell) in below.iter_mut().zip(cells) {
            *below = sum;
            sum += cell;
        }
        Self { cells, below }
    }

    pub(crate) fn mean(&self) -> f64 {
        let cells = self.cells.iter().zip(ALL.iter());
        cells.map(|(share, cell)| share * cell.success).sum()
    }

    /// The distribution of the lots that are drawn from this: of its quantile at the level whose odds are
    /// `boldness.odds` times the `sharpness`-th root of those of an even number in 0..1.
    pub(crate) fn lots(&self, boldness: Boldness) -> Self {
        // The share of the lots that are drawn below the level `share` of the belief.
        let drawn_below = |share: f64| {
            let share = share.clamp(0.0, 1.0);
            let odds_against = boldness.odds * (1.0 - share) / share;
            1.0 / (1.0 + odds_against.powf(boldness.sharpness))
        };
        let mut before = 0.0;
        Self::new(std::array::from_fn(|cell| {
            let until = match self.below.get(cell + 1) {
                Some(below) => drawn_below(*below),
                None => 1.0,
            };
            let share = (until - before).max(0.0);
            before = until;
            share
        }))
    }

    /// The value below which the share `lot` of this lies.
    pub(crate) fn quantile(&self, lot: f64) -> f64 {
        let cell = self.below.partition_point(|below| *below <= lot).saturating_sub(1);
        let within = (lot - self.below[cell]) / self.cells[cell].max(f64::MIN_POSITIVE);
        let (low, high) = (ALL[cell].low, ALL[cell].high);
        low + (high - low) * within.clamp(0.0, 1.0)
    }

    /// The share of this that lies below `value`.
    pub(crate) fn share_below(&self, value: f64) -> f64 {
        if value <= 0.0 {
            return 0.0;
        }
        let cell = ALL.partition_point(|cell| cell.high <= value);
        match ALL.get(cell) {
            Some(bounds) => {
                let within = (value - bounds.low) / (bounds.high - bounds.low);
                self.below[cell] + self.cells[cell] * within.clamp(0.0, 1.0)
            }
            None => 1.0,
        }
    }

    /// Values and their probabilities, for sums over this: a few of each cell that is not as good as empty.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let cells = self
            .cells
            .iter()
            .zip(ALL.iter())
            .filter(|(share, _)| **share > NEGLIGIBLE);
        cells.flat_map(|(share, cell)| {
            (0..POINTS).map(move |point| {
                let within = (f64::from(point) + 0.5) / f64::from(POINTS);
                (cell.low + (cell.high - cell.low) * within, share / f64::from(POINTS))
            })
        })
    }
}

const POINTS: u8 = 4;

/// Cells less probable than this are left out of sums, which are made to add up to 1 afterwards.
const NEGLIGIBLE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    /// One that believes more of a greater chance, and rules none out.
    fn hopeful() -> Belief {
        Belief::new(std::array::from_fn(|cell| 1.0 + cell as f64))
    }

    #[test]
    fn a_lot_of_even_boldness_is_drawn_from_what_is_believed() {
        let even = Boldness {
            odds: 1.0,
            sharpness: 1.0,
        };
        let believed = hopeful();
        for (lot, share) in believed.lots(even).cells.into_iter().zip(believed.cells) {
            assert!((lot - share).abs() < 1e-12, "{lot} for {share}");
        }
    }

    #[test]
    fn below_the_quantile_of_a_share_lies_that_share() {
        let believed = hopeful();
        for hundredth in 1..100 {
            let share = f64::from(hundredth) / 100.0;
            let below = believed.share_below(believed.quantile(share));
            assert!((below - share).abs() < 1e-12, "{below} for {share}");
        }
        assert_eq!((believed.share_below(0.0), believed.share_below(1.0)), (0.0, 1.0));
    }

    #[test]
    fn within_a_cell_every_chance_is_as_probable_as_another() {
        let only = CELLS / 3;
        let mut weights = [0.0; CELLS];
        weights[only] = 1.0;
        let (believed, cell) = (Belief::new(weights), &ALL[only]);
        let at = |share: f64| cell.low + (cell.high - cell.low) * share;
        for share in [0.125, 0.5, 0.75] {
            assert!((believed.quantile(share) - at(share)).abs() < 1e-12);
            assert!((believed.share_below(at(share)) - share).abs() < 1e-12);
        }
        let points: Vec<(f64, f64)> = believed.points().collect();
        assert_eq!(points.len(), 4);
        for ((value, probability), share) in points.into_iter().zip([0.125, 0.375, 0.625, 0.875]) {
            assert!((value - at(share)).abs() < 1e-12 && (probability - 0.25).abs() < 1e-12);
        }
    }
}
