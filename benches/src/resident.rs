//! What Linux tells a process about its own memory.

use std::io;

/// The bytes that are resident now.
///
/// # Errors
///
/// When the system does not tell.
pub fn now() -> io::Result<u64> {
    status("VmRSS:")
}

/// What `run` returns, and by how many bytes it raised the resident memory at its peak.
///
/// # Errors
///
/// When the system does not tell.
pub fn beyond<T>(run: impl FnOnce() -> T) -> io::Result<(T, u64)> {
    let before = now()?;
    // Sets the peak back to what is resident now.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let result = run();
    let peak = status("VmHWM:")?;
    Ok((result, peak.saturating_sub(before)))
}

/// A line of `/proc/self/status`, in bytes.
fn status(key: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes = status.lines().find_map(|line| {
        line.strip_prefix(key)?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>()
            .ok()
    });
    let missing = || io::Error::other(format!("no {key} in /proc/self/status"));
    Ok(kibibytes.ok_or_else(missing)? * 1024)
}
