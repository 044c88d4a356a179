//! A vector store on PostgreSQL (15 or later) that heals itself: to be run as it is, and to be copied from.
//!
//! ```sh
//! cargo run --release -p postgres-host -- --demo
//! ```
//!
//! makes a server from the machine's own binaries, breaks a store of 200,000 vectors and heals it before your eyes. On a
//! database of your own:
//!
//! ```sh
//! postgres-host migrate --database-url postgresql://admin@localhost/mine   # the schema, the roles, the operators' functions
//! postgres-host heal --database-url postgresql://admin@localhost/mine --collection embeddings   # as many as you like
//! psql -c 'SELECT ruvector_healing_status()' mine
//! ```
//!
//! | what | where | to be copied for |
//! | --- | --- | --- |
//! | journal, outcomes, leases | [`PostgresStorage`] | any host whose healers share a PostgreSQL |
//! | the schema, versioned | [`Database::migrate`] | the same |
//! | the operators' functions | [`Database::install_sql_interface`], [`CommandDesk`] | the same |
//! | what is healed: collections, partitions, centroids, jobs | [`NewCollection`], the schema's functions | an example of a store |
//! | what is observed of it | [`PostgresHost`] as [`ObservationSource`](healing_core::ObservationSource) | how a graph follows from statistics |
//! | what may be done to it | [`PostgresHost`] as actuators | how an effect is fenced |
//! | background jobs | [`MaintenanceWorker`] | jobs that can be paused |
//! | what several healers learn together | [`SharedLearning`] | any host whose healers share a PostgreSQL |
//! | all of it together | [`service::healer`] | putting a healer together |
//! | a server for tests | [`server::ThrowawayServer`] | tests of your own |
//!
//! # What must never break
//!
//! **An effect and its right to be made are one transaction.** It checks the fencing token and holds the lease's row `FOR KEY
//! SHARE` until it has ended. A renewal does not wait for that lock; the next lease does. So no effect of a healer that was
//! replaced is ever made after the first of the one that replaced it. What cannot be in a transaction (`REINDEX
//! CONCURRENTLY`) is done while another one holds that lock.
//!
//! **Leases run by the server's clock**, so that those of healers may differ. The healer itself trusts a lease only for as
//! long as it can be sure of by its own.
//!
//! **Nothing waits for ever.** Connections are bounded in number; every statement, every wait for a lock and every transaction
//! that is left alone has a limit ([`Limits`]); the server notices a client that died within a second.
//!
//! **Names and values never become SQL.** Values are parameters; where a statement that changes tables takes none, the
//! server writes it, with every name quoted; a command travels between sessions as digits.
//!
//! # Roles
//!
//! | role | may |
//! | --- | --- |
//! | the schema's owner | everything; healers and maintenance workers log in as it, or as a member |
//! | `ruvector_reader` | `ruvector_healing_status`, `_history`, `_effectiveness` |
//! | `ruvector_operator` | that, and every order: `_configure`, `_trigger`, `_approve`, `_reject`, `_abort`, `_execute`, `_rollback`, `_feedback`, `_freeze`, `_unfreeze`, `_explain` |
//! | `ruvector_client` | the store's own functions: `insert_vector`, `insert_vectors`, `update_vector`, `delete_vectors`, `fetch_vector`, `search`, `read_sources` |
//! | `PUBLIC` | nothing |
//!
//! Grant them to your own login roles. The owner need not be a superuser: it takes the database, `CREATEROLE`, `pg_monitor`,
//! and from a superuser once `CREATE EXTENSION dblink` and `GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw`; with
//! `CREATE EXTENSION pgstattuple`, at any time, the bloat of indexes is measured instead of estimated. From PostgreSQL 16 on,
//! where another role made the roles above for another database of the server, it takes also `GRANT ruvector_courier TO` the
//! owner `WITH ADMIN OPTION`; and who may grant a role is a member of it there, so that an owner who is no superuser shows a
//! password where `pg_hba.conf` asks `+ruvector_courier` for one.
//!
//! # pgvector
//!
//! Where the database has pgvector when the schema is made, vectors are kept as its `vector` and distances are its `<->`;
//! else they are `real[]`. The store's functions take and give `real[]` either way. Installing pgvector later changes nothing
//! by itself: to change over writes every vector anew under a lock that keeps readers out, and when to do that is the owner's
//! decision: `SELECT ruvector.use_pgvector()`.
//!
//! Connections are made without TLS unless you bring your own ([`Database::connected_by`]).

mod actuators;
mod clusters;
mod database;
mod error;
mod fence;
mod host;
mod json;
mod learning;
mod locks;
mod maintenance;
mod migrations;
mod observation;
pub mod server;
pub mod service;
mod sql_interface;
mod storage;
mod store;
mod timestamp;

pub use database::{Database, Limits, Session};
pub use error::PostgresError;
pub use host::PostgresHost;
pub use learning::SharedLearning;
pub use maintenance::MaintenanceWorker;
pub use sql_interface::CommandDesk;
pub use storage::PostgresStorage;
pub use store::NewCollection;
