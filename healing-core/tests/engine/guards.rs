//! When the healer holds still.

use std::time::Duration;

use healing_core::engine::{EventKind, Refusal, RejectionReason, RemediationState, Selection, StrategyVerdict};
use healing_core::{HealingConfig, Ratio};

use crate::world::{
    Behaviour, FaultyStorage, Findings, LastAppend, MINUTE, Valves, World, collection, quick, run, states,
};

#[test]
fn disabled_it_only_watches_and_says_so_once() {
    // That it is disabled goes before that it does not know what is wrong.
    for findings in [Findings::Hotspot, Findings::Unknown] {
        let world = World::new();
        world.set_findings(findings);
        let config = HealingConfig {
            enabled: false,
            ..quick()
        };
        let mut healer = world.healer([Valves::working(&world)]).config(config).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        let events = run(&mut healer, &world.clock, 60 * MINUTE);
        assert!(world.calls().is_empty() && world.journalled().is_empty());
        let told: Vec<_> = events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Deferred { .. }))
            .collect();
        assert_eq!(
            told.len(),
            1,
            "a reason is reported when it changes, not at each sample"
        );
        assert!(matches!(
            &told[0].kind,
            EventKind::Deferred {
                reason: Refusal::Disabled,
                ..
            }
        ));
    }
}

#[test]
fn an_unknown_problem_is_never_treated_and_calls_a_human() {
    let world = World::new();
    world.set_findings(Findings::Unknown);
    let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.9);
    let events = run(&mut healer, &world.clock, 60 * MINUTE);
    assert!(world.calls().is_empty());
    assert!(events.iter().any(|event| event.kind.calls_human()));
}

#[test]
fn a_problem_that_nothing_cures_is_tried_three_times_an_hour_with_pauses_between() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Lies)]);
    let config = HealingConfig {
        quarantine_after: 1000,
        ineffective_limit: 1000,
        ..quick()
    };
    let mut healer = world.healer([strategy]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 300 * MINUTE);
    let mut begun = Vec::new();
    let mut ended = None;
    for event in &events {
        if let EventKind::Remediation(remediation) = &event.kind {
            match remediation.state {
                RemediationState::Executing { step: 0, .. } => {
                    if let Some(ended) = ended {
                        assert!(event.at.duration_since(ended).as_secs() >= 300);
                    }
                    begun.push(event.at);
                }
                _ if remediation.state.is_terminal() => ended = Some(event.at),
                _ => {}
            }
        }
    }
    for window in begun.windows(4) {
        assert!(window[3].duration_since(window[0]).as_secs() >= 3600);
    }
    assert!(
        (13..=15).contains(&begun.len()),
        "{} attempts in five hours",
        begun.len()
    );
}

#[test]
fn a_strategy_that_is_too_disruptive_awaits_approval_or_under_the_seeds_rule_is_not_chosen() {
    let world = World::new();
    let strategy = Valves {
        impact: Ratio::literal(0.6),
        ..Valves::working(&world)
    };
    let mut healer = world.healer([strategy.clone()]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(states(&events), ["awaiting_approval"]);
    assert!(world.calls().is_empty());

    let world = World::new();
    let strategy = Valves {
        world: world.clone(),
        ..strategy
    };
    let config = HealingConfig {
        selection: Selection::HighestWeight,
        ..quick()
    };
    let mut healer = world.healer([strategy]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert!(world.calls().is_empty());
    let considered = events.iter().find_map(|event| match &event.kind {
        EventKind::NoStrategy { considered, .. } => Some(considered),
        _ => None,
    });
    assert!(matches!(
        considered.unwrap()[0].verdict,
        StrategyVerdict::Rejected {
            reason: RejectionReason::TooDisruptive { .. }
        }
    ));
}

#[test]
fn a_strategy_that_keeps_failing_is_quarantined_for_longer_each_time_and_a_human_is_called() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Lies)]);
    let config = HealingConfig {
        max_attempts_per_window: 100,
        ineffective_limit: 1000,
        ..quick()
    };
    let mut healer = world.healer([strategy]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 600 * MINUTE);
    let ends: Vec<_> = world.outcomes().iter().map(|outcome| outcome.completed_at).collect();
    let pauses: Vec<i64> = ends
        .windows(2)
        .map(|pair| pair[1].duration_since(pair[0]).as_secs())
        .collect();
    for (failures, pause) in (1_u32..).zip(&pauses) {
        let quarantine = 300 * 2_i64.pow(failures.saturating_sub(2));
        assert!(
            (quarantine..quarantine + 120).contains(pause),
            "after {failures} failures {pause} s: {pauses:?}"
        );
    }
    assert!(pauses.len() >= 6);
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::NoStrategy { .. }))
    );
    let status = healer.status().unwrap();
    assert_eq!(status.collections[0].quarantined[0].strategy, "open_valves");
}

#[test]
fn after_remediations_that_did_not_help_none_begins_for_a_window() {
    let world = World::new();
    let strategies =
        ["first", "second", "third", "fourth"].map(|name| Valves::new(&world, name, [(1, Behaviour::Lies)]));
    let config = HealingConfig {
        max_attempts_per_window: 100,
        ..quick()
    };
    let mut healer = world.healer(strategies).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 70 * MINUTE);
    assert_eq!(world.outcomes().len(), 3);
    let ineffective = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::Deferred {
                reason: Refusal::Ineffective { .. },
                ..
            }
        )
    };
    assert!(
        events
            .iter()
            .any(|event| ineffective(&event.kind) && event.kind.calls_human())
    );
    run(&mut healer, &world.clock, 20 * MINUTE);
    assert!(world.outcomes().len() > 3, "it is a pause, not an end");
}

#[test]
fn nothing_is_done_that_could_not_be_written_down() {
    for appends in 0..12 {
        let world = World::new();
        let storage = FaultyStorage::dying_after(appends, LastAppend::Acknowledged, &world.storage);
        let mut healer = world
            .healer([Valves::working(&world)])
            .storage(std::sync::Arc::new(storage.clone()))
            .build()
            .unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 10 * MINUTE);
        let written: Vec<usize> = world
            .journalled()
            .iter()
            .filter_map(|state| match state {
                RemediationState::Executing { step, .. } => Some(*step),
                _ => None,
            })
            .collect();
        let called: Vec<usize> = world.calls().iter().map(|call| call.valve as usize - 1).collect();
        assert_eq!(
            called, written,
            "each step that was written down is done once, and no other"
        );
        assert!(storage.is_dead() || appends >= 10);
    }
}

#[test]
fn a_clock_that_jumps_never_lets_too_many_attempts_through() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Lies)]);
    let mut healer = world.healer([strategy]).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, 60 * MINUTE);
    let before = world.outcomes().len();
    let back = world.clock.clone();
    let two_hours = Duration::from_secs(7200);
    back.set(healing_core::Clock::now(&back).checked_sub(two_hours).unwrap());
    let events = run(&mut healer, &world.clock, 30 * MINUTE);
    assert_eq!(world.outcomes().len(), before, "{:?}", states(&events));
    assert!(healer.active(&collection()).is_none());
}

#[test]
fn what_was_seen_before_a_remediation_had_ended_is_no_reason_for_the_next() {
    let world = World::new();
    let lag = Duration::from_secs(45);
    world.set_lag(lag);
    let config = HealingConfig {
        min_healing_interval: Duration::ZERO,
        max_attempts_per_window: 100,
        quarantine_after: 1000,
        ineffective_limit: 1000,
        ..quick()
    };
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Lies)]);
    let mut healer = world.healer([strategy]).config(config).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let (mut ended, mut begun, mut refused) = (None, 0, 0);
    for _ in 0..60 {
        for event in run(&mut healer, &world.clock, Duration::from_secs(10)) {
            let EventKind::Remediation(remediation) = &event.kind else {
                continue;
            };
            match remediation.state {
                RemediationState::Planned { .. } => {
                    begun += 1;
                    assert!(ended.is_none_or(|ended| event.at.duration_since(ended) >= lag.try_into().unwrap()));
                }
                _ if remediation.state.is_terminal() => ended = Some(event.at),
                _ => {}
            }
        }
        let explanation = healer.explain(&collection());
        let refusal = explanation.and_then(|explanation| explanation.refusal.as_ref());
        refused += u32::from(matches!(refusal, Some(Refusal::StaleObservation { .. })));
    }
    assert!(
        begun > 2 && refused > 2,
        "{begun} began in ten minutes, {refused} were refused"
    );
}
