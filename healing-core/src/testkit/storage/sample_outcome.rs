//! Outcomes to try stores with.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::identity::{CollectionId, RemediationId, TenantId};
use crate::metrics::SystemMetrics;
use crate::number::{Amount, Lambda};
use crate::problem::ProblemClass;
use crate::storage::{Disturbance, FeedbackScore, OutcomeRecord};
use crate::testkit::{Objection, failed};

/// A plain outcome that ended so many seconds after a fixed moment.
pub(super) fn outcome(collection: &str, number: u64, ended: i64) -> Result<OutcomeRecord, Objection> {
    let collection = CollectionId::new(collection).map_err(failed("naming a collection"))?;
    let at = |seconds| Timestamp::from_second(1_759_000_000 + seconds).map_err(failed("making a time"));
    Ok(OutcomeRecord {
        remediation: RemediationId::new(collection, number),
        tenant: None,
        problem: ProblemClass::HotspotCongestion {
            partition_ids: vec![7],
            load_ratio: Amount::clamped(2.5),
        },
        strategy_name: "rebalance_partitions".to_owned(),
        strategy_params: None,
        started_at: at(ended - 60)?,
        completed_at: at(ended)?,
        success: true,
        verified: Some(true),
        actions_taken: 3,
        improvement_pct: 12.5,
        error_message: None,
        initial_lambda: Lambda::clamped(40.0),
        final_lambda: None,
        witness_edges: Vec::new(),
        system_metrics: SystemMetrics::default(),
        feedback_score: None,
        predicted_lambda: None,
        rolled_back: false,
        disturbances: Vec::new(),
        choice: None,
    })
}

/// Outcomes with every kind of problem and everything that a store could lose on the way.
pub(super) fn awkward() -> Result<Vec<OutcomeRecord>, Objection> {
    let problems = [
        json!({ "problem_class": "hotspot_congestion", "problem_details": { "partition_ids": [i64::MAX, i64::MIN], "load_ratio": 1.0 / 3.0 } }),
        json!({ "problem_class": "centroid_skew", "problem_details": { "centroid_ids": [], "skew_factor": 5e-324 } }),
        json!({ "problem_class": "replication_lag", "problem_details": { "replica_ids": [3], "lag_seconds": 86_400.5 } }),
        json!({ "problem_class": "maintenance_contention", "problem_details": { "job_types": ["vacuum", "r\u{e9}index \u{1f4a5}"], "queue_depth": u64::MAX } }),
        json!({ "problem_class": "index_fragmentation", "problem_details": { "index_ids": [1, 2], "fragmentation_pct": 99.9 } }),
        json!({ "problem_class": "memory_pressure", "problem_details": { "current_usage_pct": 97.25, "largest_consumers": [{ "name": "it's \"memory\"", "bytes": u64::MAX }] } }),
        json!({ "problem_class": "unknown", "problem_details": { "witness_summary": "a\nb\\c;'--" } }),
        json!({ "problem_class": "custom", "problem_details": { "kind": "disk_failure", "details": { "b": 1.0, "a": [null, 1e300, "\u{1f4a5}"] } } }),
    ];
    let mut outcomes = Vec::new();
    for (number, problem) in problems.into_iter().enumerate() {
        let plain = outcome("look-alike 'na:me' #\u{e9}", number as u64 + 1, number as i64)?;
        outcomes.push(OutcomeRecord {
            problem: read(problem)?,
            verified: [None, Some(true), Some(false)][number % 3],
            success: number % 2 == 0,
            improvement_pct: [0.1 + 0.2, -99.999_999_999_999_99, 1e300, 5e-324][number % 4],
            ..if number % 2 == 0 { plain } else { full(plain)? }
        });
    }
    Ok(outcomes)
}

/// The outcome with everything in it that may be there.
fn full(plain: OutcomeRecord) -> Result<OutcomeRecord, Objection> {
    let edge = json!({
        "a": { "kind": "partition", "id": 1 }, "b": { "kind": "custom", "id": -2 }, "kind": "partition_link",
        "capacity": 100.25, "flow": 1.0 / 3.0, "latency_ms": 0.5, "error_rate": 0.125,
    });
    let metrics = json!({
        "partitions": { "-1": { "load": 0.1, "vectors": u64::MAX }, "10": { "load": 1e300, "vectors": 0 } },
        "centroid_populations": { "3": 7 },
        "replicas": { "2": { "lag_seconds": 1.5 } },
        "jobs": [{ "id": 1, "job_type": "vacuum", "priority": "low", "state": "draining" }],
        "maintenance_queue_depth": 0,
        "memory": { "used_pct": 50.0, "largest_consumers": [] },
        "index_fragmentation": { "9": 12.5 },
    });
    let choice = json!({
        "at": "2025-09-27T19:06:40.000001Z",
        "state": "stress",
        "candidates": [{ "strategy": "compact_indexes", "impact": 0.5, "estimated_duration_seconds": 300.0, "propensity": 0.3 }],
    });
    Ok(OutcomeRecord {
        tenant: Some(TenantId::new("tenant 'a'").map_err(failed("naming a tenant"))?),
        strategy_params: Some(json!({ "max_moves": 1.0, "b": [], "a": { "\u{e9}": null } })),
        completed_at: Timestamp::constant(1_759_000_007, 123_457_000),
        error_message: Some("it's \"broken\":\n\t\u{1f4a5} 100 % \\".to_owned()),
        final_lambda: Some(Lambda::clamped(0.1 + 0.2)),
        witness_edges: vec![read(edge)?],
        system_metrics: read(metrics)?,
        feedback_score: Some(FeedbackScore::new(-1.0 / 3.0).map_err(failed("making a score"))?),
        predicted_lambda: Some(Lambda::ZERO),
        rolled_back: true,
        disturbances: vec![Disturbance::Conflict, Disturbance::AnotherFault],
        choice: Some(read(choice)?),
        ..plain
    })
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Objection> {
    serde_json::from_value(value).map_err(failed("making an outcome"))
}
