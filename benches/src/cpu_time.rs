//! The time that this thread has run: on a machine that others use too, it says more than the time of day does.

use std::io;
use std::time::Duration;

/// How long this thread has run so far, as Linux counts it; right to within a tick of its scheduler, some milliseconds.
///
/// # Errors
///
/// When the system does not tell.
pub fn of_thread() -> io::Result<Duration> {
    let counts = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = counts.split_whitespace().next().and_then(|count| count.parse().ok());
    let missing = || io::Error::other("no running time in /proc/thread-self/schedstat");
    nanoseconds.map(Duration::from_nanos).ok_or_else(missing)
}
