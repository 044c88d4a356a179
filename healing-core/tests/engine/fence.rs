//! The host's door is closed to older leases before anything is done under a new one.

use std::sync::Arc;

use healing_core::engine::EventKind;
use healing_core::identity::FencingToken;
use healing_core::{CollectionId, Fence, Healer, HostError};
use parking_lot::Mutex;

use crate::world::{Fault, FaultyStorage, LastAppend, MINUTE, Valves, World, collection, run, run_until, states};

/// A door, as high as it was raised.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<(Fault, Vec<FencingToken>)>>);

impl Door {
    fn set(&self, fault: Fault) {
        self.0.lock().0 = fault;
    }

    fn raised_to(&self) -> Vec<FencingToken> {
        self.0.lock().1.clone()
    }
}

impl Fence for Door {
    fn raise(&self, of: &CollectionId, token: FencingToken) -> Result<(), HostError> {
        assert_eq!(*of, collection());
        let mut door = self.0.lock();
        match door.0 {
            Fault::None => {}
            Fault::Panics => {
                drop(door);
                panic!("the door is stuck");
            }
            Fault::Refuses | Fault::DoesAndFails => return Err("the door is stuck".into()),
        }
        door.1.push(token);
        Ok(())
    }
}

fn healer(world: &World, door: &Door) -> Healer {
    let healer = world.healer([Valves::working(world)]).fence(Arc::new(door.clone()));
    healer.build().unwrap()
}

#[test]
fn it_is_raised_once_under_each_lease() {
    let (world, door) = (World::new(), Door::default());
    let mut healer = healer(&world, &door);
    run(&mut healer, &world.clock, MINUTE);
    assert_eq!(door.raised_to(), []);
    world.sicken(0.4);
    let events = run(&mut healer, &world.clock, 10 * MINUTE);
    assert_eq!(states(&events).last(), Some(&"completed"));
    let mut tokens: Vec<FencingToken> = world.calls().iter().map(|call| call.token).collect();
    tokens.dedup();
    assert_eq!(door.raised_to(), tokens);
}

#[test]
fn what_another_left_half_done_is_taken_back_behind_a_raised_fence() {
    let (world, door) = (World::new(), Door::default());
    let storage = FaultyStorage::dying_after(4, LastAppend::Acknowledged, &world.storage);
    let first = world
        .healer([Valves::working(&world)])
        .storage(Arc::new(storage.clone()));
    let mut first = first.build().unwrap();
    run(&mut first, &world.clock, MINUTE);
    world.sicken(0.4);
    run_until("death", &mut first, &world.clock, |_| storage.is_dead());
    let calls = world.calls().len();
    assert!(calls > 0);
    let mut second = healer(&world, &door);
    door.set(Fault::Refuses);
    let events = run(&mut second, &world.clock, 5 * MINUTE);
    let failed = |kind: &EventKind| matches!(kind, EventKind::StorageFailed { error } if error.contains("fence"));
    assert!(events.iter().any(|event| failed(&event.kind)), "{events:?}");
    assert_eq!(world.calls().len(), calls, "nothing is done while the fence is down");
    door.set(Fault::Panics);
    run(&mut second, &world.clock, 5 * MINUTE);
    assert_eq!(world.calls().len(), calls, "nothing is done while the fence is down");
    door.set(Fault::None);
    run(&mut second, &world.clock, 2 * MINUTE);
    assert!(world.open_valves().is_empty() || states(&events).is_empty());
    let raised = door.raised_to();
    assert!(world.calls()[calls..].iter().all(|call| raised.contains(&call.token)));
    assert!(world.journalled_names().contains(&"rolled_back"));
}
