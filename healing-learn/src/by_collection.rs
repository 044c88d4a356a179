//! What is kept of each collection, as long as it is not forgotten.

use std::collections::BTreeMap;

use healing_core::CollectionId;

/// Something of each collection. Collections that come and go cost no more than those that are there.
#[derive(Debug, Clone)]
pub(crate) struct ByCollection<T> {
    kept: BTreeMap<CollectionId, T>,
    /// At so many collections those are looked for that are forgotten.
    sweep_at: usize,
}

impl<T> Default for ByCollection<T> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            sweep_at: SWEEP_FROM,
        }
    }
}

impl<T: Default> ByCollection<T> {
    pub(crate) fn get(&self, collection: &CollectionId) -> Option<&T> {
        self.kept.get(collection)
    }

    pub(crate) fn collections(&self) -> impl Iterator<Item = &CollectionId> {
        self.kept.keys()
    }

    /// What is kept of `collection`, to change it. Before one more is kept, those that are forgotten are let go of where there
    /// are twice as many as after the last time.
    pub(crate) fn of(&mut self, collection: &CollectionId, is_forgotten: impl Fn(&T) -> bool) -> &mut T {
        if self.kept.len() >= self.sweep_at && !self.kept.contains_key(collection) {
            self.kept.retain(|_, kept| !is_forgotten(kept));
            self.sweep_at = SWEEP_FROM.max(2 * self.kept.len());
        }
        self.kept.entry(collection.clone()).or_default()
    }
}

/// Up to so many collections nothing is swept.
const SWEEP_FROM: usize = 64;
