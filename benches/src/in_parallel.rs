//! Many like things at once, in a fixed order.

use std::thread;

/// `work` for 0 to `number`, in that order, on all cores.
///
/// # Errors
/// The first one of `work`, in that order.
pub fn in_parallel<T: Send, E: Send>(number: usize, work: impl Fn(usize) -> Result<T, E> + Sync) -> Result<Vec<T>, E> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = number.div_ceil(workers).max(1);
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..number)
            .step_by(share)
            .map(|start| {
                scope.spawn(move || {
                    (start..number.min(start + share))
                        .map(work)
                        .collect::<Result<Vec<T>, E>>()
                })
            })
            .collect();
        let mut all = Vec::with_capacity(number);
        for thread in threads {
            match thread.join() {
                Ok(results) => all.extend(results?),
                Err(panicked) => std::panic::resume_unwind(panicked),
            }
        }
        Ok(all)
    })
}
