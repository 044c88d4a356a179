//! New vectors sent to other partitions: the store's insert functions read the route.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, WriteRoute, WriteRouting};

use super::{Partition, damaged, refused};
use crate::host::PostgresHost;

impl WriteRouting for PostgresHost {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        self.read(collection, |session, collection| {
            route(&Partition::find(session, collection, partition)?.write_route)
        })
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        let (before, after) = (name(from)?, name(to)?);
        self.act(permit, |session, collection| {
            collection.hold_writers(session)?;
            let present = Partition::find(session, collection, partition)?.write_route;
            let what = || format!("routing the writes to partition {partition} {after}");
            if present == after {
                return Ok(());
            }
            if present != before {
                return Err(refused(what(), format!("they go {present}, not {before}")));
            }
            let others = session.query_one(
                "SELECT count(*) FROM ruvector.partitions
                 WHERE collection_id = $1 AND partition_id <> $2 AND write_route = 'here' AND NOT archived",
                &[&collection.id, &partition],
            )?;
            if to == WriteRoute::Elsewhere && others.get::<_, i64>(0) == 0 {
                return Err(refused(what(), "no other partition takes writes"));
            }
            session.execute(
                "UPDATE ruvector.partitions SET write_route = $3 WHERE collection_id = $1 AND partition_id = $2",
                &[&collection.id, &partition, &after],
            )?;
            Ok(())
        })
    }
}

fn name(route: WriteRoute) -> Result<&'static str, ActuatorError> {
    match route {
        WriteRoute::Here => Ok("here"),
        WriteRoute::Elsewhere => Ok("elsewhere"),
        WriteRoute::Closed => Ok("closed"),
        other => Err(refused(
            format!("routing writes {other:?}"),
            "the store has no such route",
        )),
    }
}

fn route(name: &str) -> Result<WriteRoute, ActuatorError> {
    match name {
        "here" => Ok(WriteRoute::Here),
        "elsewhere" => Ok(WriteRoute::Elsewhere),
        "closed" => Ok(WriteRoute::Closed),
        other => Err(damaged("a partition's write route", format!("it is {other}")).into()),
    }
}
