//! From a sample to a remediation that begins, or to the reason why none does.

use jiff::Timestamp;
use serde_json::Map;

use super::event::EventKind;
use super::guard::Refusal;
use super::progress::{Progress, undo};
use super::remediation::{Initial, Remediation, RemediationState, UndoCause};
use super::selection::{Chosen, select};
use super::watched::{Active, Episode};
use crate::clock::later;
use crate::diagnosis::Diagnosis;
use crate::identity::RemediationId;
use crate::monitor::{IntegrityReport, IntegrityState};
use crate::observation::Observation;
use crate::permit::Revocation;
use crate::problem::{ProblemClass, ProblemKind};
use crate::storage::{JournalError, Lease, LeaseError, Stream};

impl Progress<'_> {
    /// Takes a regular sample and, where nothing is at work, decides what to do about it.
    pub(super) fn take_sample(&mut self) {
        let now = self.now();
        self.watched.sampled(now, self.services.config.sample_interval);
        let sampled = self.services.observe(&self.watched.collection).and_then(|observation| {
            let report = self
                .watched
                .monitor
                .sample(&observation)
                .map_err(|error| error.to_string())?;
            Ok((observation, report))
        });
        let (observation, report) = match sampled {
            Ok(sampled) => sampled,
            Err(error) => return self.report(EventKind::ObservationFailed { error }),
        };
        if let Some(change) = report.transition {
            self.report(EventKind::StateChanged(change));
        }
        self.watched.report = Some(report.clone());
        if self.watched.active.is_some() || !self.take_over() {
            return;
        }
        if report.state == IntegrityState::Normal {
            self.watched.episode = Episode::default();
        } else if report.below_stress() {
            self.respond(&observation, &report);
        }
    }

    /// Brings the ledger up to date once, and takes over what another healer, or this one before it lost its lease, left
    /// unfinished. Whether the way is free for something new.
    fn take_over(&mut self) -> bool {
        if !self.watched.ledger_is_read {
            if let Err(error) = self.catch_up() {
                self.report(EventKind::StorageFailed {
                    error: error.to_string(),
                });
                return false;
            }
            self.watched.ledger_is_read = true;
        }
        if self.watched.ledger.unfinished.is_none() {
            return true;
        }
        match self.acquire() {
            Ok(lease) => match self.adopt_unfinished(lease) {
                Some(lease) => {
                    self.give_back(&lease);
                    true
                }
                None => false,
            },
            // Its holder is still at it.
            Err(_) => false,
        }
    }

    /// Answers a degraded sample.
    fn respond(&mut self, observation: &Observation, report: &IntegrityReport) {
        let diagnoses = match self.services.classify(observation, report) {
            Ok(diagnoses) => diagnoses,
            Err(error) => return self.report(EventKind::ObservationFailed { error }),
        };
        let kinds: Vec<ProblemKind> = diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect();
        if kinds != self.watched.episode.diagnosed {
            self.report(EventKind::Diagnosed {
                diagnoses: diagnoses.clone(),
            });
            self.watched.episode.diagnosed = kinds;
        }
        let mut reasons = Vec::new();
        for diagnosis in &diagnoses {
            match self.treat(observation, report, diagnosis) {
                Ok(()) => return,
                Err(reason) => reasons.push(reason),
            }
        }
        // What stands in the way of the most certain diagnosis is what is reported.
        if let Some(reason) = reasons.into_iter().next() {
            self.tell(reason);
        }
    }

    /// Begins to treat one diagnosis, or says why not.
    fn treat(
        &mut self,
        observation: &Observation,
        report: &IntegrityReport,
        diagnosis: &Diagnosis,
    ) -> Result<(), EventKind> {
        let problem = diagnosis.problem.kind();
        let defer = |reason| EventKind::Deferred {
            problem: problem.clone(),
            reason,
        };
        let storage_failed = |error: JournalError| EventKind::StorageFailed {
            error: error.to_string(),
        };
        if let Some(reason) = self.refuse(&diagnosis.problem) {
            return Err(defer(reason));
        }
        let failures = self.watched.episode.failures.get(&problem);
        let chosen = select(self.services, observation, report, diagnosis, failures).map_err(|considered| {
            EventKind::NoStrategy {
                problem: problem.clone(),
                considered,
            }
        })?;
        let lease = self.acquire().map_err(|error| {
            defer(match error {
                LeaseError::Held { holder, .. } => Refusal::LeaseHeld { holder },
                other => Refusal::LeaseUnavailable {
                    error: other.to_string(),
                },
            })
        })?;
        // What others did before the lease was ours counts.
        if let Err(error) = self.catch_up() {
            self.give_back(&lease);
            return Err(storage_failed(error));
        }
        let Some(lease) = self.adopt_unfinished(lease) else {
            return Ok(());
        };
        if let Some(reason) = self.refuse(&diagnosis.problem) {
            self.give_back(&lease);
            return Err(defer(reason));
        }
        self.begin(lease, observation, report, diagnosis, chosen)
            .map_err(storage_failed)
    }

    /// Why a problem is not treated now.
    fn refuse(&self, problem: &ProblemClass) -> Option<Refusal> {
        if !self.services.config.enabled {
            return Some(Refusal::Disabled);
        }
        if let ProblemClass::Unknown { witness_summary } = problem {
            return Some(Refusal::UnknownProblem {
                witness_summary: witness_summary.clone(),
            });
        }
        self.watched.ledger.attempts.refuse(self.now(), &self.services.config)
    }

    /// Writes the new remediation down and makes it the active one.
    fn begin(
        &mut self,
        lease: Lease,
        observation: &Observation,
        report: &IntegrityReport,
        diagnosis: &Diagnosis,
        chosen: Chosen<'_>,
    ) -> Result<(), JournalError> {
        let now = self.now();
        let config = &self.services.config;
        let needs_approval = config.require_approval.contains(&diagnosis.problem.kind())
            || config.require_approval_strategies.contains(&chosen.strategy.name);
        let state = if needs_approval {
            RemediationState::AwaitingApproval { since: now }
        } else {
            RemediationState::Planned { approved_by: None }
        };
        let symptom = super::call::contained(|| {
            chosen
                .strategy
                .strategy
                .symptom(&diagnosis.problem, &observation.metrics)
        });
        let id = RemediationId::new(self.watched.collection.clone(), self.watched.ledger.next_number());
        let remediation = Remediation {
            id,
            started_at: now,
            diagnosis: diagnosis.clone(),
            plan: chosen.plan,
            parameters: Map::new(),
            prediction: chosen.prediction,
            initial: Initial::of(report, &observation.metrics, symptom.ok().flatten()),
            state: state.clone(),
        };
        self.watched.episode.told = None;
        self.activate(lease, remediation, now);
        self.enter(state).inspect_err(|_| {
            // Nothing was written down, so nothing has begun.
            if let Some(active) = self.watched.active.take() {
                self.give_back(&active.lease);
            }
        })
    }

    /// Makes what was left unfinished the active remediation, on its way back to where it began. Returns the lease where
    /// nothing was left.
    fn adopt_unfinished(&mut self, lease: Lease) -> Option<Lease> {
        if let Err(error) = self.catch_up() {
            self.report(EventKind::StorageFailed {
                error: error.to_string(),
            });
            self.give_back(&lease);
            return None;
        }
        let Some(unfinished) = self.watched.ledger.unfinished.take() else {
            return Some(lease);
        };
        let now = self.now();
        let interrupted = UndoCause::Interrupted {
            state: unfinished.state.name().to_owned(),
        };
        let state = match &unfinished.state {
            RemediationState::Executing { .. }
            | RemediationState::Settling { .. }
            | RemediationState::Stabilising { .. }
            | RemediationState::Verifying { .. } => self
                .services
                .registry
                .registered(&unfinished.plan.strategy)
                .map(|strategy| undo(strategy, unfinished.state.begun(), 0, now, interrupted)),
            RemediationState::RollingBack {
                begun,
                remaining,
                cause,
                failures,
                ..
            } => {
                let (begun, remaining) = (*begun, *remaining);
                let (cause, failures) = (cause.clone(), failures.clone());
                // Where only the last step was to be taken back, the others would have gone on to be verified by a healer
                // that is gone: all of them go.
                Some(RemediationState::RollingBack {
                    begun,
                    remaining,
                    keep: 0,
                    since: now,
                    cause,
                    failures,
                })
            }
            _ => None,
        };
        self.activate(lease, unfinished, now);
        if let Some(state) = state
            && let Err(error) = self.enter(state)
        {
            // It stays the journal's unfinished remediation, for the next sample.
            self.report(EventKind::StorageFailed {
                error: error.to_string(),
            });
            if let Some(active) = self.watched.active.take() {
                self.give_back(&active.lease);
                self.watched.ledger.unfinished = Some(active.remediation);
            }
        }
        None
    }

    fn activate(&mut self, lease: Lease, remediation: Remediation, now: Timestamp) {
        let renew_at = later(now, self.services.config.lease / 2);
        let revocation = Revocation::default();
        self.watched.active = Some(Active {
            remediation,
            lease,
            revocation,
            unwritten: None,
            renew_at,
            wake_at: now,
        });
    }

    fn catch_up(&mut self) -> Result<(), JournalError> {
        let stream = Stream::Collection(self.watched.collection.clone());
        self.watched
            .ledger
            .catch_up(&*self.services.journal, &stream, &self.services.config)
    }

    fn acquire(&self) -> Result<Lease, LeaseError> {
        let Self { services, watched, .. } = self;
        services
            .leases
            .acquire(&watched.collection, &services.holder, services.config.lease)
    }

    fn give_back(&mut self, lease: &Lease) {
        if let Err(error) = self.services.leases.release(lease) {
            self.report(EventKind::StorageFailed {
                error: error.to_string(),
            });
        }
    }

    /// Reports why nothing is done, unless that is what was reported last.
    fn tell(&mut self, reason: EventKind) {
        if self.watched.episode.told.as_ref() != Some(&reason) {
            self.watched.episode.told = Some(reason.clone());
            self.report(reason);
        }
    }
}
