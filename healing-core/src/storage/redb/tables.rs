//! The tables of a store.

use ::redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableError, WriteTransaction};

use super::codec::uncover;

/// `version` and what it is.
pub(super) const SCHEMA: TableDefinition<'_, &str, u64> = TableDefinition::new("healing_schema");

/// Streams by name.
pub(super) const STREAMS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("streams");

/// Records by the number of their stream and their own.
pub(super) const RECORDS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("records");

/// Outcomes by number.
pub(super) const OUTCOMES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outcomes");

/// Outcomes' numbers by remediation.
pub(super) const OUTCOME_OF: TableDefinition<'_, &str, u64> = TableDefinition::new("outcome_of");

/// Newest leases by collection.
pub(super) const LEASES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("leases");

/// The version of these tables.
pub(super) const VERSION: u64 = 1;

/// The key of the version.
const VERSION_KEY: &str = "version";

/// Makes all of them, so that none is ever missing.
pub(super) fn make(transaction: &WriteTransaction) -> Result<(), ::redb::Error> {
    transaction.open_table(SCHEMA)?.insert(VERSION_KEY, VERSION)?;
    transaction.open_table(STREAMS)?;
    transaction.open_table(RECORDS)?;
    transaction.open_table(OUTCOMES)?;
    transaction.open_table(OUTCOME_OF)?;
    transaction.open_table(LEASES)?;
    Ok(())
}

/// The version of the tables in a database; `None` when they are someone else's.
pub(super) fn version(database: &::redb::Database) -> Result<Option<u64>, ::redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(SCHEMA) {
        Ok(schema) => Ok(schema.get(VERSION_KEY)?.map(|version| version.value())),
        Err(TableError::Storage(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// What is wrong with the tables that are asked by name, in words: what is not found there counts as never written, so each
/// row must be as it was written, and be found under its name.
pub(super) fn damage_among_names(database: &::redb::Database) -> Result<Option<String>, ::redb::Error> {
    let transaction = database.begin_read()?;
    for (definition, what) in [(STREAMS, "stream"), (LEASES, "lease")] {
        let table = transaction.open_table(definition)?;
        let mut rows = 0;
        for row in table.iter()? {
            let (name, value) = row?;
            let name = name.value();
            if table.get(name)?.is_none() || uncover(&[name.as_bytes()], value.value()).is_none() {
                return Ok(Some(format!("the {what} {name:?} is not as it was written")));
            }
            rows += 1;
        }
        if rows != table.len()? {
            return Ok(Some(format!("a {what} is missing")));
        }
    }
    Ok(None)
}
