//! How a cluster begins.

use healing_core::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::centroids::Centroids;
use crate::design::{CENTROIDS, PARTITIONS, REPLICAS_PER_SHARD, SHARDS};
use crate::disks::Disks;
use crate::indexes::Indexes;
use crate::ingestion::Ingestion;
use crate::maintenance::Maintenance;
use crate::memory::Memory;
use crate::partitions::Partitions;
use crate::replication::Replication;
use crate::state::State;

impl State {
    /// The healthy cluster of this seed.
    pub(crate) fn of_seed(seed: u64, now: Timestamp) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let nodes = SHARDS * (2 + REPLICAS_PER_SHARD) + PARTITIONS + CENTROIDS;
        let partitions = Partitions::new(&mut random);
        let centroids = Centroids::new(&mut random, partitions.places());
        Self {
            now,
            partitions,
            centroids,
            ingestion: Ingestion::new(),
            memory: Memory::new(&mut random, now),
            indexes: Indexes::new(&mut random),
            maintenance: Maintenance::new(&mut random),
            replication: Replication::new(&mut random),
            disks: Disks::default(),
            network: (0..nodes).map(|_| 0.0).collect(),
            scheduled: Vec::new(),
            newest_token: 0,
            // What happens next is drawn from here, whatever was drawn for the birth.
            noise: ChaCha8Rng::seed_from_u64(random.random_range(0..=u64::MAX)),
        }
    }
}
