//! Who may do what.

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use postgres_host::{Database, Limits, PostgresError};
use serde_json::json;

use super::ask;
use crate::healers::{Healing, Ward, config};
use crate::storage::stores;
use crate::world;

#[test]
fn the_public_may_do_nothing_at_all() {
    let Some(stores) = stores() else { return };
    let public = stores
        .client()
        .query_one(
            "SELECT coalesce(string_agg(what, ', '), '') FROM (
                 SELECT oid::regprocedure::text, proacl, 'f'::\"char\", proowner FROM pg_proc
                 WHERE pronamespace = 'ruvector'::regnamespace
                 UNION ALL
                 SELECT oid::regclass::text, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner
                 FROM pg_class WHERE relnamespace = 'ruvector'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
                 UNION ALL
                 SELECT nspname, nspacl, 'n', nspowner FROM pg_namespace WHERE nspname = 'ruvector'
             ) AS thing (what, acl, kind, owner)
             WHERE EXISTS (SELECT FROM aclexplode(coalesce(acl, acldefault(kind, owner))) WHERE grantee = 0)",
            &[],
        )
        .unwrap();
    assert_eq!(public.get::<_, String>(0), "");
}

/// A role of its own, logged in.
fn log_in(ward: &Ward<'_>, role: &str, group: Option<&str>) -> Client {
    let role = format!("{role}_{}", ward.name);
    let mut admin = ward.client();
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    if let Some(group) = group {
        admin.batch_execute(&format!("GRANT {group} TO {role}")).unwrap();
    }
    ward.server.config(&ward.name).user(&role).connect(NoTls).unwrap()
}

#[test]
fn readers_read_operators_order_and_everybody_else_is_refused() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let reads = [
        "SELECT ruvector.ruvector_healing_status()",
        "SELECT * FROM ruvector.ruvector_healing_history()",
        "SELECT * FROM ruvector.ruvector_healing_effectiveness()",
    ];
    let orders = [
        "SELECT ruvector.ruvector_healing_trigger('embeddings')",
        "SELECT ruvector.ruvector_healing_configure('{\"max_active\": 7}')",
        "SELECT ruvector.ruvector_healing_freeze('why not', 'embeddings')",
        "SELECT ruvector.ruvector_healing_unfreeze('embeddings')",
    ];
    let behind = [
        "SELECT ruvector.order_healer('freeze', NULL, '{}')",
        "TABLE ruvector.healing_journal",
        "INSERT INTO ruvector.healing_commands (verb, arguments, given_by, expires_at) VALUES ('freeze', '{}', 'me', now())",
        "CALL ruvector.hand_over('7b7d', NULL)",
        "SELECT ruvector.dblink('ruvector_loopback', 'SELECT 1')",
        "UPDATE ruvector.healing_leases SET token = 0",
        "SELECT ruvector.drop_centroid_version(1, 1)",
        "CREATE TABLE ruvector.mine ()",
        "TABLE pg_user_mapping",
    ];
    let refused = |client: &mut Client, call: &str| {
        let error = client.query(call, &[]).unwrap_err();
        assert_eq!(error.code().map(SqlState::code), Some("42501"), "{call}: {error:?}");
    };

    let mut reader = log_in(&ward, "reader", Some("ruvector_reader"));
    reads.iter().for_each(|call| drop(reader.query(*call, &[]).unwrap()));
    orders.iter().chain(&behind).for_each(|call| refused(&mut reader, call));
    reader.query("SELECT ruvector_healing_status()", &[]).unwrap();

    let mut operator = log_in(&ward, "operator", Some("ruvector_operator"));
    reads
        .iter()
        .chain(&orders)
        .for_each(|call| drop(operator.query(*call, &[]).unwrap()));
    behind.iter().for_each(|call| refused(&mut operator, call));
    let by = "SELECT body::json #>> '{configured,by}' FROM ruvector.healing_journal WHERE body LIKE '%configured%'";
    let by: String = ward.client().query_one(by, &[]).unwrap().get(0);
    assert_eq!(
        by,
        format!("operator_{}", ward.name),
        "the journal names who gave the order"
    );

    let mut nobody = log_in(&ward, "nobody", None);
    reads
        .iter()
        .chain(&orders)
        .chain(&behind)
        .for_each(|call| refused(&mut nobody, call));
    let unknown = nobody.query("SELECT ruvector_healing_status()", &[]).unwrap_err();
    assert_eq!(
        unknown.code().map(SqlState::code),
        Some("42883"),
        "the schema is not even looked into"
    );

    let mut client = log_in(&ward, "client", Some("ruvector_client"));
    client
        .query("SELECT ruvector.insert_vector('embeddings', '{1,2,3,4}')", &[])
        .unwrap();
    reads
        .iter()
        .chain(&orders)
        .chain(&behind)
        .for_each(|call| refused(&mut client, call));
}

/// What a caller puts in front of the system's own names must not be run with the owner's rights.
#[test]
fn a_callers_search_path_and_temporary_objects_are_not_looked_at() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut operator = log_in(&ward, "trickster", Some("ruvector_operator"));
    let mut admin = ward.client();
    admin.batch_execute("CREATE SCHEMA playground; GRANT ALL ON SCHEMA playground TO PUBLIC; CREATE TABLE public.loot (who TEXT); GRANT INSERT ON public.loot TO PUBLIC").unwrap();
    operator
        .batch_execute(
            "CREATE FUNCTION playground.now() RETURNS timestamptz LANGUAGE sql AS
                 $$ INSERT INTO public.loot VALUES (current_user); SELECT pg_catalog.now() $$;
             CREATE FUNCTION playground.jsonb_build_object(VARIADIC \"any\") RETURNS jsonb LANGUAGE internal IMMUTABLE AS 'jsonb_build_object_noargs';
             CREATE TEMP TABLE healing_outcomes (completed_at timestamptz, verified boolean);
             CREATE TEMP TABLE collections (id integer, name text);
             SET search_path = playground, pg_temp, pg_catalog, ruvector, public",
        )
        .unwrap_or_else(|error| {
            // Functions in C are for superusers; the rest is tried all the same.
            assert_eq!(error.code().map(SqlState::code), Some("42501"), "{error:?}");
            operator
                .batch_execute(
                    "CREATE FUNCTION playground.now() RETURNS timestamptz LANGUAGE sql AS
                         $$ INSERT INTO public.loot VALUES (current_user); SELECT pg_catalog.now() $$;
                     CREATE TEMP TABLE healing_outcomes (completed_at timestamptz, verified boolean);
                     CREATE TEMP TABLE collections (id integer, name text);
                     SET search_path = playground, pg_temp, pg_catalog, ruvector, public",
                )
                .unwrap();
        });
    let status = ask(&mut operator, "SELECT ruvector.ruvector_healing_status()");
    assert_eq!(status["total_healings_24h"], json!(0));
    operator
        .query(
            "SELECT * FROM ruvector.ruvector_healing_history(since => pg_catalog.now())",
            &[],
        )
        .unwrap();
    operator
        .query("SELECT ruvector.ruvector_healing_freeze('tried')", &[])
        .unwrap();
    assert_eq!(ward.count("SELECT count(*) FROM public.loot"), 0);
    let unsafe_functions = ward.count(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'ruvector'::regnamespace AND prosecdef
             AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e') -- the extension's own
             AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, ruvector, pg_temp'], false)",
    );
    assert_eq!(
        unsafe_functions, 0,
        "every function that runs with its owner's rights has a search path of its own"
    );
}

/// A hosted PostgreSQL gives nobody a superuser.
#[test]
fn the_owner_of_the_schema_need_not_be_a_superuser() {
    let Some(server) = world::server() else { return };
    let mut admin = server.config("postgres").connect(NoTls).unwrap();
    admin
        .batch_execute("CREATE ROLE landlord LOGIN CREATEROLE PASSWORD 'rent'; GRANT pg_monitor TO landlord")
        .unwrap();
    admin.batch_execute("CREATE DATABASE rented OWNER landlord").unwrap();
    let mut admin = server.config("rented").connect(NoTls).unwrap();
    admin
        .batch_execute("CREATE EXTENSION dblink; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO landlord")
        .unwrap();
    let mut as_landlord = server.config("rented");
    // A member of the couriers' group must show a password.
    as_landlord.user("landlord").password("rent");
    let database = Database::new(as_landlord, Limits::default());
    database.migrate().unwrap();
    // Another role made those of this server, so that from PostgreSQL 16 on they are not this one's to grant.
    if let Err(refusal) = database.install_sql_interface() {
        assert!(matches!(refusal, PostgresError::Unsuitable { .. }), "{refusal}");
        assert!(refusal.to_string().contains("WITH ADMIN OPTION"), "{refusal}");
        admin
            .batch_execute("GRANT ruvector_courier TO landlord WITH ADMIN OPTION")
            .unwrap();
    }
    let ward = Ward::of(server, "rented".to_owned(), database);
    let _healing = Healing::start(&ward, config());
    let mut operator = log_in(&ward, "tenant", Some("ruvector_operator"));
    let configured = ask(
        &mut operator,
        "SELECT ruvector_healing_configure('{\"max_active\": 2}')",
    );
    assert_eq!(configured["max_active"], json!(2));
    let mut watch = ward.watch();
    ward.flood(9);
    watch.until("embeddings#1 completed");
}
