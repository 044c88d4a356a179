//! What changes without a cause: the clients' mood, the network, how far replicas in order are behind.

use std::time::Duration;

use healing_core::Timestamp;
use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws what changes without a cause, every second or less often. In between it stays as it is.
pub(crate) struct Noise {
    random: ChaCha8Rng,
    changes_every: Duration,
    next_change: Timestamp,
    is_held: bool,
}

impl Noise {
    pub(crate) fn of_seed(seed: u64, changes_every: Duration, now: Timestamp) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            changes_every,
            next_change: now,
            is_held: false,
        }
    }

    /// The second up to `now` begins.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.is_held = now < self.next_change;
        if !self.is_held {
            self.next_change = now.checked_add(self.changes_every).unwrap_or(Timestamp::MAX);
        }
    }

    /// When it changes next.
    pub(crate) fn next_change(&self) -> Timestamp {
        self.next_change
    }

    /// Whether there are seconds without a change.
    pub(crate) fn is_rare(&self) -> bool {
        self.changes_every > Duration::from_secs(1)
    }

    /// What something that is nothing but noise changes to; `None` while it stays as it is.
    pub(crate) fn change(&mut self, range: std::ops::Range<f64>) -> Option<f64> {
        (!self.is_held).then(|| self.random.random_range(range))
    }

    /// A lot that must be drawn now.
    pub(crate) fn lot<T: SampleUniform>(&mut self, range: impl SampleRange<T>) -> T {
        self.random.random_range(range)
    }
}
