//! Journal, outcomes and leases in PostgreSQL.

mod actions;
mod journal;
mod leases;
mod news;
mod outcomes;

pub(crate) use news::ReadUpTo;

use healing_core::CollectionId;

use crate::database::{Database, Session};
use crate::error::PostgresError;

/// Journal, outcomes and leases of any number of healers in one database.
///
/// What a call acknowledges is durable as far as the server's `fsync` and, with standbys, its `synchronous_standby_names`
/// go. Where a commit's answer is lost, whether it counts shows when the store is read again, as the traits allow. Appends to
/// different streams do not wait for one another; outcomes are recorded one after the other.
#[derive(Debug, Clone)]
pub struct PostgresStorage {
    database: Database,
}

impl PostgresStorage {
    /// The stores in `database`, whose schema must be [there](Database::migrate).
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// The number of a collection, which gets one when it is first named.
fn collection_number(session: &mut Session<'_>, collection: &CollectionId) -> Result<i32, PostgresError> {
    let known = "SELECT id FROM ruvector.collections WHERE name = $1";
    if let Some(row) = session.query_opt(known, &[&collection.as_str()])? {
        return Ok(row.get(0));
    }
    session.execute(
        "INSERT INTO ruvector.collections (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
        &[&collection.as_str()],
    )?;
    Ok(session.query_one(known, &[&collection.as_str()])?.get(0))
}

/// A count as the database keeps it.
fn signed(what: &str, number: u64) -> Result<i64, PostgresError> {
    i64::try_from(number).map_err(|_| PostgresError::Unkeepable {
        what: what.to_owned(),
        why: format!("{number} is more than 2^63 - 1"),
    })
}

/// A count as it is read.
fn unsigned(what: &str, number: i64) -> Result<u64, PostgresError> {
    u64::try_from(number).map_err(|_| PostgresError::Damaged {
        what: what.to_owned(),
        why: format!("it is {number}"),
    })
}

/// At most so many rows, as a query is told.
fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
