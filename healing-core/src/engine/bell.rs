//! Wakes the healer's loop before its next tick is due.

use std::sync::{Arc, Condvar, PoisonError};
use std::time::Duration;

use crate::mutex::Mutex;

/// Rung by whoever has something for the loop to look at: a worker that finished, an operator who gave an order. Clones
/// share one bell.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.0.rung.lock() = true;
        self.0.changed.notify_all();
    }

    /// Waits until it is rung, at most so long; was it rung before, not at all.
    pub(super) fn wait(&self, at_most: Duration) {
        let mut rung = self.0.rung.lock();
        if !*rung {
            let waited = self.0.changed.wait_timeout(rung, at_most);
            rung = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *rung = false;
    }
}
