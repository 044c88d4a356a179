//! Replicas: how many, who reads from them, and their copies.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{
    ActuatorError, CopyNumber, LagBound, ReadRouting, ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas,
};

use super::{found, refused, still_to_set};
use crate::cluster::Cluster;

impl Replicas for Cluster {
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        Ok(self.reading(collection)?.replication.status())
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        let born = state.size.replicas();
        let replication = &mut state.replication;
        let what = format!("scaling to {to} replicas");
        let status = replication.status();
        if to > status.most || i64::from(to) < born {
            return Err(refused(&what, "a shard has two replicas at least and four at most"));
        }
        if still_to_set(&status.wanted, &from, &to, &what)? {
            replication.scale(to);
        }
        Ok(())
    }
}

impl ReadRouting for Cluster {
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        found(self.reading(collection)?.replication.bound(replica), "replica", replica)
    }

    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError> {
        let replication = &mut self.writing(permit)?.replication;
        let bound = found(replication.bound(replica), "replica", replica)?;
        if still_to_set(&bound, &from, &to, &format!("bounding the lag of replica {replica}"))? {
            replication.set_bound(replica, to);
        }
        Ok(())
    }
}

impl ReplicaCopies for Cluster {
    fn replica_copy(&self, collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError> {
        found(self.reading(collection)?.replication.copy(replica), "replica", replica)
    }

    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Result<(), ActuatorError> {
        let replication = &mut self.writing(permit)?.replication;
        let copy = found(replication.copy(replica), "replica", replica)?;
        if still_to_set(&copy.number, &from, &to, &format!("copying replica {replica} anew"))? {
            replication.resync(replica, to);
        }
        Ok(())
    }
}
