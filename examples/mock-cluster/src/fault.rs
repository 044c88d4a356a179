//! What can go wrong with the cluster. A fault stays until something is done about it.

use std::fmt;
use std::time::Duration;

use healing_core::metrics::JobPriority;
use healing_core::topology::{NodeKind, NodeRef};
use serde::{Deserialize, Serialize};

use crate::design::SERVICE_CAPACITY;
use crate::severity::Severity;
use crate::size::Size;
use crate::state::State;

/// Something that goes wrong. Each is of a class of problems, and as severe as it says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Clients ask for what is in one partition much more often than it can serve.
    HotPartition {
        /// The partition.
        partition: i64,
        /// 0: its load is what it can just serve; 1: two and a half times as much.
        severity: Severity,
    },
    /// Clients update what is in one partition much more often than it can serve; the replicas of its shard have these updates
    /// to apply, and fall behind if there are too many.
    UpdateStorm {
        /// The partition.
        partition: i64,
        /// 0: its load is what it can just serve; 1: two and a half times as much. All of it are updates.
        severity: Severity,
    },
    /// Clients insert into one partition much more often than it can take.
    WriteFlood {
        /// The partition.
        partition: i64,
        /// 0: half of what it can serve is inserts; 1: one and a half times what it can serve.
        severity: Severity,
    },
    /// Clients change their vectors so that most of those around one centroid are nearest to it.
    CentroidSkew {
        /// The centroid.
        centroid: i64,
        /// 0: half of the vectors of its partitions; 1: nearly all.
        severity: Severity,
    },
    /// Low-priority jobs pile up on one shard.
    MaintenanceStorm {
        /// The shard.
        shard: i64,
        /// 0: one job; 1: twelve.
        severity: Severity,
    },
    /// A replica applies nothing for a while, and then just keeps its distance while it serves reads.
    LaggingReplica {
        /// The replica.
        replica: i64,
        /// 0: not behind; 1: a minute behind.
        severity: Severity,
    },
    /// A replica stops applying changes for good.
    StuckReplica {
        /// The replica.
        replica: i64,
        /// 0: seen at once; 1: seen when it is a minute behind.
        severity: Severity,
    },
    /// A bulk load fills the memory.
    MemoryPressure {
        /// 0: to 88 %; 1: to 98 %.
        severity: Severity,
    },
    /// A purge leaves all indexes full of dead entries.
    FragmentedIndexes {
        /// 0: 40 % of their entries; 1: 85 %.
        severity: Severity,
    },
    /// The disk of a partition fails some of what is asked of it.
    BrokenDisk {
        /// The partition.
        partition: i64,
        /// 0: a tenth; 1: seven tenths.
        severity: Severity,
    },
    /// The network between all nodes loses some of what passes. One of severity 0 ends it.
    NetworkOutage {
        /// 0: nothing; 1: nine tenths.
        severity: Severity,
    },
    /// The disk of a partition wears out: it fails ever more of what is asked of it.
    WornDisk {
        /// The partition.
        partition: i64,
        /// 0: a hundredth more each hour; 1: half.
        severity: Severity,
    },
    /// The network around a node fails some of what passes through it.
    BadNetwork {
        /// The node.
        node: NodeRef,
        /// 0: a tenth; 1: six tenths.
        severity: Severity,
    },
}

impl Fault {
    /// Changes the world; a fault of something that does not exist changes nothing.
    pub(crate) fn strike(self, state: &mut State) {
        if !self.target_exists(state.size) {
            return;
        }
        match self {
            Self::HotPartition { partition, severity } => heat(state, partition, severity),
            Self::UpdateStorm { partition, severity } => {
                heat(state, partition, severity);
                state.partitions.turn_into_updates(partition);
            }
            Self::WriteFlood { partition, severity } => state.ingestion.want(partition, inserts(severity)),
            Self::CentroidSkew { centroid, severity } => {
                let places: Vec<_> = state.partitions.places().collect();
                state.centroids.drift(centroid, drifting(severity), &places);
            }
            Self::MaintenanceStorm { shard, severity } => {
                let kinds = ["reindex", "backup", "analyze"];
                for (_, kind) in (0..jobs(severity)).zip(kinds.into_iter().cycle()) {
                    state.maintenance.add(shard, kind, JobPriority::Low, 30.0);
                }
                state.maintenance.fill_slots();
            }
            Self::LaggingReplica { replica, severity } => state.replication.hold_back(replica, lag(severity)),
            Self::StuckReplica { replica, severity } => state.replication.stall(replica, lag(severity)),
            Self::MemoryPressure { severity } => state.memory.load_in_bulk(memory(severity)),
            Self::FragmentedIndexes { severity } => state.indexes.fragment(dead(severity)),
            Self::BrokenDisk { partition, severity } => state.disks.break_down(partition, broken(severity)),
            Self::NetworkOutage { severity } => state.outage = lost(severity),
            Self::WornDisk { partition, severity } => state.disks.wear_out(partition, wear(severity) / 3600.0),
            Self::BadNetwork { node, severity } => {
                state.bad_network.insert(node, severity.between(0.1, 0.6));
            }
        }
    }

    /// Whether what it names exists.
    fn target_exists(self, size: Size) -> bool {
        let (id, last) = match self {
            Self::HotPartition { partition, .. }
            | Self::UpdateStorm { partition, .. }
            | Self::WriteFlood { partition, .. }
            | Self::BrokenDisk { partition, .. }
            | Self::WornDisk { partition, .. } => (partition, size.partitions()),
            Self::CentroidSkew { centroid, .. } => (centroid, size.centroids()),
            Self::MaintenanceStorm { shard, .. } => (shard, size.shards()),
            Self::LaggingReplica { replica, .. } | Self::StuckReplica { replica, .. } => (replica, size.replicas()),
            Self::BadNetwork { node, .. } => {
                let last = match node.kind {
                    NodeKind::Partition => size.partitions(),
                    NodeKind::Centroid => size.centroids(),
                    NodeKind::Shard | NodeKind::MaintenanceDep => size.shards(),
                    NodeKind::ReplicationTarget => size.replicas(),
                    _ => 0,
                };
                (node.id, last)
            }
            Self::MemoryPressure { .. } | Self::FragmentedIndexes { .. } | Self::NetworkOutage { .. } => return true,
        };
        (1..=last).contains(&id)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UpdateStorm { partition, severity } => {
                let load = SERVICE_CAPACITY * severity.between(1.0, 2.5);
                write!(
                    formatter,
                    "clients update what is in partition {partition}: {load:.0} times a second, for the {SERVICE_CAPACITY:.0} it can serve"
                )
            }
            Self::HotPartition { partition, severity } => {
                let load = SERVICE_CAPACITY * severity.between(1.0, 2.5);
                write!(
                    formatter,
                    "clients turn to partition {partition}: {load:.0} requests a second for the {SERVICE_CAPACITY:.0} it can serve"
                )
            }
            Self::WriteFlood { partition, severity } => {
                let inserts = inserts(severity);
                write!(
                    formatter,
                    "clients insert {inserts:.0} vectors a second into partition {partition}"
                )
            }
            Self::CentroidSkew { centroid, severity } => {
                let share = drifting(severity) * 100.0;
                write!(
                    formatter,
                    "{share:.0} % of the vectors around centroid {centroid} are nearest to it now"
                )
            }
            Self::MaintenanceStorm { shard, severity } => {
                write!(
                    formatter,
                    "{} low-priority jobs pile up on shard {shard}",
                    jobs(severity)
                )
            }
            Self::LaggingReplica { replica, severity } => {
                let lag = lag(severity).as_secs_f64();
                write!(
                    formatter,
                    "replica {replica} falls {lag:.0} seconds behind and cannot catch up while it is read from"
                )
            }
            Self::StuckReplica { replica, severity } => {
                let lag = lag(severity).as_secs_f64();
                write!(
                    formatter,
                    "replica {replica}, {lag:.0} seconds behind, stops applying for good"
                )
            }
            Self::MemoryPressure { severity } => {
                write!(
                    formatter,
                    "a bulk load fills memory up to {:.0} %",
                    memory(severity) * 100.0
                )
            }
            Self::FragmentedIndexes { severity } => {
                write!(
                    formatter,
                    "a purge leaves {:.0} % of the indexes' entries dead",
                    dead(severity)
                )
            }
            Self::BrokenDisk { partition, severity } => {
                let share = broken(severity) * 100.0;
                write!(
                    formatter,
                    "the disk of partition {partition} fails {share:.0} % of what is asked of it"
                )
            }
            Self::NetworkOutage { severity } => {
                write!(
                    formatter,
                    "the network loses {:.0} % of what passes",
                    lost(severity) * 100.0
                )
            }
            Self::WornDisk { partition, severity } => {
                let share = wear(severity) * 100.0;
                write!(
                    formatter,
                    "the disk of partition {partition} wears out: each hour it fails {share:.0} % more of what is asked of it"
                )
            }
            Self::BadNetwork { node, severity } => {
                let share = severity.between(0.1, 0.6) * 100.0;
                write!(formatter, "the network around {node} fails {share:.0} % of what passes")
            }
        }
    }
}

/// Clients ask for the vectors in a partition, until this is its load.
fn heat(state: &mut State, partition: i64, severity: Severity) {
    let load = state.partitions.load(partition);
    let wanted = SERVICE_CAPACITY * severity.between(1.0, 2.5);
    if load > 0.0 && wanted > load {
        state.partitions.multiply_rates(partition, wanted / load);
    }
}

/// Inserts a second.
fn inserts(severity: Severity) -> f64 {
    SERVICE_CAPACITY * severity.between(0.5, 1.5)
}

fn drifting(severity: Severity) -> f64 {
    severity.between(0.5, 0.95)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of jobs between 1 and 12"
)]
fn jobs(severity: Severity) -> usize {
    severity.between(1.0, 12.0).round() as usize
}

fn lag(severity: Severity) -> Duration {
    Duration::from_secs_f64(severity.between(0.0, 60.0))
}

/// The used share of memory.
fn memory(severity: Severity) -> f64 {
    severity.between(0.88, 0.98)
}

/// The share of dead entries, percent.
fn dead(severity: Severity) -> f64 {
    severity.between(40.0, 85.0)
}

fn broken(severity: Severity) -> f64 {
    severity.between(0.1, 0.7)
}

fn lost(severity: Severity) -> f64 {
    severity.between(0.0, 0.9)
}

/// The share that is lost in an hour.
fn wear(severity: Severity) -> f64 {
    severity.between(0.01, 0.5)
}
