//! Standbys that are too far behind to be read from: the store's `read_sources` leaves them out.

use healing_core::CollectionId;
use healing_core::permit::Permit;
use healing_strategies::actuators::{ActuatorError, LagBound, ReadRouting};

use super::{damaged, refused};
use crate::database::Session;
use crate::host::{Collection, PostgresHost};

impl ReadRouting for PostgresHost {
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        self.read(collection, |session, collection| bound(session, collection, replica))
    }

    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError> {
        self.act(permit, |session, collection| {
            let present = bound(session, collection, replica)?;
            if present == to {
                return Ok(());
            }
            if present != from {
                let found = present.map_or_else(|| "none".to_owned(), |bound| bound.to_string());
                return Err(refused(
                    format!("a lag bound for replica {replica}"),
                    format!("it is {found} now"),
                ));
            }
            let milliseconds = to.map(|bound| i64::try_from(bound.get().as_millis()).unwrap_or(i64::MAX));
            match milliseconds {
                None => session.execute(
                    "DELETE FROM ruvector.lag_bounds WHERE collection_id = $1 AND replica_id = $2",
                    &[&collection.id, &replica],
                )?,
                Some(milliseconds) => session.execute(
                    "INSERT INTO ruvector.lag_bounds (collection_id, replica_id, milliseconds) VALUES ($1, $2, $3)
                     ON CONFLICT (collection_id, replica_id) DO UPDATE SET milliseconds = excluded.milliseconds",
                    &[&collection.id, &replica, &milliseconds],
                )?,
            };
            Ok(())
        })
    }
}

/// The bound of a replica, whose row is held.
fn bound(session: &mut Session<'_>, collection: &Collection, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
    let known = session.query_opt("SELECT FROM ruvector.replicas WHERE id = $1 FOR UPDATE", &[&replica])?;
    if known.is_none() {
        return Err(ActuatorError::NotFound {
            what: format!("replica {replica}"),
        });
    }
    let row = session.query_opt(
        "SELECT milliseconds FROM ruvector.lag_bounds WHERE collection_id = $1 AND replica_id = $2",
        &[&collection.id, &replica],
    )?;
    let Some(row) = row else { return Ok(None) };
    let milliseconds =
        u64::try_from(row.get::<_, i64>(0)).map_err(|error| damaged("a lag bound", error.to_string()))?;
    Ok(Some(LagBound::from_millis(milliseconds)))
}
