//! The actuators as a process reaches them.

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::FencingToken;
use healing_core::permit::Permit;
use healing_core::{CollectionId, Fence, HostError, Percent};
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, Indexes, Job, Jobs, LagBound, MoveProgress,
    Operation, Partitions, ReadRouting, ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas, Segment, Throttle, Tiers,
    VectorId, VectorLoad, WriteRoute, WriteRouting,
};
use mock_cluster::Cluster;

use super::act::{Act, Answer};
use super::event::ActuatorMishap;
use super::link::{Link, MadeUp};
use super::mishaps::CallFate;
use super::simulation::{Call, Simulation};

/// Every actuator of every cluster, through one process's link.
pub(super) struct Hands {
    pub(super) link: Arc<Link>,
}

impl Hands {
    fn read<T>(
        &self,
        collection: &CollectionId,
        read: impl FnOnce(&Cluster) -> Result<T, ActuatorError>,
    ) -> Result<T, ActuatorError> {
        let simulation = self.reach()?;
        if simulation.reading_fails() {
            return Err(failed(MadeUp::Actuator));
        }
        read(simulation.cluster(collection)?)
    }

    fn write(&self, permit: &Permit<'_>, act: Act) -> Result<Answer, ActuatorError> {
        let simulation = self.reach()?;
        let call = Call {
            by: self.link.pid,
            remediation: permit.remediation().clone(),
            token: permit.token(),
            act,
        };
        match simulation.call_fate() {
            CallFate::Ordinary => simulation.receive(&call, false),
            CallFate::Dies { done, down } => {
                if done {
                    // The one who made the call does not live to see the answer.
                    let _ = simulation.receive(&call, false);
                }
                self.link.die(down);
                Err(failed(MadeUp::Dead))
            }
            CallFate::Mishap(ActuatorMishap::Panics) => MadeUp::Actuator.panic(),
            CallFate::Mishap(ActuatorMishap::Hangs(seconds)) => {
                let hanging = Duration::from_secs(seconds.into());
                self.link.withhold(hanging);
                simulation.receive_later(hanging, call);
                Err(failed(MadeUp::Hanging))
            }
            CallFate::Mishap(ActuatorMishap::DoesHalf) => {
                if let Some(half) = call.act.half() {
                    simulation.about_to_touch(&call);
                    simulation.receive(&Call { act: half, ..call }, false)?;
                }
                Err(failed(MadeUp::Actuator))
            }
            CallFate::Mishap(ActuatorMishap::Unacknowledged) => {
                simulation.receive(&call, false)?;
                Err(failed(MadeUp::Actuator))
            }
            CallFate::Mishap(ActuatorMishap::Lies) => {
                simulation.lie(&call);
                Ok(call.act.claimed())
            }
            CallFate::Mishap(_) => Err(failed(MadeUp::Actuator)),
        }
    }

    fn set(&self, permit: &Permit<'_>, act: Act) -> Result<(), ActuatorError> {
        self.write(permit, act).map(|_done| ())
    }

    fn reach(&self) -> Result<Arc<Simulation>, ActuatorError> {
        self.link.reaches_world().map_err(failed)?;
        self.link.simulation().map_err(failed)
    }
}

fn failed(error: MadeUp) -> ActuatorError {
    ActuatorError::Host(error.boxed())
}

impl Fence for Hands {
    fn raise(&self, collection: &CollectionId, token: FencingToken) -> Result<(), HostError> {
        let simulation = self.reach()?;
        if simulation.reading_fails() {
            return Err(MadeUp::Actuator.boxed());
        }
        simulation.cluster(collection)?.raise(collection, token)
    }
}

impl Partitions for Hands {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        self.read(collection, |cluster| {
            cluster.heaviest_vectors(collection, partition, limit)
        })
    }

    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        self.read(collection, |cluster| cluster.locate(collection, vectors))
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let vectors = vectors.to_vec();
        match self.write(permit, Act::MoveVectors { vectors, from, to })? {
            Answer::Moved(progress) => Ok(progress),
            _ => Ok(MoveProgress::UnderWay),
        }
    }
}

impl WriteRouting for Hands {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        self.read(collection, |cluster| cluster.write_route(collection, partition))
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        self.set(permit, Act::RouteWrites { partition, from, to })
    }
}

impl Centroids for Hands {
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.read(collection, |cluster| cluster.served(collection))
    }

    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.read(collection, |cluster| cluster.newest(collection))
    }

    fn is_complete(&self, collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        self.read(collection, |cluster| cluster.is_complete(collection, version))
    }

    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, centroids: &[i64]) -> Result<(), ActuatorError> {
        let centroids = centroids.to_vec();
        self.set(permit, Act::Rebuild { version, centroids })
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError> {
        self.set(permit, Act::Switch { from, to })
    }

    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Result<(), ActuatorError> {
        self.set(permit, Act::Discard { version })
    }
}

impl Jobs for Hands {
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        self.read(collection, |cluster| cluster.jobs(collection))
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        self.set(permit, Act::Pause { job })
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        self.set(permit, Act::Resume { job })
    }
}

impl Throttle for Hands {
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        self.read(collection, |cluster| cluster.throttle(collection, operation))
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError> {
        self.set(permit, Act::SetThrottle { operation, share })
    }
}

impl Tiers for Hands {
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        self.read(collection, |cluster| cluster.segments(collection))
    }

    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError> {
        self.read(collection, |cluster| cluster.memory_bytes(collection))
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.set(permit, Act::Evict { segment })
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        self.set(permit, Act::Reload { segment })
    }
}

impl Indexes for Hands {
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        self.read(collection, |cluster| cluster.fragmentation(collection, index))
    }

    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError> {
        match self.write(permit, Act::Compact { index, slice })? {
            Answer::Left(left) => Ok(left),
            _ => Ok(Percent::ZERO),
        }
    }
}

impl Replicas for Hands {
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        self.read(collection, |cluster| cluster.replicas(collection))
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError> {
        self.set(permit, Act::Scale { from, to })
    }
}

impl ReadRouting for Hands {
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        self.read(collection, |cluster| cluster.lag_bound(collection, replica))
    }

    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError> {
        self.set(permit, Act::BoundLag { replica, from, to })
    }
}

impl ReplicaCopies for Hands {
    fn replica_copy(&self, collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError> {
        self.read(collection, |cluster| cluster.replica_copy(collection, replica))
    }

    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Result<(), ActuatorError> {
        self.set(permit, Act::Resync { replica, from, to })
    }
}
