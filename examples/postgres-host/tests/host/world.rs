//! The server that the tests share, and a database for each.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use healing_core::identity::{FencingToken, HolderId, RemediationId};
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::storage::{Lease, LeaseStore};
use healing_core::{Clock, CollectionId, SystemClock};
use postgres::{Client, NoTls};
use postgres_host::server::{ServerError, ThrowawayServer};
use postgres_host::{Database, Limits, NewCollection, PostgresHost, PostgresStorage};

/// The server of this run; `None` where none is installed, which is a failure under `CI=true`.
pub(crate) fn server() -> Option<&'static ThrowawayServer> {
    static SERVER: OnceLock<Option<ThrowawayServer>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

/// A server of one's own, to be stopped and started.
pub(crate) fn start() -> Option<ThrowawayServer> {
    match ThrowawayServer::start() {
        Ok(server) => {
            make_template(&server);
            Some(server)
        }
        Err(error @ ServerError::NotInstalled) => {
            let required = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!required, "{error}");
            // Past the test harness, which shows nothing of a test that passes.
            let mut terminal = std::io::stderr();
            terminal
                .write_all(format!("\n    SKIPPED: {error}\n\n").as_bytes())
                .unwrap();
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A database that was migrated, from which the others are copied: with pgvector, where the server has that.
fn make_template(server: &ThrowawayServer) {
    let mut client = server.config("postgres").connect(NoTls).unwrap();
    client.batch_execute("CREATE DATABASE prepared").unwrap();
    let has_pgvector = "SELECT FROM pg_available_extensions WHERE name = 'vector'";
    if client.query_opt(has_pgvector, &[]).unwrap().is_some() {
        let mut client = server.config("prepared").connect(NoTls).unwrap();
        client.batch_execute("CREATE EXTENSION vector").unwrap();
    }
    Database::new(server.config("prepared"), Limits::default())
        .migrate()
        .unwrap();
}

/// The name of a new database on `server`, a copy of the prepared one.
pub(crate) fn new_database(server: &ThrowawayServer) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::SeqCst));
    let mut client = server.config("postgres").connect(NoTls).unwrap();
    client
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE prepared"))
        .unwrap();
    name
}

/// A collection in a database of its own, and the lease on it.
pub(crate) struct World {
    pub(crate) server: &'static ThrowawayServer,
    pub(crate) name: String,
    pub(crate) database: Database,
    pub(crate) host: PostgresHost,
    pub(crate) collection: CollectionId,
    pub(crate) lease: Lease,
}

pub(crate) fn embeddings() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

/// Eight partitions along a line, ten apart, and four centroids.
pub(crate) fn new_collection() -> NewCollection {
    let on_the_line = |place: f32| vec![place, 0.0, 0.0, 0.0];
    NewCollection {
        name: embeddings(),
        tenant: None,
        partition_centers: (0_u8..8).map(|number| on_the_line(f32::from(number) * 10.0)).collect(),
        centroid_centers: (0_u8..4)
            .map(|number| on_the_line(f32::from(number) * 20.0 + 5.0))
            .collect(),
        partition_rate: 50.0,
        count_every: 1,
        list_budget: 1_000_000,
        maintenance_slots: 2,
        memory_budget: 1 << 40,
        cold_tablespace: None,
    }
}

/// So many vectors at each partition's center, about.
pub(crate) fn vectors(new: &NewCollection, each: u16) -> Vec<Vec<f32>> {
    let around = |center: &Vec<f32>| {
        let center = center.clone();
        (0..each).map(move |number| {
            let mut vector = center.clone();
            vector[1] += f32::from(number % 100) / 100.0;
            vector[2] += f32::from(number / 100) / 100.0;
            vector
        })
    };
    new.partition_centers.iter().flat_map(around).collect()
}

impl World {
    pub(crate) fn new(new: &NewCollection, vectors: &[Vec<f32>]) -> Option<Self> {
        let server = server()?;
        Some(Self::of(server, new_database(server), new, vectors))
    }

    /// The same in a database that is there, and migrated.
    pub(crate) fn of(
        server: &'static ThrowawayServer,
        name: String,
        new: &NewCollection,
        vectors: &[Vec<f32>],
    ) -> Self {
        let database = Database::new(server.config(&name), Limits::default());
        database.create_collection(new).unwrap();
        database.load_vectors(new, vectors).unwrap();
        let world = Self {
            server,
            host: PostgresHost::new(database.clone(), Arc::new(SystemClock)),
            lease: acquire(&database, &new.name),
            collection: new.name.clone(),
            name,
            database,
        };
        world.client().batch_execute("VACUUM ANALYZE").unwrap();
        world
    }

    /// A plain SQL client.
    pub(crate) fn client(&self) -> Client {
        self.server.config(&self.name).connect(NoTls).unwrap()
    }

    /// A number that a query finds.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.client().query_one(sql, &[]).unwrap().get(0)
    }

    /// Acts under the lease of this world.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&Permit<'_>) -> T) -> T {
        act_under(self.lease.token, &self.collection, act)
    }
}

pub(crate) fn acquire(database: &Database, collection: &CollectionId) -> Lease {
    let storage = PostgresStorage::new(database.clone());
    storage
        .acquire(collection, &HolderId::new("test").unwrap(), Duration::from_secs(3600))
        .unwrap()
}

pub(crate) fn act_under<T>(token: FencingToken, collection: &CollectionId, act: impl FnOnce(&Permit<'_>) -> T) -> T {
    let remediation = RemediationId::new(collection.clone(), 1);
    let deadline = SystemClock.now() + Duration::from_secs(600);
    let context = StepContext::new(&remediation, token, deadline, &SystemClock, Revocation::default());
    act(&context.permit().unwrap())
}

/// Tells the threads beside a test to stop as soon as the test has ended, also where it failed: a scope waits for them.
pub(crate) struct StopWhenDropped<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Asks until it is so. What takes longer than a minute never will.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about: {what}");
        std::thread::yield_now();
    }
}
