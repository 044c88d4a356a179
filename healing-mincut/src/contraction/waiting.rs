//! The queue of nodes that are tied to the scanned ones, but not yet strongly enough.

use crate::contraction::tie_heap::TieHeap;

/// Keys below this are kept in buckets; above, a heap is smaller than that many empty buckets.
const MOST_BUCKETS: u64 = 1 << 12;
const NONE: u32 = u32::MAX;

/// A priority queue of nodes, strongest tie first. A node may be in it several times: the caller
/// recognises an entry that is out of date by its key.
#[derive(Debug, Default, Clone)]
pub(crate) struct Waiting {
    /// The entry last pushed with each key.
    buckets: Vec<u32>,
    /// Nodes, each with the entry below it in its bucket.
    entries: Vec<(u32, u32)>,
    /// No bucket above this one holds an entry.
    top: usize,
    heap: TieHeap,
}

impl Waiting {
    /// Empties the queue and readies it for keys below `bound`.
    pub(crate) fn reset(&mut self, bound: u64) {
        self.heap.clear();
        self.entries.clear();
        self.buckets.clear();
        if bound <= MOST_BUCKETS {
            self.buckets.resize(bound as usize, NONE);
        }
        self.top = 0;
    }

    #[inline]
    pub(crate) fn push(&mut self, key: u64, node: u32) {
        if self.buckets.is_empty() {
            self.heap.push(key, node);
            return;
        }
        let key = key as usize;
        let below = std::mem::replace(&mut self.buckets[key], self.entries.len() as u32);
        self.entries.push((node, below));
        self.top = self.top.max(key);
    }

    /// An entry with the greatest key.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, u32)> {
        if self.buckets.is_empty() {
            return self.heap.pop();
        }
        while self.buckets[self.top] == NONE {
            self.top = self.top.checked_sub(1)?;
        }
        let (node, below) = self.entries[self.buckets[self.top] as usize];
        self.buckets[self.top] = below;
        Some((self.top as u64, node))
    }
}
