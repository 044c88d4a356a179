//! `rebuild_centroids`: clusters the overfull centroids anew, beside the version that is served (seed, "Strategy Registry",
//! named but not described).

use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{ProblemClass, ProblemKind, Ratio, RemediationStrategy};
use serde::{Deserialize, Serialize};

use crate::actuators::{CentroidVersion, Centroids};
use crate::change::{Change, Standing};
use crate::config::{InvalidConfig, expect};
use crate::errors::{failed, not_seen, nothing_to_do, unreadable};
use crate::handle::Handle;
use crate::relief::relieved;

/// How often a build is looked at.
const BUILD_POLL: Duration = Duration::from_secs(5);

/// Builds a new version of the centroids beside the served one, in which the overfull ones are clustered anew, and then
/// serves it.
///
/// The first step builds, the second switches. The version served before stands, so undoing is switching back: until the
/// switch was verified, and after that on an operator's order, for the host keeps it until yet another version is served (see
/// [`Centroids`]). Undoing the build discards what was built. Where neither version is served, someone else
/// rebuilt meanwhile: a conflict.
///
/// An overfull centroid is expected to end at the mean population, and its edges to recover as those of a partition do
/// whose load falls by as much.
///
/// ```
/// use std::sync::Arc;
/// use healing_strategies::{MemoryHost, RebuildCentroids, RebuildConfig};
///
/// let config = RebuildConfig { max_centroids: 16 };
/// let strategy = RebuildCentroids::new(Arc::new(MemoryHost::default())).with_config(config)?;
/// # use healing_core::RemediationStrategy;
/// assert!(strategy.reversible());
/// # Ok::<(), healing_strategies::InvalidConfig>(())
/// ```
#[derive(Debug, Clone)]
pub struct RebuildCentroids {
    centroids: Handle<dyn Centroids>,
    config: RebuildConfig,
}

/// The limits of one rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RebuildConfig {
    /// Centroids clustered anew at most, fullest first. 64; at least 1.
    pub max_centroids: usize,
}

impl Default for RebuildConfig {
    fn default() -> Self {
        Self { max_centroids: 64 }
    }
}

/// What a step does: build the version `after` beside `before`, or serve `after` in place of `before`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rebuild {
    act: Act,
    centroids: Vec<i64>,
    #[serde(flatten)]
    version: Change<CentroidVersion>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Build,
    Switch,
}

impl RebuildCentroids {
    /// The strategy on this actuator.
    #[must_use]
    pub fn new(centroids: Arc<dyn Centroids>) -> Self {
        Self {
            centroids: centroids.into(),
            config: RebuildConfig::default(),
        }
    }

    /// The same strategy within other limits.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a limit is out of range.
    pub fn with_config(self, config: RebuildConfig) -> Result<Self, InvalidConfig> {
        expect(
            config.max_centroids >= 1,
            "max_centroids",
            &config.max_centroids,
            "at least 1",
        )?;
        Ok(Self { config, ..self })
    }

    fn standing(&self, version: Change<CentroidVersion>, context: &StepContext<'_>) -> Result<Standing, StepError> {
        let served = self.centroids.served(context.collection()).map_err(failed)?;
        version.standing(served, || "the served version of the centroids".to_owned())
    }

    fn build(&self, action: &Rebuild, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        // A version that is served already was built.
        if self.standing(action.version, context)? == Standing::After {
            return Ok(StepReport::Done);
        }
        let version = action.version.after;
        let complete = self
            .centroids
            .is_complete(context.collection(), version)
            .map_err(failed)?;
        if complete == Some(true) {
            return Ok(StepReport::Done);
        }
        self.centroids
            .rebuild(&context.permit()?, version, &action.centroids)
            .map_err(failed)?;
        Ok(StepReport::InProgress { poll_after: BUILD_POLL })
    }

    fn discard(&self, action: &Rebuild, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let version = action.version.after;
        if self.standing(action.version, context)? == Standing::After {
            return Err(StepError::Conflict {
                subject: "the served version of the centroids".to_owned(),
                expected: format!("{:?}", action.version.before),
                found: format!("{version:?}, which was to be discarded"),
            });
        }
        self.centroids.discard(&context.permit()?, version).map_err(failed)?;
        match self
            .centroids
            .is_complete(context.collection(), version)
            .map_err(failed)?
        {
            None => Ok(StepReport::Done),
            Some(_) => Err(not_seen(&format!("{version:?}"), &"discarded", &"still there")),
        }
    }

    fn switch_back(
        &self,
        version: Change<CentroidVersion>,
        context: &StepContext<'_>,
    ) -> Result<StepReport, StepError> {
        let found = match self.standing(version, context)? {
            Standing::Before => version.before,
            Standing::After => version.after,
        };
        self.centroids
            .switch(&context.permit()?, found, version.before)
            .map_err(failed)?;
        match self.standing(version, context)? {
            Standing::Before => Ok(StepReport::Done),
            Standing::After => Err(not_seen("the served version", &version.before, &version.after)),
        }
    }

    fn switch(&self, version: Change<CentroidVersion>, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        if self.standing(version, context)? == Standing::Before {
            self.centroids
                .switch(&context.permit()?, version.before, version.after)
                .map_err(failed)?;
        }
        Ok(StepReport::Done)
    }

    /// What the switch should do: each overfull centroid comes down to the mean.
    #[allow(clippy::cast_precision_loss, reason = "a ratio of counts needs no more than 53 bits")]
    fn effects(case: &Case<'_>, centroids: &[i64]) -> Vec<CapacityEffect> {
        let metrics = &case.observation.metrics;
        let Some(mean) = metrics.mean_centroid_population().filter(|mean| mean.get() > 0.0) else {
            return Vec::new();
        };
        let measured = centroids
            .iter()
            .filter_map(|id| Some((*id, *metrics.centroid_populations.get(id)?)));
        measured
            .flat_map(|(id, population)| {
                let growth = (population as f64 / mean.get()).max(1.0);
                relieved(case.observation, NodeRef::centroid(id), growth)
            })
            .collect()
    }
}

const KINDS: [ProblemKind; 1] = [ProblemKind::CentroidSkew];

impl RemediationStrategy for RebuildCentroids {
    fn name(&self) -> &'static str {
        "rebuild_centroids"
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        Ratio::literal(0.4)
    }

    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn reversible(&self) -> bool {
        true
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::CentroidSkew { centroid_ids, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let centroids: Vec<i64> = centroid_ids.iter().copied().take(self.config.max_centroids).collect();
        if centroids.is_empty() {
            return Err(nothing_to_do("the diagnosis names no centroid"));
        }
        let collection = &case.observation.collection;
        let before = self.centroids.served(collection).map_err(unreadable)?;
        let newest = self.centroids.newest(collection).map_err(unreadable)?;
        let after = newest.0.max(before.0).checked_add(1).map(CentroidVersion);
        let after = after.ok_or_else(|| nothing_to_do("there is no greater version number"))?;
        let version = Change { before, after };
        let act = |act| Rebuild {
            act,
            centroids: centroids.clone(),
            version,
        };
        let nodes = || centroids.iter().copied().map(NodeRef::centroid);
        let names = centroids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let build = format!(
            "build version {} beside {}, centroid {names} clustered anew",
            after.0, before.0
        );
        let switch = format!("serve version {after} in place of {before}");
        let steps = vec![
            Step::new(build, &act(Act::Build))?.touching(nodes()),
            Step::new(switch, &act(Act::Switch))?
                .touching(nodes())
                .expecting(Self::effects(case, &centroids)),
        ];
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: format!(
                "cluster centroid {names} anew and serve the result; version {} stands",
                before.0
            ),
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: Rebuild = step.action()?;
        match action.act {
            Act::Build => self.build(&action, context),
            Act::Switch => self.switch(action.version, context),
        }
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action: Rebuild = step.action()?;
        match action.act {
            Act::Build => self.discard(&action, context),
            Act::Switch => self.switch_back(action.version, context),
        }
    }
}
