//! `rebalance_partitions`: moves load from hot partitions to cold ones (seed, "Built-in Strategies", 1).

mod config;
mod effects;
mod moves;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

pub use config::{InvalidRebalanceConfig, RebalanceConfig};

use self::effects::ExpectedRelief;
use self::moves::{Batch, Rebalance};
use crate::actuators::{ActuatorError, MoveProgress, Partitions, VectorId};
use crate::parameters;

/// How often vectors on their way are looked at.
const MOVE_POLL: Duration = Duration::from_secs(2);

/// Moves the vectors that cause most load from the hot partitions to the coldest ones, in batches, one batch a step.
///
/// As few vectors are moved as bring a hot partition down to the mean load, within the limits of its [`RebalanceConfig`]
/// and the parameter `max_moves` of an operator's order. Each step says what it should do to the hot partition's edges.
/// Vectors that clients delete meanwhile are no conflict; vectors that someone else moved elsewhere are.
#[derive(Clone)]
pub struct RebalancePartitions {
    partitions: Arc<dyn Partitions>,
    config: RebalanceConfig,
}

/// What a step does: the vectors' partition before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MoveVectors {
    vectors: Vec<VectorId>,
    before: i64,
    after: i64,
}

impl RebalancePartitions {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(partitions: Arc<dyn Partitions>) -> Self {
        Self {
            partitions,
            config: RebalanceConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidRebalanceConfig`] when a limit is out of range.
    pub fn with_config(self, config: RebalanceConfig) -> Result<Self, InvalidRebalanceConfig> {
        config.validate()?;
        Ok(Self { config, ..self })
    }

    /// Brings the step's vectors from one of its two partitions to the other.
    fn bring(
        &self,
        action: &MoveVectors,
        from: i64,
        to: i64,
        context: &StepContext<'_>,
    ) -> Result<StepReport, StepError> {
        let places = self
            .partitions
            .locate(context.collection(), &action.vectors)
            .map_err(actuator)?;
        // A vector that is nowhere was deleted by a client: nothing is left to move.
        let elsewhere: BTreeSet<i64> = places
            .iter()
            .flatten()
            .copied()
            .filter(|at| *at != from && *at != to)
            .collect();
        if let Some(found) = elsewhere.first() {
            return Err(StepError::Conflict {
                subject: format!("one of {} vectors", action.vectors.len()),
                expected: format!("in partition {} or {}", action.before, action.after),
                found: format!("in partition {found}"),
            });
        }
        if places.iter().flatten().next().is_none() {
            return Ok(StepReport::Done);
        }
        match self
            .partitions
            .move_vectors(&context.permit()?, &action.vectors, from, to)
            .map_err(actuator)?
        {
            MoveProgress::Complete => Ok(StepReport::Done),
            MoveProgress::UnderWay => Ok(StepReport::InProgress { poll_after: MOVE_POLL }),
        }
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::HotspotCongestion];

impl RemediationStrategy for RebalancePartitions {
    fn name(&self) -> &'static str {
        "rebalance_partitions"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.3)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::HotspotCongestion { partition_ids, .. } = &case.diagnosis.problem else {
            return Err(PlanError::WrongProblem {
                kind: case.diagnosis.problem.kind().to_string(),
            });
        };
        parameters::only(case.parameters, &["max_moves"])?;
        let max_moves = parameters::count(case.parameters, "max_moves", self.config.max_moves)?;
        let metrics = &case.observation.metrics.partitions;
        let mut rebalance =
            Rebalance::new(metrics, partition_ids, &self.config, max_moves).ok_or_else(|| PlanError::NothingToDo {
                reason: "no partition's load is measured".to_owned(),
            })?;
        for &hot in partition_ids {
            let limit = rebalance.movable_from(hot);
            let heaviest = self
                .partitions
                .heaviest_vectors(&case.observation.collection, hot, limit);
            rebalance.relieve(hot, &heaviest.map_err(|error| PlanError::Actuator(Box::new(error)))?);
        }
        let batches = rebalance.into_batches();
        if batches.is_empty() {
            let reason = "no vector can be moved off the hot partitions without making another as hot".to_owned();
            return Err(PlanError::NothingToDo { reason });
        }
        let mut relief = ExpectedRelief::new(case.observation);
        let steps = batches
            .iter()
            .map(|batch| step(batch, &mut relief))
            .collect::<Result<Vec<_>, _>>()?;
        let moved: usize = batches.iter().map(|batch| batch.vectors.len()).sum();
        let hot = partition_ids
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let summary = format!("move {moved} vectors off partition {hot} in {} batches", steps.len());
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary,
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: MoveVectors = step.action()?;
        self.bring(&action, action.before, action.after, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: MoveVectors = step.action()?;
        self.bring(&action, action.after, action.before, context)
    }
}

impl std::fmt::Debug for RebalancePartitions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RebalancePartitions")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn step(batch: &Batch, relief: &mut ExpectedRelief<'_>) -> Result<Step, PlanError> {
    let Batch {
        vectors,
        from,
        to,
        load,
    } = batch;
    let description = format!(
        "move {} vectors ({load:.0} requests a second) from partition {from} to {to}",
        vectors.len()
    );
    let action = MoveVectors {
        vectors: vectors.clone(),
        before: *from,
        after: *to,
    };
    let step = Step::new(description, &action)?.touching([NodeRef::partition(*from), NodeRef::partition(*to)]);
    Ok(step.expecting(relief.of_moving(*from, *load)))
}

fn actuator(error: ActuatorError) -> StepError {
    StepError::Actuator(Box::new(error))
}
