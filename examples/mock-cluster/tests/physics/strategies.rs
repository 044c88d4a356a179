//! What the strategies do to the cluster helps, and can be taken back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::metrics::JobState;
use healing_core::monitor::{IntegrityReport, IntegrityState};
use healing_core::permit::{Revocation, StepContext};
use healing_core::plan::Plan;
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{Classifier, ObservationSource, ProblemClass, RemediationStrategy, Timestamp};
use healing_strategies::actuators::{
    Centroids, Jobs, LagBound, Operation, Partitions, ReadRouting, Replicas, Throttle, Tier, Tiers, VectorId,
    WriteRoute, WriteRouting,
};
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, PauseMaintenance, RebalancePartitions, RebuildCentroids,
    RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};
use mock_cluster::{Cluster, CorroboratedRules, Scenario, Severity};
use proptest::prelude::*;

use crate::cluster::{cluster, metrics, report, wait};

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

/// A cluster that was struck severely a while ago, and what a strategy would do about it.
struct Struck {
    cluster: Cluster,
    strategy: Arc<dyn RemediationStrategy>,
    problem: ProblemClass,
    plan: Plan,
}

fn struck(seed: u64, scenario: Scenario, choose: impl FnOnce(&Cluster) -> Arc<dyn RemediationStrategy>) -> Struck {
    let cluster = cluster(seed);
    let strategy = choose(&cluster);
    let severity = Severity::new(0.9).unwrap();
    cluster.inject(
        scenario
            .injection_into(cluster.size(), seed, Some(severity))
            .unwrap()
            .fault,
    );
    wait(&cluster, 60);
    let observation = cluster.observe(cluster.collection()).unwrap();
    let report = IntegrityReport {
        state: IntegrityState::Stress,
        ..report(&cluster)
    };
    let diagnosis = CorroboratedRules::default()
        .classify(&observation, &report)
        .swap_remove(0);
    let plan = strategy.plan(&Case {
        observation: &observation,
        report: &report,
        diagnosis: &diagnosis,
        parameters: &serde_json::Map::new(),
    });
    Struck {
        plan: plan.unwrap(),
        problem: diagnosis.problem,
        strategy,
        cluster,
    }
}

impl Struck {
    /// Executes the plan, with at most this many calls.
    fn execute(&self, mut calls: usize) {
        for step in &self.plan.steps {
            loop {
                if calls == 0 {
                    return;
                }
                calls -= 1;
                match call(&self.cluster, |context| self.strategy.execute(step, context)) {
                    None => break,
                    Some(poll_after) => wait(&self.cluster, poll_after.as_secs()),
                }
            }
        }
    }

    fn roll_back(&self) {
        for step in self.plan.steps.iter().rev() {
            while let Some(poll_after) = call(&self.cluster, |context| self.strategy.rollback(step, context)) {
                wait(&self.cluster, poll_after.as_secs());
            }
        }
    }

    fn lambda_and_symptom(&self) -> (f64, f64) {
        let symptom = self.strategy.symptom(&self.problem, &metrics(&self.cluster));
        (report(&self.cluster).lambda.get(), symptom.unwrap().get())
    }
}

fn all(cluster: &Cluster) -> Vec<(Scenario, Arc<dyn RemediationStrategy>)> {
    let host = Arc::new(cluster.clone());
    let clock = Arc::new(cluster.clock().clone());
    let mut all = strategies(cluster).to_vec();
    all.push((
        Scenario::FragmentedIndex,
        Arc::new(CompactIndexes::new(host.clone(), clock)),
    ));
    all.push((Scenario::StuckReplica, Arc::new(ResyncReplica::new(host))));
    all
}

#[test]
fn every_strategy_raises_lambda_or_eases_its_symptom_by_a_tenth() {
    for seed in 0..3 {
        for which in 0..12 {
            let scenario = all(&cluster(seed))[which].0;
            let struck = struck(seed, scenario, |cluster| all(cluster)[which].1.clone());
            let (lambda, symptom) = struck.lambda_and_symptom();
            struck.execute(usize::MAX);
            wait(&struck.cluster, 15);
            let (raised, eased) = struck.lambda_and_symptom();
            assert!(
                raised >= 1.1 * lambda || (raised >= lambda && eased <= 0.9 * symptom),
                "{} in {}, seed {seed}: lambda {lambda} to {raised}, symptom {symptom} to {eased}",
                struck.plan.strategy,
                scenario.name()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn undo_after_any_number_of_calls_leaves_every_setting_as_it_was(
        which in 0usize..10, seed in 0u64..1000, calls in 0usize..60,
    ) {
        let scenario = strategies(&cluster(seed))[which].0;
        let struck = struck(seed, scenario, |cluster| strategies(cluster)[which].1.clone());
        let before = settings(&struck.cluster);
        struck.execute(calls);
        struck.roll_back();
        wait(&struck.cluster, 1);
        let after = settings(&struck.cluster);
        prop_assert!(after == before, "{}: {:?} is not {:?}", struck.plan.strategy, Short(&after), Short(&before));
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
