//! A collection that is still on its way back when it is verified.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{RemediationState, UndoCause, Verification, VerificationRule};
use healing_core::metrics::SystemMetrics;
use healing_core::permit::StepContext;
use healing_core::plan::{Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::{
    Amount, Clock, HealingConfig, ProblemClass, ProblemKind, Ratio, RemediationStrategy, StrategyRegistry,
};

use crate::world::{MINUTE, Valves, World, collection, quick, run};

/// Valves that are felt in the load of partition 1.
struct Felt(Valves);

impl RemediationStrategy for Felt {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn handles(&self) -> &[ProblemKind] {
        self.0.handles()
    }

    fn impact(&self) -> Ratio {
        self.0.impact()
    }

    fn estimated_duration(&self) -> Duration {
        self.0.estimated_duration()
    }

    fn reversible(&self) -> bool {
        self.0.reversible()
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        self.0.plan(case)
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.0.execute(step, context)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        self.0.rollback(step, context)
    }

    fn symptom(&self, _: &ProblemClass, metrics: &SystemMetrics) -> Option<Amount> {
        Some(metrics.partitions.get(&1)?.load)
    }
}

/// Partition 1 falls sick, and with it a fifth one, which is weaker still when the first valve opens, and whose capacity then
/// rises by so much a second. How it ends, and after how many seconds.
fn ends(rise: f64, config: HealingConfig) -> (RemediationState, u64) {
    let world = World::new();
    let mut registry = StrategyRegistry::new();
    registry.register(Arc::new(Felt(Valves::working(&world)))).unwrap();
    world.hang_on(20.0);
    let mut healer = world.healer([]).strategies(registry).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    world.hang_on(12.0);
    let mut opened_at = None;
    loop {
        let tick = healer.tick();
        if let Some(last) = healer.last(&collection()) {
            let ended_at = world.clock.now().as_second();
            return (
                last.state.clone(),
                (ended_at - opened_at.unwrap_or(ended_at)).unsigned_abs(),
            );
        }
        world.clock.set(tick.wake_at);
        let now = world.clock.now().as_second();
        opened_at = opened_at.or((!world.open_valves().is_empty()).then_some(now));
        if let Some(opened_at) = opened_at {
            world.hang_on(11.4 + rise * (now - opened_at) as f64);
        }
    }
}

#[test]
fn it_is_verified_once_lambda_has_caught_up() {
    let (state, seconds) = ends(0.006, quick());
    let RemediationState::Completed { verification, .. } = state else {
        panic!("{state:?}");
    };
    assert!(matches!(verification, Verification::Symptom { .. }), "{verification:?}");
    assert!((100..=120).contains(&seconds), "{seconds}");
}

#[test]
fn what_does_not_recover_is_taken_back_at_once() {
    let (state, seconds) = ends(0.0, quick());
    let not_verified = |cause: &UndoCause| matches!(cause, UndoCause::NotVerified { .. });
    assert!(
        matches!(&state, RemediationState::RolledBack { cause, .. } if not_verified(cause)),
        "{state:?}"
    );
    assert!(seconds < 40, "{seconds}");
}

#[test]
fn what_recovers_too_slowly_is_not_waited_for_for_ever() {
    let (state, seconds) = ends(0.0005, quick());
    assert!(matches!(state, RemediationState::RolledBack { .. }), "{state:?}");
    assert!((300..=360).contains(&seconds), "{seconds}");
}

#[test]
fn where_lambda_alone_counts_nothing_is_waited_for() {
    let mut config = quick();
    config.verification = VerificationRule::LambdaOnly;
    let (state, seconds) = ends(0.006, config);
    assert!(matches!(state, RemediationState::RolledBack { .. }), "{state:?}");
    assert!(seconds < 40, "{seconds}");
}
