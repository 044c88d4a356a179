//! What happens, a line each, as it happens.

use healing_core::Timestamp;
use healing_core::engine::{EventKind, HealingEvent, RemediationState};

use crate::story::outcome_in_words;

/// The event in a line that begins with the minutes and seconds since the begin; `None` where it is not worth one.
pub(crate) fn in_a_line(event: &HealingEvent, began_at: Timestamp) -> Option<String> {
    let text = match &event.kind {
        EventKind::StateChanged(change) => format!("state {} -> {}", change.from, change.to),
        EventKind::Diagnosed { diagnoses } => {
            let found = diagnoses.iter().map(|diagnosis| {
                let percent = diagnosis.confidence.get() * 100.0;
                format!("{} ({percent:.0} % sure)", diagnosis.problem.kind())
            });
            format!("diagnosis: {}", found.collect::<Vec<_>>().join(", "))
        }
        EventKind::Deferred { problem, reason } => format!("{problem} is left alone: {reason}"),
        EventKind::NoStrategy { problem, .. } => format!("nothing here can treat {problem}"),
        EventKind::Remediation(remediation) => {
            let (id, plan) = (&remediation.id, &remediation.plan);
            match &remediation.state {
                RemediationState::AwaitingApproval { .. } => format!("{id} awaits approval: {}", plan.summary),
                RemediationState::Planned { .. } => format!("{id}: {} ({})", plan.summary, plan.strategy),
                RemediationState::Executing { step, .. } => {
                    let described = plan.steps.get(*step).map_or("", |step| step.description.as_str());
                    format!("{id}: step {}/{}: {described}", step + 1, plan.steps.len())
                }
                RemediationState::RollingBack {
                    cause,
                    begun,
                    remaining,
                    ..
                } if begun == remaining => {
                    format!("{id}: taken back, as {cause}")
                }
                state if state.is_terminal() => format!("{id}: {}", outcome_in_words(remediation)),
                _ => return None,
            }
        }
        EventKind::StormBegan { unhealthy, of } => format!("storm: {unhealthy} of {of} are unhealthy"),
        EventKind::StormEnded => "the storm is over".to_owned(),
        EventKind::ObservationFailed { error } => format!("not observed: {error}"),
        EventKind::StorageFailed { error } => format!("storage failed: {error}"),
        _ => return None,
    };
    let seconds = event.at.duration_since(began_at).as_secs();
    Some(format!("{:02}:{:02}  {text}", seconds / 60, seconds % 60))
}
