//! What connects a healer's process with the rest of the world, and comes between them.
//!
//! A process that has died goes on to the end of the call that it is in, as nothing can stop a function in the middle; but from
//! the moment of its death every call it makes fails and reaches nothing, so that for the world it is gone there and then. What
//! is left of it is thrown away as soon as the call returns.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use healing_core::{Clock, HostError, Timestamp, VirtualClock};
use parking_lot::Mutex;
use thiserror::Error;

use super::event::Side;
use super::fact::{Pid, What};
use super::simulation::Simulation;

/// Turns of a newborn healer in which it reads what is written.
const NEWBORN: u32 = 5;

/// One process's connection.
pub(super) struct Link {
    pub(super) pid: Pid,
    pub(super) slot: usize,
    simulation: Weak<Simulation>,
    clock: SkewedClock,
    dead: AtomicBool,
    /// For how long nobody is there after it died.
    down: Mutex<Duration>,
    stores_cut: AtomicBool,
    world_cut: AtomicBool,
    /// Turns in which what it remembers may be new to it: after its birth, and after each record.
    news: AtomicU32,
    /// How long the answer to the call that is being made is held back.
    withheld: Mutex<Option<Duration>>,
}

/// A clock that is wrong by so much: the machine's that a process runs on.
#[derive(Debug, Clone)]
pub(super) struct SkewedClock {
    right: VirtualClock,
    ahead_by_ms: Arc<AtomicI64>,
}

/// An error that the simulation made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum MadeUp {
    #[error("the process is dead")]
    Dead,
    #[error("the connection is cut")]
    CutOff,
    #[error("the store failed, as scheduled")]
    Store,
    #[error("the store is full")]
    Full,
    #[error("the actuator failed, as scheduled")]
    Actuator,
    #[error("the call did not return in time")]
    Hanging,
    #[error("nothing was observed, as scheduled")]
    Unseen,
}

impl MadeUp {
    /// As hosts hand errors in.
    pub(super) fn boxed(self) -> HostError {
        Box::new(self)
    }

    /// As a panic, without the noise of one.
    pub(super) fn panic(self) -> ! {
        std::panic::resume_unwind(Box::new(self.to_string()))
    }
}

impl Link {
    pub(super) fn new(pid: Pid, slot: usize, simulation: Weak<Simulation>, clock: SkewedClock) -> Self {
        Self {
            pid,
            slot,
            simulation,
            clock,
            dead: AtomicBool::new(false),
            down: Mutex::default(),
            stores_cut: AtomicBool::new(false),
            world_cut: AtomicBool::new(false),
            news: AtomicU32::new(NEWBORN),
            withheld: Mutex::default(),
        }
    }

    /// The rest of the world, as long as there is one.
    pub(super) fn simulation(&self) -> Result<Arc<Simulation>, MadeUp> {
        self.simulation.upgrade().ok_or(MadeUp::Dead)
    }

    /// The clock of the machine that it runs on.
    pub(super) fn clock(&self) -> &SkewedClock {
        &self.clock
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Dies, now.
    pub(super) fn die(&self, down: Duration) {
        if !self.dead.swap(true, Ordering::SeqCst) {
            *self.down.lock() = down;
            self.note(What::Died);
        }
    }

    pub(super) fn down(&self) -> Duration {
        *self.down.lock()
    }

    pub(super) fn cut_off(&self, from: Side, cut: bool) {
        if from != Side::World {
            self.stores_cut.store(cut, Ordering::SeqCst);
        }
        if from != Side::Stores {
            self.world_cut.store(cut, Ordering::SeqCst);
        }
    }

    /// Whether a call to a store gets there.
    pub(super) fn reaches_stores(&self) -> Result<(), MadeUp> {
        self.reaches(&self.stores_cut)
    }

    /// Whether a call to what is healed gets there.
    pub(super) fn reaches_world(&self) -> Result<(), MadeUp> {
        self.reaches(&self.world_cut)
    }

    fn reaches(&self, cut: &AtomicBool) -> Result<(), MadeUp> {
        if self.is_dead() {
            Err(MadeUp::Dead)
        } else if cut.load(Ordering::SeqCst) {
            Err(MadeUp::CutOff)
        } else {
            Ok(())
        }
    }

    /// It wrote a record.
    pub(super) fn wrote(&self) {
        self.news.fetch_max(1, Ordering::SeqCst);
    }

    /// Whether what it remembers may be new to it, in the turn that ends now.
    pub(super) fn has_news(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.news.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    pub(super) fn withhold(&self, answer_for: Duration) {
        *self.withheld.lock() = Some(answer_for);
    }

    pub(super) fn take_withheld(&self) -> Option<Duration> {
        self.withheld.lock().take()
    }

    pub(super) fn note(&self, what: What) {
        if let Ok(simulation) = self.simulation() {
            simulation.note(Some(self.pid), what);
        }
    }
}

impl SkewedClock {
    pub(super) fn new(right: VirtualClock) -> Self {
        Self {
            right,
            ahead_by_ms: Arc::default(),
        }
    }

    /// Sets it forwards or backwards.
    pub(super) fn jump(&self, seconds: i64) {
        self.ahead_by_ms
            .fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }

    /// What it shows at a time of the world.
    pub(super) fn shown_at(&self, right: Timestamp) -> Timestamp {
        let shown = right
            .as_millisecond()
            .saturating_add(self.ahead_by_ms.load(Ordering::SeqCst));
        Timestamp::from_millisecond(shown).unwrap_or(right)
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.shown_at(self.right.now())
    }
}
