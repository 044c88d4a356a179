//! `throttle_ingestion`: holds writes back until the rest can breathe (seed, "Built-in Strategies", 3).

use std::sync::Arc;
use std::time::Duration;

use healing_core::monitor::IntegrityState;
use healing_core::permit::StepContext;
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{Amount, Observation, Percent, ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{Operation, Throttle};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{failed, not_seen, nothing_to_do, unreadable};
use crate::handle::Handle;
use crate::relieved_loads::RelievedLoads;

/// Two shares this close are the same: what was written as decimal may read back a hair off.
const SAME_SHARE: f64 = 1e-6;

/// Holds back a share of the clients' inserts: half of them under stress, nine tenths in the critical state, and ten points
/// more of inserts in bulk.
///
/// Each operation is a step with its own previous value, which undoing restores. What is held back further already stays
/// so. A throttle that was verified stays until somebody lifts it: the strategy does not come back.
///
/// Where the host measures how many of the hot partitions' requests insert
/// ([`PartitionMetrics::inserts`](healing_core::metrics::PartitionMetrics::inserts)), the plan promises what fewer of them do
/// to these partitions' edges, and there is none where nobody inserts into them. Else it promises nothing.
///
/// ```
/// use std::sync::Arc;
/// use healing_core::Percent;
/// use healing_strategies::{MemoryHost, ThrottleConfig, ThrottleIngestion};
///
/// let gentle = ThrottleConfig { stress: Percent::new(30.0)?, ..ThrottleConfig::default() };
/// let strategy = ThrottleIngestion::new(Arc::new(MemoryHost::default())).with_config(gentle)?;
/// let backwards = ThrottleConfig { critical: Percent::new(20.0)?, ..gentle };
/// assert!(strategy.with_config(backwards).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ThrottleIngestion {
    throttle: Handle<dyn Throttle>,
    config: ThrottleConfig,
}

/// How much is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleConfig {
    /// The share of inserts under stress. 50 %; more than 0.
    pub stress: Percent,
    /// The share of inserts in the critical state. 90 %; at least that under stress.
    pub critical: Percent,
    /// How many points more of inserts in bulk, up to 100 %. 10.
    pub bulk_extra: Percent,
}

impl Default for ThrottleConfig {
    /// The seed's values.
    fn default() -> Self {
        Self {
            stress: Percent::clamped(50.0),
            critical: Percent::clamped(90.0),
            bulk_extra: Percent::clamped(10.0),
        }
    }
}

/// What a step does: the share of one operation that is held back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct HoldBack {
    operation: Operation,
    #[serde(flatten)]
    share: Change<Percent>,
}

impl ThrottleIngestion {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(throttle: Arc<dyn Throttle>) -> Self {
        Self {
            throttle: throttle.into(),
            config: ThrottleConfig::default(),
        }
    }

    /// The same strategy with other shares.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a share is out of range.
    pub fn with_config(self, config: ThrottleConfig) -> Result<Self, InvalidConfig> {
        expect(config.stress > Percent::ZERO, "stress", &config.stress, "more than 0")?;
        expect(
            config.critical >= config.stress,
            "critical",
            &config.critical,
            "at least the share under stress",
        )?;
        Ok(Self { config, ..self })
    }

    fn set(&self, HoldBack { operation, share }: HoldBack, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let found = self
            .throttle
            .throttle(context.collection(), operation)
            .map_err(failed)?;
        let subject = || format!("the share of {} held back", name_of(operation));
        if share.standing_by(same, found, subject)? == Standing::Before {
            self.throttle
                .set_throttle(&context.permit()?, operation, share.after)
                .map_err(failed)?;
        }
        Ok(StepReport::Done)
    }

    fn take_back(&self, action: HoldBack, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let HoldBack { operation, share } = action;
        let subject = || format!("the share of {} held back", name_of(operation));
        let find = || self.throttle.throttle(context.collection(), operation).map_err(failed);
        share.standing_by(same, find()?, subject)?;
        self.throttle
            .set_throttle(&context.permit()?, operation, share.before)
            .map_err(failed)?;
        let found = find()?;
        if same(&found, &share.before) {
            Ok(StepReport::Done)
        } else {
            Err(not_seen(&subject(), &share.before, &found))
        }
    }

    /// What shall be held back of each operation.
    fn shares(&self, state: IntegrityState) -> Option<[(Operation, Percent); 2]> {
        let inserts = match state {
            IntegrityState::Normal => return None,
            IntegrityState::Stress => self.config.stress,
            IntegrityState::Critical => self.config.critical,
        };
        let bulk = Percent::clamped(inserts.get() + self.config.bulk_extra.get());
        Some([(Operation::Insert, inserts), (Operation::BulkInsert, bulk)])
    }
}

const KINDS: [ProblemKind; 2] = [ProblemKind::HotspotCongestion, ProblemKind::MemoryPressure];

impl RemediationStrategy for ThrottleIngestion {
    fn name(&self) -> &'static str {
        "throttle_ingestion"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.4)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let hot: &[i64] = match &case.diagnosis.problem {
            ProblemClass::HotspotCongestion { partition_ids, .. } => partition_ids,
            ProblemClass::MemoryPressure { .. } => &[],
            _ => return Err(case.wrong_problem()),
        };
        case.check_parameters(&[])?;
        let partitions = &case.observation.metrics.partitions;
        let measured = |&id: &i64| Some((id, partitions.get(&id)?.inserts?));
        let inserts: Vec<(i64, Amount)> = hot.iter().filter_map(measured).collect();
        if !hot.is_empty() && inserts.len() == hot.len() && inserts.iter().all(|(_, rate)| *rate == Amount::ZERO) {
            return Err(nothing_to_do("nobody inserts into the hot partitions"));
        }
        let shares = self
            .shares(case.report.state)
            .ok_or_else(|| nothing_to_do("the collection is neither stressed nor critical"))?;
        let mut steps = Vec::new();
        for (operation, after) in shares {
            let before = self
                .throttle
                .throttle(&case.observation.collection, operation)
                .map_err(unreadable)?;
            if before < after {
                let name = name_of(operation);
                let description = format!("hold back {after} % of {name} instead of {before} %");
                let share = Change { before, after };
                let step = Step::new(description, &HoldBack { operation, share })?;
                steps.push(match operation {
                    Operation::Insert => step
                        .touching(inserts.iter().map(|(partition, _)| NodeRef::partition(*partition)))
                        .expecting(relieved_of(&inserts, share, case.observation)),
                    // These are some of the inserts.
                    Operation::BulkInsert => step,
                });
            }
        }
        if steps.is_empty() {
            return Err(nothing_to_do("as much or more is held back already"));
        }
        let [(_, inserts), (_, bulk)] = shares;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!("hold back {inserts} % of inserts and {bulk} % of inserts in bulk"),
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

/// What holding back a greater share of these inserts a second, by partition, does to the partitions' edges. Those measured are
/// what is not held back yet.
fn relieved_of(inserts: &[(i64, Amount)], share: Change<Percent>, observation: &Observation) -> Vec<CapacityEffect> {
    let held_back = (share.after.get() - share.before.get()) / (100.0 - share.before.get());
    let mut loads = RelievedLoads::new(observation);
    let of_one = |(partition, rate): &(i64, Amount)| loads.of_taking(*partition, rate.get() * held_back);
    inserts.iter().flat_map(of_one).collect()
}

fn same(one: &Percent, other: &Percent) -> bool {
    (one.get() - other.get()).abs() < SAME_SHARE
}

fn name_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Insert => "inserts",
        Operation::BulkInsert => "inserts in bulk",
    }
}
