//! An actuator whose writing calls go wrong on order.

use healing_core::permit::Permit;
use healing_core::testkit::Faults;
use healing_core::{CollectionId, Percent};

use crate::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, Indexes, Job, Jobs, LagBound, MoveProgress,
    Operation, Partitions, ReadRouting, ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas, Segment, Throttle, Tiers,
    VectorId, VectorLoad, WriteRoute, WriteRouting,
};

/// An actuator whose writing calls go wrong as its [`Faults`] are ordered; what reads goes well. It is every actuator that
/// `A` is.
///
/// ```
/// use healing_core::testkit::{CallFault, Faults};
/// use healing_strategies::MemoryHost;
/// use healing_strategies::testkit::FaultyActuator;
///
/// let faults = Faults::default();
/// let host = FaultyActuator::new(MemoryHost::default(), faults.clone());
/// faults.strike(3, CallFault::LosesItsAnswer); // the fourth writing call is done, and reported as failed
/// # let _ = host;
/// ```
#[derive(Debug, Clone)]
pub struct FaultyActuator<A> {
    actuator: A,
    faults: Faults,
}

impl<A> FaultyActuator<A> {
    /// The actuator with these faults.
    #[must_use]
    pub fn new(actuator: A, faults: Faults) -> Self {
        Self { actuator, faults }
    }

    fn set(&self, call: impl FnOnce(&A) -> Result<(), ActuatorError>) -> Result<(), ActuatorError> {
        self.faults
            .call(|| call(&self.actuator), || Some(()), ActuatorError::Host)
    }
}

impl<A: Partitions> Partitions for FaultyActuator<A> {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        self.actuator.heaviest_vectors(collection, partition, limit)
    }

    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        self.actuator.locate(collection, vectors)
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let call = || self.actuator.move_vectors(permit, vectors, from, to);
        self.faults
            .call(call, || Some(MoveProgress::Complete), ActuatorError::Host)
    }
}

impl<A: WriteRouting> WriteRouting for FaultyActuator<A> {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        self.actuator.write_route(collection, partition)
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.route_writes(permit, partition, from, to))
    }
}

impl<A: Jobs> Jobs for FaultyActuator<A> {
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        self.actuator.jobs(collection)
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.pause(permit, job))
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.resume(permit, job))
    }
}

impl<A: Throttle> Throttle for FaultyActuator<A> {
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        self.actuator.throttle(collection, operation)
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.set_throttle(permit, operation, share))
    }
}

impl<A: Tiers> Tiers for FaultyActuator<A> {
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        self.actuator.segments(collection)
    }

    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError> {
        self.actuator.memory_bytes(collection)
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.evict(permit, segment))
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.reload(permit, segment))
    }
}

impl<A: Indexes> Indexes for FaultyActuator<A> {
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        self.actuator.fragmentation(collection, index)
    }

    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError> {
        let call = || self.actuator.compact(permit, index, slice);
        self.faults.call(call, || Some(Percent::ZERO), ActuatorError::Host)
    }
}

impl<A: Replicas> Replicas for FaultyActuator<A> {
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        self.actuator.replicas(collection)
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.scale(permit, from, to))
    }
}

impl<A: ReadRouting> ReadRouting for FaultyActuator<A> {
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        self.actuator.lag_bound(collection, replica)
    }

    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.set_lag_bound(permit, replica, from, to))
    }
}

impl<A: ReplicaCopies> ReplicaCopies for FaultyActuator<A> {
    fn replica_copy(&self, collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError> {
        self.actuator.replica_copy(collection, replica)
    }

    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.resync(permit, replica, from, to))
    }
}

impl<A: Centroids> Centroids for FaultyActuator<A> {
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.actuator.served(collection)
    }

    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.actuator.newest(collection)
    }

    fn is_complete(&self, collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        self.actuator.is_complete(collection, version)
    }

    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, centroids: &[i64]) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.rebuild(permit, version, centroids))
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.switch(permit, from, to))
    }

    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Result<(), ActuatorError> {
        self.set(|actuator| actuator.discard(permit, version))
    }
}
