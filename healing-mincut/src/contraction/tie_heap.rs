//! A heap of nodes whose keys may rise.

/// The place of a node that is not in the heap.
const ABSENT: u32 = u32::MAX;
/// How many children an entry has: more than two make it flatter, and raising a key cheaper.
const CHILDREN: usize = 4;

/// A priority queue of nodes, each of them in it once, greatest key first.
#[derive(Debug, Default, Clone)]
pub(crate) struct TieHeap {
    entries: Vec<(u64, u32)>,
    /// Where in the heap each node is.
    place_of: Vec<u32>,
}

impl TieHeap {
    pub(crate) fn clear(&mut self) {
        for (_, node) in self.entries.drain(..) {
            self.place_of[node as usize] = ABSENT;
        }
    }

    /// Adds a node, or raises its key.
    pub(crate) fn push(&mut self, key: u64, node: u32) {
        if self.place_of.len() <= node as usize {
            self.place_of.resize(node as usize + 1, ABSENT);
        }
        let place = match self.place_of[node as usize] {
            ABSENT => {
                self.entries.push((key, node));
                self.entries.len() - 1
            }
            place => place as usize,
        };
        self.sift_up(place, (key, node));
    }

    /// Takes out a node with the greatest key.
    pub(crate) fn pop(&mut self) -> Option<(u64, u32)> {
        let last = self.entries.pop()?;
        let Some(&top) = self.entries.first() else {
            self.place_of[last.1 as usize] = ABSENT;
            return Some(last);
        };
        self.place_of[top.1 as usize] = ABSENT;
        self.sift_down(last);
        Some(top)
    }

    fn sift_up(&mut self, mut place: usize, entry: (u64, u32)) {
        while place > 0 {
            let parent = (place - 1) / CHILDREN;
            if self.entries[parent].0 >= entry.0 {
                break;
            }
            self.put(place, self.entries[parent]);
            place = parent;
        }
        self.put(place, entry);
    }

    /// Puts an entry where the topmost one was.
    fn sift_down(&mut self, entry: (u64, u32)) {
        let mut place = 0;
        loop {
            let first = place * CHILDREN + 1;
            let children = first..(first + CHILDREN).min(self.entries.len());
            let Some(greatest) = children.max_by_key(|&child| self.entries[child].0) else {
                break;
            };
            if self.entries[greatest].0 <= entry.0 {
                break;
            }
            self.put(place, self.entries[greatest]);
            place = greatest;
        }
        self.put(place, entry);
    }

    #[inline]
    fn put(&mut self, place: usize, entry: (u64, u32)) {
        self.entries[place] = entry;
        self.place_of[entry.1 as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_come_out_once_each_by_their_last_keys() {
        let mut heap = TieHeap::default();
        for round in 0..3_u64 {
            let mut keys = [0_u64; 100];
            let mut state = round;
            for _ in 0..400 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
                let node = (state >> 33) as usize % keys.len();
                keys[node] += state >> 58;
                heap.push(keys[node], node as u32);
            }
            let mut popped: Vec<(u64, u32)> = std::iter::from_fn(|| heap.pop()).collect();
            assert!(popped.windows(2).all(|pair| pair[0].0 >= pair[1].0));
            popped.sort_unstable_by_key(|&(_, node)| node);
            assert!(popped.iter().all(|&(key, node)| keys[node as usize] == key));
            let pushed = keys.iter().filter(|&&key| key > 0).count();
            assert!(pushed <= popped.len());
            heap.push(1, 7);
            heap.clear();
            assert_eq!(heap.pop(), None);
        }
    }
}
