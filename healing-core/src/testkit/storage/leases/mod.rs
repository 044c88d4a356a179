//! Checks of a lease store.

mod askers;
mod ends;
mod holding;
mod renewals;
mod tokens;

use std::time::Duration;

use super::LeaseFactory;
use crate::identity::{CollectionId, HolderId};
use crate::storage::{Lease, LeaseError, LeaseStore};
use crate::testkit::{Objection, Report, failed};

/// A factory of lease stores.
trait Leases: LeaseFactory<Store: LeaseStore> {
    /// So long that no lease ends while a check is at work.
    fn long(&self) -> Duration {
        self.term().saturating_mul(1000)
    }
}

impl<F: LeaseFactory<Store: LeaseStore>> Leases for F {}

type Checked = Result<(), Objection>;

/// Looks at a lease store.
pub fn leases<F: LeaseFactory<Store: LeaseStore>>(factory: &mut F) -> Report {
    let mut report = Report::of("leases");
    let mut check = |name, check: fn(&mut F) -> Checked| report.check(name, || check(factory));
    check("leases.one_holder_has_it_at_a_time", holding::one_at_a_time);
    check("leases.a_holder_does_not_get_its_own_lease_again", holding::not_again);
    check("leases.a_refusal_says_who_holds_it_and_until_when", holding::refusal);
    check("leases.collections_are_kept_apart", holding::kept_apart);
    check("leases.a_lease_survives_a_restart", holding::survives);
    check("leases.another_handle_sees_it", holding::seen_beside);
    check("leases.an_ended_lease_can_be_taken", ends::ended);
    check("leases.a_released_lease_can_be_taken_at_once", ends::released);
    check("leases.releasing_what_passed_on_does_nothing", ends::late_release);
    check("leases.a_clock_set_back_ends_them", ends::clock_set_back);
    check("leases.tokens_grow", tokens::grow);
    check("leases.tokens_grow_across_restarts", tokens::grow_across_restarts);
    check("leases.a_renewal_keeps_token_and_holder", renewals::keeps_token);
    check("leases.a_renewed_lease_lasts_longer", renewals::lasts_longer);
    check("leases.an_ended_lease_is_not_renewed", renewals::not_ended);
    check("leases.a_released_lease_is_not_renewed", renewals::not_released);
    check("leases.a_lease_that_passed_on_is_not_renewed", renewals::not_passed_on);
    check("leases.of_many_that_ask_at_once_one_gets_it", askers::one_gets_it);
    check(
        "leases.of_many_that_take_an_ended_one_over_one_gets_it",
        askers::one_takes_over,
    );
    report
}

fn embeddings() -> Result<CollectionId, Objection> {
    CollectionId::new("embeddings").map_err(failed("naming a collection"))
}

fn holder(name: &str) -> Result<HolderId, Objection> {
    HolderId::new(name).map_err(failed("naming a holder"))
}

/// Takes the lease for a holder that must get it: `why` says when that is.
fn take(
    store: &impl LeaseStore,
    collection: &CollectionId,
    by: &str,
    duration: Duration,
    why: &str,
) -> Result<Lease, Objection> {
    let call = format!("taking the lease on {collection} {why}");
    store.acquire(collection, &holder(by)?, duration).map_err(failed(&call))
}

/// Objects unless `by` is told that someone holds the lease: `why` says why it is held.
fn is_held(store: &impl LeaseStore, collection: &CollectionId, by: &str, why: &str) -> Checked {
    match store.acquire(collection, &holder(by)?, Duration::from_secs(1)) {
        Err(LeaseError::Held { .. }) => Ok(()),
        Err(error) => Err(Objection::broken(format!(
            "{why}, the lease was refused, but not as held: {error}"
        ))),
        Ok(second) => Err(Objection::broken(format!(
            "{why}, it was given to another, with token {}",
            second.token
        ))),
    }
}

/// Objects unless a renewal fails because the lease is lost: `why` says how it was.
fn is_lost(store: &impl LeaseStore, lease: &Lease, duration: Duration, why: &str) -> Checked {
    match store.renew(lease, duration) {
        Err(LeaseError::Lost { collection, token }) if (&collection, token) == (&lease.collection, lease.token) => {
            Ok(())
        }
        Err(error) => Err(Objection::broken(format!(
            "the renewal of the lease on {} with token {} {why} was refused, but not as lost: {error}",
            lease.collection, lease.token
        ))),
        Ok(renewed) => Err(Objection::broken(format!(
            "a lease was renewed {why}: it had token {}, the renewed one has {}",
            lease.token, renewed.token
        ))),
    }
}
