//! What operators order.

use healing_core::engine::{
    ControlError, EventKind, Executed, Execution, Refusal, RemediationState, StrategyVerdict, UndoCause,
};
use healing_core::identity::{Operator, RemediationId};
use healing_core::storage::{Disturbance, FeedbackScore, Journal, JournalBody, Stream};
use healing_core::{Healer, HealingConfig};
use serde_json::{Map, Value, json};

use crate::world::{
    Behaviour, FaultyStorage, MINUTE, Valves, World, collection, quick, run, run_until_in, run_until_open, states,
};

fn alice() -> Operator {
    Operator::new("alice").unwrap()
}

/// A world that fell sick, and its healer as soon as `reached`.
fn sick(strategy: impl FnOnce(&World) -> Valves, reached: &str) -> (World, Healer) {
    let world = World::new();
    let mut healer = world.healer([strategy(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_in(reached, &mut healer, &world.clock);
    (world, healer)
}

#[test]
fn an_abort_takes_everything_back_and_says_who_ordered_it() {
    for reached in ["settling", "stabilising"] {
        let (world, mut healer) = sick(Valves::working, reached);
        let id = healer.active(&collection()).unwrap().id.clone();
        assert!(!world.open_valves().is_empty());
        healer.abort(&id, &alice()).unwrap();
        assert!(matches!(
            healer.abort(&id, &alice()),
            Err(ControlError::AlreadyUndoing { .. })
        ));
        run(&mut healer, &world.clock, MINUTE);
        assert!(world.open_valves().is_empty());
        let ended = &healer.last(&collection()).unwrap().state;
        let by_alice =
            matches!(ended, RemediationState::RolledBack { cause: UndoCause::Aborted { by }, .. } if *by == alice());
        assert!(by_alice, "{ended:?}");
        assert_eq!(world.outcomes()[0].disturbances, [Disturbance::Aborted]);
        assert!(matches!(
            healer.abort(&id, &alice()),
            Err(ControlError::NotActive { .. })
        ));
        assert!(
            healer.status().unwrap().collections[0].quarantined.is_empty(),
            "it was not the strategy's fault"
        );
    }
}

#[test]
fn a_dry_run_is_the_plan_and_touches_nothing() {
    let world = World::new();
    let strategy = Valves {
        promises: Some(30.0),
        ..Valves::working(&world)
    };
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let executed = healer
        .execute(&collection(), "open_valves", Map::new(), Execution::DryRun, &alice())
        .unwrap();
    let Executed::DryRun { plan, prediction, .. } = executed else {
        panic!("{executed:?}")
    };
    assert_eq!(plan.steps.len(), 3);
    assert!(prediction.unwrap().lambda_after > prediction.unwrap().lambda_before);
    assert!(world.calls().is_empty() && world.journalled().is_empty());
}

#[test]
fn an_ordered_strategy_is_carried_out_without_waiting_for_the_state_and_still_verified() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let executed = healer
        .execute(&collection(), "open_valves", Map::new(), Execution::Real, &alice())
        .unwrap();
    let Executed::Began(id) = executed else {
        panic!("{executed:?}")
    };
    let busy = healer.execute(&collection(), "open_valves", Map::new(), Execution::Real, &alice());
    assert!(matches!(busy, Err(ControlError::Busy { .. })));
    run(&mut healer, &world.clock, 2 * MINUTE);
    let last = healer.last(&collection()).unwrap();
    assert_eq!(
        (&last.id, last.state.name(), last.ordered_by.as_ref()),
        (&id, "completed", Some(&alice()))
    );
}

#[test]
fn what_cannot_be_ordered_says_why() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    let order = |healer: &mut Healer, strategy: &str| {
        healer
            .execute(&collection(), strategy, Map::new(), Execution::Real, &alice())
            .unwrap_err()
    };
    let unknown = order(&mut healer, "open_walves").to_string();
    assert!(
        unknown.contains("open_walves") && unknown.contains("there are: open_valves"),
        "{unknown}"
    );
    let nowhere = nowhere();
    let error = healer
        .execute(&nowhere, "open_valves", Map::new(), Execution::Real, &alice())
        .unwrap_err();
    assert!(matches!(error, ControlError::UnknownCollection { .. }));
    healer
        .freeze(Some(&collection()), "the auditors are here", &alice())
        .unwrap();
    let frozen = order(&mut healer, "open_valves");
    assert!(
        matches!(
            frozen,
            ControlError::Refused {
                reason: Refusal::Frozen { .. }
            }
        ),
        "{frozen}"
    );
    assert!(world.calls().is_empty());
}

fn nowhere() -> healing_core::CollectionId {
    healing_core::CollectionId::new("nowhere").unwrap()
}

#[test]
fn a_completed_remediation_is_taken_back_on_order() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    assert!(matches!(
        healer.rollback(&collection(), &alice()),
        Err(ControlError::NothingToRollBack { state: None, .. })
    ));
    world.sicken(0.4);
    run(&mut healer, &world.clock, 3 * MINUTE);
    assert_eq!(world.open_valves(), [1, 2, 3]);
    let id = healer.rollback(&collection(), &alice()).unwrap();
    run(&mut healer, &world.clock, MINUTE);
    assert!(world.open_valves().is_empty());
    assert_eq!(healer.last(&collection()).unwrap().id, id);
    let again = healer.rollback(&collection(), &alice());
    assert!(matches!(
        again,
        Err(ControlError::NothingToRollBack {
            state: Some("rolled_back"),
            ..
        })
    ));
    assert_eq!(world.outcomes().len(), 1, "the outcome it had stays");
}

#[test]
fn while_frozen_nothing_begins_and_what_arose_meanwhile_is_treated_afterwards() {
    for scope in [None, Some(collection())] {
        let world = World::new();
        let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        healer.freeze(scope.as_ref(), "release night", &alice()).unwrap();
        world.sicken(0.4);
        let events = run(&mut healer, &world.clock, 30 * MINUTE);
        assert!(states(&events).is_empty());
        // Another healer over the same store knows of it too.
        let mut second = world
            .healer([Valves::working(&world)])
            .holder("second")
            .build()
            .unwrap();
        run(&mut second, &world.clock, MINUTE);
        assert!(second.status().unwrap().collections[0].frozen.is_some());
        drop(second);
        healer.unfreeze(scope.as_ref(), &alice()).unwrap();
        let events = run(&mut healer, &world.clock, 3 * MINUTE);
        assert_eq!(states(&events).last(), Some(&"completed"));
    }
}

#[test]
fn a_configuration_is_applied_whole_or_not_at_all_and_survives_the_healer() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    let change = |healer: &mut Healer, changes: serde_json::Value| {
        healer.configure(changes.as_object().unwrap(), &alice()).map(|_| ())
    };
    let error = change(
        &mut healer,
        json!({"enabled": false, "max_active": 0, "lease_seconds": 0}),
    )
    .unwrap_err();
    let ControlError::InvalidConfig(invalid) = &error else {
        panic!("{error}")
    };
    let fields: Vec<_> = invalid.faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["max_active", "lease_seconds"]);
    assert!(matches!(
        change(&mut healer, json!({"max_impact": 1})),
        Err(ControlError::InvalidConfig(_))
    ));
    assert!(healer.config().enabled);

    change(&mut healer, json!({"enabled": false, "max_attempts_per_hour": 7})).unwrap();
    assert_eq!(
        (healer.config().enabled, healer.config().max_attempts_per_window),
        (false, 7)
    );
    assert!(
        healer
            .tick()
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Configured))
    );
    let mut second = world.healer([]).holder("second").build().unwrap();
    let _ = second.tick();
    assert_eq!(second.config(), healer.config());
    let records = world.storage.read(&Stream::Global, 0, 10).unwrap();
    assert_eq!(records.len(), 1);
    assert!(matches!(records[0].open().unwrap(), JournalBody::Configured { by, .. } if by == alice()));
}

#[test]
fn a_trigger_treats_at_once_what_the_loop_would_treat() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    assert_eq!(
        healer.trigger(&collection()).unwrap(),
        None,
        "a healthy collection needs nothing"
    );
    world.sicken(0.4);
    let id = healer.trigger(&collection()).unwrap().unwrap();
    run(&mut healer, &world.clock, 2 * MINUTE);
    assert_eq!(healer.last(&collection()).unwrap().id, id);
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
}

#[test]
fn every_decision_can_be_explained() {
    let world = World::new();
    let liar = Valves::new(&world, "a_liar", [(9, Behaviour::Lies)]);
    let harmful = Valves {
        promises: Some(1.0),
        ..Valves::new(&world, "harmful", [(8, Behaviour::Opens)])
    };
    let config = HealingConfig {
        min_healing_interval: std::time::Duration::from_secs(60),
        ..quick()
    };
    let mut healer = world
        .healer([liar, harmful, Valves::working(&world)])
        .config(config)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 10 * MINUTE);
    let decision = healer.explain(&collection()).unwrap();
    assert_eq!(decision.began.as_ref(), Some(&healer.last(&collection()).unwrap().id));
    let verdicts: Vec<_> = decision.problems[0]
        .candidates
        .iter()
        .map(|candidate| {
            (
                candidate.strategy.as_str(),
                candidate.failures,
                matches!(candidate.verdict, StrategyVerdict::Chosen { .. }),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [("harmful", 0, false), ("open_valves", 0, true), ("a_liar", 1, false)]
    );
    assert_eq!(
        decision.problems[0].candidates[..],
        healer.last(&collection()).unwrap().considered[..]
    );
}

#[test]
fn status_and_history_tell_what_was_done() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    let status = healer.status().unwrap();
    assert_eq!(
        (status.total_healings_24h, status.success_rate, status.last_healing),
        (0, None, None)
    );
    world.sicken(0.4);
    let since = healing_core::Clock::now(&world.clock);
    run(&mut healer, &world.clock, 3 * MINUTE);
    let status = healer.status().unwrap();
    assert_eq!(status.total_healings_24h, 1);
    assert_eq!(status.success_rate.map(healing_core::Ratio::get), Some(1.0));
    assert!(status.cooldown_until.is_some() && status.active_remediations.is_empty());
    let history = healer.history(since, 10).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].outcome.verified, Some(true));
}

#[test]
fn an_undo_that_fails_is_tried_again_before_a_human_is_called() {
    for (behaviour, ended) in [
        (Behaviour::SticksTwice, "rolled_back"),
        (Behaviour::Sticks, "rollback_failed"),
    ] {
        let world = World::new();
        let strategy = Valves::new(&world, "open_valves", [(1, behaviour), (2, Behaviour::Panics)]);
        let mut healer = world.healer([strategy]).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 3 * MINUTE);
        assert_eq!(
            healer.last(&collection()).unwrap().state.name(),
            ended,
            "{:?}",
            world.journalled_names()
        );
    }
}

#[test]
fn what_a_human_says_of_a_remediation_is_kept() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 3 * MINUTE);
    let id = healer.last(&collection()).unwrap().id.clone();
    healer
        .feedback(&id, FeedbackScore::new(-0.5).unwrap(), &alice())
        .unwrap();
    assert_eq!(
        world.outcomes()[0].feedback_score,
        Some(FeedbackScore::new(-0.5).unwrap())
    );
    let nobody = RemediationId::new(collection(), 99);
    assert!(matches!(
        healer.feedback(&nobody, FeedbackScore::new(1.0).unwrap(), &alice()),
        Err(ControlError::Outcomes(_))
    ));
}

#[test]
fn a_dry_run_shows_what_max_moves_leaves_and_which_guard_is_in_the_way_and_changes_nothing() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let dry_run = |healer: &mut Healer| {
        let parameters = json!({"max_moves": 2}).as_object().unwrap().clone();
        match healer.execute(&collection(), "open_valves", parameters, Execution::DryRun, &alice()) {
            Ok(Executed::DryRun { plan, refusal, .. }) => (plan.steps.len(), refusal),
            other => panic!("{other:?}"),
        }
    };
    for _ in 0..50 {
        assert_eq!(dry_run(&mut healer), (2, None));
    }
    assert_eq!(
        healer.report(&collection()).unwrap().state.to_string(),
        "normal",
        "a dry run is no sample"
    );
    healer.freeze(None, "release night", &alice()).unwrap();
    assert!(matches!(dry_run(&mut healer), (2, Some(Refusal::Frozen { .. }))));
    healer.unfreeze(None, &alice()).unwrap();
    assert!(world.calls().is_empty() && world.journalled().is_empty());

    // Also while something is at work.
    run(&mut healer, &world.clock, MINUTE / 2);
    let before = (world.calls(), world.journalled());
    assert!(healer.active(&collection()).is_some());
    dry_run(&mut healer);
    assert_eq!((world.calls(), world.journalled()), before);
}

#[test]
fn an_order_is_carried_out_within_max_moves() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let parameters = json!({"max_moves": 1}).as_object().unwrap().clone();
    healer
        .execute(
            &collection(),
            "open_valves",
            parameters.clone(),
            Execution::Real,
            &alice(),
        )
        .unwrap();
    run(&mut healer, &world.clock, MINUTE / 3);
    assert_eq!(world.open_valves(), [1]);
    assert_eq!(*healer.last(&collection()).unwrap().parameters, parameters);
    run(&mut healer, &world.clock, 10 * MINUTE);
    let recorded: Vec<_> = world.outcomes().into_iter().map(|it| it.strategy_params).collect();
    assert_eq!(recorded[0], Some(Value::Object(parameters)));
    // What the healer itself begins has none.
    assert!(
        recorded.len() > 1 && recorded[1..].iter().all(Option::is_none),
        "{recorded:?}"
    );
}

#[test]
fn what_a_completed_remediation_did_is_taken_back_though_a_later_one_was_rejected() {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 3 * MINUTE);
    let completed = healer.last(&collection()).unwrap().id.clone();
    let ask = json!({"require_approval": ["hotspot_congestion"], "min_healing_interval_seconds": 0});
    healer.configure(ask.as_object().unwrap(), &alice()).unwrap();
    world.sicken(0.9);
    run(&mut healer, &world.clock, 2 * MINUTE);
    // All valves are open, so there is nothing to propose: someone closes one.
    world.meddle(2, false);
    run(&mut healer, &world.clock, 2 * MINUTE);
    let proposed = healer.active(&collection()).unwrap().id.clone();
    healer.reject(&proposed, &alice()).unwrap();
    assert_eq!(healer.last(&collection()).unwrap().id, proposed);
    assert_eq!(healer.rollback(&collection(), &alice()).unwrap(), completed);
    run(&mut healer, &world.clock, MINUTE / 6);
    assert!(world.open_valves().is_empty());
}

#[test]
fn an_abort_of_what_takes_only_its_last_step_back_takes_all_back() {
    let world = World::new();
    let strategy = Valves::new(
        &world,
        "open_valves",
        [(1, Behaviour::Opens), (2, Behaviour::SticksTwice)],
    );
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until_open(&mut healer, &world, 2);
    world.sicken(0.8);
    run_until_in("rolling_back", &mut healer, &world.clock);
    assert_eq!(world.open_valves(), [1, 2], "it sticks");
    let id = healer.active(&collection()).unwrap().id.clone();
    healer.abort(&id, &alice()).unwrap();
    assert!(matches!(
        healer.abort(&id, &alice()),
        Err(ControlError::AlreadyUndoing { .. })
    ));
    run(&mut healer, &world.clock, MINUTE);
    assert!(world.open_valves().is_empty());
    let by_alice = |state: &RemediationState| matches!(state, RemediationState::RolledBack { cause: UndoCause::Aborted { by }, .. } if *by == alice());
    assert!(by_alice(&healer.last(&collection()).unwrap().state));
}

#[test]
fn an_order_for_what_another_healer_is_at_says_so() {
    let (world, mut healer) = sick(Valves::working, "settling");
    let id = healer.active(&collection()).unwrap().id.clone();
    let mut standby = world
        .healer([Valves::working(&world)])
        .holder("standby")
        .build()
        .unwrap();
    let _ = standby.tick();
    let elsewhere = standby.abort(&id, &alice()).unwrap_err();
    assert!(matches!(elsewhere, ControlError::AtWorkElsewhere { .. }), "{elsewhere}");
    healer.abort(&id, &alice()).unwrap();
    run(&mut healer, &world.clock, MINUTE);
    assert!(matches!(
        standby.abort(&id, &alice()),
        Err(ControlError::NotActive { .. })
    ));
}

#[test]
fn two_operators_who_configure_different_fields_through_two_healers_both_have_their_way() {
    let world = World::new();
    let mut healers = ["one", "other"].map(|name| world.healer([]).holder(name).build().unwrap());
    let changes = [json!({"max_active": 3}), json!({"undo_attempts": 5})];
    for (healer, changes) in healers.iter_mut().zip(&changes) {
        healer.configure(changes.as_object().unwrap(), &alice()).unwrap();
    }
    for healer in &mut healers {
        let _ = healer.tick();
        assert_eq!((healer.config().max_active, healer.config().undo_attempts), (3, 5));
    }
}

#[test]
fn an_order_that_another_healer_wrote_in_between_is_not_lost() {
    let world = World::new();
    let storage = FaultyStorage::over(&world.storage);
    let mut healer = world
        .healer([])
        .storage(std::sync::Arc::new(storage.clone()))
        .build()
        .unwrap();
    let mut rival = world.healer([]).holder("rival").build().unwrap();
    storage.interject(move || {
        let changes = json!({"undo_attempts": 5});
        rival.configure(changes.as_object().unwrap(), &alice()).unwrap();
    });
    healer
        .configure(json!({"max_active": 3}).as_object().unwrap(), &alice())
        .unwrap();
    assert_eq!((healer.config().max_active, healer.config().undo_attempts), (3, 5));
    assert_eq!(world.storage.read(&Stream::Global, 0, 10).unwrap().len(), 2);
}
