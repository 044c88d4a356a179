//! Observation in, report out.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::baseline::Baseline;
use super::drift::{DriftConfig, DriftWatch};
use super::hysteresis::{Hysteresis, HysteresisConfig, IntegrityState};
use super::learned_health::LearnedHealth;
use super::mirror::Mirror;
use super::report::{IntegrityReport, WeakCut};
use super::thresholds::Thresholds;
use super::weak_cuts::{PricedCut, WeakCuts};
use crate::clock::elapsed;
use crate::number::{Amount, Lambda};
use crate::observation::Observation;
use crate::plan::{CapacityEffect, CutWorth, Prediction};
use crate::topology::{ContractedGraph, NodeRef};

/// How a collection is watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorConfig {
    /// When lambda is too low.
    pub thresholds: Thresholds,
    /// Which cuts the state hangs on.
    pub judged_by: JudgedBy,
    /// How reluctant the state is.
    pub hysteresis: HysteresisConfig,
    /// When a slow fall is reported.
    pub drift: DriftConfig,
    /// What is healthy is learned from this many first samples: of lambda, and of each edge; and from as many more, how much
    /// the weakest cuts scatter. With relative thresholds a collection counts as normal until then, so the first healer
    /// of a collection should begin while it is well; later ones [recall](IntegrityMonitor::recall) what it learned. 5; 0 counts as 1.
    pub baseline_samples: usize,
    /// How many of the weakest cuts are reported. 5; at most [`MOST_WEAK_CUTS`].
    pub weak_cuts: usize,
}

/// The most weak cuts that a report can have.
pub const MOST_WEAK_CUTS: usize = 8;

/// Which cuts the state hangs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JudgedBy {
    /// The minimum cut; and, where thresholds are relative to a baseline, any cut that has lost a greater share of its own
    /// worth: so what happens to the strong part of a graph is not hidden by a part that was always weak.
    #[default]
    EveryCut,
    /// The minimum cut alone: the seed's rule.
    MinimumCut,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::default(),
            judged_by: JudgedBy::default(),
            hysteresis: HysteresisConfig::default(),
            drift: DriftConfig::default(),
            baseline_samples: 5,
            weak_cuts: 5,
        }
    }
}

/// Watches one collection: follows its graph and the minimum cut of it from observation to observation, and keeps the state
/// that follows.
#[derive(Debug, Clone)]
pub struct IntegrityMonitor {
    config: MonitorConfig,
    /// `None` before the first observation.
    mirror: Option<Mirror>,
    weak_cuts: WeakCuts,
    /// How many samples of a collection that is well were taken in.
    learned_from: usize,
    /// Whether an operator ordered to learn from whatever is seen.
    is_relearning: bool,
    /// The healthy lambda.
    lambda: Baseline,
    /// The smallest share of its worth that any cut has while all is well: what scatters is never at its mean everywhere.
    share: Baseline,
    hysteresis: Hysteresis,
    drift: DriftWatch,
    last_sample: Option<Timestamp>,
}

/// An observation that has no minimum cut.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// A graph with less than two nodes has no cut.
    #[error("the observed graph has {nodes} nodes; a cut needs at least 2")]
    TooFewNodes {
        /// The number of nodes.
        nodes: usize,
    },
    /// The capacities are too large to learn from.
    #[error("the observed capacities add up to {total}; state them in a larger unit, so that they stay below 1e30")]
    TooMuchCapacity {
        /// The sum.
        total: Amount,
    },
    /// The graph is beyond what the minimum cut can count.
    #[error("the observed graph has no minimum cut that can be computed: {0}")]
    Graph(#[from] healing_mincut::GraphError),
}

/// What an observation shows, before anything is made of it.
struct Sight {
    minimum: PricedCut,
    weakest: Vec<PricedCut>,
}

impl Sight {
    fn lambda(&self) -> Lambda {
        Lambda::clamped(self.minimum.price.value)
    }

    fn share_left(&self) -> Option<f64> {
        self.weakest.first()?.price.share_left()
    }
}

impl IntegrityMonitor {
    /// A monitor that has seen nothing yet. It takes any configuration;
    /// [`HealingConfig::validate`](crate::HealingConfig::validate) says whether one makes sense.
    #[must_use]
    pub fn new(config: &MonitorConfig) -> Self {
        Self {
            config: *config,
            mirror: None,
            weak_cuts: WeakCuts::default(),
            learned_from: 0,
            is_relearning: false,
            lambda: Baseline::new(config.baseline_samples),
            share: Baseline::new(config.baseline_samples),
            hysteresis: Hysteresis::new(config.hysteresis),
            drift: DriftWatch::new(config.drift),
            last_sample: None,
        }
    }

    /// Goes on by another configuration. What was learned, and the state, stay.
    pub fn reconfigure(&mut self, config: &MonitorConfig) {
        self.config = *config;
        self.hysteresis.reconfigure(config.hysteresis);
        self.drift.reconfigure(config.drift);
    }

    /// Learns anew what is healthy, from the samples to come, in whatever state the collection is. The state goes on from what
    /// it is.
    pub fn relearn(&mut self) {
        self.lambda = Baseline::new(self.config.baseline_samples);
        self.share = Baseline::new(self.config.baseline_samples);
        self.learned_from = 0;
        self.is_relearning = true;
        self.weak_cuts.forget();
        self.drift.clear();
        if let Some(mirror) = &mut self.mirror {
            mirror.relearn();
        }
    }

    /// What is healthy, once that is known; `None` while it is being learned.
    #[must_use]
    pub fn learned(&self) -> Option<LearnedHealth> {
        let mirror = self.mirror.as_ref().filter(|mirror| mirror.is_learned())?;
        Some(LearnedHealth {
            lambda: self.healthy_lambda()?,
            weakest_share: Amount::clamped(self.share.value()?),
            edges: mirror.healthy_edges(),
        })
    }

    /// Goes by what was learned earlier, perhaps by another monitor, instead of learning it: a collection that is sick when it
    /// is first seen is then known to be. The state stays.
    ///
    /// # Errors
    /// [`MonitorError`] when what is said to be healthy has no minimum cut; the monitor then stays as it is.
    pub fn recall(&mut self, health: &LearnedHealth) -> Result<(), MonitorError> {
        self.mirror = Some(Mirror::of_health(&health.edges)?);
        self.weak_cuts.forget();
        self.lambda = Baseline::known(health.lambda.get());
        self.share = Baseline::known(health.weakest_share.get());
        self.is_relearning = false;
        Ok(())
    }

    /// Takes one regular sample in: the state moves by it.
    ///
    /// # Errors
    /// [`MonitorError`] when the graph has no minimum cut; the monitor then stays as it is.
    pub fn sample(&mut self, observation: &Observation) -> Result<IntegrityReport, MonitorError> {
        let sight = self.see(&observation.graph)?;
        let at = observation.observed_at;
        let gap = self
            .last_sample
            .map_or(Duration::ZERO, |last| elapsed(last, at))
            .min(self.config.hysteresis.longest_sample_gap);
        self.last_sample = Some(at);
        let mut transition = None;
        if let Some(thresholds) = self.config.thresholds.resolve(self.healthy_lambda()) {
            let integrity = self.integrity(&sight);
            transition = self.hysteresis.sample(integrity, &thresholds, gap, at);
            self.drift
                .sample(integrity, &thresholds, self.hysteresis.state(), gap, at);
        }
        if self.hysteresis.state() == IntegrityState::Normal || self.is_relearning {
            self.learn(&sight);
        }
        let report = self.report(observation, &sight);
        if let Some(mirror) = &mut self.mirror {
            mirror.end_sample();
        }
        Ok(IntegrityReport { transition, ..report })
    }

    /// Looks at an observation without letting it move the state: a sample between two steps of a remediation.
    ///
    /// # Errors
    /// [`MonitorError`] when the graph has no minimum cut.
    pub fn look(&mut self, observation: &Observation) -> Result<IntegrityReport, MonitorError> {
        let sight = self.see(&observation.graph)?;
        Ok(self.report(observation, &sight))
    }

    /// What these effects, one after the other, should do to the graph that was observed last; nothing is kept of it. Effects
    /// on edges that are not there are left out. `None` before the first observation.
    ///
    /// # Errors
    /// [`MonitorError`] when the graph with these effects has no minimum cut that can be computed.
    pub fn predict(
        &self,
        effects: impl IntoIterator<Item = CapacityEffect>,
    ) -> Result<Option<Prediction>, MonitorError> {
        let Some(mut mirror) = self.mirror.clone() else {
            return Ok(None);
        };
        let before = mirror.lightest().price.value;
        mirror.expect(effects.into_iter())?;
        let (minimum, weakest) = self.weak_cuts.clone().find(&mut mirror, self.weak_cuts());
        let weakest_after = weakest
            .first()
            .filter(|cut| cut.price.share_left().is_some())
            .map(|cut| CutWorth {
                value: Lambda::clamped(cut.price.value),
                baseline: Lambda::clamped(cut.price.healthy),
            });
        Ok(Some(Prediction {
            lambda_before: Lambda::clamped(before),
            lambda_after: Lambda::clamped(minimum.price.value),
            weakest_after,
        }))
    }

    /// Follows the graph, and looks at its cuts.
    fn see(&mut self, graph: &ContractedGraph) -> Result<Sight, MonitorError> {
        let count = self.weak_cuts();
        let mirror = match &mut self.mirror {
            Some(mirror) => {
                let same_nodes = mirror.has_the_nodes_of(graph);
                mirror.follow(graph)?;
                if !same_nodes {
                    self.weak_cuts.forget();
                }
                mirror
            }
            unseen @ None => unseen.insert(Mirror::of(graph)?),
        };
        let (minimum, weakest) = self.weak_cuts.find(mirror, count);
        Ok(Sight { minimum, weakest })
    }

    /// Learns from a sample of a collection that is well.
    fn learn(&mut self, sight: &Sight) {
        let Some(mirror) = &mut self.mirror else { return };
        self.lambda.sample(sight.minimum.price.value);
        // Known only once all edges are.
        if let Some(share) = sight.share_left() {
            self.share.sample(share);
        }
        mirror.learn();
        self.learned_from = self.learned_from.saturating_add(1);
        if self.learned_from >= self.config.baseline_samples.max(1) && !mirror.is_learned() {
            mirror.conclude_learning();
        }
        self.is_relearning &= self.share.value().is_none();
    }

    fn healthy_lambda(&self) -> Option<Lambda> {
        self.lambda.value().map(Lambda::clamped)
    }

    /// What the state follows from.
    fn integrity(&self, sight: &Sight) -> Lambda {
        let lambda = sight.lambda();
        let by_share = || {
            let judged = self.config.judged_by == JudgedBy::EveryCut && self.config.thresholds.are_relative();
            let healthy = self.share.value().filter(|healthy| *healthy > 0.0)?;
            let lost = sight.share_left().filter(|_| judged)? / healthy;
            Some(Lambda::clamped(self.lambda.value()? * lost))
        };
        by_share().map_or(lambda, |by_share| by_share.min(lambda))
    }

    fn report(&self, observation: &Observation, sight: &Sight) -> IntegrityReport {
        let baseline = self.healthy_lambda();
        let named = |side: &[u32]| -> Vec<NodeRef> {
            let nodes = self.mirror.as_ref().map_or(&[][..], Mirror::nodes);
            side.iter().map(|&node| nodes[node as usize]).collect()
        };
        let sides = std::iter::once(&sight.minimum)
            .chain(&sight.weakest)
            .map(|cut| cut.side.as_slice());
        let mirror = self.mirror.as_ref();
        let mut witnesses = mirror
            .map_or_else(Vec::new, |it| it.witnesses(&observation.graph, sides))
            .into_iter();
        let witness = witnesses.next().unwrap_or_default();
        let weakest = sight.weakest.iter().zip(witnesses).map(|(cut, witness)| WeakCut {
            value: Lambda::clamped(cut.price.value),
            baseline: self
                .mirror
                .as_ref()
                .filter(|mirror| mirror.is_learned())
                .map(|_| Lambda::clamped(cut.price.healthy)),
            witness,
            side: named(&cut.side),
        });
        IntegrityReport {
            collection: observation.collection.clone(),
            observed_at: observation.observed_at,
            lambda: sight.lambda(),
            baseline,
            thresholds: self.config.thresholds.resolve(baseline),
            witness,
            side: named(&sight.minimum.side),
            weakest: weakest.collect(),
            weakened: mirror.map_or_else(Vec::new, Mirror::weakened),
            integrity: self.integrity(sight),
            state: self.hysteresis.state(),
            transition: None,
            drift: self.drift.drift(),
        }
    }

    fn weak_cuts(&self) -> usize {
        self.config.weak_cuts.min(MOST_WEAK_CUTS)
    }
}
