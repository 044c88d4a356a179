//! Calls of the database that must not take the process down.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls the database; a panic is its message.
///
/// A database that stumbles over a damaged page may panic. Whatever it had in memory is thrown away then
/// ([`StoreFile`](super::file::StoreFile) closes it), so nothing inconsistent can be observed afterwards.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        payload
            .downcast_ref::<&str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "the database panicked".to_owned())
    })
}
