//! `evict_cold_data`: gives memory back that nobody reads (seed, "Strategy Registry", named but not described).

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{MAX_PLAN_STEPS, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{Percent, ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{Segment, Tier, Tiers};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{failed, nothing_to_do, unless_gone, unreadable};
use crate::handle::Handle;
use crate::seconds;

/// How often a segment on its way is looked at.
const TIER_POLL: Duration = Duration::from_secs(2);

/// Moves the segments that were not read for longest to the cold tier, one a step, until memory is comfortable.
///
/// Undoing loads exactly those segments again, and calls an eviction off that is still under way. A segment that is gone
/// needs neither; one that somebody pinned in memory meanwhile is a conflict.
///
/// Memory does not show in the graph by itself: the memory used is what this is verified by.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use healing_core::Percent;
/// use healing_strategies::{EvictColdData, EvictConfig, MemoryHost};
///
/// let config = EvictConfig { target: Percent::new(60.0)?, idle: Duration::from_secs(3600), ..EvictConfig::default() };
/// let strategy = EvictColdData::new(Arc::new(MemoryHost::default())).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert_eq!(strategy.name(), "evict_cold_data");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EvictColdData {
    tiers: Handle<dyn Tiers>,
    config: EvictConfig,
}

/// What is evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvictConfig {
    /// The used share of memory to come down to. 75 %; less than 100.
    pub target: Percent,
    /// A segment that was read within this time before the observation stays. 300 s; at most a year.
    #[serde(rename = "idle_seconds", with = "seconds")]
    pub idle: Duration,
    /// The share of the hot data that may be evicted: the blast radius. 0.5.
    pub max_share: Ratio,
    /// Segments evicted at most. 200; 1 to 1,000.
    pub max_segments: usize,
}

impl Default for EvictConfig {
    fn default() -> Self {
        Self {
            target: Percent::clamped(75.0),
            idle: Duration::from_secs(300),
            max_share: Ratio::literal(0.5),
            max_segments: 200,
        }
    }
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl EvictConfig {
    fn validate(&self) -> Result<(), InvalidConfig> {
        expect(self.target.get() < 100.0, "target", &self.target, "less than 100")?;
        expect(
            self.idle <= YEAR,
            "idle_seconds",
            &self.idle.as_secs_f64(),
            "at most a year",
        )?;
        expect(
            (1..=MAX_PLAN_STEPS).contains(&self.max_segments),
            "max_segments",
            &self.max_segments,
            "1 to 1000",
        )
    }
}

/// What a step does: the tier of one segment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct MoveSegment {
    segment: i64,
    #[serde(flatten)]
    tier: Change<Tier>,
}

impl EvictColdData {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(tiers: Arc<dyn Tiers>) -> Self {
        Self {
            tiers: tiers.into(),
            config: EvictConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: EvictConfig) -> Result<Self, InvalidConfig> {
        config.validate()?;
        Ok(Self { config, ..self })
    }

    /// Brings a segment to the tier where it shall be, or goes on with it.
    fn bring(
        &self,
        MoveSegment { segment, tier }: MoveSegment,
        context: &StepContext<'_>,
    ) -> Result<StepReport, StepError> {
        let Some(standing) = self.standing(segment, tier, context)? else {
            return Ok(StepReport::Done);
        };
        let moved = match tier.after {
            Tier::Cold if standing == Standing::After => return Ok(StepReport::Done),
            Tier::Cold => self.tiers.evict(&context.permit()?, segment),
            // Also a segment that is still hot: its eviction may be under way, and is called off.
            _ => self.tiers.reload(&context.permit()?, segment),
        };
        if unless_gone(moved)?.is_none() {
            return Ok(StepReport::Done);
        }
        match self.standing(segment, tier, context)? {
            Some(Standing::Before) => Ok(StepReport::InProgress { poll_after: TIER_POLL }),
            Some(Standing::After) | None => Ok(StepReport::Done),
        }
    }

    /// `None` where the segment is gone.
    fn standing(
        &self,
        segment: i64,
        tier: Change<Tier>,
        context: &StepContext<'_>,
    ) -> Result<Option<Standing>, StepError> {
        let segments = self.tiers.segments(context.collection()).map_err(failed)?;
        let found = segments.into_iter().find(|it| it.id == segment);
        found
            .map(|it| tier.standing(it.tier, || format!("the tier of segment {segment}")))
            .transpose()
    }

    /// The coldest segments, as few as bring the used memory down to the target, within the limits.
    fn coldest(&self, case: &Case<'_>, used: Percent, memory: u64) -> Result<Vec<Segment>, PlanError> {
        let mut hot = self.tiers.segments(&case.observation.collection).map_err(unreadable)?;
        hot.retain(|segment| segment.tier == Tier::Hot);
        let whole: u64 = hot.iter().fold(0, |sum, segment| sum.saturating_add(segment.bytes));
        let surplus = share_of(memory, (used.get() - self.config.target.get()).max(0.0) / 100.0);
        let most = share_of(whole, self.config.max_share.get());
        let still_read = |segment: &Segment| {
            let idle = case.observation.observed_at.duration_since(segment.last_read_at);
            Duration::try_from(idle).is_ok_and(|idle| idle < self.config.idle) || idle.is_negative()
        };
        hot.retain(|segment| !still_read(segment) && segment.bytes > 0);
        hot.sort_by_key(|segment| (segment.last_read_at, segment.id));
        let mut evicted = 0;
        let mut coldest = Vec::new();
        for segment in hot {
            if evicted >= surplus || coldest.len() >= self.config.max_segments {
                break;
            }
            let with_it = segment.bytes.saturating_add(evicted);
            if with_it <= most {
                evicted = with_it;
                coldest.push(segment);
            }
        }
        Ok(coldest)
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::MemoryPressure];

impl RemediationStrategy for EvictColdData {
    fn name(&self) -> &'static str {
        "evict_cold_data"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.25)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::MemoryPressure { current_usage_pct, .. } = case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let collection = &case.observation.collection;
        let memory = self.tiers.memory_bytes(collection).map_err(unreadable)?;
        let coldest = self.coldest(case, current_usage_pct, memory)?;
        if coldest.is_empty() {
            return Err(nothing_to_do(format!(
                "no segment that may be evicted went unread for {:?}, or memory is at its target",
                self.config.idle
            )));
        }
        let mebibytes: u64 = coldest.iter().map(|segment| segment.bytes >> 20).sum();
        let steps = coldest.iter().map(|segment| {
            let tier = Change {
                before: Tier::Hot,
                after: Tier::Cold,
            };
            let description = format!(
                "evict segment {} ({} KiB, last read at {:.0})",
                segment.id,
                segment.bytes >> 10,
                segment.last_read_at
            );
            let segment = segment.id;
            Step::new(description, &MoveSegment { segment, tier })
        });
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        let summary = format!(
            "evict {} segments, {mebibytes} MiB, towards {} % of memory used",
            steps.len(),
            self.config.target
        );
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary,
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.bring(step.action()?, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let MoveSegment { segment, tier } = step.action()?;
        let tier = tier.reversed();
        self.bring(MoveSegment { segment, tier }, context)
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of bytes needs no more than 53 bits, and casts of floats saturate"
)]
fn share_of(bytes: u64, share: f64) -> u64 {
    (bytes as f64 * share) as u64
}
