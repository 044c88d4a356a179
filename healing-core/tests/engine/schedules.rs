//! The engine's contracts under any order of ticks, orders, faults, crashes and clock jumps.

use std::time::Duration;

use proptest::prelude::*;

use crate::stage::{Call, Event, STRATEGIES, Verb, play};
use crate::world::{Fault, Findings};

fn events() -> impl Strategy<Value = Event> {
    let healer = 0..2_usize;
    let fault = prop_oneof![
        5 => Just(Fault::None), 1 => Just(Fault::Refuses), 1 => Just(Fault::DoesAndFails), 1 => Just(Fault::Panics),
    ];
    let call = prop_oneof![
        4 => Just(Call::Append), 2 => Just(Call::Read), 1 => Just(Call::Outcomes), 1 => Just(Call::Acquire),
        1 => Just(Call::Renew), 1 => Just(Call::Release),
    ];
    let findings = prop_oneof![
        12 => Just(Findings::Hotspot), 1 => Just(Findings::Unknown), 1 => Just(Findings::Nothing), 1 => Just(Findings::Panic),
    ];
    prop_oneof![
        4 => healer.clone().prop_map(Event::Tick),
        8 => healer.clone().prop_map(Event::Follow),
        14 => (1..40_u32).prop_map(Event::Calm),
        2 => (0..60_u64).prop_map(|seconds| Event::Pass(Duration::from_secs(seconds))),
        1 => (5..120_u64).prop_map(|minutes| Event::Pass(Duration::from_secs(60 * minutes))),
        1 => (-20_000..20_000_i64).prop_map(Event::ClockJumps),
        4 => (0.0..0.8, prop::array::uniform3(prop::bool::weighted(0.6))).prop_map(|(lost, sick)| Event::Sicken(lost, sick)),
        1 => prop_oneof![2 => Just(0.1), 1 => Just(0.0), 1 => Just(-0.1)].prop_map(Event::Relief),
        1 => prop_oneof![4 => Just(0_i64), 1 => Just(3_i64)].prop_map(Event::Unwell),
        1 => fault.clone().prop_map(Event::Observer),
        1 => prop_oneof![3 => Just(0), 1 => 0..90_u64].prop_map(Event::Lag),
        1 => findings.prop_map(Event::Findings),
        3 => (call, fault).prop_map(|(call, fault)| Event::Store(call, fault)),
        1 => healer.clone().prop_map(Event::Crash),
        10 => (healer, 0..3_usize, verbs()).prop_map(|(healer, collection, verb)| Event::Order(healer, collection, verb)),
    ]
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        4 => Just(Verb::Approve),
        1 => Just(Verb::Reject),
        1 => Just(Verb::Abort),
        1 => Just(Verb::Freeze),
        2 => Just(Verb::Unfreeze),
        1 => Just(Verb::FreezeAll),
        2 => Just(Verb::UnfreezeAll),
        2 => prop::bool::weighted(0.7).prop_map(Verb::Enable),
        1 => (1..4_u32).prop_map(Verb::Configure),
        1 => Just(Verb::Trigger),
        2 => prop::sample::select(&STRATEGIES).prop_map(Verb::Execute),
        1 => Just(Verb::DryRun),
        1 => Just(Verb::Rollback),
        1 => Just(Verb::Feedback),
        1 => Just(Verb::Ask),
    ]
}

fn schedules() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(events(), 1..200)
}

fn config_of(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 3000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config_of(50))]

    #[test]
    fn no_schedule_breaks_a_contract(schedule in schedules()) {
        play(&schedule).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(config_of(3000))]

    #[test]
    #[ignore = "takes minutes: run it in release, with `--ignored`"]
    fn no_schedule_of_thousands_breaks_a_contract(schedule in schedules()) {
        play(&schedule).map_err(TestCaseError::fail)?;
    }
}
