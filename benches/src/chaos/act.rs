//! Every way to change a cluster, as data: so that a call can be delayed, halved, swallowed, printed and compared.

use std::fmt;

use healing_core::permit::Permit;
use healing_core::{CollectionId, Percent};
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, Indexes, Jobs, LagBound, MoveProgress,
    Operation, Partitions, ReadRouting, ReplicaCopies, Replicas, Throttle, Tiers, VectorId, WriteRoute, WriteRouting,
};
use mock_cluster::Cluster;

/// One call of an actuator's writing method.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `Partitions::move_vectors`
    MoveVectors {
        /// Which.
        vectors: Vec<VectorId>,
        /// From this partition.
        from: i64,
        /// To this one.
        to: i64,
    },
    /// `WriteRouting::route_writes`
    RouteWrites {
        /// To this partition.
        partition: i64,
        /// As it is.
        from: WriteRoute,
        /// As it shall be.
        to: WriteRoute,
    },
    /// `Centroids::rebuild`
    Rebuild {
        /// The version to build.
        version: CentroidVersion,
        /// The centroids to cluster anew.
        centroids: Vec<i64>,
    },
    /// `Centroids::switch`
    Switch {
        /// The version that is served.
        from: CentroidVersion,
        /// The version to serve.
        to: CentroidVersion,
    },
    /// `Centroids::discard`
    Discard {
        /// The version to delete.
        version: CentroidVersion,
    },
    /// `Jobs::pause`
    Pause {
        /// The job.
        job: i64,
    },
    /// `Jobs::resume`
    Resume {
        /// The job.
        job: i64,
    },
    /// `Throttle::set_throttle`
    SetThrottle {
        /// What is held back.
        operation: Operation,
        /// The share that is.
        share: Percent,
    },
    /// `Tiers::evict`
    Evict {
        /// The segment.
        segment: i64,
    },
    /// `Tiers::reload`
    Reload {
        /// The segment.
        segment: i64,
    },
    /// `Indexes::compact`
    Compact {
        /// The index.
        index: i64,
        /// How many of its entries.
        slice: CompactionSlice,
    },
    /// `Replicas::scale`
    Scale {
        /// As many as there are.
        from: u32,
        /// As many as there shall be.
        to: u32,
    },
    /// `ReadRouting::set_lag_bound`
    BoundLag {
        /// The replica.
        replica: i64,
        /// As it is.
        from: Option<LagBound>,
        /// As it shall be.
        to: Option<LagBound>,
    },
    /// `ReplicaCopies::resync`
    Resync {
        /// The replica.
        replica: i64,
        /// The copy it has.
        from: CopyNumber,
        /// The copy it shall get.
        to: CopyNumber,
    },
}

/// What an actuator answers where it answers more than "done".
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    Done,
    Moved(MoveProgress),
    /// The fragmentation that is left.
    Left(Percent),
}

/// Something about a cluster that acts set and undoing must restore.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// Where each of these vectors belongs.
    Places(Vec<VectorId>),
    /// Where writes to a partition go.
    Route(i64),
    /// The version of the centroids that is served.
    Served,
    /// Whether a version of the centroids exists.
    Version(CentroidVersion),
    /// Who paused a job.
    Job(i64),
    /// The share of an operation that is held back.
    Throttle(Operation),
    /// The tier of a segment.
    Segment(i64),
    /// An index's entries.
    Index(i64),
    /// How many replicas are wanted.
    Replicas,
    /// The bound on a replica's lag.
    LagBound(i64),
    /// A replica's copy.
    Copy(i64),
}

/// What a control is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// The partition of each vector.
    Places(Vec<Option<i64>>),
    /// Anything else, in words.
    Text(String),
}

impl Act {
    /// Makes the call.
    pub(super) fn apply(&self, cluster: &Cluster, permit: &Permit<'_>) -> Result<Answer, ActuatorError> {
        let done = |()| Answer::Done;
        match self {
            Self::MoveVectors { vectors, from, to } => {
                cluster.move_vectors(permit, vectors, *from, *to).map(Answer::Moved)
            }
            Self::RouteWrites { partition, from, to } => cluster.route_writes(permit, *partition, *from, *to).map(done),
            Self::Rebuild { version, centroids } => cluster.rebuild(permit, *version, centroids).map(done),
            Self::Switch { from, to } => cluster.switch(permit, *from, *to).map(done),
            Self::Discard { version } => cluster.discard(permit, *version).map(done),
            Self::Pause { job } => cluster.pause(permit, *job).map(done),
            Self::Resume { job } => cluster.resume(permit, *job).map(done),
            Self::SetThrottle { operation, share } => cluster.set_throttle(permit, *operation, *share).map(done),
            Self::Evict { segment } => cluster.evict(permit, *segment).map(done),
            Self::Reload { segment } => cluster.reload(permit, *segment).map(done),
            Self::Compact { index, slice } => cluster.compact(permit, *index, *slice).map(Answer::Left),
            Self::Scale { from, to } => cluster.scale(permit, *from, *to).map(done),
            Self::BoundLag { replica, from, to } => cluster.set_lag_bound(permit, *replica, *from, *to).map(done),
            Self::Resync { replica, from, to } => cluster.resync(permit, *replica, *from, *to).map(done),
        }
    }

    /// What an actuator that breaks off in the middle does of it; `None` where there is no middle.
    pub(super) fn half(&self) -> Option<Self> {
        match self {
            Self::MoveVectors { vectors, from, to } if vectors.len() > 1 => Some(Self::MoveVectors {
                vectors: vectors[..vectors.len() / 2].to_vec(),
                from: *from,
                to: *to,
            }),
            _ => None,
        }
    }

    /// The answer of an actuator that claims to have done it.
    pub(super) fn claimed(&self) -> Answer {
        match self {
            Self::MoveVectors { .. } => Answer::Moved(MoveProgress::Complete),
            Self::Compact { .. } => Answer::Left(Percent::ZERO),
            _ => Answer::Done,
        }
    }

    /// What it sets.
    pub(super) fn control(&self) -> Control {
        match self {
            Self::MoveVectors { vectors, .. } => Control::Places(vectors.clone()),
            Self::RouteWrites { partition, .. } => Control::Route(*partition),
            Self::Rebuild { version, .. } | Self::Discard { version } => Control::Version(*version),
            Self::Switch { .. } => Control::Served,
            Self::Pause { job } | Self::Resume { job } => Control::Job(*job),
            Self::SetThrottle { operation, .. } => Control::Throttle(*operation),
            Self::Evict { segment } | Self::Reload { segment } => Control::Segment(*segment),
            Self::Compact { index, .. } => Control::Index(*index),
            Self::Scale { .. } => Control::Replicas,
            Self::BoundLag { replica, .. } => Control::LagBound(*replica),
            Self::Resync { replica, .. } => Control::Copy(*replica),
        }
    }
}

impl Control {
    /// What it is made of, each of which can be set by itself.
    pub(super) fn parts(&self) -> Vec<Self> {
        match self {
            Self::Places(vectors) => vectors.iter().map(|&vector| Self::Places(vec![vector])).collect(),
            whole => vec![whole.clone()],
        }
    }

    /// Whether setting one sets some of the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Places(these), Self::Places(those)) => these.iter().any(|vector| those.contains(vector)),
            _ => self == other,
        }
    }

    /// What it is set to in a cluster.
    pub(super) fn read(&self, cluster: &Cluster) -> Setting {
        let collection = cluster.collection();
        match self {
            Self::Places(vectors) => Setting::Places(cluster.locate(collection, vectors).unwrap_or_default()),
            other => Setting::Text(other.in_words(cluster, collection)),
        }
    }

    fn in_words(&self, cluster: &Cluster, collection: &CollectionId) -> String {
        match self {
            Self::Places(_) => String::new(),
            Self::Route(partition) => words(cluster.write_route(collection, *partition)),
            Self::Served => words(cluster.served(collection)),
            Self::Version(version) => {
                let built = cluster.is_complete(collection, *version);
                words(built.map(|built| built.is_some()))
            }
            Self::Job(id) => words(cluster.jobs(collection).map(|jobs| {
                let job = jobs.into_iter().find(|job| job.id == *id);
                job.and_then(|job| job.paused_by).map(|by| by.to_string())
            })),
            Self::Throttle(operation) => words(cluster.throttle(collection, *operation)),
            Self::Segment(id) => words(cluster.segments(collection).map(|segments| {
                let segment = segments.into_iter().find(|segment| segment.id == *id);
                segment.map(|segment| segment.tier)
            })),
            // What was compacted cannot be set back, and is not.
            Self::Index(_) => String::new(),
            Self::Replicas => words(cluster.replicas(collection).map(|replicas| replicas.wanted)),
            Self::LagBound(replica) => words(cluster.lag_bound(collection, *replica)),
            Self::Copy(replica) => words(cluster.replica_copy(collection, *replica).map(|copy| copy.number)),
        }
    }
}

fn words<T: fmt::Debug>(found: Result<T, ActuatorError>) -> String {
    match found {
        Ok(found) => format!("{found:?}"),
        Err(error) => error.to_string(),
    }
}

impl fmt::Display for Act {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoveVectors { vectors, from, to } => {
                write!(
                    formatter,
                    "move {} vectors from partition {from} to {to}",
                    vectors.len()
                )
            }
            other => write!(formatter, "{other:?}"),
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Places(vectors) => write!(formatter, "the places of {} vectors", vectors.len()),
            other => write!(formatter, "{other:?}"),
        }
    }
}
