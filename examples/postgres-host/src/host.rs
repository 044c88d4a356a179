//! The host: what the strategies act on, and what the healer observes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use healing_core::{Clock, CollectionId};
use healing_strategies::actuators::ActuatorError;
use parking_lot::Mutex;

use crate::actuators::Rebuilding;
use crate::database::{Database, Session};
use crate::error::PostgresError;
use crate::locks::WRITERS;
use crate::observation::Routes;

/// The vector store in a database, as a healer sees it and acts on it: an
/// [`ObservationSource`](healing_core::ObservationSource), and every actuator but those that make standbys. Clones share what they have at work.
///
/// What must never break: every effect is made in a transaction that checks the fencing token and keeps the lease from
/// passing on until it has ended.
#[derive(Clone)]
pub struct PostgresHost {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    /// A call with more to do than this allows returns, and goes on when it is made again.
    pub(crate) slice: Duration,
    /// Indexes that this process is rebuilding.
    pub(crate) rebuilding: Arc<Mutex<BTreeMap<(i32, i64), Rebuilding>>>,
    /// Where searches are routed, as last looked at.
    pub(crate) routes: Arc<Mutex<BTreeMap<i32, Routes>>>,
}

impl PostgresHost {
    /// The host in `database`, whose schema must be [there](Database::migrate). Observations are stamped, and deadlines
    /// judged, by `clock`, which must be the healer's.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            slice: Duration::from_secs(1),
            rebuilding: Arc::default(),
            routes: Arc::default(),
        }
    }

    /// For about how long a call may work on what it moves or builds before it returns to a healer that makes it again: one
    /// second, unless this says otherwise. A batch is done even where there is no time at all.
    #[must_use]
    pub fn with_slice(self, slice: Duration) -> Self {
        Self { slice, ..self }
    }

    /// Reads, in one transaction.
    pub(crate) fn read<T>(
        &self,
        collection: &CollectionId,
        work: impl FnOnce(&mut Session<'_>, &Collection) -> Result<T, ActuatorError>,
    ) -> Result<T, ActuatorError> {
        self.database.transaction(|session| {
            let collection = Collection::named(session, collection)?.ok_or_else(|| not_found(collection))?;
            work(session, &collection)
        })
    }
}

impl fmt::Debug for PostgresHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresHost")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// A collection of the vector store, and how it was laid out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Collection {
    pub(crate) id: i32,
    pub(crate) partition_rate: f64,
    pub(crate) count_every: i32,
    pub(crate) list_budget: i32,
    pub(crate) maintenance_slots: i32,
    pub(crate) memory_budget: i64,
    pub(crate) cold_tablespace: Option<String>,
    pub(crate) served_version: i64,
}

impl Collection {
    pub(crate) fn named(session: &mut Session<'_>, name: &CollectionId) -> Result<Option<Self>, PostgresError> {
        let row = session.query_opt(
            "SELECT id, partition_rate, count_every, list_budget, maintenance_slots, memory_budget,
                    cold_tablespace::text, served_version
             FROM ruvector.vector_collections JOIN ruvector.collections ON id = collection_id WHERE name = $1",
            &[&name.as_str()],
        )?;
        Ok(row.map(|row| Self {
            id: row.get(0),
            partition_rate: row.get(1),
            count_every: row.get(2),
            list_budget: row.get(3),
            maintenance_slots: row.get(4),
            memory_budget: row.get(5),
            cold_tablespace: row.get(6),
            served_version: row.get(7),
        }))
    }

    /// Holds the collection against writers, once those that are at it have ended: what is done then misses none of them.
    pub(crate) fn hold_writers(&self, session: &mut Session<'_>) -> Result<(), PostgresError> {
        session.execute("SELECT pg_advisory_xact_lock($1, $2)", &[&WRITERS, &self.id])?;
        Ok(())
    }
}

pub(crate) fn not_found(collection: &CollectionId) -> ActuatorError {
    ActuatorError::NotFound {
        what: format!("the collection {collection}"),
    }
}
