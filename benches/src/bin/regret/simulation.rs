//! One policy in one world.

use std::collections::VecDeque;
use std::time::Duration;

use healing_core::identity::{InvalidName, RemediationId};
use healing_core::learner::{Candidate, Choice};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::IntegrityState;
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, Lambda, ProblemClass, ProblemKind, Timestamp};
use healing_learn::Policy;

use crate::contenders::Contender;
use crate::environment::{Environment, Strategy, World, extreme};

/// The regret after each round: what was lost so far against always choosing the best, in expected utility.
pub(crate) fn cumulative_regret(
    environment: Environment,
    contender: Contender,
    world: &World,
    seed: u64,
) -> Result<Vec<f64>, InvalidName> {
    let collections = (0..environment.collections())
        .map(|number| CollectionId::new(format!("collection_{number}")))
        .collect::<Result<Vec<_>, _>>()?;
    let candidates: Vec<Candidate> = world.strategies.iter().map(|it| it.candidate.clone()).collect();
    let mut policy = contender.policy(seed);
    let mut now = Timestamp::UNIX_EPOCH;
    let mut reports = Reports::default();

    for &(strategy, succeeded) in &world.history {
        let improvement = world.historic_improvement(strategy);
        let outcome = outcome(
            &world.strategies[strategy],
            improvement,
            &collections[0],
            now,
            succeeded,
        );
        now = later(now, Duration::from_secs(3600));
        reports.expect(now, outcome);
    }

    let mut sum = 0.0;
    let mut curve = Vec::with_capacity(world.rounds.len());
    for round in &world.rounds {
        now = later(now, round.gap);
        let utilities = world.utilities(round);
        let best = extreme(&utilities, 1.0);
        let collection = &collections[round.collection];
        let chosen = match &mut policy {
            None => best,
            Some(policy) => {
                reports.deliver(now, &mut **policy);
                let choice = Choice {
                    collection,
                    kind: &ProblemKind::HotspotCongestion,
                    state: IntegrityState::Stress,
                    at: now,
                    candidates: &candidates,
                };
                let ranking = policy.rank(&choice);
                let first = ranking.first().map(|ranked| ranked.candidate);
                let chosen = candidates.iter().position(|candidate| Some(candidate) == first);
                chosen.unwrap_or_default()
            }
        };
        sum += utilities[best] - utilities[chosen];
        curve.push(sum);
        let strategy = &world.strategies[chosen];
        let outcome = outcome(
            strategy,
            strategy.improvement_pct,
            collection,
            now,
            round.succeeds[chosen],
        );
        reports.expect(later(outcome.completed_at, round.delay), outcome);
    }
    Ok(curve)
}

/// Outcomes that are not known yet, the next one first.
#[derive(Default)]
struct Reports {
    due: VecDeque<(Timestamp, OutcomeRecord)>,
}

impl Reports {
    fn expect(&mut self, at: Timestamp, outcome: OutcomeRecord) {
        let place = self.due.partition_point(|(due, _)| *due <= at);
        self.due.insert(place, (at, outcome));
    }

    fn deliver(&mut self, now: Timestamp, policy: &mut dyn Policy) {
        while let Some((at, outcome)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            policy.learn(&outcome, at);
        }
    }
}

fn outcome(
    strategy: &Strategy,
    improvement_pct: f64,
    collection: &CollectionId,
    started_at: Timestamp,
    succeeded: bool,
) -> OutcomeRecord {
    OutcomeRecord {
        remediation: RemediationId::new(collection.clone(), 1),
        tenant: None,
        problem: ProblemClass::HotspotCongestion {
            partition_ids: Vec::new(),
            load_ratio: Amount::ZERO,
        },
        strategy_name: strategy.candidate.strategy.clone(),
        strategy_params: None,
        started_at,
        completed_at: later(started_at, strategy.duration),
        success: true,
        verified: Some(succeeded),
        actions_taken: 1,
        improvement_pct: if succeeded { improvement_pct } else { 0.0 },
        error_message: None,
        initial_lambda: Lambda::ZERO,
        final_lambda: None,
        witness_edges: Vec::new(),
        system_metrics: SystemMetrics::default(),
        feedback_score: None,
        predicted_lambda: None,
        rolled_back: !succeeded,
        disturbances: Vec::new(),
        choice: None,
    }
}

/// `at` plus `by`; a simulation does not last until the end of time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
