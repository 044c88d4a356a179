//! Inserts held back: the store's insert functions read the share.

use healing_core::permit::Permit;
use healing_core::{CollectionId, Percent};
use healing_strategies::actuators::{ActuatorError, Operation, Throttle};

use super::{damaged, refused};
use crate::host::PostgresHost;

impl Throttle for PostgresHost {
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        let name = name(operation)?;
        self.read(collection, |session, collection| {
            let row = session.query_opt(
                "SELECT held_back FROM ruvector.throttles WHERE collection_id = $1 AND operation = $2",
                &[&collection.id, &name],
            )?;
            let share = Percent::new(row.map_or(0.0, |row| row.get(0)));
            Ok(share.map_err(|error| damaged(format!("the throttle of {name}"), error.to_string()))?)
        })
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError> {
        let name = name(operation)?;
        self.act(permit, |session, collection| {
            session.execute(
                "INSERT INTO ruvector.throttles (collection_id, operation, held_back) VALUES ($1, $2, $3)
                 ON CONFLICT (collection_id, operation) DO UPDATE SET held_back = excluded.held_back",
                &[&collection.id, &name, &share.get()],
            )?;
            Ok(())
        })
    }
}

fn name(operation: Operation) -> Result<&'static str, ActuatorError> {
    match operation {
        Operation::Insert => Ok("insert"),
        Operation::BulkInsert => Ok("bulk_insert"),
        other => Err(refused(
            format!("throttling {other:?}"),
            "the store has no such operation",
        )),
    }
}
