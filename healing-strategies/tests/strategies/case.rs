//! What a strategy is called with.

use std::time::Duration;

use healing_core::diagnosis::Diagnosis;
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::{IntegrityMonitor, IntegrityState, MonitorConfig};
use healing_core::permit::{Revocation, StepContext};
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{
    Clock, CollectionId, Observation, ProblemClass, Ratio, RemediationStrategy, Timestamp, VirtualClock,
};
use serde_json::{Map, Value};

pub fn collection() -> CollectionId {
    CollectionId::new("embeddings").unwrap()
}

/// A ring of partitions; those named here lose this share of what passes their links.
pub fn observation(partitions: i64, failing: &[(i64, f64)], metrics: SystemMetrics) -> Observation {
    let failing = |id| {
        failing
            .iter()
            .find(|(hot, _)| *hot == id)
            .map_or(0.0, |(_, share)| *share)
    };
    let mut graph = ContractedGraph::builder();
    for id in 1..=partitions {
        graph.node(NodeRef::partition(id), 1.0).unwrap();
    }
    for id in 1..=partitions {
        let next = id % partitions + 1;
        let edge = Edge::new(
            EdgeKind::PartitionLink,
            NodeRef::partition(id),
            NodeRef::partition(next),
            10.0,
        )
        .unwrap();
        let passing = (1.0 - failing(id)) * (1.0 - failing(next));
        graph.edge(edge.with_error_rate(1.0 - passing).unwrap()).unwrap();
    }
    Observation {
        collection: collection(),
        observed_at: Timestamp::UNIX_EPOCH,
        graph: graph.build(),
        metrics,
    }
}

/// Lets a strategy plan for a collection under stress.
pub fn plan(
    strategy: &dyn RemediationStrategy,
    observation: &Observation,
    problem: ProblemClass,
    parameters: &[(&str, Value)],
) -> Result<Plan, PlanError> {
    plan_in(strategy, observation, problem, IntegrityState::Stress, parameters)
}

/// Lets a strategy plan for a collection in this state.
pub fn plan_in(
    strategy: &dyn RemediationStrategy,
    observation: &Observation,
    problem: ProblemClass,
    state: IntegrityState,
    parameters: &[(&str, Value)],
) -> Result<Plan, PlanError> {
    let mut report = IntegrityMonitor::new(&MonitorConfig::default())
        .look(observation)
        .unwrap();
    report.state = state;
    let diagnosis = Diagnosis {
        problem,
        confidence: Ratio::ONE,
        evidence: Vec::new(),
    };
    let parameters: Map<String, Value> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    strategy.plan(&Case {
        observation,
        report: &report,
        diagnosis: &diagnosis,
        parameters: &parameters,
    })
}

/// Calls a strategy's `execute` or `rollback` for one step, as often as it asks for, with time for everything.
pub fn complete(
    step: &Step,
    call: impl Fn(&Step, &StepContext<'_>) -> Result<StepReport, StepError>,
    mut meanwhile: impl FnMut(),
) -> Result<(), StepError> {
    for _ in 0..1000 {
        match in_context(Duration::from_secs(60), |context| call(step, context))? {
            StepReport::Done => return Ok(()),
            StepReport::InProgress { poll_after } => {
                assert!(!poll_after.is_zero());
                meanwhile();
            }
        }
    }
    panic!("the step never ends: {step:?}")
}

/// Makes a call whose deadline is this far off; zero: in the past.
pub fn in_context<T>(time: Duration, call: impl FnOnce(&StepContext<'_>) -> T) -> T {
    let clock = VirtualClock::default();
    let remediation = RemediationId::new(collection(), 1);
    let deadline = clock.now().checked_add(time).unwrap();
    if time.is_zero() {
        clock.advance(Duration::from_secs(1));
    }
    let token = FencingToken::new(1);
    call(&StepContext::new(
        &remediation,
        token,
        deadline,
        &clock,
        Revocation::default(),
    ))
}
