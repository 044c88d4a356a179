//! The schema, step by step: versioned, each step once, under a lock.

use crate::database::{Database, Session};
use crate::error::PostgresError;
use crate::locks::Lock;

/// A step from one version of the schema to the next.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// Every step, in order; the first leads to version 1. A step that was released is never changed: the next one changes what
/// it did.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "storage",
        sql: include_str!("../sql/0001_storage.sql"),
    },
    Migration {
        name: "vector_store",
        sql: include_str!("../sql/0002_vector_store.sql"),
    },
    Migration {
        name: "sql_interface",
        sql: include_str!("../sql/0003_sql_interface.sql"),
    },
    Migration {
        name: "measured_store",
        sql: include_str!("../sql/0004_measured_store.sql"),
    },
    Migration {
        name: "many_healers",
        sql: include_str!("../sql/0005_many_healers.sql"),
    },
];

/// The oldest server that the schema works with, as the server counts.
const OLDEST_SERVER: i32 = 150_000;

impl Database {
    /// Brings the schema `ruvector` to the version of this program. Does nothing where it is there already; where several
    /// processes do it at once, one does and the others wait.
    ///
    /// # Errors
    /// [`PostgresError`]; the schema is then as it was before.
    pub fn migrate(&self) -> Result<(), PostgresError> {
        self.transaction(|session| {
            suits(session)?;
            Lock::Migrations.hold(session)?;
            session.batch(
                "CREATE SCHEMA IF NOT EXISTS ruvector;
                 CREATE TABLE IF NOT EXISTS ruvector.schema_versions (
                     version INTEGER PRIMARY KEY,
                     name TEXT NOT NULL,
                     digest TEXT NOT NULL,
                     applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
                 )",
            )?;
            let applied = session.query(
                "SELECT version, digest FROM ruvector.schema_versions ORDER BY version",
                &[],
            )?;
            let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
            let found = applied.last().map_or(0, |row| row.get("version"));
            let unusable = |advice| PostgresError::Schema { found, known, advice };
            if found > known {
                return Err(unusable("use the program that made it, or a newer one"));
            }
            for (version, migration) in (1..).zip(MIGRATIONS) {
                let digest: String = session
                    .query_one(
                        "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')",
                        &[&migration.sql],
                    )?
                    .get(0);
                match applied.iter().find(|row| row.get::<_, i32>("version") == version) {
                    Some(row) if row.get::<_, &str>("digest") == digest => {}
                    Some(_) => return Err(unusable("it was made by another program; begin with an empty database")),
                    None => {
                        session.batch(migration.sql)?;
                        session.execute(
                            "INSERT INTO ruvector.schema_versions (version, name, digest) VALUES ($1, $2, $3)",
                            &[&version, &migration.name, &digest],
                        )?;
                    }
                }
            }
            Ok(())
        })
    }
}

fn suits(session: &mut Session<'_>) -> Result<(), PostgresError> {
    let row = session.query_one(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version'), getdatabaseencoding()::text",
        &[],
    )?;
    let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    if number < OLDEST_SERVER {
        return Err(PostgresError::Unsuitable {
            what: format!("the server is PostgreSQL {version}"),
            advice: "at least 15 is needed".to_owned(),
        });
    }
    if encoding != "UTF8" {
        return Err(PostgresError::Unsuitable {
            what: format!("the database's encoding is {encoding}"),
            advice: "create it with ENCODING 'UTF8'".to_owned(),
        });
    }
    Ok(())
}
