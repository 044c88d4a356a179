//! What strategies may do to the cluster. A call with an older fencing token than one seen before is refused.

mod indexing;
mod jobs;
mod partitions;
mod replication;
mod writes;

use healing_core::CollectionId;
use healing_core::identity::FencingToken;
use healing_core::permit::Permit;
use healing_strategies::actuators::ActuatorError;
use parking_lot::MutexGuard;

use crate::cluster::Cluster;
use crate::state::State;

impl Cluster {
    /// The state, for a call that reads.
    fn reading(&self, collection: &CollectionId) -> Result<MutexGuard<'_, State>, ActuatorError> {
        if collection == self.collection() {
            Ok(self.state())
        } else {
            Err(ActuatorError::NotFound {
                what: format!("the collection {collection}"),
            })
        }
    }

    /// The state, for a call that writes: the token is checked where the effect takes place.
    pub(crate) fn writing(&self, permit: &Permit<'_>) -> Result<MutexGuard<'_, State>, ActuatorError> {
        let mut state = self.reading(permit.collection())?;
        let (token, newest) = (permit.token(), FencingToken::new(state.newest_token));
        if token < newest {
            return Err(ActuatorError::Fenced { token, newest });
        }
        state.newest_token = token.get();
        state.observed = None;
        Ok(state)
    }
}

/// What was looked for, or the error that it does not exist.
fn found<T>(found: Option<T>, what: &str, id: i64) -> Result<T, ActuatorError> {
    found.ok_or_else(|| ActuatorError::NotFound {
        what: format!("{what} {id}"),
    })
}

/// Whether a value that is to change from one to another still has to; refused where it is neither.
fn still_to_set<T: PartialEq>(found: &T, from: &T, to: &T, what: &str) -> Result<bool, ActuatorError> {
    if found == to {
        Ok(false)
    } else if found == from {
        Ok(true)
    } else {
        Err(refused(what, "someone else changed it"))
    }
}

fn refused(what: &str, reason: &str) -> ActuatorError {
    ActuatorError::Refused {
        what: what.to_owned(),
        reason: reason.to_owned(),
    }
}
