//! Which vectors go where: as few as will do.

use std::collections::{BTreeMap, BTreeSet};

use healing_core::Ratio;
use healing_core::metrics::PartitionMetrics;
use healing_core::plan::MAX_PLAN_STEPS;

use crate::actuators::{VectorId, VectorLoad};
use crate::config::{InvalidConfig, expect};

/// How far the moves of one plan may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MoveLimits {
    /// Vectors moved at most, over all steps.
    pub(crate) max_moves: usize,
    /// Vectors moved at most in one step.
    pub(crate) batch: usize,
    /// The share of a partition's vectors that may be moved off it.
    pub(crate) max_share_of_partition: Ratio,
    /// A partition whose load is within this share above the mean is well.
    pub(crate) tolerance: Ratio,
}

impl MoveLimits {
    pub(crate) fn validate(&self) -> Result<(), InvalidConfig> {
        expect(self.max_moves >= 1, "max_moves", &self.max_moves, "at least 1")?;
        expect(self.batch >= 1, "batch", &self.batch, "at least 1")
    }
}

/// Vectors that go from one partition to another in one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub(crate) vectors: Vec<VectorId>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The load that goes with them, requests a second.
    pub(crate) load: f64,
}

/// A rebalance in the making: the loads as they would be after the moves so far.
pub(crate) struct Rebalance<'a> {
    limits: MoveLimits,
    partitions: &'a BTreeMap<i64, PartitionMetrics>,
    loads: BTreeMap<i64, f64>,
    hot: BTreeSet<i64>,
    /// A load that is well.
    bearable: f64,
    moves_left: usize,
    batches: Vec<Batch>,
}

impl<'a> Rebalance<'a> {
    /// `None` where no partition is measured.
    #[allow(clippy::cast_precision_loss, reason = "a number of partitions far below 2^53")]
    pub(crate) fn new(
        partitions: &'a BTreeMap<i64, PartitionMetrics>,
        hot: &[i64],
        limits: MoveLimits,
    ) -> Option<Self> {
        if partitions.is_empty() {
            return None;
        }
        let loads: BTreeMap<i64, f64> = partitions
            .iter()
            .map(|(&id, partition)| (id, partition.load.get()))
            .collect();
        let count = loads.len() as f64;
        let mean: f64 = loads.values().map(|load| load / count).sum();
        Some(Self {
            limits,
            partitions,
            loads,
            hot: hot.iter().copied().collect(),
            bearable: mean * (1.0 + limits.tolerance.get()),
            moves_left: limits.max_moves,
            batches: Vec::new(),
        })
    }

    /// How many vectors may be moved off `partition`.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count, rounded down, is a count"
    )]
    pub(crate) fn movable_from(&self, partition: i64) -> usize {
        let vectors = self.partitions.get(&partition).map_or(0, |measured| measured.vectors);
        let share = (vectors as f64 * self.limits.max_share_of_partition.get()) as usize;
        share.min(self.moves_left)
    }

    /// Moves vectors off `from`, heaviest first, each to the partition that is coldest by then, until `from` is well. A
    /// vector that would make its destination as hot as `from` stays.
    pub(crate) fn relieve(&mut self, from: i64, heaviest: &[VectorLoad]) {
        let Some(mut load) = self.loads.get(&from).copied() else {
            return;
        };
        let mut leaving: BTreeMap<i64, Vec<VectorLoad>> = BTreeMap::new();
        for vector in heaviest.iter().take(self.movable_from(from)) {
            if load <= self.bearable {
                break;
            }
            let moved = vector.load.get();
            let Some((to, cold)) = self.coldest() else { break };
            if cold + moved > self.bearable && cold + moved >= load - moved {
                continue;
            }
            load -= moved;
            self.loads.insert(to, cold + moved);
            self.moves_left -= 1;
            leaving.entry(to).or_default().push(*vector);
        }
        self.loads.insert(from, load);
        for (to, vectors) in leaving {
            self.batches.truncate(MAX_PLAN_STEPS);
            self.batches
                .extend(vectors.chunks(self.limits.batch).map(|chunk| Batch {
                    vectors: chunk.iter().map(|vector| vector.vector).collect(),
                    from,
                    to,
                    load: chunk.iter().map(|vector| vector.load.get()).sum(),
                }));
        }
    }

    /// The batches, those that relieve most first.
    pub(crate) fn into_batches(mut self) -> Vec<Batch> {
        self.batches.sort_by(|one, other| {
            other
                .load
                .total_cmp(&one.load)
                .then_with(|| (one.from, one.to).cmp(&(other.from, other.to)))
        });
        self.batches.truncate(MAX_PLAN_STEPS);
        self.batches
    }

    /// The coldest partition that is not to be relieved itself.
    fn coldest(&self) -> Option<(i64, f64)> {
        let others = self.loads.iter().filter(|(id, _)| !self.hot.contains(id));
        others
            .map(|(&id, &load)| (id, load))
            .min_by(|one, other| one.1.total_cmp(&other.1))
    }
}
