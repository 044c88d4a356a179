//! What the strategies did to the cluster can be taken back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::metrics::JobState;
use healing_core::monitor::{IntegrityReport, IntegrityState};
use healing_core::permit::{Revocation, StepContext};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{Classifier, ObservationSource, RemediationStrategy, Timestamp};
use healing_strategies::actuators::{
    Centroids, Jobs, LagBound, Operation, Partitions, ReadRouting, Replicas, Throttle, Tier, Tiers, VectorId,
    WriteRoute, WriteRouting,
};
use healing_strategies::{
    DrainHotPartition, EvictColdData, PauseMaintenance, RebalancePartitions, RebuildCentroids, RerouteReads,
    ScaleReplicas, ThrottleIngestion,
};
use mock_cluster::{Cluster, CorroboratedRules, Scenario, Severity};
use proptest::prelude::*;

use crate::cluster::{cluster, report, wait};

/// Everything that strategies set.
#[derive(Debug, PartialEq)]
struct Settings {
    places: Vec<Option<i64>>,
    routes: Vec<WriteRoute>,
    jobs_at_work: BTreeMap<i64, bool>,
    held_back: Vec<f64>,
    tiers: Vec<Tier>,
    replicas: (u32, u32),
    bounds: Vec<Option<LagBound>>,
    served: u64,
    newest: u64,
}

fn settings(cluster: &Cluster) -> Settings {
    let collection = cluster.collection();
    let vectors: Vec<VectorId> = (1..=16)
        .flat_map(|partition| (0..1000).map(move |rank| VectorId(partition * 1_000_000 + rank)))
        .collect();
    let jobs = cluster.jobs(collection).unwrap().into_iter();
    let at_work = |state| matches!(state, JobState::Running | JobState::Waiting);
    let status = cluster.replicas(collection).unwrap();
    let operations = [Operation::Insert, Operation::BulkInsert];
    Settings {
        places: cluster.locate(collection, &vectors).unwrap(),
        routes: (1..=16)
            .map(|id| cluster.write_route(collection, id).unwrap())
            .collect(),
        jobs_at_work: jobs.map(|job| (job.id, at_work(job.state))).collect(),
        held_back: operations
            .map(|it| cluster.throttle(collection, it).unwrap().get())
            .to_vec(),
        tiers: cluster.segments(collection).unwrap().iter().map(|it| it.tier).collect(),
        replicas: (status.wanted, status.ready),
        bounds: (1..=8).map(|id| cluster.lag_bound(collection, id).unwrap()).collect(),
        served: cluster.served(collection).unwrap().0,
        newest: cluster.newest(collection).unwrap().0,
    }
}

fn strategies(cluster: &Cluster) -> [(Scenario, Arc<dyn RemediationStrategy>); 10] {
    let host = Arc::new(cluster.clone());
    [
        (Scenario::HotPartition, Arc::new(RebalancePartitions::new(host.clone()))),
        (
            Scenario::HotPartition,
            Arc::new(DrainHotPartition::new(host.clone(), host.clone())),
        ),
        (
            Scenario::WriteFlood,
            Arc::new(DrainHotPartition::new(host.clone(), host.clone())),
        ),
        (Scenario::WriteFlood, Arc::new(ThrottleIngestion::new(host.clone()))),
        (Scenario::HotPartition, Arc::new(ScaleReplicas::new(host.clone()))),
        (Scenario::CentroidSkew, Arc::new(RebuildCentroids::new(host.clone()))),
        (Scenario::LaggingReplica, Arc::new(RerouteReads::new(host.clone()))),
        (
            Scenario::MaintenanceContention,
            Arc::new(PauseMaintenance::new(host.clone())),
        ),
        (Scenario::MemoryPressure, Arc::new(EvictColdData::new(host.clone()))),
        (Scenario::MemoryPressure, Arc::new(ThrottleIngestion::new(host))),
    ]
}

/// Calls once; whether the step is done.
fn call(cluster: &Cluster, what: impl FnOnce(&StepContext<'_>) -> Result<StepReport, StepError>) -> Option<Duration> {
    let remediation = RemediationId::new(cluster.collection().clone(), 1);
    let clock = cluster.clock().clone();
    let token = FencingToken::new(1);
    let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
    match what(&context).unwrap() {
        StepReport::Done => None,
        StepReport::InProgress { poll_after } => Some(poll_after),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn undo_after_any_number_of_calls_leaves_every_setting_as_it_was(
        which in 0usize..10, seed in 0u64..1000, calls in 0usize..60,
    ) {
        let cluster = cluster(seed);
        let (scenario, strategy) = strategies(&cluster)[which].clone();
        let severity = Severity::new(0.9).unwrap();
        cluster.inject(scenario.injection_with(seed, Some(severity)).unwrap().fault);
        wait(&cluster, 60);
        let before = settings(&cluster);
        let observation = cluster.observe(cluster.collection()).unwrap();
        let report = IntegrityReport { state: IntegrityState::Stress, ..report(&cluster) };
        let diagnoses = CorroboratedRules::default().classify(&observation, &report);
        let parameters = serde_json::Map::new();
        let case = Case { observation: &observation, report: &report, diagnosis: &diagnoses[0], parameters: &parameters };
        let plan = strategy.plan(&case).unwrap();
        let mut left = calls;
        'steps: for step in &plan.steps {
            loop {
                if left == 0 {
                    break 'steps;
                }
                left -= 1;
                match call(&cluster, |context| strategy.execute(step, context)) {
                    None => break,
                    Some(poll_after) => wait(&cluster, poll_after.as_secs()),
                }
            }
        }
        for step in plan.steps.iter().rev() {
            while let Some(poll_after) = call(&cluster, |context| strategy.rollback(step, context)) {
                wait(&cluster, poll_after.as_secs());
            }
        }
        wait(&cluster, 1);
        let after = settings(&cluster);
        prop_assert!(after == before, "{}: {:?} is not {:?}", plan.strategy, Short(&after), Short(&before));
    }
}

/// Settings without the places of sixteen thousand vectors.
struct Short<'a>(&'a Settings);

impl std::fmt::Debug for Short<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Settings {
            places: _,
            routes,
            jobs_at_work,
            held_back,
            tiers,
            replicas,
            bounds,
            served,
            newest,
        } = self.0;
        formatter
            .debug_list()
            .entry(routes)
            .entry(jobs_at_work)
            .entry(held_back)
            .entry(tiers)
            .entry(replicas)
            .entry(bounds)
            .entry(&(served, newest))
            .finish()
    }
}
