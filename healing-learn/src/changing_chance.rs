//! A chance of success that may change, and what is believed of it.

use crate::angle::{ALL, CELLS, WIDTH};
use crate::counts::Tally;

/// How many paces of change are thought possible.
pub(crate) const PACES: usize = 4;

/// For each pace, by how much a chance's angle wanders in a half-life, as a variance in square radians. Not at all; then over
/// its whole range in about five half-lives, in about one, in a third of one. Faster than that nothing is learned anyway.
const WANDERING: [f64; PACES] = [0.0, 2.0, 8.0, 32.0];

/// What is believed of a chance of success, for each pace at which it may change.
///
/// The chance is the hidden state of a Markov chain: within a half-life it is drawn anew with probability one half, whatever
/// the pace, which is how something breaks; and between that it wanders as a Brownian motion of its angle, reflected at both
/// ends, which is how something gets slowly worse (Slivkins and Upfal 2008, "Adapting to a Changing Environment: the Brownian
/// Restless Bandits"). What the outcomes say of it is the forward recursion (Rabiner 1989, "A Tutorial on Hidden Markov
/// Models") over [`CELLS`] cells. Where the chance is drawn anew counts stop to count; where it never changes, all of them
/// count for ever.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChangingChance {
    /// The probability of each cell under each pace. Those under one pace add up to 1.
    cells: [[f64; PACES]; CELLS],
}

impl ChangingChance {
    pub(crate) const UNKNOWN: Self = Self {
        cells: [[1.0 / CELLS as f64; PACES]; CELLS],
    };

    /// Lets time pass without an outcome.
    pub(crate) fn pass(&mut self, half_lives: f64) {
        if half_lives > 0.0 {
            self.wander(half_lives);
            let unchanged = (-half_lives).exp2();
            let anew = (1.0 - unchanged) / CELLS as f64;
            for believed in self.cells.as_flattened_mut() {
                *believed = *believed * unchanged + anew;
            }
        }
    }

    /// Takes in an outcome that counts as `credit` of one. Answers how probable it was under each pace.
    pub(crate) fn observe(&mut self, verified: bool, credit: f64) -> [f64; PACES] {
        let mut foretold = [0.0; PACES];
        for (believed, cell) in self.cells.iter_mut().zip(ALL.iter()) {
            let chance = if verified { cell.success } else { cell.failure };
            // An outcome that counts half is half a reason to believe or doubt.
            let chance = if credit < 1.0 { chance.powf(credit) } else { chance };
            for (believed, foretold) in believed.iter_mut().zip(&mut foretold) {
                *believed *= chance;
                *foretold += *believed;
            }
        }
        let scale = foretold.map(|foretold| 1.0 / foretold);
        for believed in &mut self.cells {
            for (believed, scale) in believed.iter_mut().zip(scale) {
                *believed *= scale;
            }
        }
        foretold
    }

    /// What is believed when each pace has the probability `paces`, and `beside` was counted beside: Jeffreys' half an outcome
    /// of either kind is not part of it and is taken off.
    pub(crate) fn with(&self, paces: &[f64; PACES], beside: Tally) -> [f64; CELLS] {
        let (successes, failures) = (beside.successes - 0.5, beside.failures - 0.5);
        let logarithms: [f64; CELLS] = std::array::from_fn(|cell| {
            let cell = &ALL[cell];
            successes * cell.ln_success + failures * cell.ln_failure
        });
        let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let factors = logarithms.map(|logarithm| (logarithm - greatest).exp());
        let mut wholes = [0.0; PACES];
        for (believed, factor) in self.cells.iter().zip(factors) {
            for (whole, believed) in wholes.iter_mut().zip(believed) {
                *whole += factor * believed;
            }
        }
        // Where what is counted beside rules out all that was seen, nothing is left to divide by.
        let scales: [f64; PACES] = std::array::from_fn(|pace| paces[pace] / wholes[pace].max(f64::MIN_POSITIVE));
        let mut mixed = [0.0; CELLS];
        for ((mixed, believed), factor) in mixed.iter_mut().zip(&self.cells).zip(factors) {
            let weighed = believed.iter().zip(scales).map(|(believed, scale)| believed * scale);
            *mixed = factor * weighed.sum::<f64>();
        }
        mixed
    }

    /// One implicit Euler step of the diffusion over all of the time (Crank 1975, "The Mathematics of Diffusion"): stable and
    /// positive however long that is, and right in mean and variance. The tridiagonal system is solved by elimination.
    fn wander(&mut self, half_lives: f64) {
        let rate = WANDERING.map(|variance| variance * half_lives / (2.0 * WIDTH * WIDTH));
        let mut eliminated = [[0.0; PACES]; CELLS];
        let mut before = ([0.0; PACES], [0.0; PACES]);
        for (index, (believed, eliminated)) in self.cells.iter_mut().zip(&mut eliminated).enumerate() {
            // At either end there is one neighbour only: what would go over it stays.
            let neighbours = if index == 0 || index == CELLS - 1 { 1.0 } else { 2.0 };
            for pace in 0..PACES {
                let rate = rate[pace];
                let pivot = 1.0 / (1.0 + rate * (neighbours - before.1[pace]));
                believed[pace] = (believed[pace] + rate * before.0[pace]) * pivot;
                eliminated[pace] = rate * pivot;
            }
            before = (*believed, *eliminated);
        }
        let mut after = [0.0; PACES];
        for (believed, eliminated) in self.cells.iter_mut().zip(&eliminated).rev() {
            for pace in 0..PACES {
                believed[pace] += eliminated[pace] * after[pace];
            }
            after = *believed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(chance: &ChangingChance, pace: usize) -> f64 {
        chance.cells.iter().map(|believed| believed[pace]).sum()
    }

    fn mean_and_variance(chance: &ChangingChance, pace: usize) -> (f64, f64) {
        let angle = |cell: usize| (cell as f64 + 0.5) * WIDTH;
        let moment = |power| -> f64 {
            let cells = chance.cells.iter().enumerate();
            cells
                .map(|(cell, believed)| believed[pace] * angle(cell).powi(power))
                .sum()
        };
        (moment(1), moment(2) - moment(1).powi(2))
    }

    #[test]
    fn nothing_is_lost_however_long_it_takes() {
        for half_lives in [0.0, 1e-9, 0.01, 1.0, 100.0, 1e9] {
            let mut chance = ChangingChance::UNKNOWN;
            for _ in 0..20 {
                chance.observe(true, 1.0);
                chance.pass(half_lives);
            }
            for pace in 0..PACES {
                assert!((sum(&chance, pace) - 1.0).abs() < 1e-9, "{half_lives}, {pace}");
                assert!(chance.cells.iter().all(|believed| believed[pace] >= 0.0));
            }
        }
    }

    #[test]
    fn a_belief_spreads_by_its_pace() {
        let mut chance = ChangingChance::UNKNOWN;
        chance.cells = [[0.0; PACES]; CELLS];
        chance.cells[CELLS / 2] = [1.0; PACES];
        let (mean, _) = mean_and_variance(&chance, 0);
        let half_lives = 0.0001;
        chance.wander(half_lives);
        for (pace, wandering) in WANDERING.into_iter().enumerate() {
            let (mean_after, variance) = mean_and_variance(&chance, pace);
            assert!((mean_after - mean).abs() < 1e-9);
            assert!((variance - wandering * half_lives).abs() < 1e-6, "{variance}");
        }
    }

    #[test]
    fn what_never_changes_is_counted_as_a_beta_distribution_counts_it() {
        let mut chance = ChangingChance::UNKNOWN;
        for verified in [true, true, false, true] {
            chance.observe(verified, 1.0);
        }
        let beside = Tally {
            successes: 1.0,
            failures: 1.0,
        };
        let believed = chance.with(&[1.0, 0.0, 0.0, 0.0], beside);
        let mean: f64 = believed
            .iter()
            .zip(ALL.iter())
            .map(|(share, cell)| share * cell.success)
            .sum();
        assert!((mean - 4.0 / 6.0).abs() < 1e-3, "{mean}");
    }
}
