//! What a strategy is to plan from.

use serde_json::{Map, Value};

use crate::diagnosis::Diagnosis;
use crate::monitor::{IntegrityMonitor, IntegrityReport, IntegrityState, MonitorConfig};
use crate::number::Ratio;
use crate::observation::Observation;
use crate::problem::ProblemClass;
use crate::strategy::Case;
use crate::testkit::{Objection, failed};

/// A collection as it looks, and what is wrong with it: all that a [`Case`] is made of.
#[derive(Debug, Clone)]
pub struct Situation {
    pub(super) observation: Observation,
    pub(super) problem: ProblemClass,
    pub(super) state: IntegrityState,
    pub(super) parameters: Map<String, Value>,
}

impl Situation {
    /// A collection under stress that has this problem.
    #[must_use]
    pub fn new(observation: Observation, problem: ProblemClass) -> Self {
        Self {
            observation,
            problem,
            state: IntegrityState::Stress,
            parameters: Map::new(),
        }
    }

    /// The same in another state.
    #[must_use]
    pub fn in_state(self, state: IntegrityState) -> Self {
        Self { state, ..self }
    }

    /// The same with parameters of an operator's order.
    #[must_use]
    pub fn with_parameters(self, parameters: Map<String, Value>) -> Self {
        Self { parameters, ..self }
    }

    /// Calls `plan` with the case.
    pub(super) fn case<T>(&self, plan: impl FnOnce(&Case<'_>) -> T) -> Result<T, Objection> {
        let looked = IntegrityMonitor::new(&MonitorConfig::default()).look(&self.observation);
        let report = IntegrityReport {
            state: self.state,
            ..looked.map_err(failed("looking at the world's graph"))?
        };
        let diagnosis = Diagnosis {
            problem: self.problem.clone(),
            confidence: Ratio::ONE,
            evidence: Vec::new(),
        };
        Ok(plan(&Case {
            observation: &self.observation,
            report: &report,
            diagnosis: &diagnosis,
            parameters: &self.parameters,
        }))
    }
}
