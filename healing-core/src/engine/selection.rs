//! Which strategy is tried for a problem.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::call::contained;
use super::config::Selection;
use super::prediction::predict;
use super::services::Services;
use crate::diagnosis::Diagnosis;
use crate::learner::{Candidate, Choice};
use crate::monitor::IntegrityReport;
use crate::number::{Amount, Lambda, Ratio};
use crate::observation::Observation;
use crate::plan::{MAX_PLAN_STEPS, Plan, Prediction};
use crate::problem::ProblemKind;
use crate::registry::Registered;
use crate::strategy::Case;

/// A strategy of at least this share of the best one's weight promises enough to go first for being less disruptive.
const PROMISING_SHARE: f64 = 0.5;

/// A predicted lambda is lower only below this share of the present one: two cuts of equal value, added up over different
/// edges, differ by rounding.
const NO_LOWER: f64 = 1.0 - 1e-9;

/// A strategy that was considered for a problem and will not do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// The strategy.
    pub strategy: String,
    /// Why not.
    #[serde(flatten)]
    pub reason: RejectionReason,
}

/// Why a strategy will not do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rejection", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectionReason {
    /// It is more disruptive than the configuration allows.
    TooDisruptive {
        /// How disruptive it is.
        impact: Ratio,
        /// How disruptive it may be.
        limit: Ratio,
    },
    /// It has no plan for the case.
    NoPlan {
        /// Why not.
        error: String,
    },
    /// Its plan has no steps, or more than [`MAX_PLAN_STEPS`].
    UnusablePlan {
        /// The number of steps.
        steps: usize,
    },
    /// Its plan would lower lambda.
    PredictedWorse {
        /// Lambda now.
        before: Lambda,
        /// Lambda with the plan's effects.
        after: Lambda,
    },
}

/// A strategy that will do, with its plan.
pub(super) struct Chosen<'a> {
    pub(super) strategy: &'a Registered,
    pub(super) plan: Plan,
    pub(super) prediction: Option<Prediction>,
}

/// The first strategy, in the order of preference, whose plan will do; else why none will.
pub(super) fn select<'a>(
    services: &'a Services,
    observation: &Observation,
    report: &IntegrityReport,
    diagnosis: &Diagnosis,
    failures: Option<&BTreeMap<String, u32>>,
) -> Result<Chosen<'a>, Vec<Rejection>> {
    let mut rejections = Vec::new();
    for strategy in in_order_of_preference(services, observation, report, diagnosis, failures) {
        match consider(services, strategy, observation, report, diagnosis) {
            Ok((plan, prediction)) => {
                return Ok(Chosen {
                    strategy,
                    plan,
                    prediction,
                });
            }
            Err(reason) => rejections.push(Rejection {
                strategy: strategy.name.clone(),
                reason,
            }),
        }
    }
    Err(rejections)
}

fn in_order_of_preference<'a>(
    services: &'a Services,
    observation: &Observation,
    report: &IntegrityReport,
    diagnosis: &Diagnosis,
    failures: Option<&BTreeMap<String, u32>>,
) -> Vec<&'a Registered> {
    let kind = diagnosis.problem.kind();
    let collection = &observation.collection;
    let mut weighted: Vec<(Amount, &Registered)> = services
        .registry
        .treating(&kind)
        .map(|strategy| (services.weight(&strategy.name, &kind, collection), strategy))
        .collect();
    let best = weighted.iter().map(|(weight, _)| *weight).max().unwrap_or_default();
    let ranking = match services.config.selection {
        Selection::HighestWeight => None,
        Selection::Graduated => learned_ranking(services, observation, report, &kind),
    };
    // The registry lists by name, and the sort is stable: full ties stay in that order.
    weighted.sort_by_key(|(weight, strategy)| {
        let heaviest_first = (Reverse(*weight), strategy.impact);
        match services.config.selection {
            Selection::HighestWeight => (0, 0, false, Ratio::ZERO, heaviest_first),
            Selection::Graduated => {
                let failed = failures
                    .and_then(|failures| failures.get(&strategy.name))
                    .copied()
                    .unwrap_or(0);
                let place = ranking.as_ref().map_or(0, |names| {
                    let found = names.iter().position(|name| *name == strategy.name);
                    found.unwrap_or(names.len())
                });
                let promising = weight.get() >= best.get() * PROMISING_SHARE;
                (
                    failed,
                    place,
                    !promising,
                    if promising { strategy.impact } else { Ratio::ZERO },
                    heaviest_first,
                )
            }
        }
    });
    weighted.into_iter().map(|(_, strategy)| strategy).collect()
}

/// The names of the strategies that may be chosen, best first, where the learner ranks; `None` where it does not or panicked.
fn learned_ranking(
    services: &Services,
    observation: &Observation,
    report: &IntegrityReport,
    kind: &ProblemKind,
) -> Option<Vec<String>> {
    let limit = services.config.max_auto_heal_impact;
    let allowed = services.registry.treating(kind).filter(|it| it.impact <= limit);
    let candidates: Vec<Candidate> = allowed
        .map(|strategy| Candidate {
            strategy: strategy.name.clone(),
            impact: strategy.impact,
            estimated_duration: strategy.estimated_duration,
        })
        .collect();
    let choice = Choice {
        collection: &observation.collection,
        kind,
        state: report.state,
        at: services.now(),
        candidates: &candidates,
    };
    let ranking = contained(|| services.learner.rank(&choice)).ok().flatten()?;
    Some(ranking.iter().map(|it| it.candidate.strategy.clone()).collect())
}

fn consider(
    services: &Services,
    strategy: &Registered,
    observation: &Observation,
    report: &IntegrityReport,
    diagnosis: &Diagnosis,
) -> Result<(Plan, Option<Prediction>), RejectionReason> {
    let limit = services.config.max_auto_heal_impact;
    if strategy.impact > limit {
        return Err(RejectionReason::TooDisruptive {
            impact: strategy.impact,
            limit,
        });
    }
    let no_plan = |error: String| RejectionReason::NoPlan { error };
    let parameters = Map::new();
    let case = Case {
        observation,
        report,
        diagnosis,
        parameters: &parameters,
    };
    let plan = contained(|| strategy.strategy.plan(&case))
        .map_err(|panicked| no_plan(panicked.to_string()))?
        .map_err(|error| no_plan(error.to_string()))?;
    if plan.steps.is_empty() || plan.steps.len() > MAX_PLAN_STEPS {
        return Err(RejectionReason::UnusablePlan {
            steps: plan.steps.len(),
        });
    }
    let prediction = predict(&plan, &observation.graph, report).map_err(|error| no_plan(error.to_string()))?;
    match prediction {
        Some(Prediction {
            lambda_before: before,
            lambda_after: after,
        }) if after.get() < before.get() * NO_LOWER => Err(RejectionReason::PredictedWorse { before, after }),
        // Who executes it is decided by who planned it, whatever the plan says.
        _ => Ok((
            Plan {
                strategy: strategy.name.clone(),
                ..plan
            },
            prediction,
        )),
    }
}
