//! When something is due, on a clock that may jump.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

/// A time to wait for. Where the clock is set back to before the alarm was set, it is due at once: waiting for the old time
/// could take hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alarm {
    set_at: Timestamp,
    at: Timestamp,
}

impl Alarm {
    /// Due now.
    pub(super) fn now(now: Timestamp) -> Self {
        Self { set_at: now, at: now }
    }

    /// Due at a time.
    pub(super) fn at(now: Timestamp, at: Timestamp) -> Self {
        Self { set_at: now, at }
    }

    /// Due after a while.
    pub(super) fn after(now: Timestamp, wait: Duration) -> Self {
        Self {
            set_at: now,
            at: later(now, wait),
        }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.at || now < self.set_at
    }

    pub(super) fn due_at(&self) -> Timestamp {
        self.at
    }
}
