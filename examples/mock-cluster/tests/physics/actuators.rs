//! The cluster's actuators keep what their traits promise.

use std::time::Duration;

use healing_core::testkit::Report;
use healing_core::{Clock, CollectionId, VirtualClock};
use healing_strategies::actuators::CompactionSlice;
use healing_strategies::testkit::actuators::{
    Host, IndexNumbers, JobNumbers, PartitionNumbers, ReplicaNumbers, RouteNumbers, SegmentNumbers, centroids, indexes,
    jobs, partitions, read_routing, replica_copies, replicas, throttle, tiers, write_routing,
};
use mock_cluster::{Cluster, Fault, Size};

use crate::cluster::{severity, wait};

/// A cluster in which there is something to do for every actuator.
struct Stage(Cluster);

impl Stage {
    fn new() -> Self {
        let size = Size::default().with_vectors_per_partition(100).unwrap();
        let collection = CollectionId::new("embeddings").unwrap();
        let cluster = Cluster::of_size(size, collection, 5, VirtualClock::default());
        let severity = severity(1.0);
        cluster.inject(Fault::MaintenanceStorm { shard: 2, severity });
        cluster.inject(Fault::FragmentedIndexes { severity });
        wait(&cluster, 1);
        Self(cluster)
    }
}

impl Host for Stage {
    type Actuator = Cluster;

    fn actuator(&self) -> &Cluster {
        &self.0
    }

    fn collection(&self) -> &CollectionId {
        self.0.collection()
    }

    fn pass(&self, time: Duration) {
        self.0.advance_to(self.0.clock().now() + time);
    }
}

#[test]
fn every_actuator_of_the_cluster_conforms() {
    let partition_numbers = PartitionNumbers {
        from: 1,
        to: 2,
        other: 3,
        missing: Some(17),
    };
    let route_numbers = RouteNumbers {
        partition: 1,
        other: 2,
        missing: Some(17),
    };
    // Each shard has two jobs; of the twelve more on shard 2 six are running.
    let job_numbers = JobNumbers {
        running: 9,
        waiting: 20,
        missing: 21,
    };
    let segment_numbers = SegmentNumbers {
        segment: 1,
        pinned: None,
        missing: 33,
    };
    let index_numbers = IndexNumbers {
        fragmented: 1,
        other: 2,
        missing: 17,
        slice: CompactionSlice { entries: 10_000 },
    };
    let replica_numbers = ReplicaNumbers {
        replica: 1,
        other: 2,
        missing: 17,
    };
    let mut report = Report::of("the cluster's actuators");
    report.include(partitions(Stage::new, partition_numbers));
    report.include(write_routing(Stage::new, route_numbers));
    report.include(jobs(Stage::new, job_numbers));
    report.include(throttle(Stage::new));
    report.include(tiers(Stage::new, segment_numbers));
    report.include(indexes(Stage::new, index_numbers));
    report.include(replicas(Stage::new));
    report.include(read_routing(Stage::new, replica_numbers));
    report.include(replica_copies(Stage::new, replica_numbers));
    report.include(centroids(Stage::new, &[1]));
    assert!(report.is_clean(), "{report}");
    let not_tried: Vec<_> = report.not_tried().iter().map(|it| it.check).collect();
    assert_eq!(not_tried, ["tiers.a_pinned_segment_stays"], "{report}");
}
