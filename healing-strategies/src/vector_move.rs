//! A batch of vectors that a step moves: from one partition to another, and back.

use std::collections::BTreeSet;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::strategy::{StepError, StepReport};
use serde::{Deserialize, Serialize};

use crate::actuators::{MoveProgress, Partitions, VectorId};
use crate::change::Change;
use crate::errors::{failed, not_seen};

/// How often vectors on their way are looked at.
const MOVE_POLL: Duration = Duration::from_secs(2);

/// The vectors' partition before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VectorMove {
    pub(crate) vectors: Vec<VectorId>,
    #[serde(flatten)]
    pub(crate) partition: Change<i64>,
}

impl VectorMove {
    pub(crate) fn reversed(self) -> Self {
        Self {
            partition: self.partition.reversed(),
            ..self
        }
    }

    /// Whether a vector is still where it was before.
    ///
    /// A vector that is nowhere was deleted by a client: nothing is left to move.
    pub(crate) fn is_still_to_begin(
        &self,
        partitions: &dyn Partitions,
        context: &StepContext<'_>,
    ) -> Result<bool, StepError> {
        let places = partitions.locate(context.collection(), &self.vectors).map_err(failed)?;
        let places: BTreeSet<i64> = places.into_iter().flatten().collect();
        let Change { before, after } = self.partition;
        if let Some(found) = places.iter().find(|&&at| at != before && at != after) {
            return Err(StepError::Conflict {
                subject: format!("one of {} vectors", self.vectors.len()),
                expected: format!("in partition {before} or {after}"),
                found: format!("in partition {found}"),
            });
        }
        Ok(places.contains(&before))
    }

    /// Brings the vectors to where they shall be, or goes on with it.
    pub(crate) fn bring(
        &self,
        partitions: &dyn Partitions,
        context: &StepContext<'_>,
    ) -> Result<StepReport, StepError> {
        let Change { before, after } = self.partition;
        match partitions
            .move_vectors(&context.permit()?, &self.vectors, before, after)
            .map_err(failed)?
        {
            MoveProgress::Complete if self.is_still_to_begin(partitions, context)? => {
                let subject = format!("the place of {} vectors", self.vectors.len());
                Err(not_seen(&subject, &after, &before))
            }
            MoveProgress::Complete => Ok(StepReport::Done),
            MoveProgress::UnderWay => Ok(StepReport::InProgress { poll_after: MOVE_POLL }),
        }
    }
}
