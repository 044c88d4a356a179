//! Compacting indexes, and rebuilding centroids.

use healing_core::permit::Permit;
use healing_core::{CollectionId, Percent};
use healing_strategies::actuators::{ActuatorError, CentroidVersion, Centroids, CompactionSlice, Indexes};

use super::{found, refused, still_to_set};
use crate::cluster::Cluster;

impl Indexes for Cluster {
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        let share = self.reading(collection)?.indexes.fragmentation_of(index);
        found(share, "index", index).map(Percent::clamped)
    }

    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError> {
        let left = self.writing(permit)?.indexes.compact(index, slice.entries);
        found(left, "index", index).map(Percent::clamped)
    }
}

impl Centroids for Cluster {
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        Ok(self.reading(collection)?.centroids.served())
    }

    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        Ok(self.reading(collection)?.centroids.newest())
    }

    fn is_complete(&self, collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        Ok(self.reading(collection)?.centroids.is_complete(version))
    }

    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, centroids: &[i64]) -> Result<(), ActuatorError> {
        self.writing(permit)?.centroids.build(version, centroids);
        Ok(())
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError> {
        let centroids = &mut self.writing(permit)?.centroids;
        let what = format!("serving version {to}");
        if still_to_set(&centroids.served(), &from, &to, &what)? {
            if centroids.is_complete(to) != Some(true) {
                return Err(refused(&what, "it is not complete"));
            }
            centroids.serve(to);
        }
        Ok(())
    }

    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Result<(), ActuatorError> {
        if self.writing(permit)?.centroids.discard(version) {
            Ok(())
        } else {
            Err(refused(&format!("discarding version {version}"), "it is served"))
        }
    }
}
