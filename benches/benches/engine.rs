//! What the loop itself costs: a remediation of ten steps that do nothing, a tick in which nothing is due, and a signed record.

#![allow(missing_docs, reason = "criterion's macros make public items without docs")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use healing_core::audit::Ed25519Signer;
use healing_core::diagnosis::Diagnosis;
use healing_core::engine::{EventKind, JournalRetention, RemediationState};
use healing_core::identity::{FencingToken, Operator};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::IntegrityReport;
use healing_core::observation::ObservationError;
use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::storage::{Journal, JournalBody, JournalRecord, MemoryStorage, Stream, StreamHead};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{
    Amount, Classifier, Clock, CollectionId, Healer, HealingConfig, Observation, ObservationSource, ProblemClass,
    ProblemKind, Ratio, RemediationStrategy, StrategyRegistry, VirtualClock,
};

const STEPS: usize = 10;
const IDLE_COLLECTIONS: usize = 10_000;

/// Two nodes and an edge, whose capacity falls when time reaches `falls_after`: what observing and cutting a real graph costs
/// is measured elsewhere.
struct Pair {
    clock: VirtualClock,
    falls_after: Duration,
}

impl Pair {
    fn capacity(&self) -> f64 {
        let age = self.clock.now().duration_since(healing_core::Timestamp::UNIX_EPOCH);
        if age.as_secs().unsigned_abs() < self.falls_after.as_secs() {
            100.0
        } else {
            10.0
        }
    }
}

impl ObservationSource for Pair {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let mut graph = ContractedGraph::builder();
        let (a, b) = (NodeRef::partition(1), NodeRef::partition(2));
        graph
            .node(a, 1.0)?
            .node(b, 1.0)?
            .edge(Edge::new(EdgeKind::PartitionLink, a, b, self.capacity())?)?;
        Ok(Observation {
            collection: collection.clone(),
            observed_at: self.clock.now(),
            graph: graph.build(),
            metrics: SystemMetrics::default(),
        })
    }
}

impl Classifier for Pair {
    fn classify(&self, _observation: &Observation, _report: &IntegrityReport) -> Vec<Diagnosis> {
        let problem = ProblemClass::HotspotCongestion {
            partition_ids: vec![1],
            load_ratio: Amount::clamped(3.0),
        };
        vec![Diagnosis {
            problem,
            confidence: Ratio::ONE,
            evidence: Vec::new(),
        }]
    }
}

/// Plans ten steps and does nothing in any.
struct NoOp;

impl RemediationStrategy for NoOp {
    fn name(&self) -> &str {
        "no_op"
    }

    fn handles(&self) -> &[ProblemKind] {
        &[ProblemKind::HotspotCongestion]
    }

    fn impact(&self) -> Ratio {
        Ratio::ZERO
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn reversible(&self) -> bool {
        false
    }

    fn plan(&self, _case: &Case<'_>) -> Result<Plan, PlanError> {
        let step = |number: usize| {
            let action = serde_json::json!({"moves": {"before": number, "after": number + 1}});
            Ok(Step::new(format!("do nothing, {number}"), &action)?.touching([NodeRef::partition(1)]))
        };
        let steps = (0..STEPS).map(step).collect::<Result<_, PlanError>>()?;
        Ok(Plan {
            strategy: "no_op".to_owned(),
            summary: "do nothing ten times".to_owned(),
            steps,
        })
    }

    fn execute(&self, _step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        context.permit()?;
        Ok(StepReport::Done)
    }

    fn rollback(&self, _step: &Step, _context: &StepContext<'_>) -> Result<StepReport, StepError> {
        Err(StepError::NotReversible)
    }
}

fn healer(clock: &VirtualClock, falls_after: Duration, collections: usize) -> Healer {
    let mut registry = StrategyRegistry::new();
    if let Err(error) = registry.register(Arc::new(NoOp)) {
        unreachable!("{error}");
    }
    let pair = Arc::new(Pair {
        clock: clock.clone(),
        falls_after,
    });
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let mut config = HealingConfig {
        step_settle: Duration::ZERO,
        stabilisation: Duration::ZERO,
        min_healing_interval: Duration::ZERO,
        max_attempts_per_window: 100,
        ineffective_limit: u32::MAX,
        quarantine_after: u32::MAX,
        attempt_window: Duration::from_secs(1),
        journal_retention: JournalRetention::Prune,
        ..HealingConfig::default()
    };
    config.monitor.baseline_samples = 1;
    config.monitor.hysteresis.stress_samples = 1;
    let mut builder = Healer::builder(pair.clone(), Arc::clone(&shared))
        .storage(Arc::new(MemoryStorage::new(shared)))
        .classifier(pair)
        .strategies(registry)
        .config(config);
    for number in 0..collections {
        match CollectionId::new(format!("collection_{number:05}")) {
            Ok(collection) => builder = builder.watch(collection),
            Err(error) => unreachable!("{error}"),
        }
    }
    match builder.build() {
        Ok(healer) => healer,
        Err(error) => unreachable!("{error}"),
    }
}

/// From the sample that shows the problem to the end of the remediation: one tick, as nothing has to be waited for.
fn remediation(criterion: &mut Criterion) {
    criterion.bench_function("remediation_of_10_steps", |bencher| {
        bencher.iter_custom(|times| {
            let clock = VirtualClock::default();
            let mut healer = healer(&clock, Duration::from_secs(60), 1);
            for _ in 0..6 {
                let _ = healer.tick();
                clock.advance(Duration::from_secs(10));
            }
            let mut spent = Duration::ZERO;
            let mut done = 0;
            while done < times {
                clock.advance(Duration::from_secs(10));
                let began = Instant::now();
                let tick = black_box(healer.tick());
                let took = began.elapsed();
                let ended = tick.events.iter().any(|event| {
                    matches!(&event.kind, EventKind::Remediation(it) if matches!(it.state, RemediationState::Completed { done: STEPS, .. }))
                });
                if ended {
                    spent += took;
                    done += 1;
                }
            }
            spent
        });
    });
}

/// A tick over many collections in none of which anything is due, as time per collection.
fn idle_tick(criterion: &mut Criterion) {
    let clock = VirtualClock::default();
    let mut healer = healer(&clock, Duration::from_secs(1_000_000), IDLE_COLLECTIONS);
    let _ = healer.tick();
    clock.advance(Duration::from_secs(1));
    criterion.bench_function("idle_tick_per_collection_of_10000", |bencher| {
        bencher.iter_custom(|times| {
            let began = Instant::now();
            for _ in 0..times {
                let _ = black_box(healer.tick());
            }
            began.elapsed() / u32::try_from(IDLE_COLLECTIONS).unwrap_or(u32::MAX)
        });
    });
}

/// Appending one signed record in memory: written as JSON, chained, signed, kept.
fn signed_append(criterion: &mut Criterion) {
    let signer = Ed25519Signer::new(&[7; 32]);
    let storage = MemoryStorage::new(Arc::new(VirtualClock::default()));
    let body = match Operator::new("bench") {
        Ok(by) => JournalBody::Unfrozen { collection: None, by },
        Err(error) => unreachable!("{error}"),
    };
    let mut head = StreamHead::default();
    criterion.bench_function("signed_append_in_memory", |bencher| {
        bencher.iter(|| {
            let at = healing_core::Timestamp::UNIX_EPOCH;
            let sealed = JournalRecord::seal(Stream::Global, head, FencingToken::new(0), at, &body, Some(&signer));
            let appended = sealed.and_then(|record| storage.append(&record).map(|()| record.head()));
            match appended {
                Ok(next) => head = next,
                Err(error) => unreachable!("{error}"),
            }
        });
    });
}

criterion_group!(benches, remediation, idle_tick, signed_append);
criterion_main!(benches);
