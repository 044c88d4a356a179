//! Connections: a bounded pool of them, each with limits of its own, so that no call waits for ever.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, NoTls, Row, Transaction};
use r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};

use crate::error::PostgresError;

/// A database, by a pool of connections to it. Clones share the pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Connector>,
    connector: Connector,
}

/// How many connections there may be, and how long anything may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at most. 8; at least 1.
    pub connections: u32,
    /// How long a caller waits for one. 3 s; more than 0.
    pub connection_wait: Duration,
    /// How long the server works on one statement. 30 s.
    pub statement: Duration,
    /// How long a statement waits for a lock. 5 s.
    pub lock_wait: Duration,
    /// How long a transaction may be left alone before the server ends it: a healer that is suspended must not keep others
    /// from taking over. 30 s.
    pub idle_transaction: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            connection_wait: Duration::from_secs(3),
            statement: Duration::from_secs(30),
            lock_wait: Duration::from_secs(5),
            idle_transaction: Duration::from_secs(30),
        }
    }
}

impl Database {
    /// The database at `config`, over connections without TLS: for a Unix socket, or a network that is trusted. Connects for
    /// the first time when it is first used.
    #[must_use]
    pub fn new(config: postgres::Config, limits: Limits) -> Self {
        Self::connected_by(move || config.connect(NoTls), limits)
    }

    /// The database that `connect` connects to: over TLS, say.
    #[must_use]
    pub fn connected_by(
        connect: impl Fn() -> Result<Client, postgres::Error> + Send + Sync + 'static,
        limits: Limits,
    ) -> Self {
        let connector = Connector {
            connect: Arc::new(connect),
            limits,
        };
        let pool = Pool::builder()
            .max_size(limits.connections.max(1))
            .min_idle(Some(0))
            .connection_timeout(limits.connection_wait.max(Duration::from_millis(1)))
            // Who asks for a connection is told.
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(connector.clone());
        Self { pool, connector }
    }

    /// Runs `work` in a transaction, and commits it where `work` succeeds.
    ///
    /// # Errors
    /// That of `work`, or of the database; nothing is changed then, unless the connection broke during the commit.
    pub fn transaction<T, E: From<PostgresError>>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut client = self.connection()?;
        Self::transaction_on(&mut client, work)
    }

    /// The same on a given connection.
    pub(crate) fn transaction_on<T, E: From<PostgresError>>(
        client: &mut Client,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = client.transaction().map_err(PostgresError::from)?;
        let mut session = Session(transaction);
        let result = work(&mut session)?;
        session.0.commit().map_err(PostgresError::from)?;
        Ok(result)
    }

    /// A connection of the pool, for what cannot be in a transaction.
    ///
    /// # Errors
    /// [`PostgresError::NoConnection`].
    pub(crate) fn connection(&self) -> Result<PooledConnection<Connector>, PostgresError> {
        self.pool.get().map_err(PostgresError::NoConnection)
    }

    /// A connection beside the pool, for whoever keeps one for long.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub(crate) fn connection_of_its_own(&self) -> Result<Client, PostgresError> {
        Ok(self.connector.connect()?)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Database")
            .field("limits", &self.connector.limits)
            .field("pool", &self.pool.state())
            .finish()
    }
}

/// A transaction under way.
#[expect(missing_debug_implementations, reason = "the client's transaction has none")]
pub struct Session<'a>(Transaction<'a>);

impl Session<'_> {
    /// The rows of a query.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub fn query(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, PostgresError> {
        Ok(self.0.query(sql, values)?)
    }

    /// The row of a query that finds one or none.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub fn query_opt(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, PostgresError> {
        Ok(self.0.query_opt(sql, values)?)
    }

    /// The row of a query that finds one.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub fn query_one(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, PostgresError> {
        Ok(self.0.query_one(sql, values)?)
    }

    /// Carries a statement out, and counts the rows that it touched.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub fn execute(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, PostgresError> {
        Ok(self.0.execute(sql, values)?)
    }

    /// Carries several statements out that take no values.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub fn batch(&mut self, sql: &str) -> Result<(), PostgresError> {
        Ok(self.0.batch_execute(sql)?)
    }
}

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    connect: Arc<dyn Fn() -> Result<Client, postgres::Error> + Send + Sync>,
    limits: Limits,
}

impl ManageConnection for Connector {
    type Connection = Client;
    type Error = postgres::Error;

    fn connect(&self) -> Result<Client, postgres::Error> {
        let mut client = (self.connect)()?;
        let Limits {
            statement,
            lock_wait,
            idle_transaction,
            ..
        } = self.limits;
        let milliseconds = |limit: Duration| limit.as_millis().clamp(1, i32::MAX as u128).to_string();
        for (name, value) in [
            // Names are looked for in the system's schema first, whatever the role's own settings are.
            ("search_path", "pg_catalog, ruvector, pg_temp".to_owned()),
            ("timezone", "UTC".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
            ("statement_timeout", milliseconds(statement)),
            ("lock_timeout", milliseconds(lock_wait)),
            ("idle_in_transaction_session_timeout", milliseconds(idle_transaction)),
        ] {
            client.execute("SELECT set_config($1, $2, false)", &[&name, &value])?;
        }
        // The server stops working for a process that was killed; some systems cannot tell, and refuse the setting.
        let _ = client.batch_execute("SET client_connection_check_interval = '1s'");
        // What the journal acknowledges must be on the disk; a stricter setting of the administrator's stays.
        client.batch_execute(
            "SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'",
        )?;
        Ok(client)
    }

    fn is_valid(&self, client: &mut Client) -> Result<(), postgres::Error> {
        client.is_valid(self.limits.lock_wait)
    }

    fn has_broken(&self, client: &mut Client) -> bool {
        client.is_closed()
    }
}
