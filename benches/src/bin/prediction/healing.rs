//! A story of the simulated cluster, healed with every strategy, and what each plan promised and kept.

use std::sync::Arc;

use healing_core::engine::{EventKind, RemediationState, UndoCause};
use healing_core::identity::{Operator, RemediationId};
use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
use healing_core::plan::CapacityEffect;
use healing_core::{Clock, CollectionId, Healer, Lambda, ObservationSource, Remediation, VirtualClock};
use healing_learn::OutcomeTracker;
use mock_cluster::{Cluster, Scenario, strategies};

use crate::Failure;

/// A plan, as far as its steps were done: lambda before, as predicted of these steps, and as measured when they were to be
/// verified. A plan is not carried out to its end where enough was reached before.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) strategy: String,
    pub(crate) is_whole: bool,
    pub(crate) before: f64,
    pub(crate) healthy: f64,
    pub(crate) predicted: Option<f64>,
    pub(crate) measured: f64,
}

/// Lives through a scenario, with everything approved.
pub(crate) fn heal(scenario: Scenario, seed: u64) -> Result<Vec<Kept>, Failure> {
    let clock = VirtualClock::default();
    let cluster = Cluster::new(CollectionId::new("embeddings")?, seed, clock.clone());
    let began_at = clock.now();
    if let Some(injection) = scenario.injection(seed) {
        let at = began_at.checked_add(injection.after).unwrap_or(began_at);
        cluster.schedule(at, injection.fault);
    }
    let mut healer = Healer::builder(Arc::new(cluster.clone()), Arc::new(clock.clone()))
        .strategies(strategies(&cluster, true)?)
        .learner(Arc::new(OutcomeTracker::new(Arc::new(clock.clone()))))
        .watch(cluster.collection().clone())
        .build()?;
    let end = began_at.checked_add(Scenario::DURATION).unwrap_or(began_at);
    let operator = Operator::new("the operator")?;
    let mut kept = Vec::new();
    let mut measured = None;
    // Sees the graph that the plan at work was made for.
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    while clock.now() <= end {
        let tick = healer.tick();
        let mut wake_at = tick.wake_at;
        for event in tick.events {
            match event.kind {
                EventKind::Measured { lambda, .. } => measured = Some(lambda),
                EventKind::Remediation(remediation) => {
                    if let RemediationState::AwaitingApproval { .. } = remediation.state {
                        approve(&mut healer, &remediation.id, &operator)?;
                        wake_at = clock.now();
                    }
                    if let RemediationState::Planned { .. } = remediation.state {
                        monitor.look(&cluster.observe(cluster.collection())?)?;
                    }
                    kept.extend(what_was_kept(&remediation, measured, &monitor)?);
                }
                _ => {}
            }
        }
        cluster.advance_to(wake_at);
    }
    Ok(kept)
}

fn approve(healer: &mut Healer, id: &RemediationId, by: &Operator) -> Result<(), Failure> {
    Ok(healer.approve(id, by)?)
}

/// What was measured last is what the verdict was made of.
fn what_was_kept(
    remediation: &Remediation,
    measured: Option<Lambda>,
    monitor: &IntegrityMonitor,
) -> Result<Option<Kept>, Failure> {
    let (done, measured) = match &remediation.state {
        RemediationState::Completed { done, final_lambda, .. } => (*done, Some(*final_lambda)),
        RemediationState::RollingBack {
            cause: UndoCause::NotVerified { .. },
            failed_attempts: 0,
            begun,
            remaining,
            ..
        } if begun == remaining => (*begun, measured),
        _ => return Ok(None),
    };
    let steps = remediation.plan.steps.iter().take(done);
    let effects: Vec<CapacityEffect> = steps.flat_map(|step| &step.effects).copied().collect();
    let predicted = if effects.is_empty() {
        None
    } else {
        monitor.predict(effects)?
    };
    Ok(measured.map(|measured| Kept {
        strategy: remediation.plan.strategy.clone(),
        is_whole: done == remediation.plan.steps.len(),
        before: remediation.initial.lambda.get(),
        healthy: remediation.initial.baseline.map_or(0.0, Lambda::get),
        predicted: predicted.map(|prediction| prediction.lambda_after.get()),
        measured: measured.get(),
    }))
}
