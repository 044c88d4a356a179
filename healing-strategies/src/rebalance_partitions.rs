//! `rebalance_partitions`: moves load from hot partitions to cold ones (seed, "Built-in Strategies", 1).

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::Partitions;
use crate::change::Change;
use crate::config::InvalidConfig;
use crate::errors::{nothing_to_do, unreadable};
use crate::handle::Handle;
use crate::moves::{Batch, MoveLimits, Rebalance};
use crate::parameters;
use crate::relieved_loads::RelievedLoads;
use crate::vector_move::VectorMove;

/// Moves the vectors that cause most load from the hot partitions to the coldest ones, in batches, one batch a step.
///
/// As few vectors are moved as bring a hot partition down to the mean load, within the limits of its [`RebalanceConfig`]
/// and the parameter `max_moves` of an operator's order. Each step says what it should do to the hot partition's edges.
/// Vectors that clients delete meanwhile are no conflict; vectors that someone else moved elsewhere are.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{MemoryHost, RebalanceConfig, RebalancePartitions};
///
/// let config = RebalanceConfig { batch: 50, ..RebalanceConfig::default() };
/// let strategy = RebalancePartitions::new(Arc::new(MemoryHost::default())).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert!(strategy.reversible());
/// assert!(strategy.with_config(RebalanceConfig { batch: 0, ..config }).is_err());
/// # Ok::<(), healing_strategies::InvalidConfig>(())
/// ```
#[derive(Debug, Clone)]
pub struct RebalancePartitions {
    partitions: Handle<dyn Partitions>,
    config: RebalanceConfig,
}

/// The limits of one rebalance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RebalanceConfig {
    /// Vectors moved at most, over all steps. 10,000; at least 1.
    pub max_moves: usize,
    /// Vectors moved at most in one step. 200; at least 1.
    pub batch: usize,
    /// The share of a partition's vectors that may be moved off it: the blast radius. 0.5.
    pub max_share_of_partition: Ratio,
    /// A partition whose load is within this share above the mean is well. 0.1.
    pub tolerance: Ratio,
}

impl Default for RebalanceConfig {
    fn default() -> Self {
        Self {
            max_moves: 10_000,
            batch: 200,
            max_share_of_partition: Ratio::literal(0.5),
            tolerance: Ratio::literal(0.1),
        }
    }
}

impl RebalanceConfig {
    fn limits(&self) -> MoveLimits {
        let Self {
            max_moves,
            batch,
            max_share_of_partition,
            tolerance,
        } = *self;
        MoveLimits {
            max_moves,
            batch,
            max_share_of_partition,
            tolerance,
        }
    }
}

impl RebalancePartitions {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(partitions: Arc<dyn Partitions>) -> Self {
        Self {
            partitions: partitions.into(),
            config: RebalanceConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: RebalanceConfig) -> Result<Self, InvalidConfig> {
        config.limits().validate()?;
        Ok(Self { config, ..self })
    }

    fn bring(&self, vectors: &VectorMove, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        vectors.is_still_to_begin(&*self.partitions, context)?;
        vectors.bring(&*self.partitions, context)
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
            return Err(case.wrong_problem());
        };
        case.check_parameters(&["max_moves"])?;
        let limits = self.config.limits();
        let max_moves = parameters::count(case.parameters, "max_moves", limits.max_moves)?;
        let metrics = &case.observation.metrics.partitions;
        let mut rebalance = Rebalance::new(metrics, partition_ids, MoveLimits { max_moves, ..limits })
            .ok_or_else(|| nothing_to_do("no partition's load is measured"))?;
        for &hot in partition_ids {
            let limit = rebalance.movable_from(hot);
            let collection = &case.observation.collection;
            let heaviest = self.partitions.heaviest_vectors(collection, hot, limit);
            rebalance.relieve(hot, &heaviest.map_err(unreadable)?);
        }
        let batches = rebalance.into_batches();
        if batches.is_empty() {
            return Err(nothing_to_do(
                "no vector can be moved off the hot partitions without making another as hot",
            ));
        }
        let mut relief = RelievedLoads::new(case.observation);
        let moved: usize = batches.iter().map(|batch| batch.vectors.len()).sum();
        let steps = batches.into_iter().map(|batch| step(batch, &mut relief));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
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
        self.bring(&step.action()?, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.bring(&step.action::<VectorMove>()?.reversed(), context)
    }
}

fn step(batch: Batch, relief: &mut RelievedLoads<'_>) -> Result<Step, PlanError> {
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
    let partition = Change {
        before: from,
        after: to,
    };
    let moved = vectors.len() as u64;
    let step = Step::new(description, &VectorMove { vectors, partition })?;
    let step = step.touching([NodeRef::partition(from), NodeRef::partition(to)]);
    Ok(step.moving(moved).expecting(relief.of_taking(from, load)))
}
