//! Stories to tell: what strikes, when, and how long to watch.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::design::{PARTITIONS, REPLICAS_PER_SHARD, SHARDS};
use crate::fault::{Fault, Severity};

/// A story about one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// One partition gets far more requests than it can serve.
    HotPartition,
    /// Low-priority jobs pile up on one shard.
    MaintenanceContention,
    /// A replica falls behind for good.
    LaggingReplica,
    /// Nothing happens.
    Quiet,
}

/// A fault with the time from the begin of the story to its strike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Injection {
    /// What strikes.
    pub fault: Fault,
    /// When.
    pub after: Duration,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 4] = [
        Self::HotPartition,
        Self::MaintenanceContention,
        Self::LaggingReplica,
        Self::Quiet,
    ];

    /// How long the story lasts.
    pub const DURATION: Duration = Duration::from_secs(30 * 60);

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HotPartition => "hot-partition",
            Self::MaintenanceContention => "maintenance-contention",
            Self::LaggingReplica => "lagging-replica",
            Self::Quiet => "quiet",
        }
    }

    /// In one sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::HotPartition => "one partition gets far more requests than it can serve",
            Self::MaintenanceContention => "low-priority jobs pile up on one shard",
            Self::LaggingReplica => "a replica falls behind for good, and no strategy here can treat it",
            Self::Quiet => "nothing happens",
        }
    }

    /// The scenario with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// What strikes the cluster of `seed`, two minutes into the story; `None` in a quiet one.
    #[must_use]
    pub fn injection(self, seed: u64) -> Option<Injection> {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ FAULT_STREAM);
        let severity = Severity::new(random.random_range(0.7..=1.0)).ok()?;
        let fault = match self {
            Self::HotPartition => Fault::HotPartition {
                partition: random.random_range(1..=PARTITIONS),
                severity,
            },
            Self::MaintenanceContention => Fault::MaintenanceStorm {
                shard: random.random_range(1..=SHARDS),
                severity,
            },
            Self::LaggingReplica => Fault::LaggingReplica {
                replica: random.random_range(1..=SHARDS * REPLICAS_PER_SHARD),
                severity,
            },
            Self::Quiet => return None,
        };
        Some(Injection {
            fault,
            after: Duration::from_secs(120),
        })
    }
}

/// Keeps what strikes independent of how the cluster of the same seed was born.
const FAULT_STREAM: u64 = 0x666c_7473;
