//! Time, as the host says it is.
//!
//! Nothing in these crates asks the operating system what time it is: whatever depends on time asks the [`Clock`] it was
//! given. Under a [`VirtualClock`] the whole loop is a pure function of its inputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// Tells the time, in UTC.
///
/// An implementation may jump: forwards after a suspended machine wakes, backwards when the clock was set. Callers treat a
/// backward step as "no time has passed".
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that moves only when it is told to; clones share the same time. Its resolution is one microsecond.
///
/// ```
/// use std::time::Duration;
/// use healing_core::{Clock, VirtualClock};
///
/// let clock = VirtualClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now().duration_since(before).as_secs(), 90);
/// ```
#[derive(Debug, Clone, Default)]
pub struct VirtualClock {
    microseconds: Arc<AtomicI64>,
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            microseconds: Arc::new(AtomicI64::new(rounded_up(start))),
        }
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        self.set(later(self.now(), by));
    }

    /// Sets the clock, forwards or backwards, to `to` or the next microsecond after it: what was to happen at `to` is due then.
    pub fn set(&self, to: Timestamp) {
        self.microseconds.store(rounded_up(to), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.microseconds.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

/// In microseconds since the epoch.
fn rounded_up(at: Timestamp) -> i64 {
    let microseconds = at.as_microsecond();
    match Timestamp::from_microsecond(microseconds) {
        Ok(rounded) if rounded < at => microseconds.saturating_add(1),
        _ => microseconds,
    }
}

/// `at` plus `by`, or the last representable time where that would be later still.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at` cut to the microsecond, as stores keep it.
pub(crate) fn to_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The time from `since` to `now`; zero where the clock went backwards.
pub(crate) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_over_its_ends() {
        assert_eq!(later(Timestamp::MAX, Duration::MAX), Timestamp::MAX);
        assert_eq!(elapsed(Timestamp::MAX, Timestamp::MIN), Duration::ZERO);
        let clock = VirtualClock::starting_at(Timestamp::MAX);
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn clones_share_the_time() {
        let clock = VirtualClock::default();
        clock.clone().advance(Duration::from_millis(1500));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(clock.now().as_microsecond(), 1_500_001);
        assert_eq!(clock.now().as_millisecond(), 1500);
    }
}
