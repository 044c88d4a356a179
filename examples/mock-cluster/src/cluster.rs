//! The cluster as its host holds it: a handle, and time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::FencingToken;
use healing_core::{Clock, CollectionId, Fence, HostError, Timestamp, VirtualClock};
use parking_lot::{Mutex, MutexGuard};

use crate::fault::Fault;
use crate::size::Size;
use crate::state::State;

/// A simulated cluster. Clones are handles on the same one.
#[derive(Clone)]
pub struct Cluster {
    collection: CollectionId,
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
}

impl Cluster {
    /// The healthy cluster of `seed`, which serves `collection`, at the present of `clock`. Only the cluster moves that clock
    /// from then on: see [`Self::advance_to`].
    #[must_use]
    pub fn new(collection: CollectionId, seed: u64, clock: VirtualClock) -> Self {
        Self::of_size(Size::default(), collection, seed, clock)
    }

    /// The same, of this size.
    #[must_use]
    pub fn of_size(size: Size, collection: CollectionId, seed: u64, clock: VirtualClock) -> Self {
        Self::with_noise_every(Duration::from_secs(1), size, collection, seed, clock)
    }

    /// The same, with noise that changes only so often, at least a second. Seconds in which nothing else happens then take no
    /// time to simulate, and what is observed in them is the same: for simulations of days.
    #[must_use]
    pub fn with_noise_every(
        changes: Duration,
        size: Size,
        collection: CollectionId,
        seed: u64,
        clock: VirtualClock,
    ) -> Self {
        let state = State::of_seed(seed, size, changes, clock.now());
        Self {
            collection,
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The collection that the cluster serves.
    #[must_use]
    pub fn collection(&self) -> &CollectionId {
        &self.collection
    }

    /// How large the cluster is.
    #[must_use]
    pub fn size(&self) -> Size {
        self.state().size
    }

    /// The clock that the cluster lives by.
    #[must_use]
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Lets a fault strike now. A fault of something that does not exist does nothing.
    pub fn inject(&self, fault: Fault) {
        let mut state = self.state();
        state.observed = None;
        fault.strike(&mut state);
    }

    /// Lets a fault strike at a time to come.
    pub fn schedule(&self, at: Timestamp, fault: Fault) {
        let mut state = self.state();
        state.scheduled.push((at, fault));
        state.scheduled.sort_by_key(|(at, _)| *at);
    }

    /// Humans put everything right: what faults have changed, and what was done about them, is as it was at birth.
    pub fn put_right(&self) {
        self.state().put_right();
    }

    /// Lets the world go on until `until`, second by second. The past is left alone.
    pub fn advance_to(&self, until: Timestamp) {
        let mut state = self.state.lock();
        state.due = state.due.max(until);
        drop(state);
        if until > self.clock.now() {
            self.clock.set(until);
        }
    }

    /// Inserts that clients were made to wait with and have not made up for yet.
    #[must_use]
    pub fn inserts_held_back(&self) -> f64 {
        self.state().ingestion.waiting()
    }

    /// The greatest fencing token that an actuator's writing call came with, or that the fence was raised to; 0 before the first.
    #[must_use]
    pub fn newest_token(&self) -> FencingToken {
        FencingToken::new(self.state().newest_token)
    }

    /// What it is by now. Seconds that have passed are lived only here, when someone looks.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let due = state.due;
        state.advance_to(due);
        state
    }
}

impl Fence for Cluster {
    fn raise(&self, collection: &CollectionId, token: FencingToken) -> Result<(), HostError> {
        if *collection != self.collection {
            return Err(format!("{collection} is not served here").into());
        }
        let mut state = self.state();
        state.newest_token = state.newest_token.max(token.get());
        Ok(())
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.state().now;
        formatter
            .debug_struct("Cluster")
            .field("collection", &self.collection)
            .field("now", &now)
            .finish_non_exhaustive()
    }
}
