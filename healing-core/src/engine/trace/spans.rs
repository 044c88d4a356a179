//! Spans and events. Their names and fields are documented in [`crate::engine`]: who changes one changes the other.

use tracing::{Span, debug, debug_span, error, info, info_span, warn};

use crate::engine::event::{EventKind, HealingEvent};
use crate::engine::remediation::{Remediation, RemediationState};
use crate::engine::watched::Purpose;
use crate::host_call::contained;
use crate::identity::CollectionId;

/// The host is asked for an observation.
pub(in crate::engine) struct ObservationSpan(Span);

/// A remediation, from when this healer takes it up until it ends or is lost.
pub(in crate::engine) struct RemediationSpan(Span);

/// One call of a strategy.
pub(in crate::engine) struct StepSpan(Span);

impl ObservationSpan {
    pub(in crate::engine) fn of(collection: &CollectionId) -> Self {
        Self(made(|| debug_span!(target: "healing", "observe", %collection)))
    }

    pub(in crate::engine) fn around<T>(self, what: impl FnOnce() -> T) -> T {
        self.0.in_scope(what)
    }
}

impl RemediationSpan {
    /// Of no remediation.
    pub(in crate::engine) fn none() -> Self {
        Self(Span::none())
    }

    /// Tells what happened, as part of it.
    pub(in crate::engine) fn tell(&self, event: &HealingEvent) {
        // Who listens is host code, and must not take the healer down.
        drop(contained(|| self.0.in_scope(|| say(event))));
    }

    pub(in crate::engine) fn of(collection: &CollectionId, remediation: &Remediation) -> Self {
        Self(made(|| {
            info_span!(
                target: "healing",
                parent: None,
                "remediation",
                %collection,
                remediation = %remediation.id,
                strategy = %remediation.plan.strategy,
                problem = %remediation.diagnosis.problem.kind(),
            )
        }))
    }

    /// A call for the step at this position in the plan.
    pub(in crate::engine) fn step(&self, purpose: Purpose, step: usize) -> StepSpan {
        let call = match purpose {
            Purpose::Execute => "execute",
            Purpose::Undo => "undo",
        };
        StepSpan(made(
            || info_span!(target: "healing", parent: &self.0, "step", call, step),
        ))
    }
}

impl StepSpan {
    pub(in crate::engine) fn around<T>(self, what: impl FnOnce() -> T) -> T {
        self.0.in_scope(what)
    }
}

fn made(span: impl FnOnce() -> Span) -> Span {
    contained(span).unwrap_or_else(|_| Span::none())
}

fn say(event: &HealingEvent) {
    let collection = event.collection.as_ref().map(tracing::field::display);
    match &event.kind {
        EventKind::ObservationFailed { error } => {
            warn!(target: "healing", collection, error, "observation failed");
        }
        EventKind::StateChanged(change) => {
            info!(target: "healing", collection, from = %change.from, to = %change.to, "state changed");
        }
        EventKind::DriftBegan(drift) => {
            let (level, stress_in_seconds) = (drift.level.get(), drift.stress_in.as_secs());
            warn!(target: "healing", collection, level, stress_in_seconds, "drift began");
        }
        EventKind::DriftEnded => info!(target: "healing", collection, "drift ended"),
        EventKind::Diagnosed { diagnoses } => {
            for diagnosis in diagnoses {
                let (problem, confidence) = (diagnosis.problem.kind(), diagnosis.confidence.get());
                info!(target: "healing", collection, %problem, confidence, "diagnosed");
                for evidence in &diagnosis.evidence {
                    debug!(target: "healing", collection, %problem, %evidence, "evidence");
                }
            }
        }
        EventKind::Deferred { problem, reason } => {
            info!(target: "healing", collection, %problem, reason = reason.name(), "deferred");
            debug!(target: "healing", collection, %problem, %reason, "deferred because");
        }
        EventKind::NoStrategy { problem, considered } => {
            let considered = considered.len();
            warn!(target: "healing", collection, %problem, considered, "no strategy");
        }
        EventKind::Remediation(remediation) => say_state(event, remediation),
        EventKind::Measured { remediation, lambda } => {
            debug!(target: "healing", collection, %remediation, lambda = lambda.get(), "measured");
        }
        EventKind::LeaseLost { remediation } => {
            warn!(target: "healing", collection, %remediation, "lease lost");
        }
        EventKind::CallAbandoned {
            remediation,
            step,
            abandoned,
        } => {
            warn!(target: "healing", collection, %remediation, step, abandoned, "call abandoned");
        }
        EventKind::StormBegan { unhealthy, of } => {
            warn!(target: "healing", collection, unhealthy, of, "storm began");
        }
        EventKind::StormEnded => info!(target: "healing", collection, "storm ended"),
        EventKind::Configured => info!(target: "healing", "configured"),
        EventKind::LearnerFailed { error } => {
            warn!(target: "healing", collection, error, "learner failed");
        }
        EventKind::Audited { fault: None } => info!(target: "healing", "journal verified"),
        EventKind::Audited { fault: Some(fault) } => {
            error!(target: "healing", fault, "journal not sound");
        }
        EventKind::StorageFailed { error } => {
            error!(target: "healing", collection, error, "storage failed");
        }
    }
}

fn say_state(event: &HealingEvent, remediation: &Remediation) {
    let collection = event.collection.as_ref().map(tracing::field::display);
    let (id, strategy) = (&remediation.id, &remediation.plan.strategy);
    let state = remediation.state.name();
    if event.kind.calls_human() || matches!(remediation.state, RemediationState::RollingBack { .. }) {
        warn!(target: "healing", collection, remediation = %id, %strategy, state, "remediation");
    } else {
        info!(target: "healing", collection, remediation = %id, %strategy, state, "remediation");
    }
    if let RemediationState::Executing { step, .. } = remediation.state
        && let Some(planned) = remediation.plan.steps.get(step)
    {
        debug!(target: "healing", collection, remediation = %id, step, description = %planned.description, "step planned");
    }
}
