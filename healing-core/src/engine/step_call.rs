//! A strategy's call on its way: from the healer to where it is run, and its answer back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use super::bell::Bell;
use super::executor::{Answer, Job};
use crate::HostError;
use crate::host_call::contained;

/// Runs strategies' calls apart from the healer's loop: on threads, in a host's own pool, or, in a simulation, whenever the
/// simulation says so.
pub trait StepRunner: Send + Sync {
    /// Sees to it that `call` is [made](StepCall::make) and its answer [delivered](StepAnswer::deliver), and returns without
    /// waiting for that. A call that is dropped instead counts as one that panicked.
    ///
    /// # Errors
    /// The host's own, when it cannot be run now; the engine asks again a little later.
    fn run(&self, call: StepCall) -> Result<(), HostError>;
}

/// Each call on a thread of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Threads;

impl StepRunner for Threads {
    fn run(&self, call: StepCall) -> Result<(), HostError> {
        let thread = thread::Builder::new().name("healing-step".to_owned());
        thread.spawn(move || call.make().deliver())?;
        Ok(())
    }
}

/// A strategy's call of one step, ready to be made.
#[must_use = "a call that is dropped counts as one that panicked"]
pub struct StepCall {
    pub(super) job: Job,
    pub(super) way_back: WayBack,
}

/// What a call answered, on its way back to the healer.
#[must_use = "an answer that is dropped counts as a panic"]
pub struct StepAnswer {
    answer: Answer,
    way_back: WayBack,
}

/// How an answer gets to the healer.
pub(super) struct WayBack {
    pub(super) place: Place,
    pub(super) sender: SyncSender<Answer>,
    pub(super) bell: Bell,
}

impl StepCall {
    /// Makes the call; may take as long as the strategy takes, or for ever. A panic is contained.
    pub fn make(self) -> StepAnswer {
        let Self { job, way_back } = self;
        let answer = contained(job);
        StepAnswer { answer, way_back }
    }
}

impl StepAnswer {
    /// Hands it to the healer, if that still waits for it, and wakes its loop.
    pub fn deliver(self) {
        let WayBack { place, sender, bell } = self.way_back;
        drop(place);
        // Nobody listens any more where the call was given up.
        let _ = sender.send(self.answer);
        bell.ring();
    }
}

impl fmt::Debug for StepCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StepCall").finish_non_exhaustive()
    }
}

impl fmt::Debug for StepAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StepAnswer").finish_non_exhaustive()
    }
}

/// One of the places for calls that are at work at the same time; given back when dropped, with or without an answer.
pub(super) struct Place {
    pub(super) fate: Arc<Fate>,
    pub(super) taken: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.fate.end();
        self.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a call ended or was given up first: exactly one of the two counts.
pub(super) struct Fate {
    state: AtomicU8,
    abandoned: Arc<AtomicUsize>,
}

const RUNNING: u8 = 0;
const ENDED: u8 = 1;
const ABANDONED: u8 = 2;

impl Fate {
    /// That of a call which runs; counted in `abandoned` while it runs on after it was given up.
    pub(super) fn running(abandoned: Arc<AtomicUsize>) -> Self {
        Self {
            state: AtomicU8::new(RUNNING),
            abandoned,
        }
    }

    pub(super) fn abandon(&self) {
        // Counted before it shows, so that the count is never taken back before it was made.
        self.abandoned.fetch_add(1, Ordering::SeqCst);
        if self
            .state
            .compare_exchange(RUNNING, ABANDONED, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            self.abandoned.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn end(&self) {
        if self.state.swap(ENDED, Ordering::SeqCst) == ABANDONED {
            self.abandoned.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
