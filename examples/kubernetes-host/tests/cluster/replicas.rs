//! Scaling: at the version that was read, within what others allow, until the pods are ready.

use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::permit::{Revocation, StepContext};
use healing_core::plan::Step;
use healing_core::strategy::{StepError, StepReport};
use healing_core::{Clock, RemediationStrategy};
use healing_strategies::ScaleReplicas;
use healing_strategies::actuators::{ActuatorError, Replicas};
use kubernetes_host::ScaledReplicas;
use serde_json::json;

use crate::eventually::eventually;
use crate::fake_api::{FakeApi, Obstacle, Rollouts};
use crate::leases::{Process, vectors};
use crate::objects::{READS, autoscaler, deployment, disruption_budget, path};

struct World {
    api: FakeApi,
    process: Process,
    replicas: Arc<ScaledReplicas>,
    remediation: RemediationId,
    token: FencingToken,
}

impl World {
    fn new(rollouts: Rollouts, replicas: i64) -> Self {
        let api = FakeApi::start(rollouts);
        api.put(READS, deployment(replicas));
        api.roll_out(READS, replicas);
        let process = Process::new(&api, "one");
        let token = process.acquire().unwrap().token;
        let scaled = ScaledReplicas::new(
            api.connection(),
            process.leases.clone(),
            Arc::new(process.clock.clone()),
        );
        let target = "deployment/reads".parse().unwrap();
        Self {
            replicas: Arc::new(scaled.with(vectors(), target, 16)),
            api,
            process,
            remediation: RemediationId::new(vectors(), 1),
            token,
        }
    }

    fn context(&self) -> StepContext<'_> {
        let deadline = self.process.clock.now().checked_add(Duration::from_secs(60)).unwrap();
        StepContext::new(
            &self.remediation,
            self.token,
            deadline,
            &self.process.clock,
            Revocation::default(),
        )
    }

    fn scale(&self, from: u32, to: u32) -> Result<(), ActuatorError> {
        self.replicas.scale(&self.context().permit().unwrap(), from, to)
    }

    fn strategy(&self) -> ScaleReplicas {
        ScaleReplicas::new(Arc::clone(&self.replicas) as _)
    }

    fn wanted(&self) -> i64 {
        self.api.get(READS).unwrap()["spec"]["replicas"].as_i64().unwrap()
    }

    /// Waits until the watch has seen so many ready.
    fn sees_ready(&self, ready: u32) {
        eventually("the watch seeing what is ready", || {
            (self.replicas.replicas(&vectors()).unwrap().ready == ready).then_some(())
        });
    }
}

fn from_to(before: u32, after: u32) -> Step {
    Step::new("scale", &json!({ "before": before, "after": after })).unwrap()
}

#[test]
fn a_step_waits_until_the_rollout_says_that_the_pods_are_ready() {
    let world = World::new(Rollouts::WhenTold, 4);
    let (strategy, step) = (world.strategy(), from_to(4, 6));
    let report = strategy.execute(&step, &world.context()).unwrap();
    assert!(matches!(report, StepReport::InProgress { .. }));
    assert_eq!(world.wanted(), 6);
    for ready in [4, 5] {
        world.api.roll_out(READS, ready);
        world.sees_ready(u32::try_from(ready).unwrap());
        let report = strategy.execute(&step, &world.context()).unwrap();
        assert!(matches!(report, StepReport::InProgress { .. }));
    }
    world.api.roll_out(READS, 6);
    world.sees_ready(6);
    assert_eq!(strategy.execute(&step, &world.context()).unwrap(), StepReport::Done);
    // Done again changes nothing.
    assert_eq!(strategy.execute(&step, &world.context()).unwrap(), StepReport::Done);
    assert_eq!(world.api.count("PUT", "/scale"), 1);
}

#[test]
fn pods_that_were_ready_before_the_scaling_do_not_count_as_ready_for_it() {
    let world = World::new(Rollouts::WhenTold, 4);
    // More were ready than wanted: a rollout surges.
    world.api.merge(READS, &json!({ "status": { "readyReplicas": 6 } }));
    world.sees_ready(6);
    world.scale(4, 6).unwrap();
    let status = world.replicas.replicas(&vectors()).unwrap();
    assert_eq!((status.wanted, status.ready), (6, 4));
}

#[test]
fn undo_restores_the_number_before_and_waits_until_the_others_are_gone() {
    let world = World::new(Rollouts::WhenTold, 4);
    let (strategy, step) = (world.strategy(), from_to(4, 6));
    strategy.execute(&step, &world.context()).unwrap();
    world.api.roll_out(READS, 6);
    world.sees_ready(6);
    let report = strategy.rollback(&step, &world.context()).unwrap();
    assert!(matches!(report, StepReport::InProgress { .. }));
    assert_eq!(world.wanted(), 4);
    world.api.roll_out(READS, 4);
    world.sees_ready(4);
    assert_eq!(strategy.rollback(&step, &world.context()).unwrap(), StepReport::Done);
}

#[test]
fn a_rollout_that_never_becomes_ready_is_taken_back_all_the_same() {
    let world = World::new(Rollouts::WhenTold, 4);
    let (strategy, step) = (world.strategy(), from_to(4, 6));
    strategy.execute(&step, &world.context()).unwrap();
    world.api.roll_out(READS, 5);
    world.sees_ready(5);
    let late = world.process.clock.now().checked_add(Duration::from_secs(61)).unwrap();
    let context = StepContext::new(
        &world.remediation,
        world.token,
        world.process.clock.now(),
        &world.process.clock,
        Revocation::default(),
    );
    world.process.clock.set(late);
    assert!(matches!(
        strategy.execute(&step, &context),
        Err(StepError::NotPermitted(_))
    ));
    let report = strategy.rollback(&step, &world.context()).unwrap();
    assert!(matches!(report, StepReport::InProgress { .. }));
    world.api.roll_out(READS, 4);
    eventually("the undo ending", || {
        (strategy.rollback(&step, &world.context()).unwrap() == StepReport::Done).then_some(())
    });
    assert_eq!(world.wanted(), 4);
}

#[test]
fn what_someone_else_scaled_is_left_alone() {
    let world = World::new(Rollouts::AtOnce, 4);
    let (strategy, step) = (world.strategy(), from_to(4, 6));
    strategy.execute(&step, &world.context()).unwrap();
    world.api.merge(READS, &json!({ "spec": { "replicas": 9 } }));
    let conflict = strategy.rollback(&step, &world.context());
    assert!(matches!(conflict, Err(StepError::Conflict { .. })), "{conflict:?}");
    assert_eq!(world.wanted(), 9);
}

#[test]
fn a_change_between_reading_and_writing_is_a_conflict() {
    let world = World::new(Rollouts::AtOnce, 4);
    world
        .api
        .race("deployments/reads", json!({ "spec": { "replicas": 5 } }));
    let refused = world.scale(4, 6).unwrap_err();
    assert!(matches!(refused, ActuatorError::Refused { .. }), "{refused}");
    assert_eq!(world.wanted(), 5);
}

#[test]
fn an_autoscaler_caps_what_is_asked_for() {
    let world = World::new(Rollouts::AtOnce, 4);
    assert_eq!(world.replicas.replicas(&vectors()).unwrap().most, 16);
    world.api.put(
        &path("autoscaling/v2", "horizontalpodautoscalers", "reads"),
        autoscaler(5),
    );
    assert_eq!(world.replicas.replicas(&vectors()).unwrap().most, 5);
    assert!(matches!(world.scale(4, 6), Err(ActuatorError::Refused { .. })));
    world.scale(4, 5).unwrap();
}

#[test]
fn a_disruption_budget_limits_how_far_it_shrinks() {
    let world = World::new(Rollouts::AtOnce, 6);
    world.api.put(
        &path("policy/v1", "poddisruptionbudgets", "reads"),
        disruption_budget(5),
    );
    let refused = world.scale(6, 4).unwrap_err();
    assert!(refused.to_string().contains("PodDisruptionBudget wants 5"), "{refused}");
    world.scale(6, 5).unwrap();
}

#[test]
fn a_healer_that_was_succeeded_scales_nothing() {
    let world = World::new(Rollouts::AtOnce, 4);
    let successor = Process::new(&world.api, "two");
    assert!(successor.acquire().is_err());
    successor.wait(Duration::from_secs(31));
    let newest = successor.acquire().unwrap().token;
    let fenced = world.scale(4, 6).unwrap_err();
    assert!(
        matches!(fenced, ActuatorError::Fenced { token, newest: seen } if token == world.token && seen == newest),
        "{fenced}"
    );
    assert_eq!(world.api.count("PUT", "/scale"), 0);
}

#[test]
fn a_rehearsal_asks_the_server_and_changes_nothing() {
    let world = World::new(Rollouts::AtOnce, 4);
    let version = world.api.get(READS).unwrap()["metadata"]["resourceVersion"].clone();
    world.replicas.rehearse(&vectors(), 6).unwrap();
    assert_eq!(world.api.get(READS).unwrap()["metadata"]["resourceVersion"], version);
    world
        .api
        .merge(READS, &json!({ "metadata": { "annotations": { "test/quota": "5" } } }));
    let refused = world.replicas.rehearse(&vectors(), 6).unwrap_err();
    assert!(refused.to_string().contains("exceeded quota"), "{refused}");
    assert_eq!(world.wanted(), 4);
}

#[test]
fn the_watch_goes_on_after_the_server_ended_it_or_forgot_its_place() {
    let world = World::new(Rollouts::WhenTold, 4);
    world.sees_ready(4);
    world.api.end_watches();
    world.api.roll_out(READS, 3);
    world.sees_ready(3);
    world.api.forget_history();
    world.api.roll_out(READS, 2);
    world.sees_ready(2);
}

#[test]
fn a_server_that_is_too_busy_is_asked_again_when_it_says() {
    let world = World::new(Rollouts::AtOnce, 4);
    world
        .api
        .obstruct(Obstacle::too_many_requests("deployments/reads/scale", 2, "0"));
    world.scale(4, 6).unwrap();
    assert_eq!(world.wanted(), 6);
    assert!(world.api.count("GET", "/scale") >= 3);
}

#[test]
fn a_server_that_stays_too_busy_holds_nobody_for_longer_than_the_limit() {
    let world = World::new(Rollouts::AtOnce, 4);
    world.sees_ready(4);
    world
        .api
        .obstruct(Obstacle::too_many_requests("deployments/reads/scale", 100, "3600"));
    let connection = world.api.connection().with_limit(Duration::from_millis(50));
    let hurried = ScaledReplicas::new(
        connection,
        world.process.leases.clone(),
        Arc::new(world.process.clock.clone()),
    )
    .with(vectors(), "deployment/reads".parse().unwrap(), 16);
    let late = hurried.replicas(&vectors()).unwrap_err();
    assert!(late.to_string().contains("took longer than"), "{late}");
}

#[test]
fn what_is_not_there_or_not_known_is_said() {
    let world = World::new(Rollouts::AtOnce, 4);
    world.api.delete(READS);
    let gone = world.replicas.replicas(&vectors()).unwrap_err();
    assert!(gone.to_string().contains("deployment/reads does not exist"), "{gone}");
    let other = healing_core::CollectionId::new("others").unwrap();
    assert!(matches!(
        world.replicas.replicas(&other),
        Err(ActuatorError::NotFound { .. })
    ));
}
