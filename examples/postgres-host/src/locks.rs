//! Advisory locks: what no row stands for.

use crate::database::Session;
use crate::error::PostgresError;

/// The first half of every advisory lock of this crate's, which keeps them apart from those of others: "heal". The third
/// after it is the schema's own, for whoever measures a collection's indexes (`measure_indexes`).
pub(crate) const CLASS: i32 = 0x6865_616c;

/// The same for the workers' locks on jobs, by the job's number.
pub(crate) const JOBS: i32 = CLASS + 1;

/// The same for the lock that writers to a collection share, by the collection's number (the schema's `begin_to_write`).
pub(crate) const WRITERS: i32 = CLASS + 2;

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// The schema.
    Migrations = 1,
    /// Numbers of outcomes: they must be given in the order in which outcomes become visible.
    Outcomes = 2,
    /// Held by every healer that takes orders, for as long as it does (the schema's view `running_healers` reads it).
    Healers = 3,
}

impl Lock {
    /// Holds it until the end of the transaction.
    pub(crate) fn hold(self, session: &mut Session<'_>) -> Result<(), PostgresError> {
        session.execute("SELECT pg_advisory_xact_lock($1, $2)", &[&CLASS, &(self as i32)])?;
        Ok(())
    }
}
