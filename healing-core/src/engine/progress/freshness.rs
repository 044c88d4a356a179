//! Whether a remediation that has waited may still begin: for a human, for a place, after a failed write.

use super::Progress;
use crate::engine::guard::{Circumstances, refuse_attempts};
use crate::engine::prediction::predict;
use crate::engine::remediation::Remediation;
use crate::engine::selection::check_prediction;
use crate::engine::storm::Storm;
use crate::engine::watched::Active;
use crate::monitor::IntegrityReport;
use crate::number::Lambda;
use crate::registry::Registered;

/// Why it cannot be told now whether a remediation may begin.
pub(super) enum Postponed {
    /// As many remediations as allowed are at work.
    Crowded,
    /// What operators ordered cannot be read.
    OrdersUnknown,
    /// What is to be treated cannot be looked at.
    NotMeasured(String),
}

/// Lambda before the first step, or why there is no first step any more.
type Beginning = Result<Lambda, String>;

impl Progress<'_> {
    /// Whether the active remediation, which is planned, may begin now.
    pub(super) fn may_begin(
        &mut self,
        active: &Active,
        strategy: &Registered,
        circumstances: &Circumstances,
    ) -> Result<Beginning, Postponed> {
        let remediation = &active.remediation;
        let config = &self.services.config;
        let by_the_loop = remediation.ordered_by.is_none();
        if by_the_loop && refuse_attempts(self.watched.ledger.sum(), self.now(), config).is_some() {
            // Since it was planned, the clock was set back.
            return Ok(Err(
                "as many remediations as allowed have begun within the window".to_owned()
            ));
        }
        if active.vetted {
            let last = self.watched.report.as_ref();
            return Ok(Ok(last.map_or(remediation.initial.lambda, |report| report.lambda)));
        }
        if !circumstances.orders_known {
            return Err(Postponed::OrdersUnknown);
        }
        if let Some(reason) = forbidden(config.enabled, circumstances, by_the_loop) {
            return Ok(Err(reason));
        }
        if circumstances.active >= config.max_active {
            return Err(Postponed::Crowded);
        }
        self.check_plan(remediation, strategy).map_err(Postponed::NotMeasured)
    }

    /// Whether there is nothing left to treat, as far as the last sample tells.
    pub(super) fn outdated(&self, remediation: &Remediation) -> bool {
        let treat = |report| needs_treatment(remediation, report);
        remediation.ordered_by.is_none() && !self.watched.report.as_ref().is_none_or(treat)
    }

    /// Checks a plan that has waited against what is observed now. `Err` when that cannot be told at the moment.
    fn check_plan(&mut self, remediation: &Remediation, strategy: &Registered) -> Result<Beginning, String> {
        let (observation, report) = self.measure(remediation, remediation.started_at)?;
        if remediation.ordered_by.is_some() {
            return Ok(Ok(report.lambda));
        }
        if !needs_treatment(remediation, &report) {
            let lambda = report.lambda;
            return Ok(Err(format!(
                "lambda is back at {lambda}, there is nothing left to treat"
            )));
        }
        let kind = remediation.diagnosis.problem.kind();
        let diagnoses = self.services.classify(&observation, &report)?;
        if !diagnoses.iter().any(|diagnosis| diagnosis.problem.kind() == kind) {
            return Ok(Err(format!("{kind} is no longer what is wrong")));
        }
        let prediction = predict(&remediation.plan, &self.watched.monitor).map_err(|error| error.to_string())?;
        Ok(match check_prediction(prediction, strategy) {
            Ok(()) => Ok(report.lambda),
            Err(_) => Err("the plan would lower lambda as things stand now".to_owned()),
        })
    }
}

/// Whether `report` shows that there is still something to treat, by what held when the remediation was planned: a healer that
/// started a moment ago may not know what lambda is when all is well.
fn needs_treatment(remediation: &Remediation, report: &IntegrityReport) -> bool {
    match remediation.initial.stress {
        Some(stress) => report.integrity < stress,
        None => report.below_stress(),
    }
}

/// What was forbidden since it was planned.
fn forbidden(enabled: bool, circumstances: &Circumstances, by_the_loop: bool) -> Option<String> {
    if !enabled {
        return Some("healing was switched off meanwhile".to_owned());
    }
    if let Some(freeze) = &circumstances.freeze {
        return Some(format!("{} froze healing meanwhile: {}", freeze.by, freeze.reason));
    }
    let Storm { unhealthy, of } = circumstances.storm.filter(|_| by_the_loop)?;
    Some(format!(
        "{unhealthy} of {of} are unhealthy at once, the cause is outside"
    ))
}
