//! A few cuts that are, or lately were, the lightest: their values are kept up to date.

/// At most so many cuts are known: one for each bit of a node's mask.
const MOST_CUTS: usize = u8::BITS as usize;

/// One of the known cuts.
pub(crate) type Slot = usize;

/// Cuts with more than one node on each side.
#[derive(Debug, Default, Clone)]
pub(crate) struct KnownCuts {
    /// For each node, on which side of each cut it is.
    masks: Vec<u8>,
    cuts: Vec<KnownCut>,
    /// A cut that is not to be forgotten.
    pinned: Option<Slot>,
}

#[derive(Debug, Clone)]
struct KnownCut {
    value: u64,
    /// The smaller side, ascending; of two equal ones that with node 0. Their bits are set.
    side: Vec<u32>,
}

impl KnownCuts {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            masks: vec![0; nodes],
            cuts: Vec::new(),
            pinned: None,
        }
    }

    pub(crate) fn value(&self, slot: Slot) -> u64 {
        self.cuts[slot].value
    }

    pub(crate) fn side(&self, slot: Slot) -> &[u32] {
        &self.cuts[slot].side
    }

    /// The lightest of the known cuts.
    #[inline]
    pub(crate) fn lightest(&self) -> Option<Slot> {
        (0..self.cuts.len()).min_by_key(|&slot| self.cuts[slot].value)
    }

    /// Whether an edge between these nodes crosses the cut.
    #[inline]
    pub(crate) fn is_crossed(&self, slot: Slot, u: u32, v: u32) -> bool {
        ((self.masks[u as usize] ^ self.masks[v as usize]) >> slot) & 1 == 1
    }

    /// An edge's weight has changed.
    #[inline]
    pub(crate) fn change(&mut self, u: u32, v: u32, old: u64, new: u64) {
        let mut crossed = self.masks[u as usize] ^ self.masks[v as usize];
        while crossed != 0 {
            let slot = crossed.trailing_zeros() as usize;
            crossed &= crossed - 1;
            if let Some(cut) = self.cuts.get_mut(slot) {
                // The edge's old weight is part of the value.
                cut.value = cut.value - old + new;
            }
        }
    }

    /// No cut but this is kept for certain from now on.
    pub(crate) fn pin(&mut self, slot: Option<Slot>) {
        self.pinned = slot;
    }

    /// Remembers the cut around these nodes, unless it parts but one node from the rest; if there are
    /// too many, in place of the heaviest that is neither pinned nor `kept`.
    pub(crate) fn add(&mut self, value: u64, nodes: &[u32], kept: Option<Slot>) {
        let side = smaller_side(self.masks.len(), nodes);
        if side.len() < 2 || self.cuts.iter().any(|cut| cut.value == value && cut.side == side) {
            return;
        }
        let slot = if self.cuts.len() < MOST_CUTS {
            self.cuts.push(KnownCut {
                value,
                side: Vec::new(),
            });
            self.cuts.len() - 1
        } else {
            let free = (0..MOST_CUTS).filter(|&slot| self.pinned != Some(slot) && kept != Some(slot));
            let Some(heaviest) = free.max_by_key(|&slot| self.cuts[slot].value) else {
                return;
            };
            heaviest
        };
        let forgotten = std::mem::replace(&mut self.cuts[slot], KnownCut { value, side });
        for node in forgotten.side {
            self.masks[node as usize] &= !(1 << slot);
        }
        for &node in &self.cuts[slot].side {
            self.masks[node as usize] |= 1 << slot;
        }
    }
}

/// The smaller of the two sides that `nodes` and the rest of `all` nodes are, ascending; of two equal
/// ones that with node 0.
pub(crate) fn smaller_side(all: usize, nodes: &[u32]) -> Vec<u32> {
    let mut side = nodes.to_vec();
    side.sort_unstable();
    let other = all - side.len();
    if side.len() > other || (side.len() == other && side.first() != Some(&0)) {
        let mut rest = Vec::with_capacity(other);
        let mut inside = side.iter().copied().peekable();
        for node in 0..all as u32 {
            if inside.next_if_eq(&node).is_none() {
                rest.push(node);
            }
        }
        return rest;
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_cuts_the_pinned_and_the_kept_one_stay() {
        let mut known = KnownCuts::new(40);
        for node in 0..8 {
            known.add(10, &[node, node + 1], None);
        }
        known.pin(Some(7));
        for node in 8..30 {
            known.add(5, &[node + 1, node], Some(6));
        }
        assert_eq!((known.side(6), known.value(6)), ([6, 7].as_slice(), 10));
        assert_eq!((known.side(7), known.value(7)), ([7, 8].as_slice(), 10));
        assert!(known.is_crossed(7, 8, 9) && !known.is_crossed(7, 7, 8));
        // Of those that were forgotten, no node's side is left over.
        known.change(1, 2, 0, 3);
        assert!((0..8).all(|slot| [5, 10].contains(&known.value(slot))));
    }

    #[test]
    fn the_smaller_side_is_kept_and_of_two_equal_ones_that_with_node_0() {
        let mut known = KnownCuts::new(6);
        known.add(4, &[5, 3, 2, 4], None);
        known.add(4, &[5, 3, 4], None);
        known.add(4, &[2, 1, 0], None);
        known.add(4, &[0, 1, 2, 4, 5], None);
        assert_eq!(
            (known.side(0), known.side(1)),
            ([0, 1].as_slice(), [0, 1, 2].as_slice())
        );
        assert_eq!(known.cuts.len(), 2, "one was known, and one is around a single node");
    }
}
