//! Versions of the centroids: which vector is on which centroid's list.

use std::collections::{BTreeMap, BTreeSet};

use healing_strategies::actuators::{CentroidVersion, VectorId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::REBUILDING;
use crate::size::Size;

/// The versions that exist, and the one that is served.
pub(crate) struct Centroids {
    size: Size,
    served: CentroidVersion,
    versions: BTreeMap<CentroidVersion, Version>,
}

struct Version {
    /// The centroid of each vector; empty while it is built.
    lists: BTreeMap<VectorId, i64>,
    /// How many each holds.
    populations: BTreeMap<i64, u64>,
    building: Option<Building>,
}

struct Building {
    seconds_left: u32,
    /// The centroids that are clustered anew.
    anew: BTreeSet<i64>,
}

impl Centroids {
    /// Each vector is on the list of one of the centroids near its partition.
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size, places: impl Iterator<Item = (VectorId, i64)>) -> Self {
        let near = near(size);
        let lists = places.filter_map(|(id, partition)| {
            let near = near.get(&partition)?;
            Some((id, near[random.random_range(0..near.len())]))
        });
        let first = CentroidVersion(1);
        Self {
            size,
            served: first,
            versions: [(first, Version::complete(lists.collect(), size))].into(),
        }
    }

    /// One second passes.
    pub(crate) fn step(&mut self, places: impl Fn() -> Vec<(VectorId, i64)>) {
        let mut ready = Vec::new();
        for (&number, version) in &mut self.versions {
            if let Some(building) = &mut version.building {
                building.seconds_left = building.seconds_left.saturating_sub(1);
                if building.seconds_left == 0 {
                    ready.push((number, std::mem::take(&mut building.anew)));
                }
            }
        }
        for (number, anew) in ready {
            let lists = self.clustered_anew(&anew, &places());
            self.versions.insert(number, Version::complete(lists, self.size));
        }
    }

    /// Whether another second would change nothing.
    pub(crate) fn is_at_rest(&self) -> bool {
        !self.is_building()
    }

    /// The lists are even, and nothing is being built.
    pub(crate) fn put_right(&mut self, places: &[(VectorId, i64)]) {
        let all = (1..=self.size.centroids()).collect();
        let even = Version::complete(self.clustered_anew(&all, places), self.size);
        self.versions.retain(|_, version| version.building.is_none());
        self.versions.insert(self.served, even);
    }

    /// How many vectors are on each centroid's list.
    pub(crate) fn populations(&self) -> BTreeMap<i64, u64> {
        let served = self.versions.get(&self.served);
        served.map(|version| version.populations.clone()).unwrap_or_default()
    }

    /// The share of the searches in a centroid's list that run out of time before its end.
    #[allow(clippy::cast_precision_loss, reason = "a number of vectors far below 2^53")]
    pub(crate) fn failing_share(&self, centroid: i64) -> f64 {
        let served = self.versions.get(&self.served);
        let population = served.and_then(|version| version.populations.get(&centroid));
        let population = population.copied().unwrap_or(0) as f64;
        let bearable = self.size.list_capacity();
        if population > bearable {
            1.0 - bearable / population
        } else {
            0.0
        }
    }

    pub(crate) fn served(&self) -> CentroidVersion {
        self.served
    }

    pub(crate) fn is_building(&self) -> bool {
        self.versions.values().any(|version| version.building.is_some())
    }

    pub(crate) fn newest(&self) -> CentroidVersion {
        self.versions.keys().next_back().copied().unwrap_or(self.served)
    }

    pub(crate) fn is_complete(&self, version: CentroidVersion) -> Option<bool> {
        Some(self.versions.get(&version)?.building.is_none())
    }

    /// Begins to build a version, unless it exists.
    pub(crate) fn build(&mut self, version: CentroidVersion, anew: &[i64]) {
        let size = self.size;
        self.versions.entry(version).or_insert_with(|| Version {
            building: Some(Building {
                seconds_left: REBUILDING.0,
                anew: anew.iter().copied().collect(),
            }),
            ..Version::complete(BTreeMap::new(), size)
        });
    }

    /// Serves a complete version in place of the one that is served, which stands. What was served before both is cleared
    /// away.
    pub(crate) fn serve(&mut self, version: CentroidVersion) {
        let before = std::mem::replace(&mut self.served, version);
        let stands = |number: CentroidVersion, of: &Version| number >= before.min(version) || of.building.is_some();
        self.versions.retain(|&number, of| stands(number, of));
    }

    /// Deletes a version that is not served.
    pub(crate) fn discard(&mut self, version: CentroidVersion) -> bool {
        if version == self.served {
            return false;
        }
        self.versions.remove(&version);
        true
    }

    /// Clients change this share of the vectors in a centroid's partitions so that they are nearest to it.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a number of vectors is one"
    )]
    pub(crate) fn drift(&mut self, centroid: i64, share: f64, places: &[(VectorId, i64)]) {
        let reached: BTreeSet<i64> = self.size.routes_of(centroid).collect();
        let near: Vec<VectorId> = places
            .iter()
            .filter(|(_, partition)| reached.contains(partition))
            .map(|(id, _)| *id)
            .collect();
        let Some(served) = self.versions.get_mut(&self.served) else {
            return;
        };
        let on_its_list = near.iter().filter(|id| served.lists.get(id) == Some(&centroid)).count();
        let wanted = (near.len() as f64 * share) as usize;
        let others = near.iter().filter(|id| served.lists.get(id) != Some(&centroid));
        let drifting: Vec<VectorId> = others.take(wanted.saturating_sub(on_its_list)).copied().collect();
        for id in drifting {
            served.lists.insert(id, centroid);
        }
        served.count(self.size);
    }

    /// The served lists, with the vectors of some centroids shared out evenly among all that are near.
    fn clustered_anew(&self, anew: &BTreeSet<i64>, places: &[(VectorId, i64)]) -> BTreeMap<VectorId, i64> {
        let Some(served) = self.versions.get(&self.served) else {
            return BTreeMap::new();
        };
        let near = near(self.size);
        let mut lists = served.lists.clone();
        let mut populations = served.populations.clone();
        for (id, partition) in places {
            let Some(list) = lists.get_mut(id).filter(|list| anew.contains(list)) else {
                continue;
            };
            let population = |centroid: &i64| populations.get(centroid).copied().unwrap_or(0);
            let emptiest = near.get(partition).and_then(|near| {
                near.iter()
                    .copied()
                    .min_by_key(|centroid| (population(centroid), *centroid))
            });
            if let Some(emptiest) = emptiest.filter(|emptiest| population(emptiest) < population(list)) {
                *populations.entry(*list).or_insert(1) -= 1;
                *populations.entry(emptiest).or_insert(0) += 1;
                *list = emptiest;
            }
        }
        lists
    }
}

impl Version {
    fn complete(lists: BTreeMap<VectorId, i64>, size: Size) -> Self {
        let mut version = Self {
            lists,
            populations: BTreeMap::new(),
            building: None,
        };
        version.count(size);
        version
    }

    fn count(&mut self, size: Size) {
        self.populations = (1..=size.centroids()).map(|centroid| (centroid, 0)).collect();
        for &centroid in self.lists.values() {
            *self.populations.entry(centroid).or_insert(0) += 1;
        }
    }
}

/// The centroids near each partition, in order.
fn near(size: Size) -> BTreeMap<i64, Vec<i64>> {
    let mut near: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for centroid in 1..=size.centroids() {
        for partition in size.routes_of(centroid) {
            near.entry(partition).or_default().push(centroid);
        }
    }
    near
}
