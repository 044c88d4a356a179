//! What the strategies may do to the store, one file a domain.
//!
//! [`Replicas`](healing_strategies::actuators::Replicas) and
//! [`ReplicaCopies`](healing_strategies::actuators::ReplicaCopies) are not here: SQL cannot set up a standby or copy it anew.

mod centroids;
mod indexes;
mod jobs;
mod partitions;
mod read_routing;
mod throttle;
mod tiers;
mod write_routing;

pub(crate) use indexes::{Rebuilding, measure};
pub(crate) use jobs::{job_priority, job_state};

use healing_strategies::actuators::ActuatorError;

use crate::database::Session;
use crate::error::PostgresError;
use crate::host::Collection;

/// What is known of a partition beside its vectors.
struct Partition {
    write_route: String,
    pinned: bool,
    archived: bool,
}

impl Partition {
    fn find(session: &mut Session<'_>, collection: &Collection, partition: i64) -> Result<Self, ActuatorError> {
        let row = session.query_opt(
            "SELECT write_route, pinned, archived FROM ruvector.partitions WHERE collection_id = $1 AND partition_id = $2",
            &[&collection.id, &partition],
        )?;
        let row = row.ok_or_else(|| ActuatorError::NotFound {
            what: format!("partition {partition}"),
        })?;
        Ok(Self {
            write_route: row.get(0),
            pinned: row.get(1),
            archived: row.get(2),
        })
    }
}

fn refused(what: impl Into<String>, reason: impl Into<String>) -> ActuatorError {
    ActuatorError::Refused {
        what: what.into(),
        reason: reason.into(),
    }
}

fn damaged(what: impl Into<String>, why: impl Into<String>) -> PostgresError {
    PostgresError::Damaged {
        what: what.into(),
        why: why.into(),
    }
}
