//! The fence: an effect and the check of its right to be made are one transaction.
//!
//! The transaction holds the lease's row `FOR KEY SHARE`. A renewal, which leaves the token alone, does not wait for that
//! lock; the next lease, which changes the token, does: it is given once every effect under the one before has ended. A
//! transaction that comes later finds the new token and is refused. So no effect of an old healer is ever made after the
//! first of a new one, however late its calls are.

use std::time::Duration;

use healing_core::CollectionId;
use healing_core::identity::FencingToken;
use healing_core::permit::Permit;
use healing_strategies::actuators::ActuatorError;

use crate::database::Session;
use crate::error::PostgresError;
use crate::host::{Collection, PostgresHost, not_found};

/// How often what two transactions did to each other is tried again.
const ATTEMPTS: u32 = 5;

impl PostgresHost {
    /// Makes an effect in one transaction, if the permit's token is that of the newest lease and its deadline has not passed.
    /// Where another transaction is in the way `work` is done again.
    pub(crate) fn act<T>(
        &self,
        permit: &Permit<'_>,
        mut work: impl FnMut(&mut Session<'_>, &Collection) -> Result<T, ActuatorError>,
    ) -> Result<T, ActuatorError> {
        let mut attempt = 1;
        loop {
            let result = self.database.transaction(|session| {
                let left = self.time_left(permit)?;
                session.execute(
                    "SELECT set_config('statement_timeout', $1, true)",
                    &[&left.as_millis().to_string()],
                )?;
                hold_lease(session, permit.collection(), permit.token())?;
                let collection = permit.collection();
                let collection = Collection::named(session, collection)?.ok_or_else(|| not_found(collection))?;
                work(session, &collection)
            });
            match result {
                Err(ActuatorError::Host(error)) if attempt < ATTEMPTS && is_transient(&*error) => attempt += 1,
                other => return other,
            }
        }
    }

    /// What is left of the time that the permit gives, at least a millisecond.
    pub(crate) fn time_left(&self, permit: &Permit<'_>) -> Result<Duration, ActuatorError> {
        let left = permit.deadline().duration_since(self.clock.now());
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => Ok(left.clamp(Duration::from_millis(1), LONGEST)),
            _ => Err(ActuatorError::Refused {
                what: format!("a call for {}", permit.remediation()),
                reason: format!("it had to end at {}", permit.deadline()),
            }),
        }
    }
}

/// The server's longest timeout, about.
const LONGEST: Duration = Duration::from_secs(24 * 24 * 3600);

/// Keeps the lease from passing on until the end of the transaction.
pub(crate) fn hold_lease(
    session: &mut Session<'_>,
    collection: &CollectionId,
    token: FencingToken,
) -> Result<(), ActuatorError> {
    let row = session.query_opt(
        "SELECT token FROM ruvector.healing_leases WHERE collection = $1 FOR KEY SHARE",
        &[&collection.as_str()],
    )?;
    let newest = row.map_or(0, |row| row.get::<_, i64>(0));
    let newest = FencingToken::new(u64::try_from(newest).unwrap_or(u64::MAX));
    if token < newest {
        Err(ActuatorError::Fenced { token, newest })
    } else if token > newest {
        Err(ActuatorError::Refused {
            what: format!("a call under token {token}"),
            reason: format!("the newest lease on {collection} has token {newest}"),
        })
    } else {
        Ok(())
    }
}

fn is_transient(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error
        .downcast_ref::<PostgresError>()
        .is_some_and(PostgresError::is_transient)
}
