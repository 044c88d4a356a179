//! Waiting for what happens on other threads.

use std::thread;
use std::time::{Duration, Instant};

/// So long a machine under load may take; nothing that is right takes it.
const AT_MOST: Duration = Duration::from_secs(60);

/// Waits until `answer` has one.
pub fn eventually<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(began.elapsed() < AT_MOST, "{what} did not happen");
        thread::yield_now();
    }
}
