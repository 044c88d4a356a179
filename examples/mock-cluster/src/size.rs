//! How large a cluster is.

use thiserror::Error;

use crate::design::{REPLICAS_PER_SHARD, SEGMENTS_PER_PARTITION};

/// How large a cluster is. Everything in it grows with its shards: to each belong four partitions, a maintenance service and
/// two replicas, and to every two of them three centroids. So a node of a large cluster has as many neighbours as one of
/// a small cluster, is held by as much capacity, and the healthy minimum cut is the same.
///
/// ```
/// use mock_cluster::Size;
///
/// assert_eq!(Size::default().nodes(), 38);
/// let large = Size::of_shards(526)?.with_vectors_per_partition(100)?;
/// assert_eq!((large.partitions(), large.nodes()), (2104, 4997));
/// # Ok::<(), mock_cluster::InvalidSize>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    shards: i64,
    vectors_per_partition: i64,
}

/// A size that a cluster cannot have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is {found}, expected {expected}")]
pub struct InvalidSize {
    field: &'static str,
    found: u32,
    expected: &'static str,
}

/// Partitions of each shard.
const PARTITIONS_PER_SHARD: i64 = 4;
/// Partitions that a centroid routes to.
const ROUTES: i64 = 8;
/// Centroids that route to each partition.
const CENTROIDS_PER_PARTITION: i64 = 3;
/// Replicas that each shard may have at most.
const MOST_REPLICAS_PER_SHARD: i64 = 4;

impl Default for Size {
    /// 4 shards with 1,000 vectors in each of their 16 partitions: 38 nodes.
    fn default() -> Self {
        Self {
            shards: 4,
            vectors_per_partition: 1000,
        }
    }
}

impl Size {
    /// The size of a cluster with this many shards, an even number from 4 to 1,000: 9.5 nodes each.
    ///
    /// # Errors
    /// [`InvalidSize`] when it is not such a number.
    pub fn of_shards(shards: u32) -> Result<Self, InvalidSize> {
        if !(4..=1000).contains(&shards) || !shards.is_multiple_of(2) {
            return Err(InvalidSize {
                field: "shards",
                found: shards,
                expected: "an even number from 4 to 1000",
            });
        }
        Ok(Self {
            shards: shards.into(),
            ..Self::default()
        })
    }

    /// The size with about this many nodes, at most ten off; 38 are the least and 9,500 the most.
    #[must_use]
    pub fn of_nodes(nodes: u32) -> Self {
        // Two shards have 19 nodes.
        let pairs = (i64::from(nodes) + 9) / 19;
        Self {
            shards: 2 * pairs.clamp(2, 500),
            ..Self::default()
        }
    }

    /// The same size with this many vectors in each partition at birth, 50 to 10,000. Fewer of them draw the same load and take
    /// the same memory in less time to simulate: a large cluster does well with 100.
    ///
    /// # Errors
    /// [`InvalidSize`] when it is not such a number.
    pub fn with_vectors_per_partition(self, vectors: u32) -> Result<Self, InvalidSize> {
        if !(50..=10_000).contains(&vectors) {
            return Err(InvalidSize {
                field: "vectors_per_partition",
                found: vectors,
                expected: "50 to 10000",
            });
        }
        Ok(Self {
            vectors_per_partition: vectors.into(),
            ..self
        })
    }

    /// Shards, numbered from 1. Each has a maintenance service of the same number.
    #[must_use]
    pub const fn shards(self) -> i64 {
        self.shards
    }

    /// Partitions, numbered from 1.
    #[must_use]
    pub const fn partitions(self) -> i64 {
        self.shards * PARTITIONS_PER_SHARD
    }

    /// Centroids, numbered from 1.
    #[must_use]
    pub const fn centroids(self) -> i64 {
        self.partitions() * CENTROIDS_PER_PARTITION / ROUTES
    }

    /// Replicas at birth, numbered from 1.
    #[must_use]
    pub const fn replicas(self) -> i64 {
        self.shards * REPLICAS_PER_SHARD
    }

    /// Replicas there may be at most: four for each shard.
    #[must_use]
    pub const fn most_replicas(self) -> i64 {
        self.shards * MOST_REPLICAS_PER_SHARD
    }

    /// Vectors in each partition at birth.
    #[must_use]
    pub const fn vectors_per_partition(self) -> i64 {
        self.vectors_per_partition
    }

    /// Nodes of the graph at birth.
    #[must_use]
    pub const fn nodes(self) -> i64 {
        self.partitions() + self.centroids() + 2 * self.shards + self.replicas()
    }

    /// The shard that carries a partition.
    #[must_use]
    pub const fn shard_of(self, partition: i64) -> i64 {
        (partition - 1) % self.shards + 1
    }

    /// The shard that a replica belongs to. Those added later go to one shard after the other.
    #[must_use]
    pub const fn shard_of_replica(self, replica: i64) -> i64 {
        let born = self.replicas();
        if replica <= born {
            (replica - 1) / REPLICAS_PER_SHARD + 1
        } else {
            (replica - born - 1) % self.shards + 1
        }
    }

    /// The replicas that a shard may have, in order: those of its birth, and those that may be added.
    pub(crate) fn replicas_of(self, shard: i64) -> impl Iterator<Item = i64> {
        let first = (shard - 1) * REPLICAS_PER_SHARD + 1;
        let added = (0..MOST_REPLICAS_PER_SHARD - REPLICAS_PER_SHARD)
            .map(move |round| self.replicas() + round * self.shards + shard);
        (first..first + REPLICAS_PER_SHARD).chain(added)
    }

    /// The segments of a partition.
    pub(crate) fn segments_of(self, partition: i64) -> impl Iterator<Item = i64> {
        let first = (partition - 1) * SEGMENTS_PER_PARTITION + 1;
        first..first + SEGMENTS_PER_PARTITION
    }

    /// The partitions that a centroid routes to: eight in a row, so that each partition is reached from three centroids.
    pub fn routes_of(self, centroid: i64) -> impl Iterator<Item = i64> {
        let first = (centroid - 1) * ROUTES;
        (first..first + ROUTES).map(move |position| position % self.partitions() + 1)
    }

    /// Memory of the cluster, bytes: twice what its vectors take at birth, and a little more.
    pub(crate) fn memory(self) -> u64 {
        let vectors = self.partitions().unsigned_abs() * self.vectors_per_partition.unsigned_abs();
        vectors * crate::design::MEMORY_FOR_1000_VECTORS / 1000
    }

    /// Vectors that a centroid's list may hold before searches in it run out of time: a quarter above the mean.
    #[allow(clippy::cast_precision_loss, reason = "a number of vectors far below 2^53")]
    pub(crate) fn list_capacity(self) -> f64 {
        1.25 * (self.partitions() * self.vectors_per_partition) as f64 / self.centroids() as f64
    }
}
