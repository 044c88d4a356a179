//! How a cluster begins.

use std::collections::BTreeMap;
use std::time::Duration;

use healing_core::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::centroids::Centroids;
use crate::disks::Disks;
use crate::indexes::Indexes;
use crate::ingestion::Ingestion;
use crate::maintenance::Maintenance;
use crate::memory::Memory;
use crate::noise::Noise;
use crate::partitions::Partitions;
use crate::replication::Replication;
use crate::size::Size;
use crate::state::State;

impl State {
    /// The healthy cluster of this seed and size.
    pub(crate) fn of_seed(seed: u64, size: Size, noise_every: Duration, now: Timestamp) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let partitions = Partitions::new(&mut random, size);
        let centroids = Centroids::new(&mut random, size, partitions.places());
        Self {
            size,
            now,
            due: now,
            partitions,
            centroids,
            ingestion: Ingestion::new(size),
            memory: Memory::new(&mut random, size, now),
            indexes: Indexes::new(&mut random, size),
            maintenance: Maintenance::new(&mut random, size),
            replication: Replication::new(&mut random, size),
            disks: Disks::default(),
            network: (0..size.nodes()).map(|_| 0.0).collect(),
            outage: 0.0,
            bad_network: BTreeMap::new(),
            scheduled: Vec::new(),
            newest_token: 0,
            // What happens next is drawn from here, whatever was drawn for the birth.
            noise: Noise::of_seed(random.random_range(0..=u64::MAX), noise_every, now),
            observed: None,
        }
    }
}
