//! `compact_indexes`: rewrites fragmented indexes, the worst first (seed, "Built-in Strategies", 5).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::RemediationId;
use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{Clock, CollectionId, Percent, ProblemClass, ProblemKind, Ratio, RemediationStrategy, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::actuators::{CompactionSlice, Indexes};
use crate::config::{InvalidConfig, expect};
use crate::errors::{nothing_to_do, unless_gone, unreadable};
use crate::handle::Handle;
use crate::seconds;

/// How often a slice under way is looked at.
const SLICE_POLL: Duration = Duration::from_secs(2);

/// Compacts the fragmented indexes, one a step, the worst first, slice by slice.
///
/// It stops at an index once its target is reached, and altogether at half of its time: the steps that are left then end at
/// once without doing anything. What was compacted stays compacted and cannot be undone. A crash and a restart begin the
/// count of time anew; the engine's own deadline bounds it then.
///
/// An index that was dropped meanwhile needs nothing. There is no conflict to find: fragmentation is nobody's setting, and
/// an index that someone else compacted is that much nearer to its target.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use healing_core::VirtualClock;
/// use healing_strategies::{CompactConfig, CompactIndexes, MemoryHost};
///
/// let config = CompactConfig { time: Duration::from_secs(120), ..CompactConfig::default() };
/// let clock = Arc::new(VirtualClock::default()); // SystemClock in production
/// let strategy = CompactIndexes::new(Arc::new(MemoryHost::default()), clock).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert!(!strategy.reversible());
/// # Ok::<(), healing_strategies::InvalidConfig>(())
/// ```
#[derive(Debug, Clone)]
pub struct CompactIndexes {
    indexes: Handle<dyn Indexes>,
    clock: Handle<dyn Clock>,
    config: CompactConfig,
    /// When the present remediation of each collection made its first call.
    begun: Arc<Mutex<BTreeMap<CollectionId, (RemediationId, Timestamp)>>>,
}

/// How far a compaction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompactConfig {
    /// The fragmented share at which an index is well. 10 %; less than 100.
    pub target: Percent,
    /// Entries rewritten in one slice. 10,000, the seed's batch; at least 1.
    pub slice: CompactionSlice,
    /// Indexes compacted at most, worst first. 100; 1 to 1,000.
    pub max_indexes: usize,
    /// The time of a plan: no slice begins after half of it. 600 s; more than 0, at most a year.
    #[serde(rename = "time_seconds", with = "seconds")]
    pub time: Duration,
}

impl Default for CompactConfig {
    fn default() -> Self {
        Self {
            target: Percent::clamped(10.0),
            slice: CompactionSlice { entries: 10_000 },
            max_indexes: 100,
            time: Duration::from_secs(600),
        }
    }
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl CompactConfig {
    fn validate(&self) -> Result<(), InvalidConfig> {
        let Self {
            target,
            slice,
            max_indexes,
            time,
        } = self;
        expect(target.get() < 100.0, "target", target, "less than 100")?;
        expect(slice.entries >= 1, "slice.entries", &slice.entries, "at least 1")?;
        let steps = 1..=MAX_PLAN_STEPS;
        expect(steps.contains(max_indexes), "max_indexes", max_indexes, "1 to 1000")?;
        let in_range = !time.is_zero() && *time <= YEAR;
        expect(
            in_range,
            "time_seconds",
            &time.as_secs_f64(),
            "more than 0, at most a year",
        )
    }
}

/// What a step does: bring one index from what it was down to the target.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Compact {
    index: i64,
    /// What it was when the plan was made; for the reader alone.
    before: Percent,
    /// At most this is left after.
    after: Percent,
    slice: CompactionSlice,
}

impl CompactIndexes {
    /// The strategy on this actuator, which takes its time by `clock`.
    #[must_use]
    pub fn new(indexes: Arc<dyn Indexes>, clock: Arc<dyn Clock>) -> Self {
        Self {
            indexes: indexes.into(),
            clock: clock.into(),
            config: CompactConfig::default(),
            begun: Arc::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: CompactConfig) -> Result<Self, InvalidConfig> {
        config.validate()?;
        Ok(Self { config, ..self })
    }

    /// Whether the remediation is past half of its time, which begins with its first call.
    fn is_out_of_time(&self, context: &StepContext<'_>) -> bool {
        let now = self.clock.now();
        let mut begun = self.begun.lock();
        let (remediation, since) = begun
            .entry(context.collection().clone())
            .or_insert_with(|| (context.remediation().clone(), now));
        if remediation != context.remediation() {
            (*remediation, *since) = (context.remediation().clone(), now);
        }
        Duration::try_from(now.duration_since(*since)).is_ok_and(|passed| passed >= self.config.time / 2)
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::IndexFragmentation];

impl RemediationStrategy for CompactIndexes {
    fn name(&self) -> &'static str {
        "compact_indexes"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.5)
    }

    fn estimated_duration(&self) -> Duration {
        self.config.time / 2
    }

    fn reversible(&self) -> bool {
        false
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::IndexFragmentation { index_ids, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let mut indexes = Vec::new();
        for &index in index_ids {
            let before = self.indexes.fragmentation(&case.observation.collection, index);
            indexes.push((before.map_err(unreadable)?, index));
        }
        let target = self.config.target;
        indexes.retain(|(before, _)| *before > target);
        indexes.sort_by_key(|&(before, index)| (std::cmp::Reverse(before), index));
        indexes.dedup();
        indexes.truncate(self.config.max_indexes);
        if indexes.is_empty() {
            return Err(nothing_to_do(format!(
                "no index named is more than {target} % fragmented"
            )));
        }
        let steps = indexes.iter().map(|&(before, index)| {
            let compact = Compact {
                index,
                before,
                after: target,
                slice: self.config.slice,
            };
            let description = format!("compact index {index} from {before:.1} % fragmented to {target} %");
            Step::new(description, &compact)
        });
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!(
                "compact {} indexes, the worst first; this cannot be undone",
                steps.len()
            ),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let Compact {
            index, after, slice, ..
        } = step.action()?;
        let Some(left) = unless_gone(self.indexes.fragmentation(context.collection(), index))? else {
            return Ok(StepReport::Done);
        };
        if left <= after || self.is_out_of_time(context) {
            return Ok(StepReport::Done);
        }
        match unless_gone(self.indexes.compact(&context.permit()?, index, slice))? {
            Some(left) if left > after => Ok(StepReport::InProgress { poll_after: SLICE_POLL }),
            Some(_) | None => Ok(StepReport::Done),
        }
    }

    fn rollback(&self, _step: &Step, _context: &StepContext<'_>) -> Result<StepReport, StepError> {
        Err(StepError::NotReversible)
    }
}
