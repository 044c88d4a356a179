//! What happened, for a reader.

use std::io::{self, Write};

use healing_core::engine::{EventKind, HealingEvent, Refusal, RemediationState, Verification};
use healing_core::{Lambda, Remediation, Timestamp};

use crate::run::{Run, Sample};

/// Tells the story.
pub(crate) fn tell(run: &Run, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "{}: {}", run.scenario.name(), run.scenario.description())?;
    writeln!(output, "seed {}, policy {}", run.seed, run.policy.name())?;
    let humans = if run.approve {
        "an operator approves what needs approval"
    } else {
        "what needs approval (scale_replicas, resync_replica) takes no part: see --approve"
    };
    writeln!(output, "{humans}\n")?;
    let mut teller = Teller {
        run,
        output,
        told: run.began_at,
    };
    teller.begin()?;
    for event in &run.events {
        teller.event(event)?;
    }
    teller.strike_until(Timestamp::MAX)?;
    teller.end()
}

struct Teller<'a> {
    run: &'a Run,
    output: &'a mut dyn Write,
    /// Everything up to here was told.
    told: Timestamp,
}

impl Teller<'_> {
    fn begin(&mut self) -> io::Result<()> {
        if let Some(lambda) = self.run.lambda_initial() {
            self.line(
                self.run.began_at,
                &format!("the cluster is well: lambda {}", short(lambda)),
            )?;
        }
        Ok(())
    }

    fn event(&mut self, event: &HealingEvent) -> io::Result<()> {
        self.strike_until(event.at)?;
        let at = event.at;
        match &event.kind {
            EventKind::ObservationFailed { error } => self.line(at, &format!("cannot observe: {error}"))?,
            EventKind::StateChanged(change) => {
                let measured = self.sample_at(at).map_or_else(String::new, relative_lambda);
                self.line(at, &format!("state {} -> {}{measured}", change.from, change.to))?;
            }
            EventKind::DriftBegan(drift) => {
                let minutes = drift.stress_in.as_secs_f64() / 60.0;
                self.line(
                    at,
                    &format!("drift: integrity sinks, stress in {minutes:.0} minutes if it goes on so"),
                )?;
            }
            EventKind::DriftEnded => self.line(at, "the drift is over")?,
            EventKind::Diagnosed { diagnoses } => {
                for diagnosis in diagnoses {
                    let confidence = diagnosis.confidence.get() * 100.0;
                    self.line(
                        at,
                        &format!("diagnosis: {} ({confidence:.0} % sure)", diagnosis.problem.kind()),
                    )?;
                    for evidence in &diagnosis.evidence {
                        self.more(&format!("because {evidence}"))?;
                    }
                }
            }
            EventKind::Deferred { problem, reason } => {
                self.line(
                    at,
                    &format!("{problem} is left alone: {}", in_words(reason, self.run.began_at)),
                )?;
            }
            EventKind::NoStrategy { problem, considered } => {
                self.line(at, &format!("nothing here can treat {problem}: a human is called"))?;
                for rejection in considered {
                    self.more(&format!("{}: {}", rejection.strategy, rejection.verdict))?;
                }
            }
            EventKind::Remediation(remediation) => self.remediation(at, remediation)?,
            EventKind::Measured { lambda, .. } => self.more(&format!("measured: lambda {}", short(*lambda)))?,
            EventKind::LeaseLost { remediation } => self.line(at, &format!("the lease for {remediation} was lost"))?,
            EventKind::StorageFailed { error } => self.line(at, &format!("storage failed: {error}"))?,
            other => self.line(at, &format!("{other:?}"))?,
        }
        Ok(())
    }

    fn remediation(&mut self, at: Timestamp, remediation: &Remediation) -> io::Result<()> {
        let steps = &remediation.plan.steps;
        let of = steps.len();
        let described = |step: usize| steps.get(step).map_or("", |step| step.description.as_str());
        match &remediation.state {
            RemediationState::AwaitingApproval { .. } => {
                self.plan(at, remediation)?;
                if self.run.approve {
                    self.line(at, &format!("{} is approved by the operator", remediation.id))
                } else {
                    self.line(at, &format!("{} awaits approval", remediation.id))
                }
            }
            // Its plan was told when it began to wait.
            RemediationState::Planned {
                approved_by: Some(_), ..
            } => Ok(()),
            RemediationState::Planned { approved_by: None, .. } => self.plan(at, remediation),
            RemediationState::Executing { step, .. } => {
                self.line(at, &format!("step {}/{of}: {}", step + 1, described(*step)))
            }
            RemediationState::Settling { .. } | RemediationState::Verifying { .. } => Ok(()),
            RemediationState::Stabilising { done, .. } if *done < of => self.line(
                at,
                &format!("{done} of {of} steps are enough; the cluster is left to settle"),
            ),
            RemediationState::Stabilising { .. } => self.line(at, "all steps done; the cluster is left to settle"),
            RemediationState::Completed { verification, .. } => {
                self.line(at, &format!("{}: {}", remediation.id, verdict(verification)))
            }
            RemediationState::RollingBack {
                begun,
                remaining,
                cause,
                ..
            } if begun == remaining => self.line(at, &format!("undo: {cause}")),
            RemediationState::RollingBack { remaining, .. } => self.more(&format!("undone: {}", described(*remaining))),
            RemediationState::RolledBack { .. } => self.line(at, &format!("{}: everything taken back", remediation.id)),
            RemediationState::RollbackFailed { failures, .. } => self.line(
                at,
                &format!(
                    "{}: {} steps could not be taken back: a human is called",
                    remediation.id,
                    failures.len()
                ),
            ),
            RemediationState::Rejected { by } => self.line(at, &format!("{} rejected by {by}", remediation.id)),
            RemediationState::Expired { reason } => self.line(at, &format!("{} given up: {reason}", remediation.id)),
            other => self.line(at, &format!("{}: {}", remediation.id, other.name())),
        }
    }

    fn plan(&mut self, at: Timestamp, remediation: &Remediation) -> io::Result<()> {
        let plan = &remediation.plan;
        self.line(
            at,
            &format!("plan {}: {} ({})", remediation.id, plan.summary, plan.strategy),
        )?;
        match remediation.prediction {
            Some(prediction) => {
                let (before, after) = (short(prediction.lambda_before), short(prediction.lambda_after));
                self.more(&format!("predicted: lambda {before} -> {after}"))
            }
            None => self.more("its effect on lambda cannot be predicted"),
        }
    }

    /// Tells of the fault, if it struck by then and was not told of yet.
    fn strike_until(&mut self, until: Timestamp) -> io::Result<()> {
        if let (Some(struck_at), Some(injection)) = (self.run.struck_at(), self.run.injection)
            && self.told < struck_at
            && struck_at <= until
        {
            self.line(struck_at, &format!("FAULT: {}", injection.fault))?;
        }
        self.told = self.told.max(until);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let run = self.run;
        if let Some(last) = run.samples.last() {
            let verdict = if run.recovered() {
                "the cluster is well"
            } else {
                "the cluster is still degraded"
            };
            self.line(
                last.at,
                &format!("{verdict}, state {}{}", last.state, relative_lambda(last)),
            )?;
        }
        if let (Some(initial), Some(lowest), Some(last)) =
            (run.lambda_initial(), run.lambda_lowest(), run.lambda_final())
        {
            let (initial, lowest, last) = (short(initial), short(lowest), short(last));
            writeln!(
                self.output,
                "\nlambda   before {initial}, lowest {lowest}, at the end {last}"
            )?;
        }
        writeln!(self.output, "         {}", sparkline(&run.samples))?;
        writeln!(
            self.output,
            "         0 to {} minutes, full height is the healthy baseline",
            minutes(run)
        )?;
        for (strategy, before) in &run.weights_before {
            let after = run.weights_after.get(strategy).copied().unwrap_or_default();
            writeln!(
                self.output,
                "weight   {strategy:24}{:.2} -> {:.2}",
                before.get(),
                after.get()
            )?;
        }
        Ok(())
    }

    fn sample_at(&self, at: Timestamp) -> Option<&Sample> {
        self.run.samples.iter().rev().find(|sample| sample.at <= at)
    }

    fn line(&mut self, at: Timestamp, text: &str) -> io::Result<()> {
        let seconds = at.duration_since(self.run.began_at).as_secs();
        writeln!(self.output, "{:02}:{:02}  {text}", seconds / 60, seconds % 60)
    }

    fn more(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "         {text}")
    }
}

/// What came of a remediation.
pub(crate) fn outcome_in_words(remediation: &Remediation) -> String {
    match &remediation.state {
        RemediationState::Completed { verification, .. } => verdict(verification),
        RemediationState::RolledBack { cause, .. } => format!("everything taken back: {cause}"),
        RemediationState::RollbackFailed { cause, failures, .. } => {
            format!("{} steps could not be taken back: {cause}", failures.len())
        }
        RemediationState::Rejected { by } => format!("rejected by {by}"),
        RemediationState::Expired { reason } => format!("given up: {reason}"),
        other => format!("{} at the end", other.name()),
    }
}

fn verdict(verification: &Verification) -> String {
    match verification {
        Verification::Lambda { relative_change } => {
            format!("verified, lambda rose by {:.0} %", relative_change * 100.0)
        }
        Verification::Integrity { relative_change } => {
            format!(
                "verified, the weakest cut has {:.0} % more of its worth",
                relative_change * 100.0
            )
        }
        Verification::Symptom { before, after } => format!("verified, the symptom sank from {before:.2} to {after:.2}"),
        Verification::NotVerified { relative_change } => {
            format!(
                "not verified, lambda changed by {:+.0} %: a human is called",
                relative_change * 100.0
            )
        }
        other => format!("{other:?}"),
    }
}

fn in_words(reason: &Refusal, began_at: Timestamp) -> String {
    let clock = |at: &Timestamp| {
        let seconds = at.duration_since(began_at).as_secs();
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    };
    match reason {
        Refusal::Disabled => "healing is switched off".to_owned(),
        Refusal::UnknownProblem { witness_summary } => {
            format!("nothing explains it ({witness_summary}), a human is called")
        }
        Refusal::CoolingDown { until } => format!("cooling down until {}", clock(until)),
        Refusal::TooManyAttempts { attempts, until } => {
            format!(
                "{attempts} attempts within the window, the next one may begin at {}; a human is called",
                clock(until)
            )
        }
        Refusal::LeaseHeld { holder } => format!("{holder} is at it"),
        other => format!("{other:?}"),
    }
}

fn relative_lambda(sample: &Sample) -> String {
    let lambda = short(sample.lambda);
    match sample.baseline.filter(|baseline| *baseline > Lambda::ZERO) {
        Some(baseline) => {
            let share = sample.lambda.get() / baseline.get() * 100.0;
            format!(": lambda {lambda}, {share:.0} % of the healthy {}", short(baseline))
        }
        None => format!(": lambda {lambda}"),
    }
}

fn short(lambda: Lambda) -> String {
    format!("{:.1}", lambda.get())
}

fn minutes(run: &Run) -> i64 {
    run.samples
        .last()
        .map_or(0, |last| last.at.duration_since(run.began_at).as_secs() / 60)
}

/// The lowest lambda of every three samples, as eighths of the greatest baseline.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1 of the number of bars is a position among them"
)]
fn sparkline(samples: &[Sample]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let full = samples
        .iter()
        .filter_map(|sample| sample.baseline)
        .max()
        .unwrap_or_default()
        .get();
    let bar = |some: &[Sample]| {
        let lowest = some.iter().map(|sample| sample.lambda).min().unwrap_or_default().get();
        let share = if full > 0.0 {
            (lowest / full).clamp(0.0, 1.0)
        } else {
            0.0
        };
        BARS[((share * 7.0).round() as usize).min(BARS.len() - 1)]
    };
    samples.chunks(3).map(bar).collect()
}
