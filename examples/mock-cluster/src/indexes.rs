//! The index of each partition, and its compaction.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{COMPACTED_PER_SECOND, INDEX_ENTRIES, TOLERABLE_FRAGMENTATION, WORST_STALL};
use crate::size::Size;

/// The fragmented share of an index at birth, percent.
const USUAL: std::ops::Range<f64> = 3.0..12.0;

/// Every index, by number: that of its partition.
pub(crate) struct Indexes {
    indexes: BTreeMap<i64, Index>,
}

struct Index {
    /// Percent.
    fragmentation: f64,
    compacting: Option<Slice>,
}

/// A slice that is being compacted.
struct Slice {
    entries: u64,
    left: u64,
}

impl Indexes {
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size) -> Self {
        let indexes = (1..=size.partitions()).map(|id| {
            let index = Index {
                fragmentation: random.random_range(USUAL),
                compacting: None,
            };
            (id, index)
        });
        Self {
            indexes: indexes.collect(),
        }
    }

    /// One second passes. Rewriting a share of an index leaves that share without dead entries.
    #[allow(clippy::cast_precision_loss, reason = "a number of entries far below 2^53")]
    pub(crate) fn step(&mut self) {
        for index in self.indexes.values_mut() {
            let Some(slice) = &mut index.compacting else { continue };
            slice.left = slice.left.saturating_sub(COMPACTED_PER_SECOND);
            if slice.left == 0 {
                index.fragmentation *= 1.0 - slice.entries as f64 / INDEX_ENTRIES as f64;
                index.compacting = None;
            }
        }
    }

    /// Whether another second would change nothing.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.indexes.values().all(|index| index.compacting.is_none())
    }

    /// No index is fragmented more than is usual.
    pub(crate) fn put_right(&mut self) {
        for index in self.indexes.values_mut() {
            index.fragmentation = index.fragmentation.min(USUAL.start);
            index.compacting = None;
        }
    }

    /// The fragmented share of every index, percent.
    pub(crate) fn fragmentation(&self) -> impl Iterator<Item = (i64, f64)> {
        self.indexes.iter().map(|(&id, index)| (id, index.fragmentation))
    }

    pub(crate) fn fragmentation_of(&self, id: i64) -> Option<f64> {
        Some(self.indexes.get(&id)?.fragmentation)
    }

    pub(crate) fn is_compacting(&self, id: i64) -> bool {
        self.indexes.get(&id).is_some_and(|index| index.compacting.is_some())
    }

    /// The share of the searches in an index that run out of time among dead entries.
    pub(crate) fn failing_share(&self, id: i64) -> f64 {
        let fragmentation = self.fragmentation_of(id).unwrap_or(0.0);
        let excess = (fragmentation - TOLERABLE_FRAGMENTATION) / (100.0 - TOLERABLE_FRAGMENTATION);
        WORST_STALL * excess.clamp(0.0, 1.0)
    }

    /// Begins to compact a slice, unless one is under way. What is left of the fragmentation; `None` when there is no such
    /// index.
    pub(crate) fn compact(&mut self, id: i64, entries: u64) -> Option<f64> {
        let index = self.indexes.get_mut(&id)?;
        let entries = entries.min(INDEX_ENTRIES);
        index.compacting.get_or_insert(Slice { entries, left: entries });
        Some(index.fragmentation)
    }

    /// Entries die, until this share of every index is dead, give or take.
    #[allow(clippy::cast_precision_loss, reason = "the number of an index, below 4")]
    pub(crate) fn fragment(&mut self, fragmentation: f64) {
        for (&id, index) in &mut self.indexes {
            index.fragmentation = index.fragmentation.max(fragmentation - 2.0 * (id % 4) as f64);
        }
    }
}
