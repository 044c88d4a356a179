//! The tokens of leases.

use super::{Checked, Leases, embeddings, holder, take};
use crate::identity::FencingToken;
use crate::storage::{Lease, LeaseError, LeaseStore};
use crate::testkit::storage::{fresh, restarted};
use crate::testkit::{failed, require};

/// Objects unless the lease's token is greater than `newest`, which becomes the lease's.
fn grows(newest: &mut FencingToken, lease: &Lease, when: &str) -> Checked {
    require(lease.token > *newest, || {
        format!("{when}, token {} was given after {newest}", lease.token)
    })?;
    *newest = lease.token;
    Ok(())
}

pub(super) fn grow(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let mut newest = FencingToken::new(0);
    for by in ["a", "b", "b", "a"] {
        let lease = take(&store, &embeddings()?, by, factory.long(), "that was released")?;
        grows(&mut newest, &lease, "after a release")?;
        store.release(&lease).map_err(failed("releasing a lease"))?;
    }
    for by in ["a", "b", "b", "a"] {
        let lease = take(&store, &embeddings()?, by, factory.term(), "that has run out")?;
        grows(&mut newest, &lease, "after the lease had run out")?;
        factory.advance(factory.term());
    }
    Ok(())
}

pub(super) fn grow_across_restarts(factory: &mut impl Leases) -> Checked {
    let mut store = fresh(factory)?;
    let mut newest = FencingToken::new(0);
    for _ in 0..2 {
        // A store that trusts no clock but its own holds a lease for ended once it has itself seen it unchanged for so long.
        let lease = match store.acquire(&embeddings()?, &holder("a")?, factory.long()) {
            Err(LeaseError::Held { .. }) => {
                factory.advance(factory.term());
                take(
                    &store,
                    &embeddings()?,
                    "a",
                    factory.long(),
                    "that has run out before its eyes",
                )?
            }
            answer => answer.map_err(failed("taking a lease that was released or has run out"))?,
        };
        grows(&mut newest, &lease, "after a restart")?;
        store.release(&lease).map_err(failed("releasing a lease"))?;
        store = restarted(factory, store)?;
        let lease = take(
            &store,
            &embeddings()?,
            "a",
            factory.term(),
            "that was released before a restart",
        )?;
        grows(&mut newest, &lease, "after a release and a restart")?;
        factory.advance(factory.term());
        store = restarted(factory, store)?;
    }
    Ok(())
}
