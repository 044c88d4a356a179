//! Which strategy is tried for a problem.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::config::{HealingConfig, Selection};
use super::decision::{BlastRadius, ConsideredStrategy, RejectionReason, StrategyVerdict};
use super::guard::{is_recent, quarantined_until};
use super::prediction::predict;
use super::services::Services;
use super::standing::Standing;
use crate::diagnosis::Diagnosis;
use crate::host_call::{contained, told};
use crate::learner::{Candidate, Choice};
use crate::monitor::{IntegrityMonitor, IntegrityReport, IntegrityState};
use crate::number::{Amount, Percent, Ratio};
use crate::observation::Observation;
use crate::plan::{MAX_PLAN_BYTES, MAX_PLAN_STEPS, Plan, Prediction};
use crate::problem::ProblemKind;
use crate::registry::Registered;
use crate::storage::RecordedChoice;
use crate::strategy::Case;
use crate::topology::EdgeKey;

/// A strategy of at least this share of the best one's weight promises enough to go first for being less disruptive.
const PROMISING_SHARE: f64 = 0.5;

/// A predicted lambda is lower only below this share of the present one: two cuts of equal value, added up over different
/// edges, differ by rounding.
const NO_LOWER: f64 = 1.0 - 1e-9;

/// What a choice is made for.
#[derive(Clone, Copy)]
pub(super) struct Consideration<'services, 'a> {
    pub(super) services: &'services Services,
    pub(super) standing: &'a Standing,
    pub(super) observation: &'a Observation,
    pub(super) report: &'a IntegrityReport,
    /// What observed it.
    pub(super) monitor: &'a IntegrityMonitor,
    pub(super) diagnosis: &'a Diagnosis,
}

/// A strategy that will do, with its plan.
pub(super) struct Chosen<'services> {
    pub(super) strategy: &'services Registered,
    pub(super) plan: Arc<Plan>,
    /// The learner's choice, where it ranked.
    pub(super) choice: Option<Arc<RecordedChoice>>,
    pub(super) prediction: Option<Prediction>,
}

/// A strategy that treats the problem.
struct Contender<'services> {
    strategy: &'services Registered,
    weight: Amount,
    failures: u32,
    tier: Tier,
    /// Its plan, or why it will not do.
    considered: Result<Chosen<'services>, RejectionReason>,
}

/// What counts before anything that was learned; less is better.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Tier {
    /// What failed comes after what did not.
    failures: u32,
    /// What a human must be asked for comes after what can be done while nobody answers.
    asks: bool,
    /// What by its own plan achieves less comes after what may achieve more.
    promise: Promise,
}

/// What a plan says that it achieves; less is better. Judged by the edges that it touches alone: another problem elsewhere
/// says nothing against it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    /// These edges have enough left afterwards for a normal state.
    Cure,
    /// They gain, and do not have that much. A plan that says nothing of edges, or of such as carry nothing, is believed to do no
    /// more: it may be about something else.
    #[default]
    Relief,
    /// They gain less than counts for an improvement: it cannot be verified.
    TooLittle,
}

impl<'services> Consideration<'services, '_> {
    /// Of the strategies whose plans will do, the one that is preferred, and everything that was considered.
    pub(super) fn select(&self) -> (Option<Chosen<'services>>, Vec<ConsideredStrategy>) {
        let mut contenders = self.contenders();
        // The learner chooses among what can really be chosen, so that its propensities are those of the choice.
        let best = contenders
            .iter()
            .filter(|it| it.considered.is_ok())
            .map(|it| it.tier)
            .min();
        let learned = best.and_then(|best| self.learned_choice(best, &contenders));
        self.sort(&mut contenders, best, learned.as_ref());
        let mut choice = learned.map(Arc::new);
        let mut chosen = None;
        let mut candidates = Vec::with_capacity(contenders.len());
        for contender in contenders {
            let verdict = match contender.considered {
                Ok(found) if chosen.is_none() => {
                    let prediction = found.prediction;
                    chosen = Some(Chosen {
                        choice: choice.take(),
                        ..found
                    });
                    StrategyVerdict::Chosen { prediction }
                }
                Ok(Chosen { prediction, .. }) => StrategyVerdict::PassedOver { prediction },
                Err(reason) => StrategyVerdict::Rejected { reason },
            };
            candidates.push(ConsideredStrategy {
                strategy: contender.strategy.name.clone(),
                weight: contender.weight,
                impact: contender.strategy.impact,
                failures: contender.failures,
                verdict,
            });
        }
        (chosen, candidates)
    }

    /// The plan of a strategy, whatever the limits say; what an operator may order.
    pub(super) fn plan(
        &self,
        strategy: &'services Registered,
        parameters: &Map<String, Value>,
    ) -> Result<Chosen<'services>, RejectionReason> {
        let no_plan = |error: String| RejectionReason::NoPlan { error };
        let Self {
            observation,
            report,
            monitor,
            diagnosis,
            ..
        } = *self;
        let case = Case {
            observation,
            report,
            diagnosis,
            parameters,
        };
        let plan = contained(|| strategy.strategy.plan(&case))
            .map_err(|panicked| no_plan(panicked.to_string()))?
            .map_err(|error| no_plan(told(&error)))?;
        let steps = plan.steps.len();
        if steps == 0 || steps > MAX_PLAN_STEPS {
            return Err(RejectionReason::UnusablePlan { steps });
        }
        let bytes = plan.bytes();
        if bytes > MAX_PLAN_BYTES {
            return Err(RejectionReason::OversizedPlan { bytes });
        }
        let prediction = predict(&plan, monitor).map_err(|error| no_plan(error.to_string()))?;
        // Who executes it is decided by who planned it, whatever the plan says.
        let plan = Arc::new(Plan {
            strategy: strategy.name.clone(),
            ..plan
        });
        Ok(Chosen {
            strategy,
            plan,
            choice: None,
            prediction,
        })
    }

    /// Every strategy for the problem, by name.
    fn contenders(&self) -> Vec<Contender<'services>> {
        let Self {
            services,
            observation,
            report,
            diagnosis,
            ..
        } = *self;
        let kind = diagnosis.problem.kind();
        let contender = |strategy| {
            let failures = self.recent_failures(&kind, strategy);
            let considered = self.consider(strategy);
            let tier = match services.config.selection {
                Selection::HighestWeight => Tier::default(),
                Selection::Graduated | Selection::Learned => Tier {
                    failures,
                    asks: needs_approval(strategy, &kind, report.state, &services.config),
                    promise: considered
                        .as_ref()
                        .map_or_else(|_| Promise::default(), |found| self.promise(&found.plan)),
                },
            };
            Contender {
                strategy,
                weight: services.weight(&strategy.name, &kind, &observation.collection),
                failures,
                tier,
                considered,
            }
        };
        services.registry.treating(&kind).map(contender).collect()
    }

    fn promise(&self, plan: &Plan) -> Promise {
        let effects = plan.steps.iter().flat_map(|step| &step.effects);
        // Of several effects on an edge the last one counts.
        let expected: BTreeMap<EdgeKey, Amount> = effects.map(|it| (it.edge, it.effective_capacity)).collect();
        let (mut before, mut after, mut healthy) = (0.0, 0.0, 0.0);
        for (key, expected) in &expected {
            let Some(edge) = self.observation.graph.edge(key) else {
                continue;
            };
            let now = edge.effective_capacity().get();
            before += now;
            after += expected.get();
            healthy += self.report.healthy_capacity(*key).map_or(now, Amount::get);
        }
        if after < before * (1.0 + self.services.config.min_improvement.get()) {
            return Promise::TooLittle;
        }
        match self.report.normal_share() {
            Some(share) if after > 0.0 && after >= healthy * share => Promise::Cure,
            _ => Promise::Relief,
        }
    }

    /// How the learner ranks those of the `best` tier that will do; `None` where a human is asked, and where the learner
    /// panicked or does not rank each of them once.
    fn learned_choice(&self, best: Tier, contenders: &[Contender<'_>]) -> Option<RecordedChoice> {
        let Self {
            services,
            observation,
            report,
            diagnosis,
            ..
        } = *self;
        if services.config.selection != Selection::Learned || best.asks {
            return None;
        }
        let candidates: Vec<Candidate> = contenders
            .iter()
            .filter(|contender| contender.may_be_chosen(best))
            .map(|Contender { strategy, .. }| Candidate {
                strategy: strategy.name.clone(),
                impact: strategy.impact,
                estimated_duration: strategy.estimated_duration,
            })
            .collect();
        let choice = Choice {
            collection: &observation.collection,
            kind: &diagnosis.problem.kind(),
            state: report.state,
            at: services.now(),
            candidates: &candidates,
        };
        let ranking = contained(|| services.learner.rank(&choice)).ok().flatten()?;
        let ranked = |candidate| ranking.iter().any(|ranked| ranked.candidate == candidate);
        let is_complete = ranking.len() == candidates.len() && candidates.iter().all(ranked);
        is_complete.then(|| RecordedChoice::new(&choice, &ranking))
    }

    /// Puts the contenders in the order of preference, whether they will do or not.
    fn sort(&self, contenders: &mut [Contender<'_>], best: Option<Tier>, learned: Option<&RecordedChoice>) {
        let available = contenders
            .iter()
            .filter(|it| best.is_some_and(|best| it.may_be_chosen(best)));
        let most = available.map(|it| it.weight).max().unwrap_or_default();
        // The registry lists by name, and the sort is stable: full ties stay in that order.
        contenders.sort_by_key(|contender| {
            let Contender {
                strategy, weight, tier, ..
            } = *contender;
            let place = place_in(learned, &strategy.name);
            let promising = weight.get() >= most.get() * PROMISING_SHARE;
            let graduated = match self.services.config.selection {
                Selection::HighestWeight => (false, Ratio::ZERO),
                Selection::Graduated | Selection::Learned if promising => (false, strategy.impact),
                Selection::Graduated | Selection::Learned => (true, Ratio::ZERO),
            };
            (tier, place, graduated, Reverse(weight), strategy.impact)
        });
    }

    fn recent_failures(&self, kind: &ProblemKind, strategy: &Registered) -> u32 {
        let now = self.services.now();
        let failures = self
            .standing
            .failures(kind, &strategy.name)
            .filter(|failures| is_recent(*failures, now));
        failures.map_or(0, |failures| failures.in_a_row)
    }

    fn consider(&self, strategy: &'services Registered) -> Result<Chosen<'services>, RejectionReason> {
        let config = &self.services.config;
        let (impact, limit) = (strategy.impact, impact_limit(strategy, self.report.state, config));
        match config.selection {
            // The seed's rule. Graduated selection asks a human instead.
            Selection::HighestWeight if impact > limit => {
                return Err(RejectionReason::TooDisruptive { impact, limit });
            }
            Selection::HighestWeight => {}
            Selection::Graduated | Selection::Learned => {
                let failures = self.standing.failures(&self.diagnosis.problem.kind(), &strategy.name);
                let now = self.services.now();
                if let Some(until) = failures.and_then(|failures| quarantined_until(failures, now, config)) {
                    return Err(RejectionReason::Quarantined { until });
                }
            }
        }
        let chosen = self.plan(strategy, &Map::new())?;
        self.check_blast_radius(&chosen.plan)?;
        check_prediction(chosen.prediction, strategy)?;
        Ok(chosen)
    }

    fn check_blast_radius(&self, plan: &Plan) -> Result<(), RejectionReason> {
        let Self {
            services, observation, ..
        } = *self;
        let config = &services.config;
        let nodes = plan.targets().len();
        let check = |of, touched: f64, all: f64, limit: Ratio| {
            let share = if all > 0.0 { touched / all } else { 0.0 };
            let percent = |share: f64| Percent::clamped(share * 100.0);
            if share > limit.get() {
                Err(RejectionReason::BlastRadius {
                    of,
                    share: percent(share),
                    limit: percent(limit.get()),
                })
            } else {
                Ok(())
            }
        };
        if nodes > 1 {
            check(
                BlastRadius::Nodes,
                nodes as f64,
                observation.graph.nodes().len() as f64,
                config.max_node_share,
            )?;
        }
        let vectors: u64 = observation
            .metrics
            .partitions
            .values()
            .map(|partition| partition.vectors)
            .sum();
        check(
            BlastRadius::Vectors,
            plan.vectors_moved() as f64,
            vectors as f64,
            config.max_data_share,
        )
    }
}

impl Contender<'_> {
    /// Whether it is among those of which one is chosen.
    fn may_be_chosen(&self, best: Tier) -> bool {
        self.tier == best && self.considered.is_ok()
    }
}

/// How many the learner likes better; all of them where it did not rank this one.
fn place_in(learned: Option<&RecordedChoice>, strategy: &str) -> usize {
    let ranked = learned.map_or(&[][..], |choice| &choice.candidates);
    let place = ranked.iter().position(|ranked| ranked.candidate.strategy == strategy);
    place.unwrap_or(ranked.len())
}

/// Why a plan should not be carried out, judged by what it should do to lambda.
pub(super) fn check_prediction(prediction: Option<Prediction>, strategy: &Registered) -> Result<(), RejectionReason> {
    let Some(Prediction {
        lambda_before: before,
        lambda_after: after,
        ..
    }) = prediction
    else {
        return Ok(());
    };
    // What cannot be undone has no benefit of the doubt.
    let least = if strategy.reversible {
        before.get() * NO_LOWER
    } else {
        before.get()
    };
    if after.get() < least {
        Err(RejectionReason::PredictedWorse { before, after })
    } else {
        Ok(())
    }
}

/// Whether a human must approve of the strategy for this kind of problem, unless a human ordered it.
pub(super) fn needs_approval(
    strategy: &Registered,
    kind: &ProblemKind,
    state: IntegrityState,
    config: &HealingConfig,
) -> bool {
    let listed = config.require_approval.contains(kind) || config.require_approval_strategies.contains(&strategy.name);
    // Under the seed's rule, what is too disruptive is not even chosen.
    let too_disruptive =
        config.selection != Selection::HighestWeight && strategy.impact > impact_limit(strategy, state, config);
    listed || too_disruptive
}

/// How disruptive a strategy may be without a human's approval.
pub(super) fn impact_limit(strategy: &Registered, state: IntegrityState, config: &HealingConfig) -> Ratio {
    let by_state = match state {
        IntegrityState::Normal | IntegrityState::Stress => config.max_auto_heal_impact,
        IntegrityState::Critical => config.max_auto_heal_impact_critical,
    };
    if strategy.reversible {
        by_state
    } else {
        by_state.min(config.max_irreversible_impact)
    }
}
