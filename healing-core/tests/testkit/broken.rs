//! What the deliberately broken stores share.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use healing_core::testkit::Report;
use healing_core::testkit::storage::{LeaseFactory, StoreFactory};
use healing_core::{Clock, HostError, VirtualClock};

/// A store that keeps all its rules but one.
pub trait Broken: Sized {
    /// Which rule it breaks; the default breaks none.
    type Flaw: Copy + Debug + Default;

    fn fresh(flaw: Self::Flaw, clock: VirtualClock) -> Self;

    /// The same data after a restart.
    fn reopened(&self) -> Self;

    /// Another handle on the same data.
    fn beside(&self) -> Self;
}

pub struct Factory<B: Broken> {
    flaw: B::Flaw,
    clock: VirtualClock,
    newest: Option<B>,
}

impl<B: Broken> Factory<B> {
    fn with(flaw: B::Flaw) -> Self {
        Self {
            flaw,
            clock: VirtualClock::default(),
            newest: None,
        }
    }
}

impl<B: Broken> StoreFactory for Factory<B> {
    type Store = B;

    fn fresh(&mut self) -> Result<B, HostError> {
        let store = B::fresh(self.flaw, self.clock.clone());
        Ok(self.newest.insert(store).beside())
    }

    fn reopen(&mut self) -> Result<B, HostError> {
        let newest = self.newest.as_mut().ok_or("nothing to open")?;
        *newest = newest.reopened();
        Ok(newest.beside())
    }

    fn beside(&mut self) -> Result<Option<B>, HostError> {
        Ok(self.newest.as_ref().map(B::beside))
    }
}

impl<B: Broken> LeaseFactory for Factory<B> {
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn set_clock_back(&self, by: Duration) -> bool {
        self.clock.set(self.clock.now() - by);
        true
    }
}

/// The suite finds nothing wrong with a store without a flaw; it finds each of `flaws` by the check beside it, and each of
/// its checks finds one.
pub fn each_check_finds_its_flaw<B: Broken>(
    suite: impl Fn(&mut Factory<B>) -> Report,
    flaws: &[(B::Flaw, &'static str)],
) {
    let sound = suite(&mut Factory::with(B::Flaw::default()));
    assert!(sound.is_clean() && sound.not_tried().is_empty(), "{sound}");
    for (flaw, check) in flaws {
        let report = suite(&mut Factory::with(*flaw));
        assert!(
            report.broken().iter().any(|finding| finding.check == *check),
            "{check} does not find {flaw:?}\n{report}"
        );
    }
    let all: BTreeSet<_> = sound.held().iter().copied().collect();
    let shown: BTreeSet<_> = flaws.iter().map(|(_, check)| *check).collect();
    assert_eq!(all, shown, "every check is shown to fail");
}

/// Between a look and an act that should have been one: waits for another caller to look too, where there is one.
#[derive(Default)]
pub struct Gap {
    inside: AtomicUsize,
}

impl Gap {
    pub fn linger(&self) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        for _ in 0..1000 {
            if self.inside.load(Ordering::SeqCst) > 1 {
                break;
            }
            std::thread::yield_now();
        }
        std::thread::yield_now();
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}
