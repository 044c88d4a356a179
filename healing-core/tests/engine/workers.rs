//! Steps on threads of their own, some of which hang.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use healing_core::engine::{EventKind, Execution, HealingEvent, Refusal, SharedHealer, StepCall, StepRunner};
use healing_core::identity::Operator;
use healing_core::observation::ObservationError;
use healing_core::{Clock, CollectionId, Healer, HealingConfig, HostError, Observation, ObservationSource, Timestamp};

use crate::world::{Behaviour, MINUTE, Valves, World, collection, quick, run, run_until};

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
    tick_until(&mut healer, &world, |healer| {
        healer.status().unwrap().abandoned_threads == 0
    });
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

    fn run_until_called(&self, healer: &mut Healer, world: &World) {
        let called = |_: &Healer| !self.0.lock().unwrap().is_empty();
        run_until("a call", healer, &world.clock, called);
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

/// A healer whose steps wait on a shelf until the test makes them, at the moment when the first one is there.
fn shelved(world: &World, strategy: Valves, at_most: usize) -> (Shelf, Healer) {
    let shelf = Shelf::default();
    let runner = Arc::new(shelf.clone());
    let mut healer = world.healer([strategy]).step_runner(runner, at_most).build().unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    shelf.run_until_called(&mut healer, world);
    (shelf, healer)
}

#[test]
fn a_call_that_takes_longer_than_a_lease_may_still_act_while_the_lease_is_renewed() {
    let world = World::new();
    let slow = Valves {
        estimated_duration: 5 * MINUTE,
        ..Valves::new(&world, "open_valves", [(1, Behaviour::Opens)])
    };
    let (shelf, mut healer) = shelved(&world, slow, 1);
    run(&mut healer, &world.clock, 3 * MINUTE);
    assert_eq!(healer.active(&collection()).unwrap().state.name(), "executing");
    shelf.take().into_iter().for_each(|call| call.make().deliver());
    assert_eq!(world.open_valves(), [1]);
    run(&mut healer, &world.clock, MINUTE / 12);
    assert_ne!(healer.active(&collection()).unwrap().state.name(), "rolling_back");
}

#[test]
fn a_call_whose_healer_is_gone_may_not_act_once_the_lease_has_ended() {
    let world = World::new();
    let (shelf, healer) = shelved(&world, Valves::working(&world), 1);
    // The healer is only suspended: it takes nothing back itself.
    world.clock.advance(MINUTE);
    shelf.take().into_iter().for_each(|call| call.make().deliver());
    assert!(world.open_valves().is_empty());
    drop(healer);
}

#[test]
fn a_step_that_waits_for_a_thread_is_not_blamed_for_the_time_that_took() {
    let world = World::new();
    let shelf = Shelf::default();
    let config = HealingConfig {
        storm_minimum: 100,
        ..quick()
    };
    let slow = Valves {
        estimated_duration: 10 * MINUTE,
        ..Valves::new(&world, "open_valves", [(1, Behaviour::Opens)])
    };
    let quick_one = Valves {
        name: "quick",
        estimated_duration: Duration::from_secs(5),
        ..slow.clone()
    };
    let runner = Arc::new(shelf.clone());
    let mut healer = world
        .healer([slow, quick_one])
        .config(config)
        .watch(other())
        .step_runner(runner, 1)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    let by = Operator::new("alice").unwrap();
    for (collection, strategy) in [(collection(), "open_valves"), (other(), "quick")] {
        healer
            .execute(&collection, strategy, serde_json::Map::new(), Execution::Real, &by)
            .unwrap();
    }
    run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(shelf.0.lock().unwrap().len(), 1, "there is one thread");
    assert_eq!(
        healer.active(&other()).unwrap().state.name(),
        "executing",
        "it waits for the thread"
    );
    shelf.take().into_iter().for_each(|call| call.make().deliver());
    run(&mut healer, &world.clock, Duration::from_secs(2));
    shelf.take().into_iter().for_each(|call| call.make().deliver());
    run(&mut healer, &world.clock, Duration::from_secs(2));
    assert_eq!(healer.active(&other()).unwrap().state.name(), "settling");
}

#[test]
fn a_hung_step_that_is_aborted_is_fenced_off_before_anything_is_undone() {
    let world = World::new();
    let valves = [(1, Behaviour::Opens), (2, Behaviour::Opens)];
    let (shelf, mut healer) = shelved(&world, Valves::new(&world, "open_valves", valves), 2);
    shelf.take().into_iter().for_each(|call| call.make().deliver());
    shelf.run_until_called(&mut healer, &world);
    let hung = shelf.take();
    let id = healer.active(&collection()).unwrap().id.clone();
    healer.abort(&id, &Operator::new("alice").unwrap()).unwrap();
    let events = run(&mut healer, &world.clock, MINUTE);
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::CallAbandoned { step: 1, .. }))
    );
    for _ in 0..60 {
        shelf.take().into_iter().for_each(|call| call.make().deliver());
        run(&mut healer, &world.clock, Duration::from_secs(1));
    }
    assert_eq!(healer.last(&collection()).unwrap().state.name(), "rolled_back");
    let tokens: Vec<_> = world.calls().iter().map(|call| call.token).collect();
    assert!(tokens[1] > tokens[0], "{tokens:?}");
    hung.into_iter().for_each(|call| call.make().deliver());
    assert!(world.open_valves().is_empty(), "what was given up gets no permit");
    assert_eq!(healer.status().unwrap().abandoned_threads, 0);
}

/// Keeps a call and says that it could not take it.
#[derive(Clone, Default)]
struct Liar(Shelf);

impl StepRunner for Liar {
    fn run(&self, call: StepCall) -> Result<(), HostError> {
        self.0.run(call)?;
        Err("no thread".into())
    }
}

#[test]
fn a_call_that_a_runner_has_in_spite_of_its_error_may_do_nothing() {
    let world = World::new();
    let liar = Liar::default();
    let mut healer = world
        .healer([Valves::working(&world)])
        .step_runner(Arc::new(liar.clone()), 2)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    run(&mut healer, &world.clock, MINUTE);
    assert_eq!(healer.status().unwrap().abandoned_threads, 2, "the runner holds them");
    liar.0.take().into_iter().for_each(|call| call.make().deliver());
    assert!(world.calls().is_empty());
    assert_eq!(healer.status().unwrap().abandoned_threads, 0);
}

/// A host whose source of observations asks the healer that observes.
struct Curious {
    world: World,
    healer: Arc<Mutex<Option<SharedHealer>>>,
}

impl ObservationSource for Curious {
    fn observe(&self, collection: &CollectionId) -> Result<Observation, ObservationError> {
        let healer = self.healer.lock().unwrap().clone();
        if let Some(healer) = healer {
            healer.with(|healer| healer.config().enabled);
        }
        self.world.observe(collection)
    }
}

#[test]
fn host_code_that_asks_for_the_healer_it_is_called_by_is_refused_and_not_left_waiting() {
    let world = World::new();
    let slot = Arc::default();
    let source = Curious {
        world: world.clone(),
        healer: Arc::clone(&slot),
    };
    let healer = Healer::builder(Arc::new(source), Arc::new(world.clock.clone()))
        .watch(collection())
        .build()
        .unwrap();
    let shared = SharedHealer::new(healer);
    *slot.lock().unwrap() = Some(shared.clone());
    let tick = shared.with(Healer::tick);
    let failed = |event: &HealingEvent| matches!(&event.kind, EventKind::ObservationFailed { error } if error.contains("this very thread"));
    assert!(tick.events.iter().any(failed), "{:?}", tick.events);
    *slot.lock().unwrap() = None;
    world.clock.advance(MINUTE);
    drop(shared.with(Healer::tick));

    // A panic of who uses it leaves the healer where it was.
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shared.with(|_| panic!("not now"))));
    assert!(panicked.is_err());
    assert!(shared.with(|healer| healer.report(&collection()).is_some()));
}

#[test]
fn threads_that_share_a_healer_wait_for_each_other() {
    let world = World::new();
    let healer = SharedHealer::new(world.healer([Valves::working(&world)]).build().unwrap());
    let (begins, begun) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = healer.with(|_| {
            let waiting = [(); 8].map(|()| {
                let (healer, begins) = (&healer, begins.clone());
                scope.spawn(move || {
                    begins.send(()).unwrap();
                    healer.with(|healer| healer.now())
                })
            });
            for _ in &waiting {
                begun.recv().unwrap();
                std::thread::yield_now();
            }
            assert!(waiting.iter().all(|thread| !thread.is_finished()));
            waiting.into()
        });
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), world.clock.now());
        }
    });
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
