//! A lease store that can be made to break any one of its rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{FencingToken, HolderId};
use healing_core::storage::{Lease, LeaseError, LeaseStore};
use healing_core::testkit::storage::leases;
use healing_core::{Clock, CollectionId, Timestamp, VirtualClock};
use parking_lot::Mutex;

use crate::broken::{Broken, Gap, each_check_finds_its_flaw};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    GivesToAnyone,
    GivesToItsHolderAgain,
    SaysTheFirstEnd,
    SaysTheAskerHoldsIt,
    FoldsCase,
    EndsAllOnRestart,
    SeesWhatWasThereWhenItOpened,
    NeverEnds,
    KeepsWhatWasReleased,
    ReleasesWhateverTheHolderHas,
    ReleasesWhateverIsHeld,
    TrustsTheEnd,
    TrustsTheGrant,
    GivesTheTokenAgain,
    ForgetsTheTokenOnRelease,
    ForgetsTokensOnRestart,
    RenewsWithANewToken,
    DoesNotExtend,
    RenewsWhatHasEnded,
    RenewsWhatWasReleased,
    RenewsWhateverTheHolderHas,
    LooksBeforeItGives,
    LooksBeforeItGivesWhatHasEnded,
}

const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::GivesToAnyone, "leases.one_holder_has_it_at_a_time"),
    (
        Flaw::GivesToItsHolderAgain,
        "leases.a_holder_does_not_get_its_own_lease_again",
    ),
    (
        Flaw::SaysTheFirstEnd,
        "leases.a_refusal_says_who_holds_it_and_until_when",
    ),
    (
        Flaw::SaysTheAskerHoldsIt,
        "leases.a_refusal_says_who_holds_it_and_until_when",
    ),
    (Flaw::FoldsCase, "leases.collections_are_kept_apart"),
    (Flaw::EndsAllOnRestart, "leases.a_lease_survives_a_restart"),
    (Flaw::SeesWhatWasThereWhenItOpened, "leases.another_handle_sees_it"),
    (Flaw::NeverEnds, "leases.an_ended_lease_can_be_taken"),
    (
        Flaw::KeepsWhatWasReleased,
        "leases.a_released_lease_can_be_taken_at_once",
    ),
    (
        Flaw::ReleasesWhateverTheHolderHas,
        "leases.releasing_what_passed_on_does_nothing",
    ),
    (
        Flaw::ReleasesWhateverIsHeld,
        "leases.releasing_what_passed_on_does_nothing",
    ),
    (Flaw::TrustsTheEnd, "leases.a_clock_set_back_ends_them"),
    (Flaw::TrustsTheGrant, "leases.a_clock_set_back_ends_them"),
    (Flaw::GivesTheTokenAgain, "leases.tokens_grow"),
    (Flaw::ForgetsTheTokenOnRelease, "leases.tokens_grow"),
    (Flaw::ForgetsTokensOnRestart, "leases.tokens_grow_across_restarts"),
    (Flaw::RenewsWithANewToken, "leases.a_renewal_keeps_token_and_holder"),
    (Flaw::DoesNotExtend, "leases.a_renewed_lease_lasts_longer"),
    (Flaw::RenewsWhatHasEnded, "leases.an_ended_lease_is_not_renewed"),
    (Flaw::RenewsWhatWasReleased, "leases.a_released_lease_is_not_renewed"),
    (
        Flaw::RenewsWhateverTheHolderHas,
        "leases.a_lease_that_passed_on_is_not_renewed",
    ),
    (Flaw::LooksBeforeItGives, "leases.of_many_that_ask_at_once_one_gets_it"),
    (
        Flaw::LooksBeforeItGivesWhatHasEnded,
        "leases.of_many_that_take_an_ended_one_over_one_gets_it",
    ),
];

#[test]
fn each_check_of_a_lease_store_finds_its_flaw() {
    each_check_finds_its_flaw(leases::<crate::broken::Factory<Sketch>>, FLAWS);
}

struct Sketch {
    flaw: Flaw,
    clock: VirtualClock,
    held: Arc<Mutex<BTreeMap<String, Held>>>,
    gap: Arc<Gap>,
}

#[derive(Clone)]
struct Held {
    lease: Lease,
    granted_at: Timestamp,
    renewed_at: Timestamp,
    first_end: Timestamp,
    released: bool,
}

impl Sketch {
    fn with(flaw: Flaw, clock: VirtualClock, held: BTreeMap<String, Held>) -> Self {
        Self {
            flaw,
            clock,
            held: Arc::new(Mutex::new(held)),
            gap: Arc::default(),
        }
    }

    fn key(&self, collection: &CollectionId) -> String {
        match self.flaw {
            Flaw::FoldsCase => collection.as_str().to_lowercase(),
            _ => collection.as_str().to_owned(),
        }
    }

    fn in_force(&self, held: &Held) -> bool {
        let now = self.clock.now();
        let since = match self.flaw {
            Flaw::TrustsTheEnd => Timestamp::MIN,
            Flaw::TrustsTheGrant => held.granted_at,
            _ => held.renewed_at,
        };
        let ended = now >= held.lease.expires_at && self.flaw != Flaw::NeverEnds;
        !held.released && since <= now && !ended
    }

    fn give(
        &self,
        all: &mut BTreeMap<String, Held>,
        collection: &CollectionId,
        holder: &HolderId,
        duration: Duration,
    ) -> Lease {
        let newest = all.get(&self.key(collection)).map_or(0, |held| held.lease.token.get());
        let now = self.clock.now();
        let lease = Lease {
            collection: collection.clone(),
            holder: holder.clone(),
            token: FencingToken::new(match self.flaw {
                Flaw::GivesTheTokenAgain => newest.max(1),
                _ => newest + 1,
            }),
            expires_at: now.checked_add(duration).unwrap(),
        };
        let held = Held {
            lease: lease.clone(),
            granted_at: now,
            renewed_at: now,
            first_end: lease.expires_at,
            released: false,
        };
        all.insert(self.key(collection), held);
        lease
    }
}

impl Broken for Sketch {
    type Flaw = Flaw;

    fn fresh(flaw: Flaw, clock: VirtualClock) -> Self {
        Self::with(flaw, clock, BTreeMap::new())
    }

    fn reopened(&self) -> Self {
        let mut held = self.held.lock().clone();
        match self.flaw {
            Flaw::EndsAllOnRestart => held.values_mut().for_each(|held| held.released = true),
            Flaw::ForgetsTokensOnRestart => held.retain(|_, held| self.in_force(held)),
            _ => {}
        }
        Self::with(self.flaw, self.clock.clone(), held)
    }

    fn beside(&self) -> Self {
        match self.flaw {
            Flaw::SeesWhatWasThereWhenItOpened => Self::with(self.flaw, self.clock.clone(), self.held.lock().clone()),
            _ => Self {
                flaw: self.flaw,
                clock: self.clock.clone(),
                held: Arc::clone(&self.held),
                gap: Arc::clone(&self.gap),
            },
        }
    }
}

impl LeaseStore for Sketch {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        let mut all = self.held.lock();
        let newest = all.get(&self.key(collection));
        if let Some(held) = newest.filter(|held| self.in_force(held)) {
            let again = held.lease.holder == *holder && self.flaw == Flaw::GivesToItsHolderAgain;
            if !again && self.flaw != Flaw::GivesToAnyone {
                return Err(LeaseError::Held {
                    collection: collection.clone(),
                    holder: match self.flaw {
                        Flaw::SaysTheAskerHoldsIt => holder.clone(),
                        _ => held.lease.holder.clone(),
                    },
                    until: match self.flaw {
                        Flaw::SaysTheFirstEnd => held.first_end,
                        _ => held.lease.expires_at,
                    },
                });
            }
        }
        let takes_over = newest.is_some_and(|held| !held.released);
        let looks_first = match self.flaw {
            Flaw::LooksBeforeItGives => true,
            Flaw::LooksBeforeItGivesWhatHasEnded => takes_over,
            _ => false,
        };
        if looks_first {
            drop(all);
            self.gap.linger();
            all = self.held.lock();
        }
        Ok(self.give(&mut all, collection, holder, duration))
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let mut all = self.held.lock();
        let lost = || LeaseError::Lost {
            collection: lease.collection.clone(),
            token: lease.token,
        };
        let held = all.get_mut(&self.key(&lease.collection)).ok_or_else(lost)?;
        let same = match self.flaw {
            Flaw::RenewsWhateverTheHolderHas => held.lease.holder == lease.holder,
            _ => held.lease.token == lease.token,
        };
        let in_force = match self.flaw {
            Flaw::RenewsWhatHasEnded => !held.released,
            Flaw::RenewsWhatWasReleased => self.clock.now() < held.lease.expires_at,
            _ => self.in_force(held),
        };
        if !same || !in_force {
            return Err(lost());
        }
        let now = self.clock.now();
        if self.flaw != Flaw::DoesNotExtend {
            held.lease.expires_at = now.checked_add(duration).unwrap();
        }
        if self.flaw == Flaw::RenewsWithANewToken {
            held.lease.token = FencingToken::new(held.lease.token.get() + 1);
        }
        held.renewed_at = now;
        Ok(held.lease.clone())
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        let mut all = self.held.lock();
        let key = self.key(&lease.collection);
        let Some(held) = all.get_mut(&key) else { return Ok(()) };
        let same = match self.flaw {
            Flaw::KeepsWhatWasReleased => false,
            Flaw::ReleasesWhateverIsHeld => true,
            Flaw::ReleasesWhateverTheHolderHas => held.lease.holder == lease.holder,
            _ => held.lease.token == lease.token,
        };
        if same {
            held.released = true;
            if self.flaw == Flaw::ForgetsTheTokenOnRelease {
                all.remove(&key);
            }
        }
        Ok(())
    }
}
