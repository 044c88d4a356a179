//! One holder at a time, whatever the clocks say.

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::HolderId;
use healing_core::storage::{LeaseError, LeaseStore};
use healing_core::testkit::storage::{LeaseFactory, StoreFactory};
use healing_core::{Clock, CollectionId, HostError, VirtualClock, testkit};
use kubernetes_host::{ClusterLeases, Monotonic};
use parking_lot::Mutex;
use serde_json::json;

use crate::fake_api::{FakeApi, Rollouts};

const LEASE: Duration = Duration::from_secs(30);

/// A process with clocks of its own.
pub struct Process {
    pub leases: ClusterLeases,
    pub clock: VirtualClock,
    elapsed: Arc<Mutex<Duration>>,
    pub holder: HolderId,
}

impl Process {
    pub fn new(api: &FakeApi, holder: &str) -> Self {
        let (clock, elapsed) = (VirtualClock::default(), Arc::new(Mutex::new(Duration::ZERO)));
        let monotonic = Monotonic::new({
            let elapsed = Arc::clone(&elapsed);
            move || *elapsed.lock()
        });
        Self {
            leases: ClusterLeases::new(api.connection(), Arc::new(clock.clone()), monotonic),
            clock,
            elapsed,
            holder: HolderId::new(holder).unwrap(),
        }
    }

    /// Time passes for this process.
    pub fn wait(&self, duration: Duration) {
        *self.elapsed.lock() += duration;
        self.clock.advance(duration);
    }

    pub fn acquire(&self) -> Result<healing_core::storage::Lease, LeaseError> {
        self.leases.acquire(&vectors(), &self.holder, LEASE)
    }
}

pub fn vectors() -> CollectionId {
    CollectionId::new("vectors").unwrap()
}

#[test]
fn a_lease_is_held_by_one_and_passes_on_with_a_greater_token() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let (one, other) = (Process::new(&api, "one"), Process::new(&api, "other"));
    let first = one.acquire().unwrap();
    assert_eq!(first.token.get(), 1);
    let refused = other.acquire().unwrap_err();
    let LeaseError::Held { holder, until, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(holder, one.holder);
    assert_eq!(until, other.clock.now().checked_add(LEASE).unwrap());

    one.leases.release(&first).unwrap();
    let second = other.acquire().unwrap();
    assert_eq!(second.token.get(), 2);
    assert!(matches!(one.leases.renew(&first, LEASE), Err(LeaseError::Lost { .. })));
    // Giving back what passed to another does nothing.
    one.leases.release(&first).unwrap();
    assert_eq!(other.leases.renew(&second, LEASE).unwrap().token, second.token);
}

#[test]
fn whoever_died_is_succeeded_after_a_lease_of_silence_and_not_before() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let (one, other) = (Process::new(&api, "one"), Process::new(&api, "other"));
    let first = one.acquire().unwrap();
    // The other has not looked before: what happened before it looked does not count.
    other.wait(10 * LEASE);
    assert!(matches!(other.acquire(), Err(LeaseError::Held { .. })));
    other.wait(LEASE - Duration::from_secs(1));
    assert!(matches!(other.acquire(), Err(LeaseError::Held { .. })));
    // A sign of life begins it anew.
    one.leases.renew(&first, LEASE).unwrap();
    assert!(matches!(other.acquire(), Err(LeaseError::Held { .. })));
    other.wait(LEASE - Duration::from_secs(1));
    assert!(matches!(other.acquire(), Err(LeaseError::Held { .. })));
    other.wait(Duration::from_secs(1));
    let second = other.acquire().unwrap();
    assert!(second.token > first.token);
    assert!(matches!(one.leases.renew(&first, LEASE), Err(LeaseError::Lost { .. })));
}

#[test]
fn the_clocks_of_the_holders_do_not_matter() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let (ahead, behind) = (Process::new(&api, "ahead"), Process::new(&api, "behind"));
    ahead.clock.advance(Duration::from_secs(5 * 3600));
    let lease = ahead.acquire().unwrap();
    // For its holder it lasts by its own clock.
    assert_eq!(lease.expires_at, ahead.clock.now().checked_add(LEASE).unwrap());
    assert!(matches!(behind.acquire(), Err(LeaseError::Held { .. })));
    behind.clock.advance(Duration::from_secs(10 * 3600));
    assert!(matches!(behind.acquire(), Err(LeaseError::Held { .. })));
    behind.wait(LEASE);
    let lease = behind.acquire().unwrap();
    ahead.clock.set(healing_core::Timestamp::UNIX_EPOCH);
    assert!(matches!(ahead.acquire(), Err(LeaseError::Held { .. })));
    assert!(behind.leases.renew(&lease, LEASE).is_ok());
}

#[test]
fn a_holder_that_restarts_under_its_name_gets_nothing_back() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let lease = Process::new(&api, "one").acquire().unwrap();
    let again = Process::new(&api, "one");
    assert!(matches!(again.acquire(), Err(LeaseError::Held { .. })));
    again.wait(LEASE);
    assert!(again.acquire().unwrap().token > lease.token);
}

#[test]
fn a_lease_that_ran_out_is_not_renewed() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let one = Process::new(&api, "one");
    let lease = one.acquire().unwrap();
    one.wait(LEASE);
    assert!(matches!(one.leases.renew(&lease, LEASE), Err(LeaseError::Lost { .. })));
}

#[test]
fn of_two_who_reach_for_it_at_once_one_gets_it() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let one = Process::new(&api, "one");
    let lease = one.acquire().unwrap();
    one.leases.release(&lease).unwrap();
    // Between this process's reading and its writing another takes it.
    let taken = json!({ "spec": { "holderIdentity": "faster", "leaseTransitions": 2, "leaseDurationSeconds": 30 } });
    api.race("leases/", taken);
    let refused = one.acquire().unwrap_err();
    assert!(
        matches!(&refused, LeaseError::Held { holder, .. } if holder.as_str() == "faster"),
        "{refused}"
    );
}

#[test]
fn another_lease_is_another_object() {
    let api = FakeApi::start(Rollouts::AtOnce);
    let one = Process::new(&api, "one");
    one.acquire().unwrap();
    let other = CollectionId::new("Vectors").unwrap();
    assert_eq!(one.leases.acquire(&other, &one.holder, LEASE).unwrap().token.get(), 1);
    assert_eq!(api.objects("leases/").len(), 2);
}

/// Servers of their own, and processes that share the time.
#[derive(Default)]
struct Servers {
    clock: VirtualClock,
    elapsed: Arc<Mutex<Duration>>,
    newest: Option<FakeApi>,
}

impl Servers {
    fn process(&self) -> Result<ClusterLeases, HostError> {
        let api = self.newest.as_ref().ok_or("there is no server")?;
        let elapsed = Arc::clone(&self.elapsed);
        let monotonic = Monotonic::new(move || *elapsed.lock());
        Ok(ClusterLeases::new(
            api.connection(),
            Arc::new(self.clock.clone()),
            monotonic,
        ))
    }
}

impl StoreFactory for Servers {
    type Store = ClusterLeases;

    fn fresh(&mut self) -> Result<ClusterLeases, HostError> {
        self.newest = Some(FakeApi::start(Rollouts::AtOnce));
        self.process()
    }

    fn reopen(&mut self) -> Result<ClusterLeases, HostError> {
        self.process()
    }

    fn beside(&mut self) -> Result<Option<ClusterLeases>, HostError> {
        self.process().map(Some)
    }
}

impl LeaseFactory for Servers {
    fn advance(&self, by: Duration) {
        *self.elapsed.lock() += by;
        self.clock.advance(by);
    }
}

#[test]
fn the_lease_store_keeps_what_its_trait_promises() {
    let report = testkit::storage::leases(&mut Servers::default());
    assert!(report.is_clean(), "{report}");
    // No clock decides here, so there is none to set back.
    assert_eq!(report.not_tried().len(), 1, "{report}");
}
