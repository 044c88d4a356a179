//! `drain_hot_partition`: empties the hottest partition of what makes it hot, with new writes kept off meanwhile (seed,
//! "Strategy Registry", named but not described).

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{Partitions, WriteRoute, WriteRouting};
use crate::change::{Change, Standing};
use crate::config::InvalidConfig;
use crate::errors::{failed, not_seen, nothing_to_do, unreadable};
use crate::handle::Handle;
use crate::moves::{Batch, MoveLimits, Rebalance};
use crate::parameters;
use crate::relieved_loads::RelievedLoads;
use crate::vector_move::VectorMove;

/// Moves so much off the hottest partition that it is as cool as the mean, and keeps new writes off it while it does.
///
/// Each step routes new writes elsewhere, moves a batch, and restores the route once the batch has arrived: after
/// every step the route is what it was, so the engine may stop after any. It goes further than
/// [`RebalancePartitions`](crate::RebalancePartitions) (most of the partition may leave, in large batches), and for a
/// partition that is hot because of its writes it works where moving alone is overtaken by them.
///
/// Where the route is neither what it was when the plan was made nor `elsewhere`, somebody closed or opened the partition:
/// the step answers with a conflict and leaves route and vectors alone.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{DrainConfig, DrainHotPartition, MemoryHost};
///
/// let host = Arc::new(MemoryHost::default());
/// let config = DrainConfig { batch: 2000, ..DrainConfig::default() };
/// let strategy = DrainHotPartition::new(host.clone(), host).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert_eq!(strategy.name(), "drain_hot_partition");
/// # Ok::<(), healing_strategies::InvalidConfig>(())
/// ```
#[derive(Debug, Clone)]
pub struct DrainHotPartition {
    partitions: Handle<dyn Partitions>,
    routing: Handle<dyn WriteRouting>,
    config: DrainConfig,
}

/// The limits of one drain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrainConfig {
    /// Vectors moved at most, over all steps. 10,000; at least 1.
    pub max_moves: usize,
    /// Vectors moved at most in one step. 1,000; at least 1.
    pub batch: usize,
    /// The share of the partition's vectors that may be moved off it: the blast radius. 0.9.
    pub max_share_of_partition: Ratio,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self {
            max_moves: 10_000,
            batch: 1000,
            max_share_of_partition: Ratio::literal(0.9),
        }
    }
}

impl DrainConfig {
    fn limits(&self) -> MoveLimits {
        MoveLimits {
            max_moves: self.max_moves,
            batch: self.batch,
            max_share_of_partition: self.max_share_of_partition,
            tolerance: Ratio::ZERO,
        }
    }
}

/// What a step does: the route of new writes before and while it moves, and the move.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DrainBatch {
    route: Change<WriteRoute>,
    /// The partition whose writes are routed elsewhere.
    drained: i64,
    #[serde(flatten)]
    vectors: VectorMove,
}

impl DrainHotPartition {
    /// The strategy on these actuators.
    #[must_use]
    pub fn new(partitions: Arc<dyn Partitions>, routing: Arc<dyn WriteRouting>) -> Self {
        Self {
            partitions: partitions.into(),
            routing: routing.into(),
            config: DrainConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: DrainConfig) -> Result<Self, InvalidConfig> {
        config.limits().validate()?;
        Ok(Self { config, ..self })
    }

    /// Routes writes elsewhere, brings the vectors to their place, and restores the route.
    fn drain(&self, step: &DrainBatch, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let diverted = self.standing(step, context)?;
        let to_begin = step.vectors.is_still_to_begin(&*self.partitions, context)?;
        if to_begin && diverted == Standing::Before {
            self.route(step, step.route, context)?;
        }
        match step.vectors.bring(&*self.partitions, context)? {
            StepReport::Done => self.restore(step, context),
            under_way @ StepReport::InProgress { .. } => Ok(under_way),
        }
    }

    /// Brings the vectors back, and restores the route.
    fn take_back(&self, step: &DrainBatch, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.standing(step, context)?;
        let back = step.vectors.clone().reversed();
        back.is_still_to_begin(&*self.partitions, context)?;
        match back.bring(&*self.partitions, context)? {
            StepReport::Done => self.restore(step, context),
            under_way @ StepReport::InProgress { .. } => Ok(under_way),
        }
    }

    fn restore(&self, step: &DrainBatch, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        // A partition that was drained by somebody's order before the plan was made stays so.
        if step.route.before != step.route.after && self.standing(step, context)? == Standing::After {
            self.route(step, step.route.reversed(), context)?;
            if self.standing(step, context)? == Standing::After {
                let subject = format!("the route of writes to partition {}", step.drained);
                return Err(not_seen(&subject, &step.route.before, &step.route.after));
            }
        }
        Ok(StepReport::Done)
    }

    fn standing(&self, step: &DrainBatch, context: &StepContext<'_>) -> Result<Standing, StepError> {
        let route = self
            .routing
            .write_route(context.collection(), step.drained)
            .map_err(failed)?;
        step.route
            .standing(route, || format!("the route of writes to partition {}", step.drained))
    }

    fn route(&self, step: &DrainBatch, change: Change<WriteRoute>, context: &StepContext<'_>) -> Result<(), StepError> {
        let permit = context.permit()?;
        self.routing
            .route_writes(&permit, step.drained, change.before, change.after)
            .map_err(failed)
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::HotspotCongestion];

impl RemediationStrategy for DrainHotPartition {
    fn name(&self) -> &'static str {
        "drain_hot_partition"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.45)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(120)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::HotspotCongestion { partition_ids, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&["max_moves"])?;
        let max_moves = parameters::count(case.parameters, "max_moves", self.config.max_moves)?;
        let limits = MoveLimits {
            max_moves,
            ..self.config.limits()
        };
        let &hot = partition_ids
            .first()
            .ok_or_else(|| nothing_to_do("the diagnosis names no partition"))?;
        let collection = &case.observation.collection;
        let before = self.routing.write_route(collection, hot).map_err(unreadable)?;
        if before == WriteRoute::Closed {
            return Err(nothing_to_do(format!("partition {hot} is closed to writes by order")));
        }
        let metrics = &case.observation.metrics.partitions;
        let mut moves = Rebalance::new(metrics, partition_ids, limits)
            .ok_or_else(|| nothing_to_do("no partition's load is measured"))?;
        let heaviest = self
            .partitions
            .heaviest_vectors(collection, hot, moves.movable_from(hot));
        moves.relieve(hot, &heaviest.map_err(unreadable)?);
        let batches = moves.into_batches();
        if batches.is_empty() {
            let reason = format!("no vector can be moved off partition {hot} without making another as hot");
            return Err(nothing_to_do(reason));
        }
        let moved: usize = batches.iter().map(|batch| batch.vectors.len()).sum();
        let mut relief = RelievedLoads::new(case.observation);
        let steps = batches
            .into_iter()
            .map(|batch| step(batch, before, &mut relief))
            .collect::<Result<Vec<_>, _>>()?;
        let summary = format!("keep new writes off partition {hot} and move {moved} vectors off it");
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary,
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.drain(&step.action()?, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.take_back(&step.action()?, context)
    }
}

fn step(batch: Batch, route: WriteRoute, relief: &mut RelievedLoads<'_>) -> Result<Step, PlanError> {
    let Batch {
        vectors,
        from,
        to,
        load,
    } = batch;
    let description = format!(
        "route writes to partition {from} elsewhere, move {} vectors ({load:.0} requests a second) to {to}, restore the route",
        vectors.len()
    );
    let moved = vectors.len() as u64;
    let action = DrainBatch {
        route: Change {
            before: route,
            after: WriteRoute::Elsewhere,
        },
        drained: from,
        vectors: VectorMove {
            vectors,
            partition: Change {
                before: from,
                after: to,
            },
        },
    };
    let step = Step::new(description, &action)?.touching([NodeRef::partition(from), NodeRef::partition(to)]);
    Ok(step.moving(moved).expecting(relief.of_taking(from, load)))
}
