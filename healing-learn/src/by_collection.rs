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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn keeping(number: usize, is_forgotten: bool) -> usize {
        let mut kept = ByCollection::<()>::default();
        for number in 0..number {
            kept.of(&CollectionId::new(format!("c{number}")).unwrap(), |()| is_forgotten);
        }
        kept.collections().count()
    }

    #[test]
    fn what_is_forgotten_takes_no_more_room_and_what_is_not_is_never_let_go_of() {
        assert!(keeping(10_000, true) <= SWEEP_FROM);
        assert_eq!(keeping(1000, false), 1000);
    }

    #[test]
    fn those_that_stay_are_looked_through_only_when_there_are_twice_as_many() {
        let mut kept = ByCollection::<()>::default();
        let looks = std::cell::Cell::new(0);
        for number in 0..10_000 {
            kept.of(&CollectionId::new(format!("c{number}")).unwrap(), |()| {
                looks.set(looks.get() + 1);
                false
            });
        }
        assert!((10_000 - SWEEP_FROM..20_000).contains(&looks.get()), "{}", looks.get());
    }
}
