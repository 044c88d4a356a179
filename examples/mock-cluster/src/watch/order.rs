//! What the user can do.

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Quit,
    SelectPrevious,
    SelectNext,
    /// The next fault strikes the selected cluster.
    Inject,
    /// What waits for approval may begin.
    Approve,
    /// What waits for approval shall not begin.
    Reject,
    /// What is at work stops and is taken back.
    Abort,
    /// Nothing new begins in the selected cluster; again, it may.
    FreezeOrThaw,
}

/// The keys, and what they do.
pub(super) const KEYS: &str = "↑↓ select   f fault   a approve   r reject   x abort   z freeze/thaw   q quit";
