//! The suites that any actuator must pass.

use std::time::Duration;

use healing_core::CollectionId;
use healing_core::testkit::Report;
use healing_strategies::actuators::CompactionSlice;
use healing_strategies::testkit::actuators::{
    Host, IndexNumbers, JobNumbers, PartitionNumbers, ReplicaNumbers, RouteNumbers, SegmentNumbers, centroids, indexes,
    jobs, partitions, read_routing, throttle, tiers, write_routing,
};
use postgres_host::PostgresHost;

use crate::world::{self, World, eventually, new_collection};

/// A small store in a database of its own, whose lease has the token that the suites call with.
struct Store(World);

impl Store {
    fn new() -> Self {
        let new = new_collection();
        let world = World::new(&new, &world::vectors(&new, 30)).unwrap();
        let mut client = world.client();
        client
            .batch_execute("UPDATE ruvector.healing_leases SET token = 7")
            .unwrap();
        Self(world)
    }

    /// The same after something was done to it.
    fn after(sql: &str) -> Self {
        let store = Self::new();
        store.0.client().batch_execute(sql).unwrap();
        store
    }
}

impl Host for Store {
    type Actuator = PostgresHost;

    fn actuator(&self) -> &PostgresHost {
        &self.0.host
    }

    fn collection(&self) -> &CollectionId {
        &self.0.collection
    }

    fn pass(&self, _: Duration) {
        // The operation that a job is in ends, and so does what is built beside.
        let operation = "UPDATE ruvector.maintenance_jobs SET state = 'paused' WHERE state = 'draining'";
        self.0.client().execute(operation, &[]).unwrap();
        eventually("nothing is built", || {
            self.0
                .count("SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()")
                == 0
        });
    }
}

#[track_caller]
fn is_clean(report: &Report) {
    assert!(report.is_clean(), "{report}");
}

#[test]
fn partitions_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    // Each vector is asked for as often in every second as its number says, for as long as the test takes.
    let loads = "INSERT INTO ruvector.requests
                 SELECT ruvector.this_second() + second, collection_id, partition_id, vector_id, false
                 FROM ruvector.vectors, generate_series(-10, 120) AS second, generate_series(1, 1 + vector_id % 3)";
    let numbers = PartitionNumbers {
        from: 1,
        to: 2,
        other: 3,
        missing: Some(99),
    };
    is_clean(&partitions(|| Store::after(loads), numbers));
}

#[test]
fn centroids_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    is_clean(&centroids(Store::new, &[1]));
}

#[test]
fn indexes_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    let bloat = "INSERT INTO ruvector.vectors (vector_id, collection_id, partition_id, embedding)
                 SELECT 1000 + number, collection_id, 1, '{0,0,0,0}'::real[]
                 FROM ruvector.vector_collections, generate_series(1, 20000) AS number";
    let slice = CompactionSlice { entries: 10_000 };
    let numbers = IndexNumbers {
        fragmented: 1,
        other: 2,
        missing: 99,
        slice,
    };
    is_clean(&indexes(
        || {
            let store = Store::after(bloat);
            store
                .0
                .client()
                .batch_execute("DELETE FROM ruvector.vectors WHERE vector_id > 1000 AND vector_id % 10 > 0")
                .unwrap();
            store
                .0
                .client()
                .batch_execute("VACUUM ANALYZE ruvector.vectors")
                .unwrap();
            store
        },
        numbers,
    ));
}

#[test]
fn jobs_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    let queue = "INSERT INTO ruvector.maintenance_jobs (collection_id, job_type, partition_id, priority, state)
                 SELECT collection_id, 'verify', 1, 'low', state
                 FROM ruvector.vector_collections, unnest('{running,waiting}'::text[]) AS state";
    let numbers = JobNumbers {
        running: 1,
        waiting: 2,
        missing: 99,
    };
    is_clean(&jobs(|| Store::after(queue), numbers));
}

#[test]
fn throttles_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    is_clean(&throttle(Store::new));
}

#[test]
fn tiers_pass_their_suite() {
    if world::server().is_none() {
        return;
    }
    let pin = "UPDATE ruvector.partitions SET pinned = true WHERE partition_id = 2";
    let numbers = SegmentNumbers {
        segment: 1,
        pinned: Some(2),
        missing: 99,
    };
    is_clean(&tiers(|| Store::after(pin), numbers));
}

#[test]
fn write_routing_passes_its_suite() {
    if world::server().is_none() {
        return;
    }
    let numbers = RouteNumbers {
        partition: 1,
        other: 2,
        missing: Some(99),
    };
    is_clean(&write_routing(Store::new, numbers));
}

#[test]
fn read_routing_passes_its_suite() {
    if world::server().is_none() {
        return;
    }
    let standbys = "INSERT INTO ruvector.replicas (application_name) VALUES ('one'), ('other')";
    let numbers = ReplicaNumbers {
        replica: 1,
        other: 2,
        missing: 99,
    };
    is_clean(&read_routing(|| Store::after(standbys), numbers));
}
