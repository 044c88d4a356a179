//! Steps on threads of their own, some of which hang.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use healing_core::engine::{EventKind, Refusal, SharedHealer, StepCall, StepRunner};
use healing_core::identity::Operator;
use healing_core::{Clock, CollectionId, Healer, HealingConfig, HostError, Timestamp};

use crate::world::{Behaviour, MINUTE, Valves, World, collection, quick};

/// Ticks until `done`, moving the clock on only where every thread is idle or hangs.
fn tick_until(healer: &mut Healer, world: &World, mut done: impl FnMut(&Healer) -> bool) {
    for _ in 0..1_000_000 {
        if done(healer) {
            return;
        }
        let _ = healer.tick();
        world.clock.advance(Duration::from_millis(1));
        std::thread::yield_now();
    }
    panic!("it never came to that: {:?}", world.journalled_names());
}

fn other() -> CollectionId {
    CollectionId::new("other").unwrap()
}

#[test]
fn a_cure_works_on_threads_as_it_does_inline() {
    let world = World::new();
    let mut healer = world
        .healer([Valves::working(&world)])
        .worker_threads(2)
        .build()
        .unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    tick_until(&mut healer, &world, |healer| healer.last(&collection()).is_some());
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
    assert_eq!(world.open_valves(), [1, 2, 3]);
}

#[test]
fn a_step_that_hangs_is_given_up_fenced_off_and_can_do_nothing_when_it_wakes() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Opens), (2, Behaviour::Blocks)]);
    let mut healer = world.healer([strategy]).worker_threads(3).build().unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    tick_until(&mut healer, &world, |healer| healer.last(&collection()).is_some());
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "rolled_back");
    assert_eq!(healer.status().unwrap().abandoned_threads, 1);
    let tokens: Vec<_> = world.calls().iter().map(|call| call.token).collect();
    assert!(
        tokens.last() > tokens.first(),
        "what comes after the hung call has a greater token: {tokens:?}"
    );
    world.open_gate();
    while healer.status().unwrap().abandoned_threads > 0 {
        std::thread::yield_now();
    }
    assert!(world.open_valves().is_empty(), "the late call got no permit");
}

#[test]
fn a_hung_step_does_not_hold_the_other_collections() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Blocks)]);
    let config = HealingConfig {
        storm_minimum: 100,
        ..quick()
    };
    let mut healer = world
        .healer([strategy])
        .config(config)
        .watch(other())
        .worker_threads(1)
        .build()
        .unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&other()).is_some_and(|it| it.baseline.is_some())
    });
    world.confine_to([collection()]);
    world.sicken(0.4);
    tick_until(&mut healer, &world, |healer| {
        healer
            .active(&collection())
            .is_some_and(|active| active.state.name() == "executing")
    });
    let sampled_at = |healer: &Healer| healer.report(&other()).unwrap().observed_at;
    let before = sampled_at(&healer);
    tick_until(&mut healer, &world, |healer| sampled_at(healer) > before);
    assert_eq!(healer.active(&collection()).unwrap().state.name(), "executing");
    world.open_gate();
}

#[test]
fn when_every_thread_hangs_nothing_new_begins_until_one_comes_back() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Blocks)]);
    let mut healer = world.healer([strategy]).worker_threads(1).build().unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    tick_until(&mut healer, &world, |healer| healer.last(&collection()).is_some());
    // Undoing needs a thread too; without one it is given up, and a human is called.
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "rollback_failed");
    world.clock.advance(10 * MINUTE);
    tick_until(&mut healer, &world, |healer| {
        matches!(
            healer.explain(&collection()).unwrap().refusal,
            Some(Refusal::NoWorkers { abandoned: 1 })
        )
    });
    world.open_gate();
    tick_until(&mut healer, &world, |healer| {
        healer.last(&collection()).unwrap().id.number() == 2
    });
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "completed");
}

#[test]
fn an_abort_cancels_the_running_step_and_undoes_once_it_has_ended() {
    let world = World::new();
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Opens), (2, Behaviour::Blocks)]);
    let mut healer = world.healer([strategy]).worker_threads(2).build().unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    let at_second = |healer: &Healer| {
        healer
            .active(&collection())
            .is_some_and(|active| active.state.begun() == 2)
    };
    tick_until(&mut healer, &world, at_second);
    let id = healer.active(&collection()).unwrap().id.clone();
    let _ = healer.tick();
    healer.abort(&id, &Operator::new("alice").unwrap()).unwrap();
    let _ = healer.tick();
    assert_eq!(
        world.open_valves(),
        [1],
        "nothing is undone beside a step that may still be at work"
    );
    world.open_gate();
    tick_until(&mut healer, &world, |healer| healer.last(&collection()).is_some());
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "rolled_back");
    assert!(world.open_valves().is_empty());
    assert_eq!(healer.status().unwrap().abandoned_threads, 0);
}

/// Keeps calls until the test makes or drops them.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<StepCall>>>);

impl Shelf {
    fn take(&self) -> Vec<StepCall> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl StepRunner for Shelf {
    fn run(&self, call: StepCall) -> Result<(), HostError> {
        self.0.lock().unwrap().push(call);
        Ok(())
    }
}

#[test]
fn a_step_runner_decides_when_a_step_runs_and_when_its_answer_comes() {
    let (world, shelf) = (World::new(), Shelf::default());
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Opens)]);
    let runner = Arc::new(shelf.clone());
    let mut healer = world.healer([strategy]).step_runner(runner, 1).build().unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    tick_until(&mut healer, &world, |_| !shelf.0.lock().unwrap().is_empty());
    let answers: Vec<_> = shelf.take().into_iter().map(StepCall::make).collect();
    assert_eq!(world.open_valves(), [1]);
    let _ = healer.tick();
    assert_eq!(healer.active(&collection()).unwrap().state.name(), "executing");
    answers.into_iter().for_each(healing_core::engine::StepAnswer::deliver);
    let _ = healer.tick();
    assert_eq!(healer.active(&collection()).unwrap().state.name(), "settling");
}

#[test]
fn a_call_that_the_step_runner_drops_counts_as_failed() {
    let (world, shelf) = (World::new(), Shelf::default());
    let strategy = Valves::new(&world, "open_valves", [(1, Behaviour::Opens)]);
    let runner = Arc::new(shelf.clone());
    let mut healer = world.healer([strategy]).step_runner(runner, 1).build().unwrap();
    tick_until(&mut healer, &world, |healer| {
        healer.report(&collection()).is_some_and(|it| it.baseline.is_some())
    });
    world.sicken(0.4);
    tick_until(&mut healer, &world, |_| !shelf.0.lock().unwrap().is_empty());
    drop(shelf.take());
    let _ = healer.tick();
    assert_eq!(healer.active(&collection()).unwrap().state.name(), "rolling_back");
    assert_eq!(healer.status().unwrap().abandoned_threads, 0);
}

/// Real time, scaled: the loop's own waiting is what is tested.
struct FastClock(std::time::Instant);

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let fast = self.0.elapsed() * 1000;
        Timestamp::UNIX_EPOCH.checked_add(fast).unwrap()
    }
}

#[test]
fn a_shared_healer_runs_takes_orders_and_stops() {
    let world = World::new();
    let clock = std::sync::Arc::new(FastClock(std::time::Instant::now()));
    let healer = Healer::builder(std::sync::Arc::new(world.clone()), clock.clone())
        .watch(collection())
        .config(HealingConfig {
            max_observation_age: Duration::from_secs(360 * 24 * 3600),
            ..quick()
        })
        .worker_threads(1)
        .build()
        .unwrap();
    let healer = SharedHealer::new(healer);
    let (sender, events) = std::sync::mpsc::channel();
    let looping = std::thread::spawn({
        let healer = healer.clone();
        move || {
            healer.run(|event| {
                let _ = sender.send(event);
            });
        }
    });
    let by = Operator::new("alice").unwrap();
    let changes = serde_json::json!({"min_improvement": 0.2});
    healer
        .with(|healer| healer.configure(changes.as_object().unwrap(), &by).map(|_| ()))
        .unwrap();
    let configured = events.iter().find(|event| matches!(event.kind, EventKind::Configured));
    assert!(configured.is_some());
    healer.stop();
    looping.join().unwrap();
}
