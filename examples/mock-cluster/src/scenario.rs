//! Stories to tell: what strikes, when, and how long to watch.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::fault::Fault;
use crate::severity::Severity;
use crate::size::Size;

/// A story about one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// One partition gets far more requests than it can serve.
    HotPartition,
    /// One partition gets far more updates than it can serve, and its shard's replicas more than they can apply.
    UpdateStorm,
    /// One partition gets far more inserts than it can take.
    WriteFlood,
    /// Most of the vectors around one centroid are on its list.
    CentroidSkew,
    /// A replica falls behind and cannot catch up while it is read from.
    LaggingReplica,
    /// A replica stops applying for good.
    StuckReplica,
    /// Low-priority jobs pile up on one shard.
    MaintenanceContention,
    /// A bulk load fills memory.
    MemoryPressure,
    /// A purge leaves the indexes full of dead entries.
    FragmentedIndex,
    /// A partition's disk fails.
    BrokenDisk,
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
    pub const ALL: [Self; 11] = [
        Self::HotPartition,
        Self::UpdateStorm,
        Self::WriteFlood,
        Self::CentroidSkew,
        Self::LaggingReplica,
        Self::StuckReplica,
        Self::MaintenanceContention,
        Self::MemoryPressure,
        Self::FragmentedIndex,
        Self::BrokenDisk,
        Self::Quiet,
    ];

    /// How long the story lasts.
    pub const DURATION: Duration = Duration::from_secs(30 * 60);

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HotPartition => "hot-partition",
            Self::UpdateStorm => "update-storm",
            Self::WriteFlood => "write-flood",
            Self::CentroidSkew => "centroid-skew",
            Self::LaggingReplica => "lagging-replica",
            Self::StuckReplica => "stuck-replica",
            Self::MaintenanceContention => "maintenance-contention",
            Self::MemoryPressure => "memory-pressure",
            Self::FragmentedIndex => "fragmented-index",
            Self::BrokenDisk => "broken-disk",
            Self::Quiet => "quiet",
        }
    }

    /// In one sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::HotPartition => "one partition gets far more requests than it can serve",
            Self::UpdateStorm => {
                "one partition gets more updates than it can serve, and its replicas more than they can apply"
            }
            Self::WriteFlood => "one partition gets far more inserts than it can take",
            Self::CentroidSkew => "most of the vectors around one centroid are on its list",
            Self::LaggingReplica => "a replica falls behind and cannot catch up while it is read from",
            Self::StuckReplica => "a replica stops applying for good; what treats it needs --approve",
            Self::MaintenanceContention => "low-priority jobs pile up on one shard",
            Self::MemoryPressure => "a bulk load fills memory",
            Self::FragmentedIndex => "a purge leaves the indexes full of dead entries",
            Self::BrokenDisk => "a partition's disk fails, which no strategy here can treat",
            Self::Quiet => "nothing happens",
        }
    }

    /// The scenario with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// What strikes the cluster of `seed` and the default size, two minutes into the story, and severely; `None` in a quiet one.
    #[must_use]
    pub fn injection(self, seed: u64) -> Option<Injection> {
        self.injection_into(Size::default(), seed, None)
    }

    /// The same for a cluster of another size, and as severe as told.
    #[must_use]
    pub fn injection_into(self, size: Size, seed: u64, severity: Option<Severity>) -> Option<Injection> {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ FAULT_STREAM);
        let severe = Severity::new(random.random_range(0.7..=1.0)).ok()?;
        Some(Injection {
            fault: self.fault(size, severity.unwrap_or(severe), random)?,
            after: Duration::from_secs(120),
        })
    }

    /// A fault of this severity, of whatever `random` chooses.
    fn fault(self, size: Size, severity: Severity, mut random: ChaCha8Rng) -> Option<Fault> {
        let mut choose = |last| random.random_range(1..=last);
        Some(match self {
            Self::HotPartition => Fault::HotPartition {
                partition: choose(size.partitions()),
                severity,
            },
            Self::UpdateStorm => Fault::UpdateStorm {
                partition: choose(size.partitions()),
                severity,
            },
            Self::WriteFlood => Fault::WriteFlood {
                partition: choose(size.partitions()),
                severity,
            },
            Self::CentroidSkew => Fault::CentroidSkew {
                centroid: choose(size.centroids()),
                severity,
            },
            Self::LaggingReplica => Fault::LaggingReplica {
                replica: choose(size.replicas()),
                severity,
            },
            Self::StuckReplica => Fault::StuckReplica {
                replica: choose(size.replicas()),
                severity,
            },
            Self::MaintenanceContention => Fault::MaintenanceStorm {
                shard: choose(size.shards()),
                severity,
            },
            Self::MemoryPressure => Fault::MemoryPressure { severity },
            Self::FragmentedIndex => Fault::FragmentedIndexes { severity },
            Self::BrokenDisk => Fault::BrokenDisk {
                partition: choose(size.partitions()),
                severity,
            },
            Self::Quiet => return None,
        })
    }
}

/// Keeps what strikes independent of how the cluster of the same seed was born.
const FAULT_STREAM: u64 = 0x666c_7473;
