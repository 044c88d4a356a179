//! What the stores are filled with.

use healing_core::identity::{FencingToken, Operator, RemediationId};
use healing_core::metrics::SystemMetrics;
use healing_core::storage::{JournalBody, JournalRecord, OutcomeRecord, Stream, StreamHead};
use healing_core::{CollectionId, Lambda, ProblemClass, Timestamp};

pub fn collection() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

pub fn stream() -> Stream {
    Stream::Collection(collection())
}

/// A body whose length changes from record to record, so that pages split and merge.
pub fn body(sequence: u64) -> JournalBody {
    let by = Operator::new("x".repeat(1 + (sequence * 37 % 190) as usize)).unwrap();
    match sequence % 50 {
        49 => JournalBody::Checkpoint(Box::default()),
        _ => JournalBody::Unfrozen { collection: None, by },
    }
}

pub fn record(head: StreamHead) -> JournalRecord {
    let at = Timestamp::UNIX_EPOCH;
    JournalRecord::seal(stream(), head, FencingToken::new(1), at, &body(head.next), None).unwrap()
}

pub fn outcome(number: u64) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(collection(), number),
        tenant: None,
        problem: ProblemClass::Unknown {
            witness_summary: "x".repeat((number * 91 % 500) as usize),
        },
        strategy_name: "open_valves".to_owned(),
        strategy_params: None,
        started_at: Timestamp::UNIX_EPOCH,
        completed_at: Timestamp::UNIX_EPOCH,
        success: true,
        verified: Some(true),
        actions_taken: 1,
        improvement_pct: 1.0 / 3.0,
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
