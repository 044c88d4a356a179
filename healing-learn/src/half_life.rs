//! How quickly the past is forgotten.

use std::time::Duration;

use healing_core::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// After this time the chance is one half that everything is still as it was. At least one second, at most a hundred years; a plain
/// number of seconds on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct HalfLife(Duration);

/// A half-life that nothing could be learned with.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the half-life is {seconds} s, expected 1 s to 100 years")]
#[non_exhaustive]
pub struct InvalidHalfLife {
    /// What was given, in seconds.
    pub seconds: f64,
}

impl HalfLife {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

    /// A year: what breaks or gets slowly worse is noticed by its outcomes, so this only says how long a strategy that is not
    /// tried any more is believed to be as it was.
    pub const YEAR: Self = Self(Duration::from_secs(365 * 24 * 3600));

    /// Checks `half_life`.
    ///
    /// # Errors
    /// [`InvalidHalfLife`] when it is shorter than a second or longer than a hundred years.
    pub fn new(half_life: Duration) -> Result<Self, InvalidHalfLife> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&half_life) {
            Ok(Self(half_life))
        } else {
            Err(InvalidHalfLife {
                seconds: half_life.as_secs_f64(),
            })
        }
    }

    /// The plain duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// How many half-lives have passed at `now` since `since`: 0 where the clock was set back.
    pub(crate) fn passed(self, since: Timestamp, now: Timestamp) -> f64 {
        let age = now.duration_since(since).as_secs_f64().max(0.0);
        age / self.0.as_secs_f64()
    }

    /// What is left at `now` of what was whole at `since`: 1 where no time has passed or the clock was set back.
    pub(crate) fn left_after(self, since: Timestamp, now: Timestamp) -> f64 {
        (-self.passed(since, now)).exp2()
    }
}

impl TryFrom<f64> for HalfLife {
    type Error = InvalidHalfLife;

    fn try_from(seconds: f64) -> Result<Self, InvalidHalfLife> {
        let half_life = Duration::try_from_secs_f64(seconds).map_err(|_| InvalidHalfLife { seconds })?;
        Self::new(half_life)
    }
}

impl From<HalfLife> for f64 {
    fn from(half_life: HalfLife) -> f64 {
        half_life.0.as_secs_f64()
    }
}
