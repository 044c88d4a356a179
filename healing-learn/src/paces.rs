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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(outcomes: i64) -> Paces {
        let mut paces = Paces::default();
        let mut foretold = [0.2; PACES];
        foretold[1] = 0.8;
        for second in 0..outcomes {
            paces.learn(
                Timestamp::from_second(second).unwrap_or_default(),
                foretold,
                half_life(),
            );
        }
        paces
    }

    fn half_life() -> HalfLife {
        HalfLife::new(Duration::from_secs(24 * 3600)).unwrap_or_else(|_| unreachable!())
    }

    #[test]
    fn the_pace_that_foretells_the_outcomes_becomes_probable_and_is_doubted_again_after_a_quiet_while() {
        let alike = 1.0 / PACES as f64;
        let paces = after(10);
        let soon = paces.probabilities(Timestamp::from_second(10).unwrap_or_default(), half_life());
        let a_half_life_later = Timestamp::from_second(9 + 24 * 3600).unwrap_or_default();
        let later = paces.probabilities(a_half_life_later, half_life());
        for probabilities in [soon, later] {
            assert!(
                (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9,
                "{probabilities:?}"
            );
        }
        assert!(soon[1] > 0.99, "{soon:?}");
        assert!(
            (later[1] - f64::midpoint(soon[1], alike)).abs() < 1e-3,
            "{soon:?}, {later:?}"
        );
    }

    #[test]
    fn before_any_outcome_all_paces_are_equally_probable() {
        let probabilities = after(0).probabilities(Timestamp::UNIX_EPOCH, half_life());
        assert_eq!(probabilities, [1.0 / PACES as f64; PACES]);
    }
}
