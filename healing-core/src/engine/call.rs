//! Calls into host code that must not take the healer down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

/// Host code panicked, with this message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("panicked: {0}")]
pub(super) struct Panicked(String);

impl Panicked {
    pub(super) fn without_message() -> Self {
        Self("no message".to_owned())
    }
}

/// Calls host code and turns a panic into a value.
///
/// The engine keeps nothing of what the call may have left half-changed but what the host itself keeps, so nothing
/// inconsistent can be observed here afterwards.
pub(super) fn contained<T>(host_code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(host_code)).map_err(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        message.map_or_else(Panicked::without_message, Panicked)
    })
}
