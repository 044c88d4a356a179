//! Cold partitions: moved to the collection's cold tablespace and back to where they were, or attached to its archive table.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, Segment, Tier, Tiers};

use super::{Partition, refused};
use crate::database::Session;
use crate::error::PostgresError;
use crate::host::{Collection, PostgresHost};
use crate::timestamp::Micros;

impl Tiers for PostgresHost {
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        self.read(collection, |session, collection| {
            let rows = session.query(
                "SELECT partition_id, bytes, last_read_at, archived OR in_cold_tablespace, pinned
                 FROM ruvector.partition_facts WHERE collection_id = $1 ORDER BY partition_id",
                &[&collection.id],
            )?;
            let segment = |row: &postgres::Row| Segment {
                id: row.get(0),
                bytes: u64::try_from(row.get::<_, i64>(1)).unwrap_or(0),
                last_read_at: row.get::<_, Micros>(2).0,
                tier: match (row.get(3), row.get(4)) {
                    (true, _) => Tier::Cold,
                    (false, true) => Tier::Pinned,
                    (false, false) => Tier::Hot,
                },
            };
            Ok(rows.iter().map(segment).collect())
        })
    }

    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError> {
        self.read(collection, |_, collection| {
            Ok(u64::try_from(collection.memory_budget).unwrap_or(0))
        })
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.act(permit, |session, collection| {
            collection.hold_writers(session)?;
            if Partition::find(session, collection, segment)?.pinned {
                return Err(refused(format!("evicting partition {segment}"), "it is pinned"));
            }
            move_partition(session, collection, segment, Tier::Cold)
        })
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.act(permit, |session, collection| {
            collection.hold_writers(session)?;
            Partition::find(session, collection, segment)?;
            move_partition(session, collection, segment, Tier::Hot)
        })
    }
}

/// Brings a partition to where `tier` is; one that is there stays.
fn move_partition(
    session: &mut Session<'_>,
    collection: &Collection,
    partition: i64,
    tier: Tier,
) -> Result<(), ActuatorError> {
    let row = session.query_one(
        "SELECT archived, in_cold_tablespace FROM ruvector.partition_facts
         WHERE collection_id = $1 AND partition_id = $2",
        &[&collection.id, &partition],
    )?;
    let (archived, in_tablespace): (bool, bool) = (row.get(0), row.get(1));
    let to_cold = tier == Tier::Cold;
    if to_cold == (archived || in_tablespace) {
        return Ok(());
    }
    match &collection.cold_tablespace {
        Some(cold) if !archived && to_cold => leave_home(session, collection, partition, cold)?,
        Some(_) if !archived => go_home(session, collection, partition)?,
        _ => attach(session, collection, partition, to_cold)?,
    }
    Ok(())
}

/// Copies the table and its indexes to the cold tablespace, and notes where each came from. Readers of the partition wait
/// meanwhile.
fn leave_home(
    session: &mut Session<'_>,
    collection: &Collection,
    partition: i64,
    cold: &str,
) -> Result<(), PostgresError> {
    forget_home(session, collection, partition)?;
    session.execute(
        "INSERT INTO ruvector.partition_homes (collection_id, partition_id, relation, tablespace)
         SELECT $1, $2, relation, tablespace FROM ruvector.places_of($1, $2)",
        &[&collection.id, &partition],
    )?;
    let statements = session.query(
        "SELECT format('ALTER %s ruvector.%I SET TABLESPACE %I',
                       CASE WHEN is_index THEN 'INDEX' ELSE 'TABLE' END, relation, $3::text)
         FROM ruvector.places_of($1, $2)",
        &[&collection.id, &partition, &cold],
    )?;
    run_all(session, &statements)
}

/// Copies the table and its indexes back to where each was. An index that was made meanwhile goes with its table, and what
/// was never seen to leave goes to the database's own tablespace.
fn go_home(session: &mut Session<'_>, collection: &Collection, partition: i64) -> Result<(), PostgresError> {
    let statements = session.query(
        "SELECT format('ALTER %s ruvector.%I SET TABLESPACE %I',
                       CASE WHEN is_index THEN 'INDEX' ELSE 'TABLE' END, it.relation,
                       coalesce(home.tablespace, first_value(home.tablespace) OVER (ORDER BY is_index), spcname))
         FROM ruvector.places_of($1, $2) AS it
         JOIN pg_database ON datname = current_database() JOIN pg_tablespace ON pg_tablespace.oid = dattablespace
         LEFT JOIN ruvector.partition_homes AS home
             ON home.collection_id = $1 AND home.partition_id = $2 AND home.relation = it.relation",
        &[&collection.id, &partition],
    )?;
    run_all(session, &statements)?;
    forget_home(session, collection, partition)
}

fn forget_home(session: &mut Session<'_>, collection: &Collection, partition: i64) -> Result<(), PostgresError> {
    session.execute(
        "DELETE FROM ruvector.partition_homes WHERE collection_id = $1 AND partition_id = $2",
        &[&collection.id, &partition],
    )?;
    Ok(())
}

/// Takes the table from the vectors to the archive, or back. Nothing is copied.
fn attach(
    session: &mut Session<'_>,
    collection: &Collection,
    partition: i64,
    to_archive: bool,
) -> Result<(), PostgresError> {
    let (from, to) = match to_archive {
        true => ("vectors", "archived_vectors"),
        false => ("archived_vectors", "vectors"),
    };
    let statements = session.query(
        "SELECT format('ALTER TABLE ruvector.%I DETACH PARTITION ruvector.%I', $3 || '_' || $1::integer, it.name)
         FROM (SELECT format('vectors_%s_%s', $1::integer, $2::bigint)) AS it (name)
         UNION ALL
         SELECT format('ALTER TABLE ruvector.%I ATTACH PARTITION ruvector.%I FOR VALUES IN (%L)',
                       $4 || '_' || $1::integer, it.name, $2::bigint)
         FROM (SELECT format('vectors_%s_%s', $1::integer, $2::bigint)) AS it (name)",
        &[&collection.id, &partition, &from, &to],
    )?;
    run_all(session, &statements)?;
    session.execute(
        "UPDATE ruvector.partitions SET archived = $3 WHERE collection_id = $1 AND partition_id = $2",
        &[&collection.id, &partition, &to_archive],
    )?;
    Ok(())
}

/// Statements that the server wrote itself, with every name quoted: those that change tables take no values.
fn run_all(session: &mut Session<'_>, statements: &[postgres::Row]) -> Result<(), PostgresError> {
    statements.iter().try_for_each(|row| session.batch(row.get(0)))
}
