//! One story, lived through.

use std::collections::BTreeMap;

use healing_core::engine::{EventKind, HealingEvent};
use healing_core::monitor::{IntegrityReport, IntegrityState, WeakCut};
use healing_core::{Amount, Lambda, Remediation, Timestamp};
use mock_cluster::{Injection, Policy, Scenario};

use crate::arguments::Arguments;
use crate::live::{Live, LiveError, later};

/// What happened.
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    pub(crate) approve: bool,
    pub(crate) began_at: Timestamp,
    pub(crate) injection: Option<Injection>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) events: Vec<HealingEvent>,
    pub(crate) weights_before: BTreeMap<String, Amount>,
    pub(crate) weights_after: BTreeMap<String, Amount>,
    /// The weights at the begin, and each time that they changed.
    pub(crate) weights: Vec<(Timestamp, BTreeMap<String, Amount>)>,
}

/// A regular sample of the monitor.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) at: Timestamp,
    pub(crate) lambda: Lambda,
    pub(crate) baseline: Option<Lambda>,
    pub(crate) stress_threshold: Option<Lambda>,
    pub(crate) critical_threshold: Option<Lambda>,
    /// The weakest cuts.
    pub(crate) weakest: Vec<WeakCut>,
    pub(crate) state: IntegrityState,
}

impl Run {
    /// Lives through a scenario from its begin to its end.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self, LiveError> {
        let mut live = Live::begin(arguments, None)?;
        let end = later(live.began_at, Scenario::DURATION);
        let weights_before = live.weights();
        let (mut samples, mut events) = (Vec::new(), Vec::new());
        let mut weights = vec![(live.began_at, weights_before.clone())];
        while live.wake_at() <= end {
            events.extend(live.tick()?);
            samples.extend(live.fresh_report().map(Sample::of));
            let now = live.weights();
            if weights.last().is_none_or(|(_, last)| *last != now) {
                weights.push((live.now(), now));
            }
        }
        Ok(Self {
            scenario: arguments.scenario,
            seed: arguments.seed,
            policy: arguments.policy,
            approve: arguments.approve,
            began_at: live.began_at,
            injection: live.injection,
            samples,
            events,
            weights_before,
            weights_after: live.weights(),
            weights,
        })
    }

    /// The remediations, each in the last state it entered, in the order they began.
    pub(crate) fn remediations(&self) -> Vec<&Remediation> {
        let mut by_number = BTreeMap::new();
        for event in &self.events {
            if let EventKind::Remediation(remediation) = &event.kind {
                by_number.insert(remediation.id.number(), &**remediation);
            }
        }
        by_number.into_values().collect()
    }

    /// When the fault struck.
    pub(crate) fn struck_at(&self) -> Option<Timestamp> {
        Some(later(self.began_at, self.injection?.after))
    }

    /// Lambda before the fault, or at first where there is none.
    pub(crate) fn lambda_initial(&self) -> Option<Lambda> {
        let before = |sample: &&Sample| self.struck_at().is_none_or(|struck_at| sample.at < struck_at);
        Some(
            self.samples
                .iter()
                .take_while(before)
                .last()
                .or(self.samples.first())?
                .lambda,
        )
    }

    pub(crate) fn lambda_lowest(&self) -> Option<Lambda> {
        self.samples.iter().map(|sample| sample.lambda).min()
    }

    pub(crate) fn lambda_final(&self) -> Option<Lambda> {
        Some(self.samples.last()?.lambda)
    }

    /// The stress threshold at the end.
    pub(crate) fn stress_threshold(&self) -> Option<Lambda> {
        self.samples.last()?.stress_threshold
    }

    /// Whether lambda was above the stress threshold at the end.
    pub(crate) fn recovered(&self) -> bool {
        self.lambda_final()
            .zip(self.stress_threshold())
            .is_some_and(|(lambda, threshold)| lambda >= threshold)
    }
}

impl Sample {
    pub(crate) fn of(report: &IntegrityReport) -> Self {
        Self {
            at: report.observed_at,
            lambda: report.lambda,
            baseline: report.baseline,
            stress_threshold: report.thresholds.map(|thresholds| thresholds.stress),
            critical_threshold: report.thresholds.map(|thresholds| thresholds.critical),
            weakest: report.weakest.clone(),
            state: report.state,
        }
    }
}
