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
use crate::storage::{Journal, JournalBody, JournalError, JournalRecord, OutcomeRecord, Stream, StreamHead};

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

fn checkpoint(head: StreamHead) -> JournalRecord {
    record(head, &JournalBody::Checkpoint(Box::default()))
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
    }
}
