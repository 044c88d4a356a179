//! What happened, as one JSON object.

use std::collections::BTreeMap;

use healing_core::engine::RemediationState;
use healing_core::{Amount, Lambda, ProblemKind, Remediation, Timestamp};
use mock_cluster::Injection;
use serde::Serialize;

use crate::run::Run;

/// The object that `--json` prints.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    scenario: &'a str,
    seed: u64,
    policy: &'a str,
    /// Whether lambda was above the stress threshold at the end.
    recovered: bool,
    lambda_initial: Option<Lambda>,
    lambda_lowest: Option<Lambda>,
    lambda_final: Option<Lambda>,
    stress_threshold: Option<Lambda>,
    fault: Option<Injected>,
    remediations: Vec<Treated<'a>>,
    weights_before: &'a BTreeMap<String, Amount>,
    weights_after: &'a BTreeMap<String, Amount>,
    /// Lambda at each sample, by seconds since the begin.
    samples: Vec<(f64, Lambda)>,
}

#[derive(Serialize)]
struct Injected {
    #[serde(flatten)]
    fault: mock_cluster::Fault,
    after_seconds: f64,
}

#[derive(Serialize)]
struct Treated<'a> {
    id: String,
    problem: ProblemKind,
    strategy: &'a str,
    verified: bool,
    /// How many steps were begun.
    steps: usize,
    planned_steps: usize,
    /// The state it ended in, or is in.
    state: &'static str,
    began_after_seconds: f64,
    lambda_before: Lambda,
    lambda_predicted: Option<Lambda>,
    lambda_after: Option<Lambda>,
}

/// The summary of a run.
pub(crate) fn of(run: &Run) -> Summary<'_> {
    let seconds = |at: Timestamp| at.duration_since(run.began_at).as_secs_f64();
    let fault = run.injection.map(|Injection { fault, after }| Injected {
        fault,
        after_seconds: after.as_secs_f64(),
    });
    Summary {
        scenario: run.scenario.name(),
        seed: run.seed,
        policy: run.policy.name(),
        recovered: run.recovered(),
        lambda_initial: run.lambda_initial(),
        lambda_lowest: run.lambda_lowest(),
        lambda_final: run.lambda_final(),
        stress_threshold: run.stress_threshold(),
        fault,
        remediations: run
            .remediations()
            .into_iter()
            .map(|it| treated(it, seconds(it.started_at)))
            .collect(),
        weights_before: &run.weights_before,
        weights_after: &run.weights_after,
        samples: run
            .samples
            .iter()
            .map(|sample| (seconds(sample.at), sample.lambda))
            .collect(),
    }
}

fn treated(remediation: &Remediation, began_after_seconds: f64) -> Treated<'_> {
    let (verified, lambda_after) = match &remediation.state {
        RemediationState::Completed {
            final_lambda,
            verification,
            ..
        } => (verification.is_verified(), Some(*final_lambda)),
        RemediationState::RolledBack { final_lambda, .. } => (false, *final_lambda),
        _ => (false, None),
    };
    Treated {
        id: remediation.id.to_string(),
        problem: remediation.diagnosis.problem.kind(),
        strategy: &remediation.plan.strategy,
        verified,
        steps: remediation.state.begun(),
        planned_steps: remediation.plan.steps.len(),
        state: remediation.state.name(),
        began_after_seconds,
        lambda_before: remediation.initial.lambda,
        lambda_predicted: remediation.prediction.map(|prediction| prediction.lambda_after),
        lambda_after,
    }
}
