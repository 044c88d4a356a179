//! Arbitrary bytes as a configuration, and as a change of one: refused with every faulty field named, or a healer lives by it.

#![no_main]

mod contained;
#[path = "../../healing-core/tests/engine/world/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine's tests use all of it")]
mod world;

use healing_core::engine::ControlError;
use healing_core::identity::Operator;
use healing_core::{Clock, Healer, HealingConfig};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use world::{Valves, World, quick};

/// So often the healer is called.
const TICKS: usize = 40;

fuzz_target!(init: contained::listen(), |data: &[u8]| contained::run(|| {
    if let Ok(config) = serde_json::from_slice::<HealingConfig>(data) {
        comes_back(&config);
        match config.validate() {
            Ok(()) => heal_by(config),
            Err(invalid) => assert!(!invalid.faults.is_empty()),
        }
    }
    if let Ok(Value::Object(changes)) = serde_json::from_slice(data) {
        change(&changes);
    }
}));

fn comes_back(config: &HealingConfig) {
    let json = serde_json::to_vec(config).expect("every configuration can be written");
    assert_eq!(
        serde_json::from_slice::<HealingConfig>(&json).expect("and read"),
        *config
    );
}

fn heal_by(config: HealingConfig) {
    let world = World::new();
    let healer = world.healer([Valves::working(&world)]).config(config).build();
    live(&world, healer.expect("a valid configuration"));
}

/// The operator's verb: all of it or nothing, and in the journal.
fn change(changes: &Map<String, Value>) {
    let world = World::new();
    let mut healer = world.healer([Valves::working(&world)]).build().expect("a healer");
    let operator = Operator::new("alice").expect("a name");
    match healer.configure(changes, &operator) {
        Ok(config) => {
            let config = config.clone();
            config.validate().expect("what is in force is valid");
            comes_back(&config);
            let mut other = world.healer([Valves::working(&world)]).build().expect("a healer");
            let _ = other.tick();
            assert_eq!(*other.config(), config);
            drop(other);
            live(&world, healer);
        }
        Err(ControlError::InvalidConfig(invalid)) => {
            assert!(!invalid.faults.is_empty());
            assert_eq!(*healer.config(), quick());
        }
        Err(error) => panic!("{error}"),
    }
}

/// A sick world is healed or left alone, and time goes on.
fn live(world: &World, mut healer: Healer) {
    for tick in 0..TICKS {
        if tick == 10 {
            world.sicken(0.4);
        }
        let wake_at = healer.tick().wake_at;
        assert!(wake_at > world.clock.now(), "it wants to be called again at once");
        world.clock.set(wake_at);
    }
}
