//! What lambda is when the collection is well.

use crate::number::Lambda;

/// The share of the distance by which a healthy sample above the baseline lifts it.
const LIFT: f64 = 0.02;
/// A sample counts as at most this many times the baseline, so that one outlier does not lift it for good.
const MOST_LIFTED: f64 = 1.1;

/// Learns the healthy lambda of one collection: the median of its first samples, then slowly upwards.
///
/// It never sinks by itself. A collection that decays slowly, always a little below what it was, would otherwise take its
/// own baseline, and with it the thresholds, down with it unseen.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    learning: Learning,
}

#[derive(Debug, Clone)]
enum Learning {
    WarmingUp { wanted: usize, samples: Vec<Lambda> },
    Known(Lambda),
}

impl Baseline {
    /// A baseline that is known after `warm_up_samples` samples (at least one).
    pub(super) fn new(warm_up_samples: usize) -> Self {
        Self {
            learning: Learning::WarmingUp {
                wanted: warm_up_samples.max(1),
                samples: Vec::new(),
            },
        }
    }

    /// The baseline, once known.
    pub(super) fn value(&self) -> Option<Lambda> {
        match self.learning {
            Learning::WarmingUp { .. } => None,
            Learning::Known(value) => Some(value),
        }
    }

    /// Takes in a sample of a collection that is in its normal state.
    pub(super) fn sample_healthy(&mut self, lambda: Lambda) {
        match &mut self.learning {
            Learning::WarmingUp { wanted, samples } => {
                samples.push(lambda);
                if samples.len() >= *wanted {
                    self.learning = Learning::Known(median(samples));
                }
            }
            // No multiple of 0 would ever lift a collection that began disconnected.
            Learning::Known(baseline) if *baseline == Lambda::ZERO => *baseline = lambda,
            Learning::Known(baseline) if lambda > *baseline => {
                let seen = lambda.get().min(baseline.get() * MOST_LIFTED);
                *baseline = Lambda::clamped(baseline.get() + LIFT * (seen - baseline.get()));
            }
            Learning::Known(_) => {}
        }
    }
}

/// The lower median.
fn median(samples: &mut [Lambda]) -> Lambda {
    let middle = samples.len().saturating_sub(1) / 2;
    *samples.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(samples: impl IntoIterator<Item = f64>) -> Option<f64> {
        let mut baseline = Baseline::new(5);
        for lambda in samples {
            baseline.sample_healthy(Lambda::clamped(lambda));
        }
        baseline.value().map(Lambda::get)
    }

    #[test]
    fn an_outlier_among_the_first_samples_does_not_count() {
        assert_eq!(learned([100.0, 101.0, 0.0, 99.0]), None);
        assert_eq!(learned([100.0, 101.0, 0.0, 99.0, 1e9]), Some(100.0));
    }

    #[test]
    fn a_slow_decay_does_not_take_the_baseline_down() {
        let decaying = (0..1000).map(|sample| 100.0 * 0.9999f64.powi(sample));
        let baseline = learned(decaying).unwrap();
        assert!(baseline > 99.9, "{baseline}");
    }

    #[test]
    fn a_lasting_rise_is_learned_and_one_outlier_is_not() {
        let risen = learned(std::iter::repeat_n(100.0, 5).chain(std::iter::repeat_n(120.0, 500))).unwrap();
        assert!((119.0..=120.0).contains(&risen), "{risen}");
        let spiked = learned(
            std::iter::repeat_n(100.0, 5)
                .chain([1e12])
                .chain(std::iter::repeat_n(100.0, 100)),
        )
        .unwrap();
        assert!(spiked < 101.0, "{spiked}");
    }

    #[test]
    fn a_collection_that_began_disconnected_can_still_learn() {
        let grown = learned(std::iter::repeat_n(0.0, 5).chain(std::iter::repeat_n(50.0, 500))).unwrap();
        assert!(grown > 49.0, "{grown}");
    }
}
