//! The standard library's mutex, never poisoned.
//!
//! What is under a lock here is whole at every moment that a panic could end the holder's work, so the next holder goes
//! on: one panic of a host's code must not become the failure of all that comes after.

use std::sync::{MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
