//! The minimum cut after edges have changed.

use crate::dynamic::known_cuts::Slot;
use crate::dynamic::local_flow::Flow;
use crate::dynamic::{DynamicMinCut, Lightest};

/// So many pairs with losses are kept before the floor comes down.
const MOST_LOSSES: usize = 8;
/// So many arcs, and such a share of all, are read in search of flow before a fresh solve is cheaper.
const WORK_FLOOR: usize = 1000;
const WORK_SHARE: usize = 2;
/// The weight of the past against one more flow, in what a flow is expected to cost.
const MEMORY: usize = 15;

impl DynamicMinCut {
    /// Finds the minimum cut; the weights, and the cuts that are known, have been changed.
    pub(super) fn settle(&mut self) {
        if self.nodes() < 2 {
            return;
        }
        let known = self.lightest_known();
        if known > self.floor.value {
            self.solve();
            return;
        }
        let before = std::mem::replace(&mut self.value, known);
        if !self.floor.holds_at(known) && !self.search_below(before) {
            self.solve();
            return;
        }
        self.value = self.lightest_known();
        self.name_lightest();
        if self.floor.losses.len() > MOST_LOSSES {
            self.floor.prove(self.value);
        }
        for loss in &mut self.floor.losses {
            loss.is_new = false;
        }
    }

    /// Solves the graph anew.
    pub(super) fn solve(&mut self) {
        self.adjacency.copy_to(&mut self.copy, self.degrees.degrees());
        let (value, inside) = self.workspace.lightest_side_of(self.copy.rows());
        let side: Vec<u32> = (0..self.nodes()).filter(|&node| inside[node as usize]).collect();
        self.value = value;
        self.floor.prove(value);
        self.known.add(value, &side, self.lightest_slot());
        self.name_lightest();
    }

    /// Looks for cuts lighter than those known: between the ends of all edges that have lost weight
    /// since the floor was proven, or of those only that have since the minimum was `before`, if
    /// nothing lighter than that is known to have grown. Returns whether it came to an end.
    fn search_below(&mut self, before: u64) -> bool {
        let only_new = self.value <= before;
        let mut losses = std::mem::take(&mut self.floor.losses);
        let mut work = 2 * self.edges() / WORK_SHARE + WORK_FLOOR;
        let flows = losses.iter().filter(|loss| loss.is_new || !only_new).count();
        if flows > 1 && flows.saturating_mul(self.work_of_a_flow) > work {
            return false;
        }
        let mut ended = true;
        let kept = self.lightest_slot();
        losses.retain(|loss| {
            if !ended || (only_new && !loss.is_new) {
                return true;
            }
            let limit = self.value;
            let before = work;
            let flow = self.flow.between(&mut self.adjacency, loss.u, loss.v, limit, &mut work);
            self.work_of_a_flow = (MEMORY * self.work_of_a_flow + (before - work)) / (MEMORY + 1);
            match flow {
                Flow::Strong => limit < self.floor.value,
                Flow::Cut(value) => {
                    self.value = value;
                    self.known.add(value, self.flow.cut_side(), kept);
                    true
                }
                Flow::Unknown => {
                    ended = false;
                    true
                }
            }
        });
        self.floor.losses = losses;
        ended
    }

    pub(super) fn lightest_slot(&self) -> Option<Slot> {
        match self.lightest {
            Lightest::Node(_) => None,
            Lightest::Known(slot) => Some(slot),
        }
    }

    fn lightest_known(&self) -> u64 {
        let least = self.degrees.least();
        self.known
            .lightest()
            .map_or(least, |slot| least.min(self.known.value(slot)))
    }

    /// Makes sure that the lightest cut is one whose value is the minimum: the same as before, if it
    /// still is.
    fn name_lightest(&mut self) {
        let value_now = match self.lightest {
            Lightest::Node(node) => self.degrees.of(node),
            Lightest::Known(slot) => self.known.value(slot),
        };
        if value_now == self.value {
            return;
        }
        self.cut.take();
        self.lightest = match self.known.lightest() {
            Some(slot) if self.degrees.least() > self.value => Lightest::Known(slot),
            _ => Lightest::Node(self.degrees.node()),
        };
    }
}
