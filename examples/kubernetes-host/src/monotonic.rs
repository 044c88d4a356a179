//! Time that only goes forwards, for measuring how long something has been seen unchanged.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells how long it has been running. Clones tell the same.
///
/// Leases are judged by it and not by a clock, which jumps, nor by the times that other holders write, whose clocks may
/// differ.
#[derive(Clone)]
pub struct Monotonic(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Monotonic {
    /// The operating system's.
    #[must_use]
    pub fn system() -> Self {
        let began = Instant::now();
        Self::new(move || began.elapsed())
    }

    /// Whatever `elapsed` tells, which must never go backwards: for simulations and tests.
    #[must_use]
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(elapsed))
    }

    /// How long it has been running.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Monotonic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Monotonic").field(&self.elapsed()).finish()
    }
}
