//! Holding writes back, and moving segments between memory and the cold tier.

use healing_core::permit::Permit;
use healing_core::{CollectionId, Percent};
use healing_strategies::actuators::{ActuatorError, Operation, Segment, Throttle, Tier, Tiers};

use super::{found, refused};
use crate::cluster::Cluster;

impl Throttle for Cluster {
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        Ok(self.reading(collection)?.ingestion.throttle(operation))
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError> {
        self.writing(permit)?.ingestion.set_throttle(operation, share);
        Ok(())
    }
}

impl Tiers for Cluster {
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        Ok(self.reading(collection)?.memory.segments().collect())
    }

    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError> {
        self.reading(collection).map(|state| state.memory.bytes())
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        let sent = self.writing(permit)?.memory.send(segment, Tier::Cold);
        found(sent.then_some(()), "segment", segment)
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        let memory = &mut self.writing(permit)?.memory;
        if memory.used() >= 1.0 && memory.segments().any(|it| it.id == segment && it.tier == Tier::Cold) {
            return Err(refused(&format!("loading segment {segment}"), "memory is full"));
        }
        found(memory.send(segment, Tier::Hot).then_some(()), "segment", segment)
    }
}
