//! What is healthy, learned while a collection is well.
//!
//! A healthy value is what was seen at first, and from then on it is lifted by what is seen on average above it; it never sinks
//! by itself. A collection that decays slowly, always a little below what it was, would otherwise take its own baseline, and
//! with it the thresholds, down with it unseen. It is lifted by the average, and slowly, because single samples scatter:
//! lifted by those, it would end up where the luckiest of them was.

/// A moving average over about so many samples lifts a healthy value ...
const AVERAGED: f32 = 64.0;
/// ... by this share of its distance, at each sample.
const LIFT: f32 = 0.02;
/// A sample counts as at most this many times the healthy value, so that one outlier does not lift it for good.
const MOST_LIFTED: f32 = 1.1;

/// A healthy value that is known. A collection has one for each edge, so it is held in single precision: to seven digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Healthy {
    value: f32,
    average: f32,
}

impl Healthy {
    pub(super) fn of(value: f64) -> Self {
        let value = value as f32;
        Self { value, average: value }
    }

    pub(super) fn value(self) -> f64 {
        f64::from(self.value)
    }

    /// Takes in a sample of a collection that is well.
    pub(super) fn sample(&mut self, seen: f64) {
        let seen = seen as f32;
        // No multiple of 0 would ever lift what was nothing at first.
        if self.value == 0.0 {
            (self.value, self.average) = (seen, seen);
            return;
        }
        let seen = seen.min(self.value * MOST_LIFTED);
        self.average += (seen - self.average) / AVERAGED;
        self.value += LIFT * (self.average - self.value).max(0.0);
    }
}

/// Learns the healthy value of one of very many: the mean of the first samples without the least and the greatest of them, then
/// as [`Healthy`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Learned {
    FirstSamples {
        count: u16,
        least: f32,
        greatest: f32,
        /// The sum of the others.
        others: f32,
    },
    Known(Healthy),
}

impl Learned {
    pub(super) const NOTHING: Self = Self::FirstSamples {
        count: 0,
        least: 0.0,
        greatest: 0.0,
        others: 0.0,
    };

    /// The healthy value, once known.
    pub(super) fn healthy(self) -> Option<f64> {
        match self {
            Self::FirstSamples { .. } => None,
            Self::Known(healthy) => Some(healthy.value()),
        }
    }

    /// Takes in a sample of a collection that is well.
    pub(super) fn sample(&mut self, seen: f64) {
        let (count, least, greatest, others) = match self {
            Self::FirstSamples {
                count,
                least,
                greatest,
                others,
            } => (count, least, greatest, others),
            Self::Known(healthy) => return healthy.sample(seen),
        };
        let seen = seen as f32;
        match *count {
            0 => (*least, *greatest) = (seen, seen),
            1 => (*least, *greatest) = (least.min(seen), greatest.max(seen)),
            u16::MAX => return,
            _ if seen < *least => *others += std::mem::replace(least, seen),
            _ if seen > *greatest => *others += std::mem::replace(greatest, seen),
            _ => *others += seen,
        }
        *count += 1;
    }

    /// There were enough samples; `seen` counts where there was none.
    pub(super) fn conclude(&mut self, seen: f64) {
        if let Self::FirstSamples {
            count,
            least,
            greatest,
            others,
        } = *self
        {
            let mean = match count {
                0 => seen as f32,
                1 | 2 => f32::midpoint(least, greatest),
                _ => others / f32::from(count - 2),
            };
            *self = Self::Known(Healthy::of(mean.into()));
        }
    }
}

/// Learns one healthy value: the median of the first samples, then as [`Healthy`].
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    learning: Learning,
}

#[derive(Debug, Clone)]
enum Learning {
    WarmingUp { wanted: usize, samples: Vec<f64> },
    Known(Healthy),
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

    /// A baseline that was learned earlier.
    pub(super) fn known(value: f64) -> Self {
        Self {
            learning: Learning::Known(Healthy::of(value)),
        }
    }

    /// The baseline, once known.
    pub(super) fn value(&self) -> Option<f64> {
        match self.learning {
            Learning::WarmingUp { .. } => None,
            Learning::Known(healthy) => Some(healthy.value()),
        }
    }

    /// Takes in a sample of a collection that is well.
    pub(super) fn sample(&mut self, seen: f64) {
        match &mut self.learning {
            Learning::WarmingUp { wanted, samples } => {
                samples.push(seen);
                if samples.len() >= *wanted {
                    self.learning = Learning::Known(Healthy::of(median(samples)));
                }
            }
            Learning::Known(healthy) => healthy.sample(seen),
        }
    }
}

/// The lower median.
fn median(samples: &mut [f64]) -> f64 {
    let middle = samples.len().saturating_sub(1) / 2;
    *samples.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(samples: impl IntoIterator<Item = f64>) -> Option<f64> {
        let mut baseline = Baseline::new(5);
        for seen in samples {
            baseline.sample(seen);
        }
        baseline.value()
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
    fn scatter_lifts_the_baseline_by_little_however_long_it_lasts() {
        // 5 % to either side, every value as often, in a fixed order without a pattern.
        let scatter = |sample: u64| (sample.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1u64 << 24) as f64;
        let scattered = (0..1_000_000).map(|sample| 100.0 * (0.95 + 0.1 * scatter(sample)));
        let baseline = learned(scattered).unwrap();
        assert!((97.0..=102.0).contains(&baseline), "{baseline}");
    }

    #[test]
    fn a_collection_that_began_disconnected_can_still_learn() {
        let grown = learned(std::iter::repeat_n(0.0, 5).chain(std::iter::repeat_n(50.0, 500))).unwrap();
        assert!(grown > 49.0, "{grown}");
    }
}
