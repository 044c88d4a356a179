//! The stores: the suite that any store must pass, and what only several processes on one database can show.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use healing_core::identity::{FencingToken, HolderId, RemediationId, TenantId};
use healing_core::metrics::SystemMetrics;
use healing_core::storage::{
    FeedbackScore, Journal, JournalBody, JournalError, JournalRecord, LeaseError, LeaseStore, OutcomeRecord,
    OutcomeStore, Stream, StreamHead,
};
use healing_core::testkit::storage::{LeaseFactory, StoreFactory, suite};
use healing_core::{CollectionId, HostError, Lambda, ProblemClass, Timestamp};
use postgres::{Client, NoTls};
use postgres_host::server::ThrowawayServer;
use postgres_host::{Database, Limits, PostgresStorage};

use crate::world;

/// Stores whose leases run by a clock that the tests move: the server's function is replaced.
pub(crate) struct Stores {
    server: &'static ThrowawayServer,
    newest: String,
}

impl Stores {
    pub(crate) fn store(&self) -> PostgresStorage {
        PostgresStorage::new(Database::new(self.server.config(&self.newest), Limits::default()))
    }

    pub(crate) fn client(&self) -> Client {
        self.server.config(&self.newest).connect(NoTls).unwrap()
    }

    fn move_clock(&self, seconds: f64) {
        let moved = self
            .client()
            .execute("UPDATE moved_clock SET by = by + $1 * INTERVAL '1 second'", &[&seconds]);
        assert_eq!(moved.unwrap(), 1);
    }
}

impl StoreFactory for Stores {
    type Store = PostgresStorage;

    fn fresh(&mut self) -> Result<PostgresStorage, HostError> {
        self.newest = world::new_database(self.server);
        self.client().batch_execute(
            "CREATE TABLE moved_clock (by INTERVAL NOT NULL);
             INSERT INTO moved_clock VALUES ('0');
             CREATE OR REPLACE FUNCTION ruvector.lease_clock() RETURNS TIMESTAMPTZ LANGUAGE sql VOLATILE
             AS 'SELECT clock_timestamp() + by FROM public.moved_clock'",
        )?;
        Ok(self.store())
    }

    fn reopen(&mut self) -> Result<PostgresStorage, HostError> {
        Ok(self.store())
    }

    fn beside(&mut self) -> Result<Option<PostgresStorage>, HostError> {
        Ok(Some(self.store()))
    }
}

impl LeaseFactory for Stores {
    fn advance(&self, by: Duration) {
        self.move_clock(by.as_secs_f64());
    }

    fn set_clock_back(&self, by: Duration) -> bool {
        self.move_clock(-by.as_secs_f64());
        true
    }
}

pub(crate) fn stores() -> Option<Stores> {
    let server = world::server()?;
    let newest = world::new_database(server);
    Some(Stores { server, newest })
}

fn embeddings() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

pub(crate) fn outcome(number: u64) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(embeddings(), number),
        tenant: None,
        problem: ProblemClass::Unknown {
            witness_summary: "nul \0 and more".to_owned(),
        },
        strategy_name: "open_valves".to_owned(),
        strategy_params: Some(serde_json::json!({ "max_moves": 7, "nul": "\0" })),
        started_at: Timestamp::constant(1_759_000_000, 123_456_789),
        completed_at: Timestamp::constant(1_759_000_090, 987_654_321),
        success: true,
        verified: Some(true),
        actions_taken: u32::MAX,
        improvement_pct: 1e300,
        error_message: Some("half\0way".to_owned()),
        initial_lambda: Lambda::new(1.0 / 3.0).unwrap(),
        final_lambda: Some(Lambda::new(2.0).unwrap()),
        witness_edges: Vec::new(),
        system_metrics: SystemMetrics::default(),
        feedback_score: None,
        predicted_lambda: None,
        rolled_back: false,
        disturbances: Vec::new(),
        choice: None,
    }
}

#[test]
fn the_stores_pass_the_conformance_suite() {
    let Some(mut stores) = stores() else { return };
    let report = suite(&mut stores);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn an_outcome_fills_the_columns_of_the_design_document() {
    let Some(stores) = stores() else { return };
    let mut client = stores.client();
    client
        .execute(
            "INSERT INTO ruvector.collections (name, tenant_id) VALUES ('embeddings', 'acme')",
            &[],
        )
        .unwrap();
    stores.store().record(&outcome(7)).unwrap();
    stores
        .store()
        .set_feedback(&outcome(7).remediation, FeedbackScore::new(0.1).unwrap())
        .unwrap();
    let row = client
        .query_one(
            "SELECT name, healing_outcomes.tenant_id, problem_class, problem_details::text, strategy_name,
                    strategy_params::text, extract(epoch FROM started_at)::float8, duration_ms, success, verified,
                    actions_taken, improvement_pct, error_message, initial_lambda, final_lambda, witness_edges::text,
                    system_metrics IS NOT NULL, feedback_score, healing_outcomes.created_at IS NOT NULL
             FROM ruvector.healing_outcomes JOIN ruvector.collections ON collections.id = collection_id",
            &[],
        )
        .unwrap();
    let text = |column: usize| row.get::<_, String>(column);
    assert_eq!(
        (text(0), text(1), text(2)),
        ("embeddings".into(), "acme".into(), "unknown".into())
    );
    assert_eq!(text(3), "{\"witness_summary\": \"nul \u{fffd} and more\"}");
    assert_eq!(text(4), "open_valves");
    assert_eq!(text(5), "{\"nul\": \"\u{fffd}\", \"max_moves\": 7}");
    assert_eq!(row.get::<_, f64>(6), 1_759_000_000.123_456);
    assert_eq!(row.get::<_, i32>(7), 90_864);
    assert!(row.get::<_, bool>(8) && row.get::<_, bool>(9));
    assert_eq!(row.get::<_, i32>(10), i32::MAX);
    assert_eq!(row.get::<_, f32>(11), f32::MAX);
    assert_eq!(text(12), "half\u{fffd}way");
    assert_eq!((row.get::<_, f32>(13), row.get::<_, f32>(14)), (1.0 / 3.0, 2.0));
    assert_eq!(text(15), "[]");
    assert!(row.get::<_, bool>(16));
    assert_eq!(row.get::<_, f32>(17), 0.1);
    assert!(row.get::<_, bool>(18));
    let indexes: Vec<String> = client
        .query(
            "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'ruvector' AND indexname LIKE 'idx_healing%' ORDER BY 1",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(
        indexes,
        [
            "idx_healing_outcomes_class",
            "idx_healing_outcomes_strategy",
            "idx_healing_outcomes_success"
        ]
    );
}

#[test]
fn an_outcome_keeps_its_own_tenant_and_its_exact_self() {
    let Some(stores) = stores() else { return };
    let tenanted = OutcomeRecord {
        tenant: Some(TenantId::new("globex").unwrap()),
        ..outcome(1)
    };
    stores.store().record(&tenanted).unwrap();
    let read = stores.store().outcomes(None, 10).unwrap();
    assert_eq!(read[0].outcome, tenanted);
    let tenant: String = stores
        .client()
        .query_one("SELECT tenant_id FROM ruvector.healing_outcomes", &[])
        .unwrap()
        .get(0);
    assert_eq!(tenant, "globex");
}

/// Numbers come from a sequence, so that without a lock a smaller one may become visible after a greater one.
#[test]
fn who_follows_the_outcomes_misses_none_that_others_record_meanwhile() {
    let Some(stores) = stores() else { return };
    const WRITERS: u64 = 6;
    const EACH: u64 = 40;
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = stores.store();
            scope.spawn(move || {
                for number in 0..EACH {
                    store.record(&outcome(writer * EACH + number)).unwrap();
                }
            });
        }
        let follower = stores.store();
        let mut seen = Vec::new();
        while seen.len() < usize::try_from(WRITERS * EACH).unwrap() {
            let after = seen
                .last()
                .map(|stored: &healing_core::storage::StoredOutcome| stored.id);
            seen.extend(follower.outcomes(after, 1000).unwrap());
            thread::yield_now();
        }
        let all = follower.outcomes(None, 1000).unwrap();
        assert_eq!(
            seen.iter().map(|it| it.id).collect::<Vec<_>>(),
            all.iter().map(|it| it.id).collect::<Vec<_>>()
        );
    });
}

/// A renewal must not wait for an effect under way, and the next lease must.
#[test]
fn an_effect_under_way_holds_up_the_next_lease_but_not_a_renewal() {
    let Some(stores) = stores() else { return };
    let store = stores.store();
    let (one, other) = (HolderId::new("one").unwrap(), HolderId::new("other").unwrap());
    let lease = store.acquire(&embeddings(), &one, Duration::from_secs(3600)).unwrap();
    let mut client = stores.client();
    let mut effect = client.transaction().unwrap();
    effect
        .execute(
            "SELECT FROM ruvector.healing_leases WHERE collection = 'embeddings' FOR KEY SHARE",
            &[],
        )
        .unwrap();
    let lease = store.renew(&lease, Duration::from_secs(3600)).unwrap();
    let asked = store.acquire(&embeddings(), &other, Duration::from_secs(3600));
    assert!(
        matches!(asked, Err(LeaseError::Held { .. })),
        "who only asks does not wait: {asked:?}"
    );
    store.release(&lease).unwrap();

    let (sender, receiver) = channel();
    thread::scope(|scope| {
        let store = stores.store();
        scope.spawn(move || sender.send(store.acquire(&embeddings(), &other, Duration::from_secs(60))));
        // It waits: the server says so.
        let mut watcher = stores.client();
        while watcher
            .query_opt(
                "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'",
                &[],
            )
            .unwrap()
            .is_none()
        {
            assert!(
                receiver.try_recv().is_err(),
                "the lease passed on while an effect was under way"
            );
        }
        effect.commit().unwrap();
        let next = receiver.recv().unwrap().unwrap();
        assert!(next.token > lease.token);
    });
}

#[test]
fn two_healers_cannot_both_continue_a_stream() {
    let Some(stores) = stores() else { return };
    let stream = Stream::Collection(embeddings());
    let body = JournalBody::Checkpoint(Box::default());
    let record = |token| {
        let token = FencingToken::new(token);
        JournalRecord::seal(
            stream.clone(),
            StreamHead::default(),
            token,
            Timestamp::UNIX_EPOCH,
            &body,
            None,
        )
        .unwrap()
    };
    let results = thread::scope(|scope| {
        let append = |token| {
            let (store, record) = (stores.store(), record(token));
            scope.spawn(move || store.append(&record))
        };
        [append(1), append(2)].map(|thread| thread.join().unwrap())
    });
    let refused = results.iter().filter(|result| {
        matches!(
            result,
            Err(JournalError::OutOfSequence { .. } | JournalError::Fenced { .. })
        )
    });
    assert_eq!(refused.count(), 1, "{results:?}");
}
