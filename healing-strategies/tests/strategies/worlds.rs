//! A small world for each strategy, in which it has something to do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::FencingToken;
use healing_core::metrics::{JobPriority, JobState, MemoryMetrics, PartitionMetrics, ReplicaMetrics, SystemMetrics};
use healing_core::plan::{Plan, PlanError};
use healing_core::testkit::Faults;
use healing_core::testkit::strategy::Situation;
use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
use healing_core::{Amount, Clock, Observation, Percent, ProblemClass, RemediationStrategy, Timestamp, VirtualClock};
use healing_strategies::actuators::{
    CentroidVersion, CopyNumber, CopyState, Job, LagBound, Operation, ReplicaCopy, ReplicaStatus, Segment, Tier,
    VectorId, WriteRoute,
};
use healing_strategies::testkit::FaultyActuator;
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, MemoryHost, MemoryState, PauseMaintenance, RebalancePartitions,
    RebuildCentroids, RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};

use crate::case::{collection, plan};

/// A host, a strategy on it, and the case that it is to treat.
pub struct World {
    pub host: MemoryHost,
    pub strategy: Arc<dyn RemediationStrategy>,
    pub observation: Observation,
    pub problem: ProblemClass,
    pub clock: VirtualClock,
    make: Make,
    foreign: Option<ForeignChange>,
    faults: Faults,
}

/// Makes the strategy on a host.
type Make = fn(Arc<FaultyActuator<MemoryHost>>, Arc<VirtualClock>) -> Arc<dyn RemediationStrategy>;

/// A value that someone else sets, neither what it was nor what the plan makes of it.
type ForeignChange = fn(&mut MemoryState);

impl World {
    fn new(host: MemoryHost, observation: Observation, problem: ProblemClass, make: Make) -> Self {
        let (clock, faults) = (VirtualClock::default(), Faults::default());
        let actuator = FaultyActuator::new(host.clone(), faults.clone());
        Self {
            strategy: make(Arc::new(actuator), Arc::new(clock.clone())),
            host,
            observation,
            problem,
            clock,
            make,
            foreign: None,
            faults,
        }
    }

    fn contested_by(self, foreign: ForeignChange) -> Self {
        Self {
            foreign: Some(foreign),
            ..self
        }
    }

    /// The strategy as another process has it.
    pub fn make_strategy(&self) -> Arc<dyn RemediationStrategy> {
        let actuator = FaultyActuator::new(self.host.clone(), self.faults.clone());
        (self.make)(Arc::new(actuator), Arc::new(self.clock.clone()))
    }

    pub fn plan(&self) -> Plan {
        self.try_plan().unwrap()
    }

    pub fn try_plan(&self) -> Result<Plan, PlanError> {
        plan(&*self.strategy, &self.observation, self.problem.clone(), &[])
    }
}

impl healing_core::testkit::strategy::World for World {
    type State = MemoryState;

    fn situation(&self) -> Situation {
        Situation::new(self.observation.clone(), self.problem.clone())
    }

    fn state(&self) -> MemoryState {
        self.host.state()
    }

    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.host.go_on();
    }

    fn interfere(&self) -> bool {
        if let Some(foreign) = self.foreign {
            self.host.change(foreign);
        }
        self.foreign.is_some()
    }

    fn faults(&self) -> Option<&Faults> {
        Some(&self.faults)
    }

    fn newest_token(&self) -> Option<FencingToken> {
        Some(self.host.newest_token())
    }
}

/// A world for each strategy, and one more where there are two ways to be in its way.
pub const ALL: [fn() -> World; 11] = [
    compact,
    drain,
    drain_contested_by_a_move,
    evict,
    pause,
    rebalance,
    rebuild,
    reroute,
    resync,
    scale,
    throttle,
];

pub fn hotspot(partition_ids: &[i64]) -> ProblemClass {
    ProblemClass::HotspotCongestion {
        partition_ids: partition_ids.to_vec(),
        load_ratio: Amount::clamped(2.0),
    }
}

pub fn memory_pressure(used: f64) -> ProblemClass {
    ProblemClass::MemoryPressure {
        current_usage_pct: Percent::clamped(used),
        largest_consumers: Vec::new(),
    }
}

pub fn lag(replica_ids: &[i64]) -> ProblemClass {
    ProblemClass::ReplicationLag {
        replica_ids: replica_ids.to_vec(),
        lag: Duration::from_secs(60),
    }
}

pub fn fragmentation(index_ids: &[i64]) -> ProblemClass {
    ProblemClass::IndexFragmentation {
        index_ids: index_ids.to_vec(),
        fragmentation_pct: Percent::clamped(60.0),
    }
}

/// Partition 1 is hot, of forty vectors; three others are cold.
fn hot_partition() -> (MemoryHost, Observation) {
    let mut vectors = BTreeMap::new();
    for partition in 1..=4i64 {
        for number in 0..40 {
            let load = if partition == 1 { 1.0 + 0.1 * number as f64 } else { 0.5 };
            vectors.insert(VectorId(partition * 1000 + number), (partition, Amount::clamped(load)));
        }
    }
    let mut partitions: BTreeMap<i64, PartitionMetrics> = BTreeMap::new();
    for (partition, load) in vectors.values() {
        let measured = partitions.entry(*partition).or_insert(PartitionMetrics {
            load: Amount::ZERO,
            inserts: None,
            vectors: 0,
        });
        measured.load = Amount::clamped(measured.load.get() + load.get());
        measured.vectors += 1;
    }
    let metrics = SystemMetrics {
        partitions,
        ..SystemMetrics::default()
    };
    let observation = crate::case::observation(4, &[(1, 0.5)], metrics);
    let state = MemoryState {
        vectors,
        ..MemoryState::default()
    };
    (MemoryHost::new(state), observation)
}

pub fn drain() -> World {
    let (host, observation) = hot_partition();
    let make: Make = |host, _| Arc::new(DrainHotPartition::new(host.clone(), host));
    World::new(host, observation, hotspot(&[1]), make).contested_by(|state| {
        state.write_routes.insert(1, WriteRoute::Closed);
    })
}

fn drain_contested_by_a_move() -> World {
    drain().contested_by(send_all_to_partition_99)
}

pub fn rebalance() -> World {
    let (host, observation) = hot_partition();
    let make: Make = |host, _| Arc::new(RebalancePartitions::new(host));
    World::new(host, observation, hotspot(&[1]), make).contested_by(send_all_to_partition_99)
}

/// Eight segments of 10 MiB in 100 MiB; number 1 was read last, number 8 longest ago.
pub fn evict() -> World {
    let observed_at = Timestamp::UNIX_EPOCH + Duration::from_secs(100_000);
    let segment = |id: i64| Segment {
        id,
        bytes: 10 << 20,
        last_read_at: observed_at - Duration::from_secs(100 * id.unsigned_abs()),
        tier: Tier::Hot,
    };
    let host = MemoryHost::new(MemoryState {
        segments: (1..=8).map(|id| (id, segment(id))).collect(),
        memory_bytes: 100 << 20,
        ..MemoryState::default()
    });
    let observation = Observation {
        observed_at,
        ..crate::case::observation(3, &[], full_memory())
    };
    let make: Make = |host, _| Arc::new(EvictColdData::new(host));
    World::new(host, observation, memory_pressure(95.0), make).contested_by(|state| {
        for segment in state.segments.values_mut() {
            segment.tier = Tier::Pinned;
        }
    })
}

pub fn pause() -> World {
    let job = |id, job_type: &str, priority, state| Job {
        id,
        job_type: job_type.to_owned(),
        priority,
        state,
        paused_by: None,
    };
    let jobs = [
        job(1, "vacuum", JobPriority::Normal, JobState::Running),
        job(2, "reindex", JobPriority::Low, JobState::Running),
        job(3, "backup", JobPriority::Low, JobState::Waiting),
        job(4, "archive", JobPriority::High, JobState::Running),
    ];
    let host = MemoryHost::new(MemoryState {
        jobs: jobs.into_iter().map(|job| (job.id, job)).collect(),
        ..MemoryState::default()
    });
    let job_types = ["archive", "backup", "reindex", "vacuum"].map(str::to_owned).to_vec();
    let metrics = SystemMetrics {
        maintenance_queue_depth: Some(1),
        ..SystemMetrics::default()
    };
    let problem = ProblemClass::MaintenanceContention {
        job_types,
        queue_depth: 1,
    };
    let make: Make = |host, _| Arc::new(PauseMaintenance::new(host));
    World::new(host, crate::case::observation(3, &[], metrics), problem, make).contested_by(|state| {
        for job in state.jobs.values_mut() {
            job.state = JobState::Paused;
            job.paused_by = None;
        }
    })
}

/// Centroids 1 to 3 route to partitions 1 to 4; centroid 2 holds four times what the others hold, and fails half of it.
pub fn rebuild() -> World {
    let mut graph = ContractedGraph::builder();
    for partition in 1..=4 {
        graph.node(NodeRef::partition(partition), 1.0).unwrap();
    }
    for centroid in 1..=3 {
        graph.node(NodeRef::centroid(centroid), 1.0).unwrap();
        for partition in 1..=4 {
            let (one, other) = (NodeRef::centroid(centroid), NodeRef::partition(partition));
            let edge = Edge::new(EdgeKind::RoutingLink, one, other, 10.0).unwrap();
            let failing = if centroid == 2 { 0.5 } else { 0.0 };
            graph.edge(edge.with_error_rate(failing).unwrap()).unwrap();
        }
    }
    let observation = Observation {
        collection: collection(),
        observed_at: Timestamp::UNIX_EPOCH,
        graph: graph.build(),
        metrics: SystemMetrics {
            centroid_populations: [(1, 100), (2, 400), (3, 100)].into(),
            ..SystemMetrics::default()
        },
    };
    let problem = ProblemClass::CentroidSkew {
        centroid_ids: vec![2],
        skew_factor: Amount::clamped(2.0),
    };
    let make: Make = |host, _| Arc::new(RebuildCentroids::new(host));
    World::new(MemoryHost::default(), observation, problem, make)
        .contested_by(|state| state.served = CentroidVersion(50))
}

/// A shard with replicas 1 to 4, of which 3 and 4 are behind.
fn lagging(host: &MemoryHost) -> Observation {
    let mut graph = ContractedGraph::builder();
    graph.node(NodeRef::shard(1), 1.0).unwrap();
    let mut replicas = BTreeMap::new();
    for replica in 1..=4 {
        let node = NodeRef::replication_target(replica);
        graph.node(node, 1.0).unwrap();
        let lag = if replica >= 3 { 60 } else { 0 };
        let edge = Edge::new(EdgeKind::Replication, NodeRef::shard(1), node, 10.0).unwrap();
        let failing = if replica >= 3 { 0.8 } else { 0.0 };
        graph.edge(edge.with_error_rate(failing).unwrap()).unwrap();
        let lag = Duration::from_secs(lag);
        replicas.insert(replica, ReplicaMetrics { lag });
    }
    host.change(|state| {
        state.lag_bounds = (1..=4).map(|replica| (replica, None)).collect();
        state.replicas = ReplicaStatus {
            wanted: 5,
            ready: 5,
            most: 20,
        };
        let copy = |replica| ReplicaCopy {
            number: CopyNumber(7),
            state: if replica == 4 {
                CopyState::Stalled
            } else {
                CopyState::Following
            },
        };
        state.copies = (1..=4).map(|replica| (replica, copy(replica))).collect();
    });
    Observation {
        collection: collection(),
        observed_at: Timestamp::UNIX_EPOCH,
        graph: graph.build(),
        metrics: SystemMetrics {
            replicas,
            ..SystemMetrics::default()
        },
    }
}

pub fn reroute() -> World {
    let host = MemoryHost::default();
    let observation = lagging(&host);
    let make: Make = |host, _| Arc::new(RerouteReads::new(host));
    World::new(host, observation, lag(&[3, 4]), make).contested_by(|state| {
        for bound in state.lag_bounds.values_mut() {
            *bound = Some(LagBound::from_millis(1));
        }
    })
}

pub fn scale() -> World {
    let host = MemoryHost::default();
    let observation = lagging(&host);
    let make: Make = |host, _| Arc::new(ScaleReplicas::new(host));
    World::new(host, observation, lag(&[3, 4]), make).contested_by(|state| state.replicas.wanted = 6)
}

pub fn resync() -> World {
    let host = MemoryHost::default();
    let observation = lagging(&host);
    let make: Make = |host, _| Arc::new(ResyncReplica::new(host));
    World::new(host, observation, lag(&[3, 4]), make).contested_by(|state| {
        for copy in state.copies.values_mut() {
            copy.number = CopyNumber(50);
        }
    })
}

/// A fifth of the inserts is held back already.
pub fn throttle() -> World {
    let host = MemoryHost::new(MemoryState {
        throttles: [(Operation::Insert, Percent::clamped(20.0))].into(),
        ..MemoryState::default()
    });
    let observation = crate::case::observation(3, &[], full_memory());
    let make: Make = |host, _| Arc::new(ThrottleIngestion::new(host));
    World::new(host, observation, memory_pressure(95.0), make).contested_by(|state| {
        state.throttles = [Operation::Insert, Operation::BulkInsert]
            .map(|operation| (operation, Percent::clamped(33.0)))
            .into();
    })
}

/// Index 3 is the worst, index 1 is well.
pub fn compact() -> World {
    let fragmentation = [(1, 5.0), (2, 35.0), (3, 60.0)].map(|(id, share)| (id, Percent::clamped(share)));
    let host = MemoryHost::new(MemoryState {
        fragmentation: fragmentation.into(),
        ..MemoryState::default()
    });
    let metrics = SystemMetrics {
        index_fragmentation: fragmentation.into(),
        ..SystemMetrics::default()
    };
    let problem = self::fragmentation(&[1, 2, 3]);
    let make: Make = |host, clock| Arc::new(CompactIndexes::new(host, clock));
    World::new(host, crate::case::observation(3, &[], metrics), problem, make)
}

fn full_memory() -> SystemMetrics {
    SystemMetrics {
        memory: Some(MemoryMetrics {
            used_pct: Percent::clamped(95.0),
            largest_consumers: Vec::new(),
        }),
        ..SystemMetrics::default()
    }
}

fn send_all_to_partition_99(state: &mut MemoryState) {
    for (partition, _) in state.vectors.values_mut() {
        *partition = 99;
    }
}
