//! From a sample to a remediation that begins, or to the reason why none does.

use serde_json::Map;

use super::alarm::Alarm;
use super::beginning::{Beginning, NotBegun};
use super::decision::{ConsideredProblem, Decision};
use super::event::EventKind;
use super::guard::{Circumstances, Initiative, Refusal, refuse, refuse_problem, unhealthy_nodes};
use super::progress::Progress;
use super::selection::Consideration;
use crate::diagnosis::Diagnosis;
use crate::host_call::told;
use crate::monitor::{IntegrityReport, IntegrityState};
use crate::observation::Observation;
use crate::problem::ProblemKind;

/// A sample that calls for an answer.
pub(super) struct Sample {
    pub(super) observation: Observation,
    pub(super) report: IntegrityReport,
}

impl<'a> Progress<'a> {
    /// Takes a regular sample, where one is due. Returns it where the collection is degraded and nothing is at work.
    pub(super) fn sample(&mut self) -> Option<Sample> {
        let now = self.now();
        if !self.watched.next_sample.is_due(now) {
            return None;
        }
        self.record_outcomes();
        // Before anything is observed: what was left half done can be taken back without.
        let free = self.watched.active.is_none() && self.take_over();
        let sample = self.look().ok()?;
        if !free {
            return None;
        }
        if sample.report.state == IntegrityState::Normal {
            self.watched.told = super::watched::Told::default();
            None
        } else {
            sample.report.below_stress().then_some(sample)
        }
    }

    /// Observes the collection without letting its state move.
    pub(super) fn glance(&mut self) -> Result<Sample, String> {
        let observation = self.services.observe(&self.watched.collection)?;
        let looked = self.watched.monitor.look(&observation);
        let report = looked.map_err(|error| error.to_string())?;
        Ok(Sample { observation, report })
    }

    /// Observes the collection and lets its state move; `Err` says why it cannot be observed.
    pub(super) fn look(&mut self) -> Result<Sample, String> {
        let now = self.now();
        self.watched.next_sample = Alarm::after(now, self.services.config.sample_interval);
        self.recall_health()?;
        let sampled = self.services.observe(&self.watched.collection).and_then(|observation| {
            let report = self
                .watched
                .monitor
                .sample(&observation)
                .map_err(|error| error.to_string())?;
            Ok(Sample { observation, report })
        });
        let sample = match sampled {
            Ok(sample) => sample,
            Err(error) => {
                self.report(EventKind::ObservationFailed { error: error.clone() });
                return Err(error);
            }
        };
        if let Some(change) = sample.report.transition {
            self.report(EventKind::StateChanged(change));
        }
        let drifted = self.watched.report.as_ref().is_some_and(|last| last.drift.is_some());
        match sample.report.drift {
            Some(drift) if !drifted => self.report(EventKind::DriftBegan(drift)),
            None if drifted => self.report(EventKind::DriftEnded),
            _ => {}
        }
        self.remember_health(sample.report.state);
        self.watched.report = Some(sample.report.clone());
        let (unhealthy, of) = unhealthy_nodes(&sample.observation);
        let change = self.watched.storms.observe(unhealthy, of, now, &self.services.config);
        if let Some(change) = change {
            self.report(change.into_event());
        }
        Ok(sample)
    }

    /// Answers a degraded sample.
    pub(super) fn respond(&mut self, sample: &Sample, circumstances: &Circumstances) {
        let Sample { observation, report } = sample;
        let diagnoses = match self.services.classify(observation, report) {
            Ok(diagnoses) => diagnoses,
            Err(error) => return self.report(EventKind::ObservationFailed { error }),
        };
        let kinds: Vec<ProblemKind> = diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect();
        if kinds != self.watched.told.diagnosed {
            self.report(EventKind::Diagnosed {
                diagnoses: diagnoses.clone(),
            });
            self.watched.told.diagnosed = kinds;
        }
        let mut decision = Decision {
            at: self.now(),
            state: report.state,
            lambda: report.lambda,
            refusal: None,
            problems: Vec::new(),
            began: None,
        };
        let to_tell = self.consider(sample, &diagnoses, circumstances, &mut decision);
        self.watched.decision = Some(decision);
        match to_tell {
            Some(reason) => self.tell(reason),
            None => self.watched.told.reason = None,
        }
    }

    /// Begins to treat the most certain of the diagnoses that can be treated; else what is to be told.
    fn consider(
        &mut self,
        sample: &Sample,
        diagnoses: &[Diagnosis],
        circumstances: &Circumstances,
        decision: &mut Decision,
    ) -> Option<EventKind> {
        let Some(first) = diagnoses.first() else {
            return Some(unexplained());
        };
        let deferred = |reason| EventKind::Deferred {
            problem: first.problem.kind(),
            reason,
        };
        if let Some(reason) = self.refusal(sample, circumstances) {
            decision.refusal = Some(reason.clone());
            return Some(deferred(reason_for(first, reason)));
        }
        let mut to_tell = None;
        for diagnosis in diagnoses {
            let problem = diagnosis.problem.kind();
            let mut considered = ConsideredProblem {
                problem: problem.clone(),
                confidence: diagnosis.confidence,
                refusal: refuse_problem(&diagnosis.problem),
                candidates: Vec::new(),
            };
            let Some(reason) = considered.refusal.clone() else {
                let choice = Consideration {
                    services: self.services,
                    standing: self.watched.ledger.sum(),
                    observation: &sample.observation,
                    report: &sample.report,
                    monitor: &self.watched.monitor,
                    diagnosis,
                };
                let (chosen, candidates) = choice.select();
                considered.candidates.clone_from(&candidates);
                decision.problems.push(considered);
                let Some(chosen) = chosen else {
                    to_tell.get_or_insert(EventKind::NoStrategy {
                        problem,
                        considered: candidates,
                    });
                    continue;
                };
                let beginning = Beginning {
                    chosen,
                    diagnosis,
                    problems: diagnoses.iter().map(|diagnosis| diagnosis.problem.kind()).collect(),
                    considered: candidates,
                    ordered_by: None,
                    parameters: Map::new(),
                };
                return match self.begin_under_lease(sample, beginning, circumstances, Initiative::Loop) {
                    Ok(began) => {
                        decision.began = began;
                        None
                    }
                    Err(NotBegun::Refused(reason)) => {
                        decision.refusal = Some(reason.clone());
                        Some(deferred(reason))
                    }
                    Err(NotBegun::Journal(error)) => Some(EventKind::StorageFailed { error: told(&error) }),
                };
            };
            decision.problems.push(considered);
            to_tell.get_or_insert(EventKind::Deferred { problem, reason });
        }
        to_tell
    }

    /// Why nothing may begin in this collection now.
    fn refusal(&self, sample: &Sample, circumstances: &Circumstances) -> Option<Refusal> {
        self.refusal_for(Initiative::Loop, sample, circumstances)
    }

    pub(super) fn refusal_for(
        &self,
        initiative: Initiative,
        sample: &Sample,
        circumstances: &Circumstances,
    ) -> Option<Refusal> {
        let standing = self.watched.ledger.sum();
        let config = &self.services.config;
        refuse(
            initiative,
            standing,
            circumstances,
            &sample.observation,
            self.now(),
            config,
        )
    }

    /// Reports why nothing is done, unless that is what was reported last.
    fn tell(&mut self, reason: EventKind) {
        let before = self.watched.told.reason.replace(reason.clone());
        if before.as_ref().map(name_of) != Some(name_of(&reason)) {
            self.report(reason);
        }
    }
}

/// What tells one reason from another: its details may change without being news.
fn name_of(reason: &EventKind) -> &'static str {
    match reason {
        EventKind::Deferred { reason, .. } => reason.name(),
        EventKind::NoStrategy { .. } => "no_strategy",
        _ => "storage_failed",
    }
}

/// What is told where the classifier finds nothing in a collection that is degraded.
fn unexplained() -> EventKind {
    EventKind::Deferred {
        problem: ProblemKind::Unknown,
        reason: Refusal::UnknownProblem {
            witness_summary: "the classifier found nothing".to_owned(),
        },
    }
}

/// What is unknown needs a human whatever else stands in the way.
fn reason_for(diagnosis: &Diagnosis, reason: Refusal) -> Refusal {
    match reason {
        Refusal::Disabled | Refusal::Frozen { .. } => reason,
        _ => refuse_problem(&diagnosis.problem).unwrap_or(reason),
    }
}
