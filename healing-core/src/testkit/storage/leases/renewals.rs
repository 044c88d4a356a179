//! Renewing a lease.

use super::{Checked, Leases, embeddings, is_held, is_lost, take};
use crate::storage::LeaseStore;
use crate::testkit::storage::fresh;
use crate::testkit::{failed, require};

pub(super) fn keeps_token(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let lease = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    for _ in 0..2 {
        let renewed = store
            .renew(&lease, factory.long())
            .map_err(failed("renewing a lease"))?;
        let same =
            (&renewed.collection, &renewed.holder, renewed.token) == (&lease.collection, &lease.holder, lease.token);
        require(same, || {
            format!(
                "the lease on {} of {} with token {}, renewed, is on {}, of {}, with token {}",
                lease.collection, lease.holder, lease.token, renewed.collection, renewed.holder, renewed.token
            )
        })?;
    }
    Ok(())
}

pub(super) fn lasts_longer(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let term = factory.term();
    let mut lease = take(&store, &embeddings()?, "a", term * 2, "that nobody holds")?;
    for _ in 0..2 {
        factory.advance(term);
        let renewed = store
            .renew(&lease, term * 3)
            .map_err(failed("renewing a lease that is in force"))?;
        require(renewed.expires_at > lease.expires_at, || {
            format!(
                "renewed for longer, a lease until {} runs until {}",
                lease.expires_at, renewed.expires_at
            )
        })?;
        lease = renewed;
    }
    // Past the end that it had before it was renewed.
    factory.advance(term * 2);
    is_held(&store, &embeddings()?, "b", "while a renewed lease is in force")
}

pub(super) fn not_ended(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let lease = take(&store, &embeddings()?, "a", factory.term(), "that nobody holds")?;
    factory.advance(factory.term());
    is_lost(
        &store,
        &lease,
        factory.long(),
        "after it had run out, though nobody has taken it since",
    )?;
    take(
        &store,
        &embeddings()?,
        "b",
        factory.term(),
        "that has run out, after its renewal was refused",
    )
    .map(|_| ())
}

pub(super) fn not_released(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let lease = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    store.release(&lease).map_err(failed("releasing a lease"))?;
    is_lost(&store, &lease, factory.long(), "after it was released")?;
    take(
        &store,
        &embeddings()?,
        "b",
        factory.term(),
        "that was released, after its renewal was refused",
    )
    .map(|_| ())
}

pub(super) fn not_passed_on(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let old = take(&store, &embeddings()?, "a", factory.term(), "that nobody holds")?;
    factory.advance(factory.term());
    // To another holder first, then to one of the same name.
    for by in ["b", "a"] {
        let new = take(
            &store,
            &embeddings()?,
            by,
            factory.long(),
            "that has run out or was released",
        )?;
        is_lost(&store, &old, factory.long(), &format!("after it had passed to {by}"))?;
        is_held(
            &store,
            &embeddings()?,
            "c",
            &format!("after the renewal of an older lease was refused, while {by} holds the lease"),
        )?;
        store
            .renew(&new, factory.long())
            .map_err(failed("renewing a lease after the renewal of an older one was refused"))?;
        store.release(&new).map_err(failed("releasing a lease"))?;
    }
    Ok(())
}
