//! Whether a host's stores keep what their traits promise.
//!
//! [`suite`] looks at a store that is all three; [`journal`], [`outcomes`] and [`leases`] look at one each, for a host that
//! has no more than that. What a host writes is a [`StoreFactory`]: where stores come from, and what a restart is.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use healing_core::storage::MemoryStorage;
//! use healing_core::testkit::storage::{LeaseFactory, StoreFactory, suite};
//! use healing_core::{Clock, HostError, VirtualClock};
//!
//! #[derive(Default)]
//! struct InMemory {
//!     clock: VirtualClock,
//!     newest: Option<MemoryStorage>,
//! }
//!
//! impl StoreFactory for InMemory {
//!     type Store = MemoryStorage;
//!
//!     fn fresh(&mut self) -> Result<MemoryStorage, HostError> {
//!         let store = MemoryStorage::new(Arc::new(self.clock.clone()));
//!         Ok(self.newest.insert(store).clone())
//!     }
//!
//!     fn reopen(&mut self) -> Result<MemoryStorage, HostError> {
//!         self.newest.clone().ok_or_else(|| "nothing to open".into()) // a store on disk opens its files here
//!     }
//! }
//!
//! impl LeaseFactory for InMemory {
//!     fn advance(&self, by: Duration) {
//!         self.clock.advance(by); // a store with a clock of its own waits here
//!     }
//!
//!     fn set_clock_back(&self, by: Duration) -> bool {
//!         self.clock.set(self.clock.now() - by);
//!         true
//!     }
//! }
//!
//! let report = suite(&mut InMemory::default());
//! assert!(report.is_clean(), "{report}");
//! ```
//!
//! Some checks call a store from several threads at once. Durability is checked as far as [`StoreFactory::reopen`] goes:
//! whether the disk keeps what was synced, a suite cannot see.

mod journal;
mod leases;
mod outcomes;
mod sample_outcome;
mod sample_record;

use std::time::Duration;

pub use journal::journal;
pub use leases::leases;
pub use outcomes::outcomes;

use crate::HostError;
use crate::identity::CollectionId;
use crate::storage::{Journal, LeaseStore, OutcomeStore};
use crate::testkit::{Objection, Report, failed};

/// Makes the stores that are looked at.
pub trait StoreFactory {
    /// A handle on a store.
    type Store;

    /// A handle on a store that is empty and shares nothing with those made before.
    ///
    /// # Errors
    /// The host's own, which the check then reports.
    fn fresh(&mut self) -> Result<Self::Store, HostError>;

    /// A handle on the data of the newest fresh store, as after a restart. All handles on it were dropped before.
    ///
    /// # Errors
    /// The host's own, which the check then reports.
    fn reopen(&mut self) -> Result<Self::Store, HostError>;

    /// One more handle on the data of the newest fresh store, as another process has it while the first one is at work;
    /// `None`, the default, where only one handle at a time can be.
    ///
    /// # Errors
    /// The host's own, which the check then reports.
    fn beside(&mut self) -> Result<Option<Self::Store>, HostError> {
        Ok(None)
    }
}

/// Makes lease stores, and lets time pass for them.
pub trait LeaseFactory: StoreFactory {
    /// The shortest lease that the checks take: a minute unless said otherwise. Whole seconds, and much longer than a
    /// call takes. A store with a clock of its own has the checks wait for some thirty of it, all told.
    fn term(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Returns when at least `by` has passed on the clock that the leases run by: moves a virtual clock, or waits.
    fn advance(&self, by: Duration);

    /// Sets the clock that the leases run by back, and returns `true`; returns `false`, the default, where it cannot be
    /// set.
    fn set_clock_back(&self, by: Duration) -> bool {
        let _ = by;
        false
    }
}

/// Looks at all three stores of a host.
pub fn suite<F>(factory: &mut F) -> Report
where
    F: LeaseFactory<Store: Journal + OutcomeStore + LeaseStore>,
{
    let mut report = Report::of("storage");
    report.include(journal(factory));
    report.include(outcomes(factory));
    report.include(leases(factory));
    report
}

/// Threads that call a store at once.
const CALLERS: usize = 4;

fn fresh<F: StoreFactory>(factory: &mut F) -> Result<F::Store, Objection> {
    factory.fresh().map_err(failed("making a fresh store"))
}

/// The store after a restart.
fn restarted<F: StoreFactory>(factory: &mut F, store: F::Store) -> Result<F::Store, Objection> {
    drop(store);
    factory.reopen().map_err(failed("opening the store again"))
}

/// As many handles on `store` as there are [`CALLERS`]: of two processes, where two can have the store open.
struct Handles<S> {
    first: S,
    second: Option<S>,
}

impl<S> Handles<S> {
    fn of<F: StoreFactory<Store = S>>(factory: &mut F) -> Result<Self, Objection> {
        let first = fresh(factory)?;
        let second = factory.beside().map_err(failed("opening the store a second time"))?;
        Ok(Self { first, second })
    }

    fn of_caller(&self, caller: usize) -> &S {
        match &self.second {
            Some(second) if caller % 2 == 1 => second,
            _ => &self.first,
        }
    }
}

/// Calls `work` on [`CALLERS`] threads at once and hands back what each returned.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, Objection> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || work(caller))).collect();
        let results: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        results
            .into_iter()
            .map(|result| result.map_err(|_| Objection::broken("it panicked when called from several threads")))
            .collect()
    })
}

/// Objects unless the same are there in the same order: `what` names one of them, `when` says when they were looked at.
fn same_in_order(found: &[String], expected: &[String], what: &str, when: &str) -> Result<(), Objection> {
    let place = (0..found.len().max(expected.len())).find(|&place| found.get(place) != expected.get(place));
    let Some(place) = place else { return Ok(()) };
    let name = |list: &[String]| match list.get(place) {
        Some(name) => format!("{what} {name}"),
        None => "nothing".to_owned(),
    };
    Err(Objection::broken(format!(
        "{when}, {} come instead of {}, and first {} where {} should be",
        found.len(),
        expected.len(),
        name(found),
        name(expected)
    )))
}

/// Names of collections that a store which folds, cuts or normalises names takes for the same, in their sorted order.
fn look_alikes() -> Result<Vec<CollectionId>, Objection> {
    let names = [
        "\"quoted\"",
        "%",
        "'quoted'",
        "A",
        "_",
        "a",
        "a ",
        "a#1",
        "a-b",
        "a.b",
        "a/b",
        "a:b",
        "a_b",
        "b",
        "e\u{301}",
        "global",
        "\u{e9}",
        "\u{1f4a5}",
    ];
    let long = ["x".repeat(199) + "y", "x".repeat(199) + "z"];
    let mut collections = names
        .into_iter()
        .map(str::to_owned)
        .chain(long)
        .map(|name| CollectionId::new(name).map_err(failed("naming a collection")))
        .collect::<Result<Vec<_>, _>>()?;
    collections.sort();
    Ok(collections)
}
