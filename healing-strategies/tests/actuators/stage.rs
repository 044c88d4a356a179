//! A host to look at: in every part of it there is something to do.

use std::time::Duration;

use healing_core::metrics::{JobPriority, JobState};
use healing_core::testkit::Report;
use healing_core::{Amount, CollectionId, Percent, Timestamp};
use healing_strategies::actuators::{
    CentroidVersion, Centroids, CompactionSlice, CopyNumber, CopyState, Indexes, Job, Jobs, Partitions, ReadRouting,
    ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas, Segment, Throttle, Tier, Tiers, VectorId, WriteRouting,
};
use healing_strategies::testkit::actuators::{
    Host, IndexNumbers, JobNumbers, PartitionNumbers, ReplicaNumbers, RouteNumbers, SegmentNumbers, centroids, indexes,
    jobs, partitions, read_routing, replica_copies, replicas, throttle, tiers, write_routing,
};
use healing_strategies::{MemoryHost, MemoryState};

/// An actuator on a host in memory, whose state goes on when time passes.
pub struct Stage<A> {
    pub actuator: A,
    pub memory: MemoryHost,
    pub collection: CollectionId,
}

impl<A> Stage<A> {
    pub fn new(on: impl FnOnce(MemoryHost) -> A) -> Self {
        let memory = MemoryHost::new(state());
        Self {
            actuator: on(memory.clone()),
            memory,
            collection: CollectionId::new("embeddings").unwrap(),
        }
    }
}

impl<A> Host for Stage<A> {
    type Actuator = A;

    fn actuator(&self) -> &A {
        &self.actuator
    }

    fn collection(&self) -> &CollectionId {
        &self.collection
    }

    fn pass(&self, _: Duration) {
        self.memory.go_on();
    }
}

fn state() -> MemoryState {
    let vector = |partition: i64, rank: i64| {
        let load = Amount::clamped(10.0 - rank as f64);
        (VectorId(partition * 100 + rank), (partition, load))
    };
    let job = |id, state| Job {
        id,
        job_type: "vacuum".to_owned(),
        priority: JobPriority::Low,
        state,
        paused_by: None,
    };
    let segment = |id, tier| Segment {
        id,
        bytes: 1 << 20,
        last_read_at: Timestamp::UNIX_EPOCH,
        tier,
    };
    let copy = |state| ReplicaCopy {
        number: CopyNumber(7),
        state,
    };
    MemoryState {
        vectors: (1..=3)
            .flat_map(|partition| (0..5).map(move |rank| vector(partition, rank)))
            .collect(),
        jobs: [
            job(1, JobState::Running),
            job(2, JobState::Waiting),
            job(3, JobState::Running),
        ]
        .map(|job| (job.id, job))
        .into(),
        segments: [segment(1, Tier::Hot), segment(2, Tier::Pinned), segment(3, Tier::Hot)]
            .map(|segment| (segment.id, segment))
            .into(),
        memory_bytes: 10 << 20,
        fragmentation: [(1, 60.0), (2, 50.0)]
            .map(|(id, share)| (id, Percent::clamped(share)))
            .into(),
        replicas: ReplicaStatus {
            wanted: 2,
            ready: 2,
            most: 4,
        },
        lag_bounds: (1..=2).map(|replica| (replica, None)).collect(),
        copies: [(1, copy(CopyState::Stalled)), (2, copy(CopyState::Following))].into(),
        served: CentroidVersion(1),
        ..MemoryState::default()
    }
}

/// Runs every suite on an actuator that is everything; `missing` is a number that no partition has.
pub fn every_suite<A>(stage: impl Fn() -> Stage<A>, missing: Option<i64>) -> Report
where
    A: Partitions
        + WriteRouting
        + Jobs
        + Throttle
        + Tiers
        + Indexes
        + Replicas
        + ReadRouting
        + ReplicaCopies
        + Centroids,
{
    let partition_numbers = PartitionNumbers {
        from: 1,
        to: 2,
        other: 3,
        missing,
    };
    let route_numbers = RouteNumbers {
        partition: 1,
        other: 2,
        missing,
    };
    let job_numbers = JobNumbers {
        running: 1,
        waiting: 2,
        missing: 99,
    };
    let segment_numbers = SegmentNumbers {
        segment: 1,
        pinned: Some(2),
        missing: 99,
    };
    let index_numbers = IndexNumbers {
        fragmented: 1,
        other: 2,
        missing: 99,
        slice: CompactionSlice { entries: 5000 },
    };
    let replica_numbers = ReplicaNumbers {
        replica: 1,
        other: 2,
        missing: 99,
    };
    let mut report = Report::of("actuators");
    report.include(partitions(&stage, partition_numbers));
    report.include(write_routing(&stage, route_numbers));
    report.include(jobs(&stage, job_numbers));
    report.include(throttle(&stage));
    report.include(tiers(&stage, segment_numbers));
    report.include(indexes(&stage, index_numbers));
    report.include(replicas(&stage));
    report.include(read_routing(&stage, replica_numbers));
    report.include(replica_copies(&stage, replica_numbers));
    report.include(centroids(&stage, &[1]));
    report
}
