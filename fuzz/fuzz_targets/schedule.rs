//! Arbitrary schedules of ticks, operators' orders, faults, crashes and clock jumps over two healers that share a store:
//! no contract of the engine breaks, and everything comes to rest.

#![no_main]

#[allow(dead_code, reason = "the other targets use all of it")]
mod bytes;
mod contained;
#[path = "../../healing-core/tests/engine/contracts.rs"]
mod contracts;
#[path = "../../healing-core/tests/engine/stage.rs"]
mod stage;
#[path = "../../healing-core/tests/engine/world/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine's tests use all of it")]
mod world;

use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use stage::{Call, Event, STRATEGIES, Verb};
use world::{Fault, Findings};

/// Every event may be eighty ticks.
const MOST_EVENTS: usize = 100;

fuzz_target!(init: contained::listen(), |data: &[u8]| contained::run(|| {
    let mut bytes = Bytes::new(data);
    let mut schedule = Vec::new();
    while !bytes.is_empty() && schedule.len() < MOST_EVENTS {
        schedule.push(event(&mut bytes));
    }
    if let Err(broken) = stage::play(&schedule) {
        panic!("{schedule:#?}\n{broken}");
    }
}));

fn event(bytes: &mut Bytes<'_>) -> Event {
    let kind = bytes.number(1);
    let healer = usize::from(kind >= 128);
    let small = |bytes: &mut Bytes<'_>, below: u64| bytes.number(1) % below;
    match kind % 32 {
        0..2 => Event::Tick(healer),
        2..5 => Event::Follow(healer),
        5..10 => Event::Calm(1 + small(bytes, 40) as u32),
        10 => Event::Pass(Duration::from_secs(bytes.number(1))),
        11 => Event::Pass(Duration::from_secs(60 * bytes.number(1))),
        12 => Event::ClockJumps(i64::from(bytes.number(2) as u16 as i16)),
        13..15 => {
            let lost = bytes.number(1) as f64 / 320.0;
            let sick = bytes.number(1);
            Event::Sicken(lost, [0, 1, 2].map(|collection| sick >> collection & 1 == 1))
        }
        15 => Event::Relief([0.1, 0.1, 0.0, -0.1][small(bytes, 4) as usize]),
        16 => Event::Unwell([0, 3][small(bytes, 2) as usize]),
        17 => Event::Observer(fault(bytes)),
        18 => Event::Lag(small(bytes, 90)),
        19 => {
            use Findings::{Hotspot, Nothing, Panic, Unknown};
            Event::Findings([Hotspot, Hotspot, Unknown, Nothing, Panic][small(bytes, 5) as usize])
        }
        20..22 => {
            use Call::{Acquire, Append, Outcomes, Read, Release, Renew};
            let call = [Append, Append, Read, Outcomes, Acquire, Renew, Release][small(bytes, 7) as usize];
            Event::Store(call, fault(bytes))
        }
        22 => Event::Crash(healer),
        _ => Event::Order(healer, small(bytes, 3) as usize, verb(bytes)),
    }
}

fn fault(bytes: &mut Bytes<'_>) -> Fault {
    use Fault::{DoesAndFails, None, Panics, Refuses};
    [None, None, Refuses, DoesAndFails, Panics][bytes.number(1) as usize % 5]
}

fn verb(bytes: &mut Bytes<'_>) -> Verb {
    match bytes.number(1) % 16 {
        0..2 => Verb::Approve,
        2 => Verb::Reject,
        3 => Verb::Abort,
        4 => Verb::Freeze,
        5 => Verb::Unfreeze,
        6 => Verb::FreezeAll,
        7 => Verb::UnfreezeAll,
        8 => Verb::Enable(bytes.number(1) % 3 > 0),
        9 => Verb::Configure(1 + bytes.number(1) as u32 % 3),
        10 => Verb::Trigger,
        11 => Verb::Execute(STRATEGIES[bytes.number(1) as usize % STRATEGIES.len()]),
        12 => Verb::DryRun,
        13 => Verb::Rollback,
        14 => Verb::Feedback,
        _ => Verb::Ask,
    }
}
