//! The cluster as its clients see it.

use healing_core::topology::NodeRef;

use crate::cluster::Cluster;
use crate::design::{LATENCY, SERVED_BY_PRIMARY, SERVED_BY_REPLICA};
use crate::failures::Failures;
use crate::service::either;
use crate::state::State;

/// What clients ask at one moment, and what they get.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Clients {
    /// Requests a second.
    pub requests: f64,
    /// How many of these fail.
    pub failing: f64,
    /// How many are under way. The mean time that a request takes is this over the requests a second (Little, "A Proof for the
    /// Queuing Formula L = λW", 1961). Inserts that are held back ([`Cluster::inserts_held_back`]) are not made yet.
    pub under_way: f64,
}

impl Cluster {
    /// What clients ask now, and what they get. A request reaches its partition from one of the centroids that route to it, in
    /// equal shares, and is served by the partition or by a replica of its shard that is read from. What fails on that way
    /// fails for the client, and is asked again until it passes, which takes its time.
    #[must_use]
    pub fn clients(&self) -> Clients {
        self.state().clients()
    }
}

impl State {
    fn clients(&self) -> Clients {
        let failures = Failures::of(self);
        let mut clients = Clients::default();
        for partition in 1..=self.size.partitions() {
            let on_the_way = self.failing_on_routes(&failures, partition);
            let stale = self.failing_at_replicas(self.size.shard_of(partition));
            let failing = either(either(on_the_way, stale), self.outage);
            let load = self.load(partition);
            clients.requests += load;
            clients.failing += load * failing;
            clients.under_way += load * LATENCY / (1.0 - failing).max(0.01);
        }
        clients
    }

    fn failing_on_routes(&self, failures: &Failures<'_>, partition: i64) -> f64 {
        let (mut routes, mut failing) = (0.0, 0.0);
        for centroid in 1..=self.size.centroids() {
            if self.size.routes_of(centroid).any(|it| it == partition) {
                routes += 1.0;
                failing += failures.on_route(NodeRef::centroid(centroid), NodeRef::partition(partition));
            }
        }
        failing / f64::max(routes, 1.0)
    }

    /// The share of a shard's requests that go to one of its replicas and need what it does not have yet.
    fn failing_at_replicas(&self, shard: i64) -> f64 {
        let served = SERVED_BY_PRIMARY + SERVED_BY_REPLICA * self.replication.read_from(shard);
        self.replication.stale_reads(shard) * SERVED_BY_REPLICA / served
    }
}
