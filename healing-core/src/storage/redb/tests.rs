//! What only the inside can show: disks that fill up, files that were damaged.

mod damaged_file;
mod failing_disk;

use std::sync::Arc;

use super::RedbStorage;
use crate::clock::{Clock, VirtualClock};
use crate::identity::{CollectionId, FencingToken, HolderId, Operator, RemediationId};
use crate::metrics::SystemMetrics;
use crate::number::Lambda;
use crate::problem::ProblemClass;
use crate::storage::{
    FeedbackScore, Journal, JournalBody, JournalError, JournalRecord, OutcomeError, OutcomeRecord, OutcomeStore,
    Stream, StreamHead,
};

fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::default())
}

fn collection() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

fn holder() -> HolderId {
    HolderId::new("healer").unwrap()
}

fn stream() -> Stream {
    Stream::Collection(collection())
}

/// The record that follows at `head`.
fn record(head: StreamHead, body: &JournalBody) -> JournalRecord {
    JournalRecord::seal(stream(), head, FencingToken::new(1), clock().now(), body, None).unwrap()
}

fn event(head: StreamHead) -> JournalRecord {
    record(
        head,
        &JournalBody::Unfrozen {
            collection: None,
            by: Operator::new(format!("operator {}", head.next)).unwrap(),
        },
    )
}

/// Appends the next record and says where the stream ends then.
fn append(storage: &RedbStorage, record: &JournalRecord) -> Result<StreamHead, JournalError> {
    storage.append(record).map(|()| record.head())
}

fn outcome(number: u64) -> OutcomeRecord {
    let now = clock().now();
    OutcomeRecord {
        remediation: RemediationId::new(collection(), number),
        tenant: None,
        problem: ProblemClass::Unknown {
            witness_summary: "none".to_owned(),
        },
        strategy_name: "open_valves".to_owned(),
        strategy_params: None,
        started_at: now,
        completed_at: now,
        success: true,
        verified: None,
        actions_taken: 1,
        improvement_pct: 12.5,
        error_message: None,
        initial_lambda: Lambda::new(1.0).unwrap(),
        final_lambda: None,
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
fn feedback_takes_the_place_of_what_was_said_before_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let storage = RedbStorage::create(folder.path().join("healing.redb"), clock()).unwrap();
    for number in 1..=3 {
        storage.record(&outcome(number)).unwrap();
    }
    let judged = RemediationId::new(collection(), 2);
    let (first, second) = (FeedbackScore::new(-1.0).unwrap(), FeedbackScore::new(0.5).unwrap());
    assert_eq!(storage.set_feedback(&judged, first).unwrap(), outcome(2));
    assert_eq!(
        storage.set_feedback(&judged, second).unwrap().feedback_score,
        Some(first)
    );
    let scores: Vec<_> = storage
        .outcomes(None, 10)
        .unwrap()
        .iter()
        .map(|stored| stored.outcome.feedback_score)
        .collect();
    assert_eq!(scores, [None, Some(second), None]);
    let nobody = RemediationId::new(collection(), 9);
    assert!(matches!(
        storage.set_feedback(&nobody, first),
        Err(OutcomeError::NoSuchOutcome { .. })
    ));
}
