//! What the strategies do to the cluster helps, and can be taken back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use healing_core::classify::EvidenceClassifier;
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::metrics::JobState;
use healing_core::monitor::IntegrityState;
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::plan::Plan;
use healing_core::strategy::{Case, StepReport};
use healing_core::testkit::Faults;
use healing_core::testkit::strategy::{Situation, World, suite};
use healing_core::{
    Classifier, Clock, CollectionId, ObservationSource, Percent, ProblemClass, RemediationStrategy, Timestamp,
    VirtualClock,
};
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CopyNumber, Jobs, LagBound, Operation, Partitions, ReadRouting,
    ReplicaCopies, Replicas, Throttle, Tier, Tiers, VectorId, WriteRoute, WriteRouting,
};
use healing_strategies::testkit::FaultyActuator;
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, PauseMaintenance, RebalancePartitions, RebuildCentroids,
    RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};
use mock_cluster::{Cluster, Scenario, Size};

use crate::cluster::{metrics, report, severity, wait};

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
    served: CentroidVersion,
    newest: CentroidVersion,
    copies: Vec<CopyNumber>,
    fragmentation: Vec<u64>,
}

fn settings(cluster: &Cluster) -> Settings {
    let collection = cluster.collection();
    let born =
        |partition: i64| (0..cluster.size().vectors_per_partition()).map(move |rank| partition * 1_000_000 + rank);
    let vectors: Vec<VectorId> = (1..=16).flat_map(born).map(VectorId).collect();
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
        served: cluster.served(collection).unwrap(),
        newest: cluster.newest(collection).unwrap(),
        copies: (1..=8)
            .map(|id| cluster.replica_copy(collection, id).unwrap().number)
            .collect(),
        fragmentation: metrics(cluster)
            .index_fragmentation
            .values()
            .map(|it| it.get().to_bits())
            .collect(),
    }
}

type Host = Arc<FaultyActuator<Cluster>>;

/// A scenario, a strategy for it, and what someone else might do there meanwhile.
struct Matter {
    scenario: Scenario,
    make: fn(Host, Arc<VirtualClock>) -> Arc<dyn RemediationStrategy>,
    foreign: Option<Foreign>,
}

type Foreign = fn(&Struck, &Permit<'_>) -> Result<(), ActuatorError>;

const MATTERS: [Matter; 13] = [
    Matter {
        scenario: Scenario::HotPartition,
        make: |host, _| Arc::new(RebalancePartitions::new(host)),
        foreign: Some(Struck::move_elsewhere),
    },
    Matter {
        scenario: Scenario::HotPartition,
        make: |host, _| Arc::new(DrainHotPartition::new(host.clone(), host)),
        foreign: Some(Struck::move_elsewhere),
    },
    Matter {
        scenario: Scenario::WriteFlood,
        make: |host, _| Arc::new(DrainHotPartition::new(host.clone(), host)),
        foreign: Some(|struck, permit| {
            let drained = struck.plan.steps[0].action["drained"].as_i64().unwrap();
            let route = struck.cluster.write_route(permit.collection(), drained)?;
            struck.cluster.route_writes(permit, drained, route, WriteRoute::Closed)
        }),
    },
    Matter {
        scenario: Scenario::WriteFlood,
        make: |host, _| Arc::new(ThrottleIngestion::new(host)),
        foreign: Some(Struck::throttle_otherwise),
    },
    Matter {
        scenario: Scenario::HotPartition,
        make: |host, _| Arc::new(ScaleReplicas::new(host)),
        foreign: Some(Struck::scale_otherwise),
    },
    Matter {
        scenario: Scenario::LaggingReplica,
        make: |host, _| Arc::new(ScaleReplicas::new(host)),
        foreign: Some(Struck::scale_otherwise),
    },
    Matter {
        scenario: Scenario::CentroidSkew,
        make: |host, _| Arc::new(RebuildCentroids::new(host)),
        foreign: Some(|struck, permit| {
            let cluster = &struck.cluster;
            let (served, other) = (cluster.served(permit.collection())?, CentroidVersion(50));
            cluster.rebuild(permit, other, &[1])?;
            wait(cluster, 90);
            cluster.switch(permit, served, other)
        }),
    },
    Matter {
        scenario: Scenario::LaggingReplica,
        make: |host, _| Arc::new(RerouteReads::new(host)),
        foreign: Some(|struck, permit| {
            for replica in 1..=8 {
                let bound = struck.cluster.lag_bound(permit.collection(), replica)?;
                let other = Some(LagBound::from_millis(1));
                struck.cluster.set_lag_bound(permit, replica, bound, other)?;
            }
            Ok(())
        }),
    },
    Matter {
        scenario: Scenario::MaintenanceContention,
        make: |host, _| Arc::new(PauseMaintenance::new(host)),
        foreign: Some(|struck, permit| {
            for job in struck.cluster.jobs(permit.collection())? {
                struck.cluster.resume(permit, job.id)?;
                struck.cluster.pause(permit, job.id)?;
            }
            Ok(())
        }),
    },
    Matter {
        scenario: Scenario::MemoryPressure,
        make: |host, _| Arc::new(EvictColdData::new(host)),
        // Nobody pins segments in this cluster.
        foreign: None,
    },
    Matter {
        scenario: Scenario::MemoryPressure,
        make: |host, _| Arc::new(ThrottleIngestion::new(host)),
        foreign: Some(Struck::throttle_otherwise),
    },
    Matter {
        scenario: Scenario::FragmentedIndex,
        make: |host, clock| Arc::new(CompactIndexes::new(host, clock)),
        // Nobody sets the fragmentation of an index.
        foreign: None,
    },
    Matter {
        scenario: Scenario::StuckReplica,
        make: |host, _| Arc::new(ResyncReplica::new(host)),
        foreign: Some(|struck, permit| {
            for replica in 1..=8 {
                let copy = struck.cluster.replica_copy(permit.collection(), replica)?.number;
                struck.cluster.resync(permit, replica, copy, CopyNumber(50))?;
            }
            Ok(())
        }),
    },
];

/// A cluster that was struck severely a while ago, and what a strategy would do about it.
struct Struck {
    cluster: Cluster,
    faults: Faults,
    matter: &'static Matter,
    problem: ProblemClass,
    plan: Plan,
}

/// A cluster that was struck severely a while ago.
fn struck_cluster(size: Size, seed: u64, scenario: Scenario) -> Cluster {
    let collection = CollectionId::new("embeddings").unwrap();
    let cluster = Cluster::of_size(size, collection, seed, VirtualClock::default());
    let injection = scenario.injection_into(size, seed, Some(severity(0.9)));
    cluster.inject(injection.unwrap().fault);
    wait(&cluster, 60);
    cluster
}

impl Struck {
    fn new(size: Size, seed: u64, matter: &'static Matter) -> Self {
        let cluster = struck_cluster(size, seed, matter.scenario);
        let observation = cluster.observe(cluster.collection()).unwrap();
        let mut report = report(&cluster);
        report.state = IntegrityState::Stress;
        let diagnosis = EvidenceClassifier::default()
            .classify(&observation, &report)
            .swap_remove(0);
        let mut struck = Self {
            cluster,
            faults: Faults::default(),
            matter,
            problem: diagnosis.problem.clone(),
            plan: Plan {
                strategy: String::new(),
                summary: String::new(),
                steps: Vec::new(),
            },
        };
        let plan = struck.strategy().plan(&Case {
            observation: &observation,
            report: &report,
            diagnosis: &diagnosis,
            parameters: &serde_json::Map::new(),
        });
        struck.plan = plan.unwrap();
        struck
    }

    /// The same once more; `seed` is the seed it was made with.
    fn again(&self, seed: u64) -> Self {
        Self {
            cluster: struck_cluster(self.cluster.size(), seed, self.matter.scenario),
            faults: Faults::default(),
            matter: self.matter,
            problem: self.problem.clone(),
            plan: self.plan.clone(),
        }
    }

    fn strategy(&self) -> Arc<dyn RemediationStrategy> {
        let host = FaultyActuator::new(self.cluster.clone(), self.faults.clone());
        (self.matter.make)(Arc::new(host), Arc::new(self.cluster.clock().clone()))
    }

    fn lambda_and_symptom(&self) -> (f64, f64) {
        let symptom = self.strategy().symptom(&self.problem, &metrics(&self.cluster));
        (report(&self.cluster).lambda.get(), symptom.unwrap().get())
    }

    /// Moves what the plan moves to where the plan neither finds nor brings it.
    fn move_elsewhere(&self, permit: &Permit<'_>) -> Result<(), ActuatorError> {
        for step in &self.plan.steps {
            let vectors: Vec<VectorId> = serde_json::from_value(step.action["vectors"].clone()).unwrap();
            let (before, after) = (&step.action["before"], &step.action["after"]);
            let planned = [before.as_i64().unwrap(), after.as_i64().unwrap()];
            let elsewhere = (1..=16).find(|id| !planned.contains(id)).unwrap();
            for from in planned {
                self.cluster.move_vectors(permit, &vectors, from, elsewhere)?;
            }
        }
        Ok(())
    }

    fn throttle_otherwise(&self, permit: &Permit<'_>) -> Result<(), ActuatorError> {
        for operation in [Operation::Insert, Operation::BulkInsert] {
            self.cluster.set_throttle(permit, operation, Percent::clamped(33.0))?;
        }
        Ok(())
    }

    fn scale_otherwise(&self, permit: &Permit<'_>) -> Result<(), ActuatorError> {
        let wanted = self.cluster.replicas(permit.collection())?.wanted;
        self.cluster.scale(permit, wanted, 16)
    }
}

impl World for Struck {
    type State = Settings;

    fn situation(&self) -> Situation {
        Situation::new(
            self.cluster.observe(self.cluster.collection()).unwrap(),
            self.problem.clone(),
        )
    }

    fn state(&self) -> Settings {
        settings(&self.cluster)
    }

    fn clock(&self) -> &dyn Clock {
        self.cluster.clock()
    }

    fn pass(&self, time: Duration) {
        self.cluster.advance_to(self.cluster.clock().now() + time);
    }

    fn interfere(&self) -> bool {
        let Some(foreign) = self.matter.foreign else {
            return false;
        };
        // Another remediation, under the token of the suite's own: nothing is fenced off by it.
        let remediation = RemediationId::new(self.cluster.collection().clone(), 2);
        let (token, clock) = (FencingToken::new(7), self.cluster.clock().clone());
        let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
        foreign(self, &context.permit().unwrap()).unwrap();
        true
    }

    fn faults(&self) -> Option<&Faults> {
        Some(&self.faults)
    }

    fn newest_token(&self) -> Option<FencingToken> {
        Some(self.cluster.newest_token())
    }
}

#[test]
fn every_strategy_conforms_on_the_cluster() {
    let size = Size::default().with_vectors_per_partition(100).unwrap();
    let conforms = |matter| {
        let first = Struck::new(size, 3, matter);
        let report = suite(Struck::strategy, || first.again(3));
        assert!(report.is_clean(), "{}: {report}", matter.scenario.name());
        let contested = report
            .held()
            .contains(&"strategy.what_someone_else_changed_is_left_alone");
        assert_eq!(contested, matter.foreign.is_some(), "{report}");
    };
    thread::scope(|scope| {
        for matter in &MATTERS {
            scope.spawn(move || conforms(matter));
        }
    });
}

#[test]
fn every_strategy_raises_lambda_or_eases_its_symptom_by_a_tenth() {
    for seed in 0..3 {
        for matter in &MATTERS {
            let struck = Struck::new(Size::default(), seed, matter);
            let (lambda, symptom) = struck.lambda_and_symptom();
            execute(&struck);
            wait(&struck.cluster, 15);
            let (raised, eased) = struck.lambda_and_symptom();
            assert!(
                raised >= 1.1 * lambda || (raised >= lambda && eased <= 0.9 * symptom),
                "{} in {}, seed {seed}: lambda {lambda} to {raised}, symptom {symptom} to {eased}",
                struck.plan.strategy,
                matter.scenario.name()
            );
        }
    }
}

fn execute(struck: &Struck) {
    let strategy = struck.strategy();
    let remediation = RemediationId::new(struck.cluster.collection().clone(), 1);
    let (token, clock) = (FencingToken::new(1), struck.cluster.clock().clone());
    let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
    for step in &struck.plan.steps {
        while let StepReport::InProgress { poll_after } = strategy.execute(step, &context).unwrap() {
            wait(&struck.cluster, poll_after.as_secs());
        }
    }
}
