//! The connection from the server to itself, over which functions hand commands to healers.

use crate::database::{Database, Session};
use crate::error::PostgresError;
use crate::locks::Lock;

impl Database {
    /// Makes the operators' functions ready for use in this database, whose schema must be [there](Self::migrate): gives
    /// them their connection back to this server, and puts the schema on the database's search path, so that the functions are
    /// found by their names alone. To be done once, and again after the database was copied or the server's address changed.
    ///
    /// # Errors
    /// [`PostgresError::Unsuitable`] when the server does not let the connection in, with what would; [`PostgresError`] when
    /// this role may not create roles and servers.
    pub fn install_sql_interface(&self) -> Result<(), PostgresError> {
        self.transaction(|session| {
            Lock::Migrations.hold(session)?;
            may_grant(session)?;
            session.batch(CONNECT_BACK)?;
            extend_search_path(session)
        })?;
        self.transaction(|session| {
            let way = session.query_one("SELECT quote_ident(nspname) FROM pg_extension
                JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'dblink'", &[])?;
            let schema: String = way.get(0);
            let tried = session.query(
                &format!("SELECT it FROM {schema}.dblink('ruvector_loopback', 'SELECT current_database()::text') AS it (name text)"),
                &[],
            );
            match tried {
                Ok(_) => Ok(()),
                Err(error) => Err(PostgresError::Unsuitable {
                    what: format!("the server does not let its own functions connect back to it: {error}"),
                    advice: "let the members of the role ruvector_courier in with a password, by a line before the others \
                             in pg_hba.conf: `host all +ruvector_courier 127.0.0.1/32 scram-sha-256`, or `local ...` where \
                             the server does not listen on 127.0.0.1"
                        .to_owned(),
                }),
            }
        })
    }
}

/// Since PostgreSQL 16 whoever may create roles may grant only those that it made, or was given to grant.
fn may_grant(session: &mut Session<'_>) -> Result<(), PostgresError> {
    let row = session.query_one(
        "SELECT current_setting('server_version_num')::integer < 160000
                OR pg_has_role('ruvector_courier', 'MEMBER WITH ADMIN OPTION'), current_user::text",
        &[],
    )?;
    if row.get(0) {
        return Ok(());
    }
    let role: String = row.get(1);
    Err(PostgresError::Unsuitable {
        what: format!("the role {role} may not grant ruvector_courier, which another role of this server made"),
        advice: format!("have a superuser GRANT ruvector_courier TO {role} WITH ADMIN OPTION"),
    })
}

/// A role, a server and a mapping. The password is made here, and known to nobody but the mapping of the functions' owner.
const CONNECT_BACK: &str = "
DO $$
DECLARE
    courier NAME := 'ruvector_courier_' || (SELECT oid FROM pg_database WHERE datname = current_database());
    secret TEXT := replace(gen_random_uuid()::TEXT || gen_random_uuid()::TEXT, '-', '');
    listens_to TEXT := current_setting('listen_addresses');
    host TEXT := CASE
        WHEN listens_to ~ '(^|,) *(\\*|localhost|127\\.0\\.0\\.1|0\\.0\\.0\\.0) *(,|$)' THEN '127.0.0.1'
        WHEN listens_to <> '' THEN trim(split_part(listens_to, ',', 1))
        ELSE trim(split_part(current_setting('unix_socket_directories'), ',', 1))
    END;
BEGIN
    BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN', courier);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    EXECUTE format('GRANT ruvector_courier TO %I', courier);
    -- A name of its own is looked for in the system's schema, whatever the database's search path is.
    EXECUTE format('ALTER ROLE %I PASSWORD %L CONNECTION LIMIT 50', courier, secret);
    EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog, pg_temp', courier);
    DROP SERVER IF EXISTS ruvector_loopback CASCADE;
    EXECUTE format('CREATE SERVER ruvector_loopback FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host %L, port %L, dbname %L)',
                   host, current_setting('port'), current_database());
    -- Not for everybody: for whom the functions run as.
    EXECUTE format('CREATE USER MAPPING FOR %I SERVER ruvector_loopback OPTIONS (user %L, password %L)',
                   (SELECT proowner::regrole::TEXT FROM pg_proc WHERE oid = 'ruvector.order_healer(text, text, jsonb)'::regprocedure),
                   courier, secret);
END
$$";

/// Adds the schema to what new sessions of this database look in.
fn extend_search_path(session: &mut Session<'_>) -> Result<(), PostgresError> {
    session.batch(
        "DO $$
         DECLARE
             present TEXT := (
                 SELECT substring(setting FROM length('search_path=') + 1)
                 FROM pg_db_role_setting, unnest(setconfig) AS setting
                 WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND setrole = 0
                     AND setting LIKE 'search_path=%');
             names TEXT[] := regexp_split_to_array(coalesce(present, '\"$user\", public'), ' *, *');
         BEGIN
             IF 'ruvector' <> ALL (names) THEN
                 EXECUTE format('ALTER DATABASE %I SET search_path = %s',
                                current_database(), array_to_string(array_append(names, 'ruvector'), ', '));
             END IF;
         END
         $$",
    )
}
