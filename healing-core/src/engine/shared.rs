//! A healer that runs on one thread and takes orders from others.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::bell::Bell;
use super::event::HealingEvent;
use super::healer::Healer;
use crate::clock::{Clock, elapsed};
use crate::mutex::Mutex;

/// A [`Healer`] to be shared: one thread calls [`run`](Self::run), any other gives orders through [`with`](Self::with).
/// Clones share the healer.
///
/// The healer is handed from one thread to the next, and no lock is held while one has it: host code that is called in a
/// tick and panics, or asks for the healer itself, blocks nobody.
///
/// ```
/// # use std::sync::{Arc, Condvar, PoisonError};
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
    seat: Arc<Seat>,
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
            seat: Arc::new(Seat::with(healer)),
            clock,
            bell,
            stopped: Arc::default(),
        }
    }

    /// Uses the healer between two of its ticks, and has it look at once at what that changed.
    ///
    /// # Panics
    /// When this thread has the healer already: host code that the healer calls, or what is given to `with`, cannot call the
    /// healer, and would wait for ever. The engine contains the panic of host code that it calls.
    pub fn with<T>(&self, what: impl FnOnce(&mut Healer) -> T) -> T {
        let result = self.seat.lend(what);
        self.bell.ring();
        result
    }

    /// Ticks whenever something is due, and hands out what happened, until [`stop`](Self::stop) is called; after that it
    /// returns at once. What is at work then is left to the next healer that gets the lease, which takes it back.
    ///
    /// `on_event` may use the healer.
    ///
    /// # Panics
    /// As [`with`](Self::with).
    pub fn run(&self, mut on_event: impl FnMut(HealingEvent)) {
        while !self.stopped.load(Ordering::SeqCst) {
            let tick = self.seat.lend(Healer::tick);
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

/// Where the healer is while no thread has it.
struct Seat {
    place: Mutex<Place>,
    freed: Condvar,
}

enum Place {
    Free(Box<Healer>),
    TakenBy(ThreadId),
}

impl Seat {
    fn with(healer: Healer) -> Self {
        Self {
            place: Mutex::new(Place::Free(Box::new(healer))),
            freed: Condvar::new(),
        }
    }

    /// Waits until no other thread has the healer, and uses it on this one.
    fn lend<T>(&self, what: impl FnOnce(&mut Healer) -> T) -> T {
        let mut healer = self.take();
        let result = catch_unwind(AssertUnwindSafe(|| what(&mut healer)));
        *self.place.lock() = Place::Free(healer);
        self.freed.notify_one();
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    #[allow(clippy::panic, reason = "the other way is to wait for oneself")]
    fn take(&self) -> Box<Healer> {
        let me = thread::current().id();
        let mut place = self.place.lock();
        loop {
            match std::mem::replace(&mut *place, Place::TakenBy(me)) {
                Place::Free(healer) => return healer,
                Place::TakenBy(thread) if thread == me => {
                    panic!("the healer is at work on this very thread: what it calls cannot use it")
                }
                taken @ Place::TakenBy(_) => {
                    *place = taken;
                    place = self.freed.wait(place).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}
