//! Who has a lease.

use super::{Checked, Leases, embeddings, is_held, take};
use crate::identity::HolderId;
use crate::storage::{LeaseError, LeaseStore};
use crate::testkit::storage::{Handles, fresh, look_alikes, restarted};
use crate::testkit::{Objection, failed, require};

pub(super) fn one_at_a_time(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let lease = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    require(
        lease.collection == embeddings()? && lease.holder.as_str() == "a",
        || {
            format!(
                "a lease on embeddings for a says it is one on {} for {}",
                lease.collection, lease.holder
            )
        },
    )?;
    for by in ["b", "c", "b"] {
        is_held(&store, &embeddings()?, by, "while a holds the lease")?;
    }
    Ok(())
}

/// A process that restarted under its old name has no right to what its former self was doing.
pub(super) fn not_again(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    is_held(
        &store,
        &embeddings()?,
        "a",
        "while a process of the same name holds the lease",
    )
}

pub(super) fn refusal(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let mut held = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    for when in ["taken", "renewed"] {
        let by = HolderId::new("b").map_err(failed("naming a holder"))?;
        match store.acquire(&embeddings()?, &by, factory.term()) {
            Err(LeaseError::Held {
                collection,
                holder,
                until,
            }) => {
                require(
                    (&collection, &holder, until) == (&held.collection, &held.holder, held.expires_at),
                    || {
                        format!(
                            "{when} by {} until {}, the lease on {} is said to be on {collection}, held by {holder} until {until}",
                            held.holder, held.expires_at, held.collection
                        )
                    },
                )?;
            }
            other => return Err(Objection::broken(format!("the answer to another holder is {other:?}"))),
        }
        factory.advance(factory.term());
        held = store
            .renew(&held, factory.long())
            .map_err(failed("renewing the lease"))?;
    }
    Ok(())
}

pub(super) fn kept_apart(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let mut leases = Vec::new();
    for collection in look_alikes()? {
        leases.push(take(
            &store,
            &collection,
            "a",
            factory.long(),
            "while others are held on look-alikes",
        )?);
    }
    for (number, lease) in leases.iter().enumerate() {
        if number % 2 == 0 {
            store.release(lease).map_err(failed("releasing a lease"))?;
        }
    }
    for (number, lease) in leases.iter().enumerate() {
        if number % 2 == 0 {
            take(&store, &lease.collection, "b", factory.long(), "after it was released")?;
        } else {
            is_held(
                &store,
                &lease.collection,
                "b",
                "after leases on look-alikes were released",
            )?;
        }
    }
    Ok(())
}

pub(super) fn survives(factory: &mut impl Leases) -> Checked {
    let store = fresh(factory)?;
    let lease = take(&store, &embeddings()?, "a", factory.long(), "that nobody holds")?;
    let store = restarted(factory, store)?;
    is_held(
        &store,
        &embeddings()?,
        "b",
        "while a holds the lease, which it took before a restart",
    )?;
    store
        .renew(&lease, factory.long())
        .map_err(failed("renewing a lease that was taken before a restart of the store"))?;
    store.release(&lease).map_err(failed("releasing a lease"))?;
    let store = restarted(factory, store)?;
    take(
        &store,
        &embeddings()?,
        "b",
        factory.long(),
        "that was released before a restart",
    )
    .map(|_| ())
}

pub(super) fn seen_beside(factory: &mut impl Leases) -> Checked {
    let Handles { first, second } = Handles::of(factory)?;
    let Some(second) = second else {
        return Err(Objection::not_tried("the store has one handle at a time"));
    };
    let mut newest = None;
    for (one, other) in [(&first, &second), (&second, &first)] {
        let lease = take(one, &embeddings()?, "a", factory.long(), "that nobody holds")?;
        is_held(
            other,
            &embeddings()?,
            "b",
            "while a holds the lease through another handle",
        )?;
        require(newest < Some(lease.token), || {
            format!(
                "through another handle, token {} was given after {newest:?}",
                lease.token
            )
        })?;
        newest = Some(lease.token);
        other
            .release(&lease)
            .map_err(failed("releasing a lease through another handle"))?;
    }
    Ok(())
}
