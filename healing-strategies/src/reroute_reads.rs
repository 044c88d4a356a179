//! `reroute_reads`: reads from other replicas until a lagging one has caught up.

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{EdgeKind, NodeRef};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{LagBound, ReadRouting};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{not_seen, nothing_to_do, unless_gone, unreadable};
use crate::handle::Handle;

/// Takes lagging replicas out of the read path, one a step, until they have caught up.
///
/// It sets a bound on the lag of each (see [`ReadRouting`]): the router keeps reads off the replica while it is further
/// behind, and gives them back by itself once it has caught up, so nobody has to come back for that. At most a share of all
/// replicas is taken out. Undoing restores the bound before; where a third bound is set, someone else set it: a conflict. A replica
/// that is gone needs neither.
///
/// Reads then no longer meet stale data, so the replica's replication edges are expected at their full capacity. Of a
/// replica that applies nothing that promises too much: reads are spared, but it still falls behind, and is a case for
/// [`ResyncReplica`](crate::ResyncReplica).
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use healing_strategies::actuators::LagBound;
/// use healing_strategies::{MemoryHost, RerouteConfig, RerouteReads};
///
/// let config = RerouteConfig { bound: LagBound::new(Duration::from_secs(2))?, ..RerouteConfig::default() };
/// let strategy = RerouteReads::new(Arc::new(MemoryHost::default())).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert!(strategy.reversible());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RerouteReads {
    routing: Handle<dyn ReadRouting>,
    config: RerouteConfig,
}

/// The limits of rerouting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RerouteConfig {
    /// How far a replica may be behind and be read from. 5 s; more than 0.
    pub bound: LagBound,
    /// The share of all measured replicas that may be taken out, at least one: the blast radius. 0.5; more than 0.
    pub max_share: Ratio,
}

impl Default for RerouteConfig {
    fn default() -> Self {
        Self {
            bound: LagBound::from_millis(5000),
            max_share: Ratio::literal(0.5),
        }
    }
}

/// What a step does: the bound on one replica's lag.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct BoundLag {
    replica: i64,
    #[serde(flatten)]
    bound: Change<Option<LagBound>>,
}

impl RerouteReads {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(routing: Arc<dyn ReadRouting>) -> Self {
        Self {
            routing: routing.into(),
            config: RerouteConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: RerouteConfig) -> Result<Self, InvalidConfig> {
        let RerouteConfig { bound, max_share } = config;
        expect(bound.get() > Duration::ZERO, "bound", &bound, "more than 0")?;
        expect(max_share > Ratio::ZERO, "max_share", &max_share, "more than 0")?;
        Ok(Self { config, ..self })
    }

    fn set(&self, BoundLag { replica, bound }: BoundLag, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let Some(found) = unless_gone(self.routing.lag_bound(context.collection(), replica))? else {
            return Ok(StepReport::Done);
        };
        if bound.standing(found, || format!("the lag bound of replica {replica}"))? == Standing::Before {
            let permit = context.permit()?;
            unless_gone(self.routing.set_lag_bound(&permit, replica, bound.before, bound.after))?;
        }
        Ok(StepReport::Done)
    }

    fn take_back(&self, action: BoundLag, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let BoundLag { replica, bound } = action;
        let Change { before: wanted, .. } = bound;
        let subject = || format!("the lag bound of replica {replica}");
        let find = || unless_gone(self.routing.lag_bound(context.collection(), replica));
        let Some(found) = find()? else {
            return Ok(StepReport::Done);
        };
        bound.standing(found, subject)?;
        let permit = context.permit()?;
        unless_gone(self.routing.set_lag_bound(&permit, replica, found, wanted))?;
        match find()? {
            Some(found) if found != wanted => Err(not_seen(&subject(), &wanted, &found)),
            _ => Ok(StepReport::Done),
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of replicas is one"
    )]
    fn most(&self, replicas: usize) -> usize {
        let share = (replicas as f64 * self.config.max_share.get()) as usize;
        share.clamp(1, MAX_PLAN_STEPS)
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::ReplicationLag];

impl RemediationStrategy for RerouteReads {
    fn name(&self) -> &'static str {
        "reroute_reads"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.15)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::ReplicationLag { replica_ids, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let after = self.config.bound;
        let measured = &case.observation.metrics.replicas;
        let mut steps = Vec::new();
        let behind = |id: &i64| measured.get(id).is_none_or(|replica| replica.lag > after.get());
        for &replica in replica_ids.iter().filter(|id| behind(id)) {
            if steps.len() >= self.most(measured.len()) {
                break;
            }
            let before = self.routing.lag_bound(&case.observation.collection, replica);
            let before = before.map_err(unreadable)?;
            // One that is held to as little lag already is out of the read path.
            if before.is_some_and(|before| before <= after) {
                continue;
            }
            let node = NodeRef::replication_target(replica);
            let bound = Change {
                before,
                after: Some(after),
            };
            let description = format!("read from replica {replica} only while it is less than {after} behind");
            let step = Step::new(description, &BoundLag { replica, bound })?.touching([node]);
            steps.push(step.expecting(crate::relief::restored(case.observation, node, EdgeKind::Replication)));
        }
        if steps.is_empty() {
            return Err(nothing_to_do(format!(
                "no replica that is more than {after} behind is read from"
            )));
        }
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!("read from others until {} lagging replicas have caught up", steps.len()),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.set(step.action()?, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.take_back(step.action()?, context)
    }
}
