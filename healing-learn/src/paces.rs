//! How quickly the service changes, inferred from how well its outcomes are foretold.

use healing_core::Timestamp;

use crate::changing_chance::PACES;
use crate::half_life::HalfLife;

/// How probable each pace of change is: one for everything that is learned, as it is the same service that changes. An outcome
/// makes those paces more probable that foretold it (Bayes' rule over models).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paces {
    /// The newest outcome's time.
    newest: Option<Timestamp>,
    /// They add up to 1.
    probabilities: [f64; PACES],
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            newest: None,
            probabilities: [1.0 / PACES as f64; PACES],
        }
    }
}

impl Paces {
    /// Takes in how probable an outcome was at each pace.
    pub(crate) fn learn(&mut self, at: Timestamp, foretold: [f64; PACES], half_life: HalfLife) {
        self.probabilities = self.probabilities(at, half_life);
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        let mut whole = 0.0;
        for (probability, foretold) in self.probabilities.iter_mut().zip(foretold) {
            *probability *= foretold;
            whole += *probability;
        }
        for probability in &mut self.probabilities {
            *probability /= whole;
        }
    }

    /// The probabilities at `now`. Within a half-life the pace is drawn anew with probability one half (Herbster and Warmuth
    /// 1998, "Tracking the Best Expert", fixed share), so that a service which was quiet for years can come to life.
    pub(crate) fn probabilities(&self, now: Timestamp, half_life: HalfLife) -> [f64; PACES] {
        let unchanged = self.newest.map_or(1.0, |newest| half_life.left_after(newest, now));
        self.probabilities
            .map(|probability| probability * unchanged + (1.0 - unchanged) / PACES as f64)
    }
}
