//! What happened, for a reader.

use std::io::{self, Write};
use std::time::Instant;

use healing_core::Remediation;
use healing_core::engine::{EventKind, HealingEvent, RemediationState, Verification};

/// Tells the story, event by event.
pub(crate) struct Story {
    begun: Instant,
}

impl Story {
    pub(crate) fn new(begun: Instant) -> Self {
        Self { begun }
    }

    /// The time that has passed, as it stands before each line.
    pub(crate) fn clock(begun: Instant) -> String {
        format!("{:6.1} s ", begun.elapsed().as_secs_f64())
    }

    pub(crate) fn tell(&mut self, event: &HealingEvent, out: &mut dyn Write) -> io::Result<()> {
        match &event.kind {
            EventKind::StateChanged(change) => self.line(out, &format!("state {} -> {}", change.from, change.to)),
            EventKind::Diagnosed { diagnoses } => {
                for diagnosis in diagnoses {
                    let evidence: Vec<String> = diagnosis.evidence.iter().map(ToString::to_string).collect();
                    let because = format!(
                        "diagnosis: {}, because {}",
                        diagnosis.problem.kind(),
                        evidence.join(", ")
                    );
                    self.line(out, &because)?;
                }
                Ok(())
            }
            EventKind::Deferred { problem, reason } => {
                self.line(out, &format!("{problem} is left alone for now: {}", reason.name()))
            }
            EventKind::NoStrategy { problem, .. } => {
                self.line(out, &format!("nothing here treats {problem}: a human is called"))
            }
            EventKind::Remediation(remediation) => self.remediation(out, remediation),
            EventKind::Measured { lambda, .. } => self.line(out, &format!("  measured: lambda {:.1}", lambda.get())),
            EventKind::ObservationFailed { error } => self.line(out, &format!("cannot observe: {error}")),
            EventKind::StorageFailed { error } => self.line(out, &format!("storage failed: {error}")),
            _ => Ok(()),
        }
    }

    fn remediation(&self, out: &mut dyn Write, remediation: &Remediation) -> io::Result<()> {
        let steps = &remediation.plan.steps;
        match &remediation.state {
            RemediationState::Planned { .. } => {
                let plan = &remediation.plan;
                self.line(
                    out,
                    &format!("plan {}: {} ({})", remediation.id, plan.summary, plan.strategy),
                )?;
                let Some(prediction) = remediation.prediction else {
                    return Ok(());
                };
                let (before, after) = (prediction.lambda_before.get(), prediction.lambda_after.get());
                self.line(out, &format!("  predicted: lambda {before:.1} -> {after:.1}"))
            }
            RemediationState::Executing { step, .. } => {
                let description = steps.get(*step).map_or("", |step| step.description.as_str());
                self.line(out, &format!("step {}/{}: {description}", step + 1, steps.len()))
            }
            RemediationState::Stabilising { done, .. } => self.line(
                out,
                &format!("{done} of {} steps are done; the store is left to settle", steps.len()),
            ),
            RemediationState::Completed { verification, .. } => {
                let verdict = match verification {
                    Verification::Lambda { relative_change } => {
                        format!("verified, lambda rose by {:.0} %", relative_change * 100.0)
                    }
                    Verification::Symptom { before, after } => {
                        format!(
                            "verified, the symptom sank from {:.1} to {:.1}",
                            before.get(),
                            after.get()
                        )
                    }
                    _ => "not verified: a human is called".to_owned(),
                };
                self.line(out, &format!("{}: {verdict}", remediation.id))
            }
            RemediationState::RollingBack {
                begun,
                remaining,
                cause,
                ..
            } if begun == remaining => self.line(out, &format!("undo: {cause}")),
            RemediationState::RolledBack { .. } => self.line(out, &format!("{}: taken back", remediation.id)),
            RemediationState::RollbackFailed { .. } => self.line(
                out,
                &format!("{}: could not be taken back: a human is called", remediation.id),
            ),
            RemediationState::Expired { reason } => self.line(out, &format!("{} given up: {reason}", remediation.id)),
            _ => Ok(()),
        }
    }

    fn line(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        writeln!(out, "{} {text}", Self::clock(self.begun))
    }
}
