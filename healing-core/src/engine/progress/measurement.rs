//! What a remediation measures: before it begins, between its steps and at its end.

use std::time::Duration;

use jiff::Timestamp;

use super::Progress;
use crate::clock::{elapsed, later};
use crate::engine::event::EventKind;
use crate::engine::remediation::Remediation;
use crate::engine::watched::Active;
use crate::host_call::contained;
use crate::monitor::IntegrityReport;
use crate::number::Amount;
use crate::observation::Observation;
use crate::problem::ProblemKind;
use crate::registry::Registered;
use crate::storage::Disturbance;

impl Progress<'_> {
    /// Observes for a remediation, without moving the integrity state. What was observed before `since` is not what is asked
    /// for.
    pub(super) fn measure(
        &mut self,
        remediation: &Remediation,
        since: Timestamp,
    ) -> Result<(Observation, IntegrityReport), String> {
        let observation = self.services.observe(&self.watched.collection)?;
        // After a clock was set back, `since` lies in the future and nothing could be fresh.
        if observation.observed_at < since.min(self.now()) {
            return Err(format!(
                "the newest observation is of {}, before {since}",
                observation.observed_at
            ));
        }
        let report = self
            .watched
            .monitor
            .look(&observation)
            .map_err(|error| error.to_string())?;
        self.report(EventKind::Measured {
            remediation: remediation.id.clone(),
            lambda: report.lambda,
        });
        Ok((observation, report))
    }

    /// Notes what beside the remediation may have brought about what was measured: something broke that was not wrong when it
    /// began, or a remediation of another collection touched what this one was measured by. Its verdict then says less.
    pub(super) fn note_disturbances(&self, active: &mut Active, observation: &Observation, report: &IntegrityReport) {
        let mut nodes = observation.graph.nodes().iter();
        if nodes.any(|node| active.touched_elsewhere.contains(&node.node)) {
            active.disturbances.insert(Disturbance::AnotherRemediation);
        }
        let Ok(diagnoses) = self.services.classify(observation, report) else {
            return;
        };
        let known = &active.remediation.initial.problems;
        let is_new = |kind: &ProblemKind| *kind != ProblemKind::Unknown && !known.contains(kind);
        if report.below_stress() && diagnoses.iter().any(|found| is_new(&found.problem.kind())) {
            active.disturbances.insert(Disturbance::AnotherFault);
        }
    }

    /// When to try a failed measurement again; `None` when it failed for too long.
    pub(super) fn be_patient(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let config = &self.services.config;
        (elapsed(since, now) < config.measurement_patience).then(|| later(now, config.sample_interval))
    }
}

pub(super) fn symptom(strategy: &Registered, remediation: &Remediation, observed: &Observation) -> Option<Amount> {
    contained(|| {
        strategy
            .strategy
            .symptom(&remediation.diagnosis.problem, &observed.metrics)
    })
    .ok()
    .flatten()
}

/// Whether a wait that lasts `whole` goes on. One that is longer than when it began was begun before the clock was set back,
/// and is over.
pub(super) fn still_waits(now: Timestamp, until: Timestamp, whole: Duration) -> bool {
    now < until && elapsed(now, until) <= whole
}
