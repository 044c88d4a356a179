//! Leases: one row a collection, by the server's own clock.

use std::time::Duration;

use healing_core::CollectionId;
use healing_core::identity::{FencingToken, HolderId};
use healing_core::storage::{Lease, LeaseError, LeaseStore};
use postgres::Row;

use super::{PostgresStorage, signed, unsigned};
use crate::database::Session;
use crate::error::PostgresError;
use crate::timestamp::Micros;

/// The newest lease on a collection, and whether it is in force. A clock that was set back to before it was granted ends it.
const NEWEST: &str =
    "SELECT holder, token, expires_at, NOT released AND granted_at <= clock.now AND clock.now < expires_at
    FROM ruvector.healing_leases, (SELECT ruvector.lease_clock() AS now) AS clock WHERE collection = $1";

impl LeaseStore for PostgresStorage {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        self.database.transaction(|session| {
            // Who only asks must not wait for what the holder is doing under its lease.
            refuse_if_held(collection, session.query_opt(NEWEST, &[&collection.as_str()])?.as_ref())?;
            session.execute(
                "INSERT INTO ruvector.healing_leases (collection, holder, token, granted_at, expires_at, released)
                 VALUES ($1, $2, 0, '-infinity', '-infinity', true) ON CONFLICT (collection) DO NOTHING",
                &[&collection.as_str(), &holder.as_str()],
            )?;
            // Waits until what was begun under the lease before has ended, one way or the other.
            session.execute(
                "SELECT FROM ruvector.healing_leases WHERE collection = $1 FOR UPDATE",
                &[&collection.as_str()],
            )?;
            // In a statement of its own: the time it shows must not be older than the lock.
            refuse_if_held(collection, session.query_opt(NEWEST, &[&collection.as_str()])?.as_ref())?;
            let row = session.query_one(
                "UPDATE ruvector.healing_leases
                 SET holder = $2, token = token + 1, released = false, granted_at = clock.now,
                     expires_at = clock.now + $3 * INTERVAL '1 microsecond'
                 FROM (SELECT ruvector.lease_clock() AS now) AS clock
                 WHERE collection = $1 RETURNING holder, token, expires_at",
                &[&collection.as_str(), &holder.as_str(), &microseconds(duration)],
            )?;
            Ok(lease(collection, holder, &row)?)
        })
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let lost = || LeaseError::Lost {
            collection: lease.collection.clone(),
            token: lease.token,
        };
        let Ok(token) = i64::try_from(lease.token.get()) else {
            return Err(lost());
        };
        self.database.transaction(|session| {
            hold_lightly(session, &lease.collection)?;
            let row = session.query_opt(
                "UPDATE ruvector.healing_leases
                 SET granted_at = clock.now, expires_at = clock.now + $3 * INTERVAL '1 microsecond'
                 FROM (SELECT ruvector.lease_clock() AS now) AS clock
                 WHERE collection = $1 AND token = $2 AND NOT released AND granted_at <= clock.now AND clock.now < expires_at
                 RETURNING holder, token, expires_at",
                &[&lease.collection.as_str(), &token, &microseconds(duration)],
            )?;
            let row = row.ok_or_else(lost)?;
            Ok(self::lease(&lease.collection, &lease.holder, &row)?)
        })
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        let token = signed("a fencing token", lease.token.get())?;
        Ok(self
            .database
            .transaction(|session| {
                session.execute(
                    "UPDATE ruvector.healing_leases SET released = true WHERE collection = $1 AND token = $2",
                    &[&lease.collection.as_str(), &token],
                )
            })
            .map(|_| ())?)
    }
}

/// Holds the row against those who renew or acquire, but not against those who act under the lease.
fn hold_lightly(session: &mut Session<'_>, collection: &CollectionId) -> Result<(), PostgresError> {
    session.execute(
        "SELECT FROM ruvector.healing_leases WHERE collection = $1 FOR NO KEY UPDATE",
        &[&collection.as_str()],
    )?;
    Ok(())
}

fn refuse_if_held(collection: &CollectionId, newest: Option<&Row>) -> Result<(), LeaseError> {
    let Some(row) = newest.filter(|row| row.get(3)) else {
        return Ok(());
    };
    let holder = HolderId::new(row.get::<_, String>(0)).map_err(|error| PostgresError::Damaged {
        what: format!("the holder of the lease on {collection}"),
        why: error.to_string(),
    })?;
    Err(LeaseError::Held {
        collection: collection.clone(),
        holder,
        until: row.get::<_, Micros>(2).0,
    })
}

fn lease(collection: &CollectionId, holder: &HolderId, row: &Row) -> Result<Lease, PostgresError> {
    Ok(Lease {
        collection: collection.clone(),
        holder: holder.clone(),
        token: FencingToken::new(unsigned("a fencing token", row.get(1))?),
        expires_at: row.get::<_, Micros>(2).0,
    })
}

/// A duration as the server is told; one of more than a thousand years is cut.
#[allow(
    clippy::cast_precision_loss,
    reason = "a term to the microsecond fits 53 bits for 285 years"
)]
fn microseconds(duration: Duration) -> f64 {
    const LONGEST: u128 = 1000 * 366 * 24 * 3600 * 1_000_000;
    duration.as_micros().min(LONGEST) as f64
}
