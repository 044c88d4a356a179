//! A healer that runs on one thread and takes orders from others.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::bell::Bell;
use super::event::HealingEvent;
use super::healer::Healer;
use crate::clock::{Clock, elapsed};

/// A [`Healer`] to be shared: one thread calls [`run`](Self::run), any other gives orders through [`with`](Self::with).
/// Clones share the healer.
///
/// ```
/// # use std::sync::Arc;
/// # use healing_core::{CollectionId, Healer, Observation, ObservationSource, SystemClock};
/// # use healing_core::observation::ObservationError;
/// # struct Nothing;
/// # impl ObservationSource for Nothing {
/// #     fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
/// #         Err(ObservationError::UnknownCollection { collection: collection.clone() })
/// #     }
/// # }
/// use healing_core::engine::SharedHealer;
///
/// let healer = Healer::builder(Arc::new(Nothing), Arc::new(SystemClock)).worker_threads(4).build()?;
/// let healer = SharedHealer::new(healer);
/// let looping = std::thread::spawn({
///     let healer = healer.clone();
///     move || healer.run(|event| drop(event))
/// });
/// assert!(healer.with(|healer| healer.config().enabled));
/// healer.stop();
/// looping.join().map_err(|_| "the loop panicked")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedHealer {
    healer: Arc<Mutex<Healer>>,
    clock: Arc<dyn Clock>,
    bell: Bell,
    stopped: Arc<AtomicBool>,
}

/// The loop looks at least this often, should a clock jump while it sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

impl SharedHealer {
    /// Makes a healer shareable.
    #[must_use]
    pub fn new(healer: Healer) -> Self {
        let (clock, bell) = (healer.clock(), healer.bell());
        Self {
            healer: Arc::new(Mutex::new(healer)),
            clock,
            bell,
            stopped: Arc::default(),
        }
    }

    /// Uses the healer between two of its ticks, and has it look at once at what that changed.
    pub fn with<T>(&self, what: impl FnOnce(&mut Healer) -> T) -> T {
        let result = what(&mut self.healer.lock());
        self.bell.ring();
        result
    }

    /// Ticks whenever something is due, and hands out what happened, until [`stop`](Self::stop) is called. What is at work
    /// then is left to the next healer that gets the lease, which takes it back.
    ///
    /// `on_event` is called without the healer being held.
    pub fn run(&self, mut on_event: impl FnMut(HealingEvent)) {
        while !self.stopped.load(Ordering::SeqCst) {
            let tick = self.healer.lock().tick();
            tick.events.into_iter().for_each(&mut on_event);
            self.bell
                .wait(elapsed(self.clock.now(), tick.wake_at).min(LONGEST_SLEEP));
        }
    }

    /// Ends [`run`](Self::run) after the tick it is in.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.bell.ring();
    }
}

impl fmt::Debug for SharedHealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedHealer")
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
