//! When a lease ends.

use super::{Checked, Leases, embeddings, is_held, is_lost, take};
use crate::storage::LeaseStore;
use crate::testkit::storage::fresh;
use crate::testkit::{Objection, failed, require};

pub(super) fn ended(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let mut before = take(&store, &embeddings()?, "a", factory.term(), "that nobody holds")?;
    for by in ["b", "b", "a"] {
        factory.advance(factory.term());
        let lease = take(&store, &embeddings()?, by, factory.term(), "that has run out")?;
        require(lease.expires_at > before.expires_at, || {
            format!(
                "taken after {}, the lease runs until {}",
                before.expires_at, lease.expires_at
            )
        })?;
        before = lease;
    }
    Ok(())
}

pub(super) fn released(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    for by in ["a", "b", "b", "a"] {
        let lease = take(&store, &embeddings()?, by, factory.long(), "that was released")?;
        store.release(&lease).map_err(failed("releasing a lease"))?;
    }
    Ok(())
}

pub(super) fn late_release(factory: &mut impl Leases) -> Checked {
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
        store
            .release(&old)
            .map_err(failed("releasing a lease that has passed to another"))?;
        is_held(
            &store,
            &embeddings()?,
            "c",
            &format!("after the late release of an older lease, while {by} holds the lease"),
        )?;
        store
            .renew(&new, factory.long())
            .map_err(failed("renewing a lease after the late release of an older one"))?;
        for _ in 0..2 {
            store
                .release(&new)
                .map_err(failed("releasing a lease, the second time too,"))?;
        }
    }
    Ok(())
}

/// Where the clock was set back to before a lease was granted or last renewed, waiting for its end could take hours.
pub(super) fn clock_set_back(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let term = factory.term();
    let granted = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    if !factory.set_clock_back(term) {
        return Err(Objection::not_tried("the clock of the leases cannot be set back"));
    }
    is_lost(
        &store,
        &granted,
        term,
        "after the clock was set back to before it was granted",
    )?;
    let renewed = take(
        &store,
        &embeddings()?,
        "b",
        factory.long(),
        "granted later than it is now",
    )?;
    require(renewed.token > granted.token, || {
        format!(
            "with the clock set back, token {} was given after {}",
            renewed.token, granted.token
        )
    })?;
    factory.advance(term * 2);
    let renewed = store
        .renew(&renewed, factory.long())
        .map_err(failed("renewing a lease"))?;
    factory.set_clock_back(term);
    is_lost(
        &store,
        &renewed,
        term,
        "after the clock was set back to before it was last renewed",
    )?;
    take(&store, &embeddings()?, "a", term, "last renewed later than it is now").map(|_| ())
}
