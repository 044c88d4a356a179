//! Bloated indexes, built anew while everything goes on.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use healing_core::permit::Permit;
use healing_core::{CollectionId, Percent};
use healing_strategies::actuators::{ActuatorError, CompactionSlice, Indexes};

use crate::database::{Database, Session};
use crate::error::PostgresError;
use crate::fence::hold_lease;
use crate::host::{Collection, PostgresHost};

/// A rebuild at work on a thread of its own: what comes of it.
pub(crate) type Rebuilding = Receiver<Result<(), ActuatorError>>;

/// A call waits so long for a rebuild. What takes longer is asked after again.
const PATIENCE: Duration = Duration::from_secs(1);

/// A rebuild that takes longer is broken off.
const LONGEST: Duration = Duration::from_secs(3600);

/// The index of a partition has the partition's number.
impl Indexes for PostgresHost {
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        self.read(collection, |session, collection| {
            measure(session, collection)?;
            Ok(find(session, collection, index)?.fragmentation)
        })
    }

    /// Rebuilds the index, whatever the slice: the server builds it as a whole, beside the present one, which serves until
    /// then.
    fn compact(&self, permit: &Permit<'_>, index: i64, _: CompactionSlice) -> Result<Percent, ActuatorError> {
        let found = self.read(permit.collection(), |session, collection| {
            find(session, collection, index)
        })?;
        let key = (found.collection, index);
        let known = self.rebuilding.lock().remove(&key);
        let rebuilding = match known {
            Some(rebuilding) => rebuilding,
            // Begun by another process, or on behalf of a call that was given up: no other is begun beside it.
            None if found.is_rebuilt => return Ok(found.fragmentation),
            None => self.begin(permit, &found)?,
        };
        match rebuilding.recv_timeout(PATIENCE) {
            Ok(result) => result?,
            Err(RecvTimeoutError::Timeout) => {
                self.rebuilding.lock().insert(key, rebuilding);
                return Ok(found.fragmentation);
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(ActuatorError::Host("the thread that rebuilt the index panicked".into()));
            }
        }
        self.fragmentation(permit.collection(), index)
    }
}

/// Reads those of the collection's indexes through of which too little is known: how often, and how much at a time, the
/// schema's `measure_indexes` says.
pub(crate) fn measure(session: &mut Session<'_>, collection: &Collection) -> Result<(), PostgresError> {
    session.execute("SELECT ruvector.measure_indexes($1)", &[&collection.id])?;
    Ok(())
}

/// An index as it stands.
struct Index {
    collection: i32,
    /// Its quoted name.
    name: String,
    /// Its table's quoted name.
    table: String,
    fragmentation: Percent,
    /// Whether some process is rebuilding it.
    is_rebuilt: bool,
}

fn find(session: &mut Session<'_>, collection: &Collection, index: i64) -> Result<Index, ActuatorError> {
    let row = session.query_opt(
        "SELECT format('ruvector.%I', index_class.relname), format('ruvector.%I', heap.relname),
                ruvector.wasted_share(index_pages, index_pages_needed) * 100,
                EXISTS (SELECT FROM pg_stat_progress_create_index AS progress WHERE progress.relid = relation)
         FROM ruvector.partition_facts
         JOIN pg_class AS index_class ON index_class.oid = index_relation
         JOIN pg_class AS heap ON heap.oid = relation
         WHERE collection_id = $1 AND partition_id = $2",
        &[&collection.id, &index],
    )?;
    let row = row.ok_or_else(|| ActuatorError::NotFound {
        what: format!("index {index}"),
    })?;
    Ok(Index {
        collection: collection.id,
        name: row.get(0),
        table: row.get(1),
        fragmentation: Percent::clamped(row.get(2)),
        is_rebuilt: row.get(3),
    })
}

impl PostgresHost {
    /// Begins a rebuild on a thread of its own.
    ///
    /// `REINDEX CONCURRENTLY` cannot be in a transaction. So another one, beside it, keeps the lease from passing on for as
    /// long as it takes: it checks the token before, holds the lease's row, and ends after.
    fn begin(&self, permit: &Permit<'_>, index: &Index) -> Result<Rebuilding, ActuatorError> {
        self.time_left(permit)?;
        let mut fence = self.database.connection_of_its_own()?;
        // It waits for the rebuild, which may take longer than a transaction may be left alone otherwise.
        fence
            .execute(
                "SELECT set_config('idle_in_transaction_session_timeout', '0', false)",
                &[],
            )
            .map_err(PostgresError::from)?;
        let (database, name, table) = (self.database.clone(), index.name.clone(), index.table.clone());
        let (collection, token) = (permit.collection().clone(), permit.token());
        let (sender, receiver) = channel();
        std::thread::Builder::new()
            .name(format!("reindex {name}"))
            .spawn(move || {
                let result = Database::transaction_on(&mut fence, |session| {
                    hold_lease(session, &collection, token)?;
                    // The rebuild waits for every older snapshot, and the last query's would stay until the next one.
                    session.batch("SELECT")?;
                    Ok(rebuild(&database, &name, &table)?)
                });
                // Nobody may be there to hear it.
                let _ = sender.send(result);
            })
            .map_err(|error| ActuatorError::Host(Box::new(error)))?;
        Ok(receiver)
    }
}

fn rebuild(database: &Database, name: &str, table: &str) -> Result<(), PostgresError> {
    let mut client = database.connection_of_its_own()?;
    let longest = LONGEST.as_millis().to_string();
    // Most of its time it waits for transactions that began before.
    for (name, value) in [("statement_timeout", longest.as_str()), ("lock_timeout", "0")] {
        client.execute("SELECT set_config($1, $2, false)", &[&name, &value])?;
    }
    // A rebuild that was broken off leaves its unfinished index behind.
    let unfinished = client.query(
        "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS ruvector.%I', relname)
         FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE indrelid = to_regclass($1) AND NOT indisvalid AND relname ~ '_cc(new|old)[0-9]*$'",
        &[&table],
    )?;
    for row in unfinished {
        client.batch_execute(row.get(0))?;
    }
    Ok(client.batch_execute(&format!("REINDEX INDEX CONCURRENTLY {name}"))?)
}
