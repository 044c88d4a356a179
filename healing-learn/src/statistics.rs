//! The running sums behind an effectiveness report.

use std::time::Duration;

use healing_core::Ratio;
use healing_core::storage::OutcomeRecord;

use crate::effectiveness::{Direction, Effectiveness, Rate, Trend};
use crate::utility::is_verified;

/// The 97.5 % quantile of the normal distribution: two sides of it leave 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// So few outcomes show no trend.
const TREND_FROM: u32 = 20;

/// Sums over outcomes, of constant size.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statistics {
    outcomes: u64,
    verified: u64,
    rolled_back: u64,
    disturbed: u64,
    /// Over all verified outcomes.
    recovery_time: Duration,
    predicted: u64,
    prediction_error: f64,
    /// The last 64 verdicts, the newest in the lowest bit.
    last: u64,
}

impl Statistics {
    pub(crate) fn add(&mut self, outcome: &OutcomeRecord) {
        let verified = is_verified(outcome);
        self.outcomes += 1;
        self.verified += u64::from(verified);
        self.rolled_back += u64::from(outcome.rolled_back);
        self.disturbed += u64::from(!outcome.disturbances.is_empty());
        self.last = self.last << 1 | u64::from(verified);
        if verified {
            self.recovery_time = self.recovery_time.saturating_add(outcome.duration());
        }
        if let (Some(predicted), Some(found), false) =
            (outcome.predicted_lambda, outcome.final_lambda, outcome.rolled_back)
        {
            let (predicted, found) = (predicted.get(), found.get());
            let greater = predicted.max(found);
            self.predicted += 1;
            self.prediction_error += if greater > 0.0 {
                (predicted - found).abs() / greater
            } else {
                0.0
            };
        }
    }

    pub(crate) fn success_rate(&self) -> Option<Ratio> {
        share(self.verified, self.outcomes)
    }

    pub(crate) fn avg_time_to_recovery(&self) -> Option<Duration> {
        (self.verified > 0).then(|| self.recovery_time.div_f64(self.verified as f64))
    }

    pub(crate) fn effectiveness(&self) -> Effectiveness {
        Effectiveness {
            outcomes: self.outcomes,
            disturbed: self.disturbed,
            success_rate: wilson(self.verified, self.outcomes),
            rollback_rate: wilson(self.rolled_back, self.outcomes),
            avg_time_to_recovery: self.avg_time_to_recovery(),
            prediction_error: (self.predicted > 0)
                .then(|| Ratio::clamped(self.prediction_error / self.predicted as f64)),
            trend: self.trend(),
        }
    }

    fn trend(&self) -> Option<Trend> {
        let number = u32::try_from(self.outcomes).unwrap_or(u32::MAX).min(u64::BITS);
        if number < TREND_FROM {
            return None;
        }
        let newer = number / 2;
        let later = (self.last & ones(newer)).count_ones();
        let earlier = (self.last & ones(number) & !ones(newer)).count_ones();
        Some(Trend {
            earlier: share(earlier.into(), (number - newer).into())?,
            later: share(later.into(), newer.into())?,
            direction: direction((earlier, number - newer), (later, newer)),
        })
    }
}

/// The lowest `number` bits.
fn ones(number: u32) -> u64 {
    u64::MAX.checked_shr(u64::BITS - number).unwrap_or(0)
}

fn direction(earlier: (u32, u32), later: (u32, u32)) -> Direction {
    let rate = |(part, whole): (u32, u32)| f64::from(part) / f64::from(whole);
    let pooled = rate((earlier.0 + later.0, earlier.1 + later.1));
    let variance = pooled * (1.0 - pooled) * (1.0 / f64::from(earlier.1) + 1.0 / f64::from(later.1));
    let difference = rate(later) - rate(earlier);
    if difference.abs() <= Z * variance.sqrt() {
        Direction::Steady
    } else if difference > 0.0 {
        Direction::Improving
    } else {
        Direction::Worsening
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share of counts needs no more than 53 bits")]
fn share(part: u64, whole: u64) -> Option<Ratio> {
    (whole > 0).then(|| Ratio::clamped(part as f64 / whole as f64))
}

/// The Wilson score interval.
#[allow(clippy::cast_precision_loss, reason = "an interval needs no more than 53 bits")]
fn wilson(part: u64, whole: u64) -> Option<Rate> {
    let share = share(part, whole)?;
    let (p, n) = (share.get(), whole as f64);
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some(Rate {
        share,
        // By rounding an end could step over a share of 0 or 1.
        low: Ratio::clamped((centre - spread) / scale).min(share),
        high: Ratio::clamped((centre + spread) / scale).max(share),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_that_of_the_textbook() {
        let rate = wilson(8, 10).unwrap();
        assert!(
            (rate.low.get() - 0.4902).abs() < 1e-4 && (rate.high.get() - 0.9433).abs() < 1e-4,
            "{rate:?}"
        );
        let never = wilson(0, 10).unwrap();
        assert!(
            never.low == Ratio::ZERO && (never.high.get() - 0.2775).abs() < 1e-4,
            "{never:?}"
        );
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn a_mask_holds_as_many_bits_as_asked_for() {
        assert_eq!(
            (ones(0), ones(1), ones(32), ones(64)),
            (0, 1, u64::from(u32::MAX), u64::MAX)
        );
    }
}
