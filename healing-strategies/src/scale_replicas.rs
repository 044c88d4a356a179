//! `scale_replicas`: half as many read replicas again (seed, "Built-in Strategies", 4).

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{ReplicaStatus, Replicas};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{failed, not_seen, nothing_to_do, unreadable};
use crate::handle::Handle;

/// How often replicas that become ready are looked at.
const READY_POLL: Duration = Duration::from_secs(5);

/// Asks for half as many read replicas again, rounded up and capped, and waits until they are ready.
///
/// For partitions that too many read from, and for replicas that fall behind because of what they serve. It costs money, so
/// it belongs in the list of strategies that need approval, where the default configuration has it: see
/// [`NEED_APPROVAL`](crate::NEED_APPROVAL). Undoing asks for the number before and waits until the others are gone. Where
/// neither number is wanted, someone else scaled: a conflict.
///
/// How much of a load is reads the graph does not tell, so no effect on it is promised.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{MemoryHost, ScaleConfig, ScaleReplicas};
///
/// let host = Arc::new(MemoryHost::default());
/// let strategy = ScaleReplicas::new(host).with_config(ScaleConfig { max_replicas: 6 })?;
/// # use healing_core::RemediationStrategy;
/// assert!(healing_strategies::NEED_APPROVAL.contains(&strategy.name()));
/// # Ok::<(), healing_strategies::InvalidConfig>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScaleReplicas {
    replicas: Handle<dyn Replicas>,
    config: ScaleConfig,
}

/// The limit of scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScaleConfig {
    /// Replicas there may be at most; the host may set a tighter limit. 16; at least 1.
    pub max_replicas: u32,
}

impl Default for ScaleConfig {
    fn default() -> Self {
        Self { max_replicas: 16 }
    }
}

impl ScaleReplicas {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(replicas: Arc<dyn Replicas>) -> Self {
        Self {
            replicas: replicas.into(),
            config: ScaleConfig::default(),
        }
    }

    /// The same strategy within another limit.
    ///
    /// # Errors
    /// [`InvalidConfig`] when the limit is out of range.
    pub fn with_config(self, config: ScaleConfig) -> Result<Self, InvalidConfig> {
        expect(
            config.max_replicas >= 1,
            "max_replicas",
            &config.max_replicas,
            "at least 1",
        )?;
        Ok(Self { config, ..self })
    }

    /// Asks for the number wanted after, and waits until that many, no fewer when growing and no more when shrinking, are
    /// ready.
    fn scale(&self, wanted: Change<u32>, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let status = self.replicas.replicas(context.collection()).map_err(failed)?;
        let standing = wanted.standing(status.wanted, || "the number of replicas wanted".to_owned())?;
        if standing == Standing::Before {
            self.replicas
                .scale(&context.permit()?, wanted.before, wanted.after)
                .map_err(failed)?;
            return Ok(StepReport::InProgress { poll_after: READY_POLL });
        }
        Self::settle(status, wanted, context)
    }

    /// Asks for the number wanted before, also where that is wanted already, and waits until no more are ready.
    fn scale_back(&self, scaled: Change<u32>, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let status = self.replicas.replicas(context.collection()).map_err(failed)?;
        scaled.standing(status.wanted, || "the number of replicas wanted".to_owned())?;
        self.replicas
            .scale(&context.permit()?, status.wanted, scaled.before)
            .map_err(failed)?;
        let status = self.replicas.replicas(context.collection()).map_err(failed)?;
        if status.wanted == scaled.before {
            Self::settle(status, scaled.reversed(), context)
        } else {
            Err(not_seen(
                "the number of replicas wanted",
                &scaled.before,
                &status.wanted,
            ))
        }
    }

    fn settle(status: ReplicaStatus, wanted: Change<u32>, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let settled = if wanted.after >= wanted.before {
            status.ready >= wanted.after
        } else {
            status.ready <= wanted.after
        };
        if settled {
            Ok(StepReport::Done)
        } else {
            // Nothing more to do but wait, as long as that is permitted.
            context.permit()?;
            Ok(StepReport::InProgress { poll_after: READY_POLL })
        }
    }
}

const KINDS: [ProblemKind; 2] = [ProblemKind::HotspotCongestion, ProblemKind::ReplicationLag];

impl RemediationStrategy for ScaleReplicas {
    fn name(&self) -> &'static str {
        "scale_replicas"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.2)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let (ProblemClass::HotspotCongestion { .. } | ProblemClass::ReplicationLag { .. }) = &case.diagnosis.problem
        else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let collection = &case.observation.collection;
        let status = self.replicas.replicas(collection).map_err(unreadable)?;
        let before = status.wanted;
        let most = self.config.max_replicas.min(status.most);
        let after = before.saturating_add(before.div_ceil(2)).min(most);
        if after <= before {
            let reason = format!("{before} replicas are wanted, and there may be at most {most}");
            return Err(nothing_to_do(reason));
        }
        let summary = format!("scale from {before} to {after} read replicas");
        let step = Step::new(
            format!("{summary} and wait until they are ready"),
            &Change { before, after },
        )?;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary,
            steps: vec![step],
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.scale(step.action()?, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.scale_back(step.action()?, context)
    }
}
