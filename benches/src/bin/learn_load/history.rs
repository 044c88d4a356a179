//! Outcomes as a busy service leaves them behind.

use std::time::Duration;

use healing_core::identity::{InvalidName, RemediationId};
use healing_core::metrics::{PartitionMetrics, SystemMetrics};
use healing_core::storage::{Disturbance, OutcomeRecord};
use healing_core::{Amount, CollectionId, Lambda, ProblemClass, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const STRATEGIES: [&str; 4] = [
    "drain_hot_partition",
    "rebalance_partitions",
    "reroute_reads",
    "throttle_ingestion",
];

/// Outcomes in the order of their time, ten minutes apart.
pub(crate) struct History {
    collections: Vec<CollectionId>,
    left: u64,
    number: u64,
    now: Timestamp,
    rng: Pcg64Mcg,
}

impl History {
    pub(crate) fn new(outcomes: u64, collections: u64) -> Result<Self, InvalidName> {
        let collections = (0..collections.max(1)).map(|number| CollectionId::new(format!("collection_{number}")));
        Ok(Self {
            collections: collections.collect::<Result<_, _>>()?,
            left: outcomes,
            number: 0,
            now: Timestamp::UNIX_EPOCH,
            rng: Pcg64Mcg::seed_from_u64(1),
        })
    }
}

impl Iterator for History {
    type Item = OutcomeRecord;

    fn next(&mut self) -> Option<OutcomeRecord> {
        self.left = self.left.checked_sub(1)?;
        self.number += 1;
        let started_at = self.now;
        self.now = self.now.checked_add(Duration::from_secs(600)).unwrap_or(self.now);
        let rng = &mut self.rng;
        let strategy = rng.random_range(0..STRATEGIES.len());
        let verified = rng.random_range(0.0..1.0) < 0.3 + 0.15 * strategy as f64;
        let collection = self.collections[rng.random_range(0..self.collections.len())].clone();
        let lambda = rng.random_range(10.0..20.0);
        Some(OutcomeRecord {
            remediation: RemediationId::new(collection, self.number),
            tenant: None,
            problem: if rng.random_range(0..3) == 0 {
                ProblemClass::IndexFragmentation {
                    index_ids: vec![1, 2],
                    fragmentation_pct: healing_core::Percent::clamped(40.0),
                }
            } else {
                ProblemClass::HotspotCongestion {
                    partition_ids: vec![3],
                    load_ratio: Amount::clamped(2.5),
                }
            },
            strategy_name: STRATEGIES[strategy].to_owned(),
            strategy_params: None,
            started_at,
            completed_at: started_at
                .checked_add(Duration::from_secs(rng.random_range(30..300)))
                .unwrap_or(started_at),
            success: true,
            verified: Some(verified),
            actions_taken: 3,
            improvement_pct: if verified { 40.0 } else { 0.0 },
            error_message: None,
            initial_lambda: Lambda::clamped(lambda),
            final_lambda: Some(Lambda::clamped(if verified { lambda * 1.4 } else { lambda })),
            witness_edges: Vec::new(),
            system_metrics: metrics(),
            feedback_score: None,
            predicted_lambda: Some(Lambda::clamped(lambda * 1.5)),
            rolled_back: !verified,
            disturbances: if rng.random_range(0..20) == 0 {
                vec![Disturbance::AnotherFault]
            } else {
                Vec::new()
            },
            choice: None,
        })
    }
}

/// Of a small collection: four partitions.
fn metrics() -> SystemMetrics {
    let partition = PartitionMetrics {
        load: Amount::clamped(1.0),
        inserts: None,
        vectors: 1000,
    };
    SystemMetrics {
        partitions: (1..=4).map(|id| (id, partition)).collect(),
        ..SystemMetrics::default()
    }
}
