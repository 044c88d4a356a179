//! A remediation that begins: under a lease, and written down first.

use std::sync::Arc;

use serde_json::Map;

use super::decision::ConsideredStrategy;
use super::guard::{Circumstances, Initiative, Refusal};
use super::intake::Sample;
use super::progress::Progress;
use super::remediation::{Initial, Remediation, RemediationState};
use super::selection::{Chosen, needs_approval};
use super::watched::Tenure;
use crate::diagnosis::Diagnosis;
use crate::host_call::{contained, told};
use crate::identity::{Operator, RemediationId};
use crate::problem::ProblemKind;
use crate::storage::{JournalBody, JournalError, LeaseError};

/// A remediation that is to begin.
pub(super) struct Beginning<'a> {
    pub(super) chosen: Chosen<'a>,
    pub(super) diagnosis: &'a Diagnosis,
    /// Every kind of problem that was found.
    pub(super) problems: Vec<ProblemKind>,
    pub(super) considered: Vec<ConsideredStrategy>,
    pub(super) ordered_by: Option<&'a Operator>,
    pub(super) parameters: Map<String, serde_json::Value>,
}

/// Why a remediation did not begin.
pub(super) enum NotBegun {
    Refused(Refusal),
    Journal(JournalError),
}

impl Progress<'_> {
    /// Gets the lease, checks once more against what others did before it was ours, and begins. `None` where something
    /// unfinished was taken over instead.
    pub(super) fn begin_under_lease(
        &mut self,
        sample: &Sample,
        beginning: Beginning<'_>,
        circumstances: &Circumstances,
        initiative: Initiative,
    ) -> Result<Option<RemediationId>, NotBegun> {
        let tenure = self.acquire().map_err(|error| {
            NotBegun::Refused(match error {
                LeaseError::Held { holder, .. } => Refusal::LeaseHeld { holder },
                other => Refusal::LeaseUnavailable { error: told(&other) },
            })
        })?;
        let Some(tenure) = self.adopt_unfinished(tenure).map_err(NotBegun::Journal)? else {
            return Ok(None);
        };
        if let Some(reason) = self.refusal_for(initiative, sample, circumstances) {
            self.give_back(&tenure);
            return Err(NotBegun::Refused(reason));
        }
        self.begin(tenure, sample, beginning)
            .map(Some)
            .map_err(NotBegun::Journal)
    }

    /// Writes the new remediation down and makes it the active one.
    fn begin(
        &mut self,
        tenure: Tenure,
        sample: &Sample,
        beginning: Beginning<'_>,
    ) -> Result<RemediationId, JournalError> {
        let Sample { observation, report } = sample;
        let Beginning {
            chosen:
                Chosen {
                    strategy,
                    plan,
                    choice,
                    prediction,
                },
            diagnosis,
            problems,
            considered,
            ..
        } = beginning;
        let now = self.now();
        let config = &self.services.config;
        let asks = needs_approval(strategy, &diagnosis.problem.kind(), report.state, config);
        let state = if beginning.ordered_by.is_none() && asks {
            RemediationState::AwaitingApproval { since: now }
        } else {
            RemediationState::Planned {
                since: now,
                approved_by: None,
            }
        };
        let symptom = contained(|| strategy.strategy.symptom(&diagnosis.problem, &observation.metrics));
        let id = RemediationId::new(self.watched.collection.clone(), self.watched.ledger.sum().next_number());
        let remediation = Remediation {
            id: id.clone(),
            started_at: now,
            ordered_by: beginning.ordered_by.cloned(),
            diagnosis: Arc::new(diagnosis.clone()),
            plan,
            considered: considered.into(),
            choice,
            parameters: Arc::new(beginning.parameters),
            prediction,
            initial: Arc::new(Initial::of(
                problems,
                report,
                &observation.metrics,
                symptom.ok().flatten(),
            )),
            state,
        };
        self.activate(tenure, remediation).map(|()| id)
    }

    /// Writes a remediation down in the state it holds and makes it the active one. Where that fails, nothing has begun.
    pub(super) fn activate(&mut self, tenure: Tenure, remediation: Remediation) -> Result<(), JournalError> {
        let pen = self.services.pen(tenure.lease.token);
        let body = JournalBody::Remediation(Box::new(remediation.clone()));
        if let Err(error) = self.watched.ledger.append(&pen, body) {
            self.give_back(&tenure);
            return Err(error);
        }
        let state = remediation.state.clone();
        self.put_to_work(tenure, remediation);
        self.entered(state, pen.at);
        if let Some(active) = &mut self.watched.active {
            active.vetted = true;
        }
        Ok(())
    }
}
