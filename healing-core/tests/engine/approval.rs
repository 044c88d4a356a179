//! A human has a say.

use healing_core::engine::{ControlError, HealingEvent, HumanNeeded, RemediationState};
use healing_core::identity::{Operator, RemediationId};
use healing_core::{Clock, CollectionId, HealingConfig, ProblemKind, Ratio};

use crate::world::{MINUTE, Valves, World, collection, quick, run, states};

fn waiting() -> (World, healing_core::Healer, RemediationId, Vec<HealingEvent>) {
    let world = World::new();
    let config = HealingConfig {
        require_approval: vec![ProblemKind::HotspotCongestion],
        ..quick()
    };
    let mut healer = world.healer([Valves::working(&world)]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 30 * MINUTE);
    let remediation = healer.active(&collection()).expect("one awaits approval").id.clone();
    (world, healer, remediation, events)
}

fn alice() -> Operator {
    Operator::new("alice").unwrap()
}

#[test]
fn nothing_is_touched_before_approval_and_everything_is_done_after() {
    let (world, mut healer, remediation, events) = waiting();
    assert_eq!(states(&events), ["awaiting_approval"]);
    assert!(world.calls().is_empty());
    healer.approve(&remediation, &alice()).unwrap();
    assert!(matches!(
        healer.approve(&remediation, &alice()),
        Err(ControlError::NotAwaitingApproval { .. })
    ));
    run(&mut healer, &world.clock, 5 * MINUTE);
    let approved = |state: &RemediationState| matches!(state, RemediationState::Planned { approved_by: Some(by), .. } if *by == alice());
    assert!(world.journalled().iter().any(approved));
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
}

#[test]
fn a_rejected_remediation_ends_and_is_not_proposed_again_at_once() {
    let (world, mut healer, remediation, _) = waiting();
    healer.reject(&remediation, &alice()).unwrap();
    assert!(matches!(
        healer.approve(&remediation, &alice()),
        Err(ControlError::NotActive { .. })
    ));
    let events = run(&mut healer, &world.clock, 4 * MINUTE);
    assert_eq!(states(&events), ["rejected"]);
    let events = run(&mut healer, &world.clock, 4 * MINUTE);
    assert_eq!(states(&events), ["awaiting_approval"]);
    assert!(world.calls().is_empty());
}

#[test]
fn what_heals_by_itself_meanwhile_needs_no_approval_any_more() {
    let (world, mut healer, remediation, _) = waiting();
    world.sicken(0.0);
    let events = run(&mut healer, &world.clock, MINUTE);
    assert_eq!(states(&events), ["expired"]);
    assert!(matches!(
        healer.approve(&remediation, &alice()),
        Err(ControlError::NotActive { .. })
    ));
    assert!(world.calls().is_empty() && world.outcomes().is_empty());
}

#[test]
fn an_approval_survives_the_healer() {
    let (world, mut healer, remediation, _) = waiting();
    healer.approve(&remediation, &alice()).unwrap();
    drop(healer);
    let mut successor = world
        .healer([Valves::working(&world)])
        .holder("successor")
        .build()
        .unwrap();
    // The successor knows no baseline yet, so it sees the sick world first and must not heal by that alone.
    world.sicken(0.0);
    run(&mut successor, &world.clock, MINUTE);
    let last = successor.last(&collection()).unwrap();
    assert_eq!((last.id.clone(), last.state.name()), (remediation, "expired"));
}

#[test]
fn an_approval_holds_though_the_healer_that_asked_for_it_is_gone_and_its_successor_never_saw_the_world_well() {
    let (world, mut healer, remediation, _) = waiting();
    healer.approve(&remediation, &alice()).unwrap();
    drop(healer);
    let mut successor = world
        .healer([Valves::working(&world)])
        .holder("successor")
        .build()
        .unwrap();
    // To the successor the sick world is all there ever was.
    run(&mut successor, &world.clock, 10 * MINUTE);
    let last = successor.last(&collection()).unwrap();
    assert_eq!((last.id.clone(), last.state.name()), (remediation, "completed"));
    assert_eq!(world.open_valves(), [1, 2, 3]);
}

#[test]
fn what_waits_for_approval_goes_on_waiting_in_the_successor() {
    let (world, healer, remediation, _) = waiting();
    drop(healer);
    let config = HealingConfig {
        require_approval: vec![ProblemKind::HotspotCongestion],
        ..quick()
    };
    let mut successor = world
        .healer([Valves::working(&world)])
        .config(config)
        .holder("successor")
        .build()
        .unwrap();
    run(&mut successor, &world.clock, 10 * MINUTE);
    let waiting = successor.active(&collection()).unwrap();
    assert_eq!((&waiting.id, waiting.state.name()), (&remediation, "awaiting_approval"));
    let needed = successor.collection_status(&collection()).unwrap().human_needed;
    assert_eq!(needed, [HumanNeeded::Approval { remediation }]);
}

/// Several collections of which the first needs approval, with room for one remediation at a time.
fn crowded() -> (World, healing_core::Healer, CollectionId) {
    let world = World::new();
    let second = CollectionId::new("second").unwrap();
    let harmless = Valves {
        impact: Ratio::literal(0.6),
        ..Valves::working(&world)
    };
    let config = HealingConfig {
        max_active: 1,
        storm_minimum: 100,
        ..quick()
    };
    let healer = world
        .healer([harmless])
        .config(config)
        .watch(second.clone())
        .build()
        .unwrap();
    (world, healer, second)
}

#[test]
fn what_waits_for_approval_takes_no_place_and_what_was_approved_waits_for_one() {
    let (world, mut healer, second) = crowded();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 2 * MINUTE);
    let ids = [collection(), second.clone()].map(|it| healer.active(&it).unwrap().id.clone());
    for id in &ids {
        healer.approve(id, &alice()).unwrap();
    }
    let mut both = 0;
    let end = world.clock.now().checked_add(10 * MINUTE).unwrap();
    while world.clock.now() < end {
        let tick = healer.tick();
        let begun = |it: &CollectionId| healer.active(it).is_some_and(|active| active.state.begun() > 0);
        both += u32::from(begun(&collection()) && begun(&second));
        world.clock.set(tick.wake_at);
    }
    assert_eq!(both, 0, "one at a time");
    for (collection, id) in [collection(), second].iter().zip(&ids) {
        let last = healer.last(collection).unwrap();
        assert_eq!((&last.id, last.state.name()), (id, "completed"));
    }
}

#[test]
fn an_approved_plan_does_not_begin_once_healing_is_frozen_or_switched_off() {
    for frozen in [true, false] {
        let (world, mut healer, remediation, _) = waiting();
        if frozen {
            healer.freeze(None, "release night", &alice()).unwrap();
        } else {
            let off = serde_json::json!({"enabled": false});
            healer.configure(off.as_object().unwrap(), &alice()).unwrap();
        }
        healer.approve(&remediation, &alice()).unwrap();
        let events = run(&mut healer, &world.clock, MINUTE);
        assert_eq!(states(&events), ["planned", "expired"]);
        assert!(world.calls().is_empty());
    }
}

#[test]
fn what_needs_no_approval_is_tried_before_what_does() {
    let world = World::new();
    // By name and impact alike, the one that needs a human would go first.
    let config = HealingConfig {
        require_approval_strategies: vec!["a_gentle".to_owned()],
        ..quick()
    };
    let strategy = |name, impact| Valves {
        name,
        impact,
        ..Valves::working(&world)
    };
    let gentle = strategy("a_gentle", Ratio::literal(0.1));
    let rough = strategy("b_rough", Ratio::literal(0.4));
    let mut healer = world.healer([gentle, rough]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.6);
    run(&mut healer, &world.clock, MINUTE);
    let last = healer.last(&collection()).or(healer.active(&collection())).unwrap();
    assert_eq!(last.plan.strategy, "b_rough");
}
