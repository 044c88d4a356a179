//! `resync_replica`: a fresh copy for a replica that will not catch up.

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::{EdgeKind, NodeRef};
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{CopyNumber, CopyState, ReplicaCopies};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{nothing_to_do, unless_gone, unreadable};
use crate::handle::Handle;
use crate::{relief, seconds};

/// How often a copy in the making is looked at.
const COPY_POLL: Duration = Duration::from_secs(5);

/// Copies replicas anew that apply nothing any more, one after the other, a step each.
///
/// A replica that follows, however slowly, is left to catch up (see [`RerouteReads`](crate::RerouteReads)). The old copy is
/// lost when the new one begins, so this cannot be undone, and copying weighs on the primary: it belongs in the list of
/// strategies that need approval, see [`NEED_APPROVAL`](crate::NEED_APPROVAL). Its impact is the greatest that the default
/// configuration lets through to a human's decision.
///
/// Where a replica holds neither the copy before nor the one after, someone else made another: a conflict. A
/// replica that is gone needs none.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{MemoryHost, ResyncReplica};
///
/// let strategy = ResyncReplica::new(Arc::new(MemoryHost::default()));
/// # use healing_core::RemediationStrategy;
/// assert!(!strategy.reversible());
/// assert!(healing_strategies::NEED_APPROVAL.contains(&strategy.name()));
/// ```
#[derive(Debug, Clone)]
pub struct ResyncReplica {
    copies: Handle<dyn ReplicaCopies>,
    config: ResyncConfig,
}

/// The limits of resyncing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResyncConfig {
    /// Replicas copied anew at most, furthest behind first: the blast radius. 1; 1 to 1,000.
    pub max_replicas: usize,
    /// How long one copy usually takes. 900 s; more than 0, at most a year.
    #[serde(rename = "copy_time_seconds", with = "seconds")]
    pub copy_time: Duration,
}

impl Default for ResyncConfig {
    fn default() -> Self {
        Self {
            max_replicas: 1,
            copy_time: Duration::from_secs(900),
        }
    }
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a step does: the copy that one replica holds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct CopyAnew {
    replica: i64,
    #[serde(flatten)]
    copy: Change<CopyNumber>,
}

impl ResyncReplica {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(copies: Arc<dyn ReplicaCopies>) -> Self {
        Self {
            copies: copies.into(),
            config: ResyncConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: ResyncConfig) -> Result<Self, InvalidConfig> {
        let ResyncConfig {
            max_replicas,
            copy_time,
        } = config;
        let steps = 1..=MAX_PLAN_STEPS;
        expect(
            steps.contains(&max_replicas),
            "max_replicas",
            &max_replicas,
            "1 to 1000",
        )?;
        let in_range = !copy_time.is_zero() && copy_time <= YEAR;
        let found = copy_time.as_secs_f64();
        expect(in_range, "copy_time_seconds", &found, "more than 0, at most a year")?;
        Ok(Self { config, ..self })
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::ReplicationLag];

impl RemediationStrategy for ResyncReplica {
    fn name(&self) -> &'static str {
        "resync_replica"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.5)
    }

    fn estimated_duration(&self) -> Duration {
        self.config.copy_time
    }

    fn reversible(&self) -> bool {
        false
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::ReplicationLag { replica_ids, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let mut steps = Vec::new();
        for &replica in replica_ids {
            if steps.len() >= self.config.max_replicas {
                break;
            }
            let copy = self.copies.replica_copy(&case.observation.collection, replica);
            let copy = copy.map_err(unreadable)?;
            let after = copy.number.0.checked_add(1).map(CopyNumber);
            let (CopyState::Stalled, Some(after)) = (copy.state, after) else {
                continue;
            };
            let node = NodeRef::replication_target(replica);
            let action = CopyAnew {
                replica,
                copy: Change {
                    before: copy.number,
                    after,
                },
            };
            let description = format!("throw away what replica {replica} holds and copy it anew");
            let step = Step::new(description, &action)?.touching([node]);
            steps.push(step.expecting(relief::restored(case.observation, node, EdgeKind::Replication)));
        }
        if steps.is_empty() {
            return Err(nothing_to_do("every lagging replica applies changes and may catch up"));
        }
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!("copy {} stalled replicas anew; this cannot be undone", steps.len()),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let CopyAnew { replica, copy } = step.action()?;
        let Some(held) = unless_gone(self.copies.replica_copy(context.collection(), replica))? else {
            return Ok(StepReport::Done);
        };
        match copy.standing(held.number, || format!("the copy of replica {replica}"))? {
            Standing::After if held.state != CopyState::Copying => return Ok(StepReport::Done),
            Standing::Before | Standing::After => {}
        }
        // Also where it was begun: the host then goes on, and may have to be told so after a restart.
        let permit = context.permit()?;
        unless_gone(self.copies.resync(&permit, replica, copy.before, copy.after))?;
        Ok(StepReport::InProgress { poll_after: COPY_POLL })
    }

    fn rollback(&self, _step: &Step, _context: &StepContext<'_>) -> Result<StepReport, StepError> {
        Err(StepError::NotReversible)
    }
}
