//! Changes that can be taken back.

use std::sync::OnceLock;

use crate::dynamic::floor::Floor;
use crate::dynamic::{BatchError, Change, DynamicMinCut, Lightest, Update};
use crate::minimum_cut::MinimumCut;

/// What was known of the minimum cut before some changes; true again once they are taken back.
pub(super) struct Checkpoint {
    floor: Floor,
    value: u64,
    lightest: Lightest,
    cut: OnceLock<MinimumCut>,
}

impl DynamicMinCut {
    /// Notes what is known, and keeps the lightest cut from being forgotten.
    pub(super) fn checkpoint(&mut self) -> Checkpoint {
        self.known.pin(self.lightest_slot());
        Checkpoint {
            floor: self.floor.clone(),
            value: self.value,
            lightest: self.lightest,
            cut: self.cut.clone(),
        }
    }

    /// Changes edges one after the other. Returns the changes; or those made before one was refused.
    pub(super) fn change_all(&mut self, batch: &[Update]) -> Result<Vec<Change>, (Vec<Change>, BatchError)> {
        let mut changes = Vec::with_capacity(batch.len());
        for (position, update) in batch.iter().enumerate() {
            match self.resolve(update) {
                Ok(change) => {
                    self.change(change);
                    changes.push(change);
                }
                Err(source) => return Err((changes, BatchError { position, source })),
            }
        }
        Ok(changes)
    }

    /// Takes changes back, the last first.
    pub(super) fn restore(&mut self, changes: &[Change], before: Checkpoint) {
        for change in changes.iter().rev() {
            let place = self.adjacency.find(change.u, change.v);
            self.change(Change {
                place,
                old: change.new,
                new: change.old,
                ..*change
            });
        }
        let Checkpoint {
            floor,
            value,
            lightest,
            cut,
        } = before;
        self.floor = floor;
        self.value = value;
        self.lightest = lightest;
        self.cut = cut;
        self.known.pin(None);
    }
}
