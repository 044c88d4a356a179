//! Segments in memory and in the cold tier, and what else takes memory.

use std::cmp::Reverse;
use std::time::Duration;

use healing_core::Timestamp;
use healing_core::metrics::MemoryConsumer;
use healing_strategies::actuators::{Segment, Tier};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{
    BUFFERS, BULK_LOAD_SECONDS, BYTES_PER_VECTOR, COMFORTABLE_MEMORY, SEGMENTS_PER_PARTITION, TIER_BANDWIDTH,
    WORST_STALL,
};
use crate::size::Size;

/// Every segment, and the bulk load if there is one.
pub(crate) struct Memory {
    size: Size,
    /// By number, from 1 on without gaps; those of a partition in a row.
    segments: Vec<Stored>,
    /// Bytes of a bulk load that are still to come.
    to_come: u64,
    /// Bytes of it that have come.
    loaded: u64,
    /// The share of its buffers that is in use: 0 where there is no bulk load.
    buffered: f64,
}

struct Stored {
    segment: Segment,
    partition: i64,
    is_read: bool,
    /// Where it is going, and the bytes that are not there yet.
    on_its_way: Option<(Tier, u64)>,
}

impl Memory {
    /// Half of the segments are read all the time, the others were read some time ago.
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size, now: Timestamp) -> Self {
        let vectors = size.vectors_per_partition().unsigned_abs();
        let bytes = vectors * BYTES_PER_VECTOR / SEGMENTS_PER_PARTITION.unsigned_abs();
        let segments = (1..=size.partitions() * SEGMENTS_PER_PARTITION).map(|id| {
            let ago = Duration::from_secs(random.random_range(600..86_400));
            let segment = Segment {
                id,
                bytes,
                last_read_at: now.checked_sub(ago).unwrap_or(Timestamp::MIN),
                tier: Tier::Hot,
            };
            Stored {
                segment,
                partition: (id - 1) / SEGMENTS_PER_PARTITION + 1,
                is_read: id % SEGMENTS_PER_PARTITION == 0,
                on_its_way: None,
            }
        });
        Self {
            size,
            segments: segments.collect(),
            to_come: 0,
            loaded: 0,
            buffered: 0.0,
        }
    }

    /// One second passes. `bulk_passing` is the share of inserts in bulk that is not held back.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of bytes needs no more than 53 bits"
    )]
    pub(crate) fn step(&mut self, now: Timestamp, bulk_passing: f64) {
        for stored in &mut self.segments {
            if stored.is_read && stored.segment.tier == Tier::Hot {
                stored.segment.last_read_at = now;
            }
            if let Some((to, left)) = &mut stored.on_its_way {
                *left = left.saturating_sub(TIER_BANDWIDTH);
                if *left == 0 {
                    stored.segment.tier = *to;
                    stored.on_its_way = None;
                }
            }
        }
        if self.to_come > 0 || self.loaded > 0 {
            self.buffered = bulk_passing;
        }
        let bandwidth = self.bytes() / BULK_LOAD_SECONDS;
        let coming = self.to_come.min((bandwidth as f64 * bulk_passing) as u64);
        self.to_come -= coming;
        self.loaded += coming;
    }

    /// All memory there is, bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.size.memory()
    }

    /// Whether another second would change nothing but when segments were read.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.to_come == 0 && self.segments.iter().all(|stored| stored.on_its_way.is_none())
    }

    /// Time passes, up to `now`, in which nothing else changes.
    pub(crate) fn rest(&mut self, now: Timestamp) {
        let read = self.segments.iter_mut().filter(|stored| stored.is_read);
        for stored in read.filter(|stored| stored.segment.tier == Tier::Hot) {
            stored.segment.last_read_at = now;
        }
    }

    /// Every segment is in memory, and nothing else is.
    pub(crate) fn put_right(&mut self) {
        (self.to_come, self.loaded, self.buffered) = (0, 0, 0.0);
        for stored in &mut self.segments {
            stored.segment.tier = Tier::Hot;
            stored.on_its_way = None;
        }
    }

    /// The used share of memory.
    #[allow(clippy::cast_precision_loss, reason = "a share of memory needs no more than 53 bits")]
    pub(crate) fn used(&self) -> f64 {
        let hot: u64 = self.segments.iter().map(Stored::hot_bytes).sum();
        (hot + self.loaded + self.buffers()) as f64 / self.bytes() as f64
    }

    /// The share of allocations that stall: more and more from comfortable to full.
    pub(crate) fn stalling_share(&self) -> f64 {
        let excess = (self.used() - COMFORTABLE_MEMORY) / (1.0 - COMFORTABLE_MEMORY);
        WORST_STALL * excess.clamp(0.0, 1.0)
    }

    /// What uses most, largest first.
    pub(crate) fn largest_consumers(&self) -> Vec<MemoryConsumer> {
        let partitions = self.segments.chunk_by(|one, next| one.partition == next.partition);
        let partitions = partitions.filter_map(|segments| {
            let bytes = segments.iter().map(Stored::hot_bytes).sum();
            Some((Consumer::Partition(segments.first()?.partition), bytes))
        });
        let others = [("bulk_load", self.loaded), ("write_buffers", self.buffers())];
        let others = others.map(|(name, bytes)| (Consumer::Other(name), bytes));
        let mut consumers: Vec<(Consumer, u64)> = partitions.chain(others).collect();
        consumers.sort_by_key(|(_, bytes)| Reverse(*bytes));
        // Only these are worth a name.
        let largest = consumers.into_iter().take(5).map(|(consumer, bytes)| MemoryConsumer {
            name: match consumer {
                Consumer::Partition(id) => format!("partition:{id}"),
                Consumer::Other(name) => name.to_owned(),
            },
            bytes,
        });
        largest.collect()
    }

    /// The segments of a partition that are not in memory.
    #[allow(clippy::cast_precision_loss, reason = "a number of segments far below 2^53")]
    pub(crate) fn cold_segments(&self, partition: i64) -> f64 {
        let of_it = self
            .size
            .segments_of(partition)
            .filter_map(|id| self.segments.get(position(id)?));
        of_it.filter(|stored| stored.segment.tier == Tier::Cold).count() as f64
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments.iter().map(|stored| stored.segment)
    }

    /// Sends a segment to a tier, or goes on with it; `false` when there is none of that number.
    pub(crate) fn send(&mut self, id: i64, to: Tier) -> bool {
        let Some(stored) = position(id).and_then(|position| self.segments.get_mut(position)) else {
            return false;
        };
        stored.on_its_way = match stored.on_its_way {
            _ if stored.segment.tier == to => None,
            Some((on_its_way_to, left)) if on_its_way_to == to => Some((to, left)),
            _ => Some((to, stored.segment.bytes)),
        };
        true
    }

    /// From now on a bulk load comes in, until this share of memory is used while nothing of it is held back.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of memory needs no more than 53 bits"
    )]
    pub(crate) fn load_in_bulk(&mut self, until: f64) {
        let left = (until - BUFFERS - self.used()).max(0.0);
        self.to_come += (self.bytes() as f64 * left) as u64;
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of memory needs no more than 53 bits"
    )]
    fn buffers(&self) -> u64 {
        (self.bytes() as f64 * BUFFERS * self.buffered) as u64
    }
}

/// Who uses memory.
enum Consumer {
    Partition(i64),
    Other(&'static str),
}

/// Where the segment of this number is.
fn position(id: i64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

impl Stored {
    fn hot_bytes(&self) -> u64 {
        match self.segment.tier {
            Tier::Cold => 0,
            _ => self.segment.bytes,
        }
    }
}
