//! For each state of a remediation: the process dies right before and right after that state is written down, and another
//! healer, a new one or one that was there all the time, makes an end of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use healing_core::engine::{JournalRetention, RemediationState};
use healing_core::identity::{Operator, RemediationId};
use healing_core::storage::{JournalBody, JournalRecord};
use healing_core::{Clock, Healer, HealingConfig};

use crate::contracts::Contracts;
use crate::world::{Behaviour, FaultyStorage, LastAppend, MINUTE, Valves, World, collection, quick};

/// What happens to a remediation.
struct Story {
    name: &'static str,
    strategy: fn(&World) -> Valves,
    config: fn(HealingConfig) -> HealingConfig,
    /// What the operator, or the world, does before each tick.
    meanwhile: fn(&World, &mut Healer),
}

fn alice() -> Operator {
    Operator::new("alice").unwrap()
}

fn state(healer: &Healer) -> Option<RemediationState> {
    healer.active(&collection()).map(|active| active.state.clone())
}

fn ask_first(config: HealingConfig) -> HealingConfig {
    HealingConfig {
        require_approval_strategies: vec!["open_valves".to_owned()],
        approval_timeout: 2 * MINUTE,
        ..config
    }
}

/// Gives an order as soon as the remediation is in that state. One that cannot be given is given again.
fn once(healer: &mut Healer, reached: &str, order: fn(&mut Healer)) {
    if state(healer).is_some_and(|state| state.name() == reached) {
        order(healer);
    }
}

fn id(healer: &Healer) -> RemediationId {
    healer.active(&collection()).unwrap().id.clone()
}

const STORIES: [Story; 11] = [
    Story {
        name: "it helps",
        strategy: Valves::working,
        config: |config| config,
        meanwhile: |_, _| {},
    },
    Story {
        name: "it is approved",
        strategy: Valves::working,
        config: ask_first,
        meanwhile: |_, healer| {
            once(healer, "awaiting_approval", |healer| {
                drop(healer.approve(&id(healer), &alice()));
            });
        },
    },
    Story {
        name: "it is rejected",
        strategy: Valves::working,
        config: ask_first,
        meanwhile: |_, healer| {
            once(healer, "awaiting_approval", |healer| {
                drop(healer.reject(&id(healer), &alice()));
            });
        },
    },
    Story {
        name: "nobody approves it",
        strategy: Valves::working,
        config: ask_first,
        meanwhile: |_, _| {},
    },
    Story {
        name: "it does not help",
        strategy: |world| {
            world.set_relief(0.0);
            Valves::working(world)
        },
        config: |config| config,
        meanwhile: |_, _| {},
    },
    Story {
        name: "its last step does harm",
        strategy: Valves::working,
        config: |config| config,
        meanwhile: |world, _| world.sicken(if world.open_valves().len() == 2 { 0.9 } else { 0.4 }),
    },
    Story {
        name: "a step panics",
        strategy: |world| Valves::new(world, "open_valves", [(1, Behaviour::Opens), (2, Behaviour::Panics)]),
        config: |config| config,
        meanwhile: |_, _| {},
    },
    Story {
        name: "a step cannot be taken back",
        strategy: |world| {
            Valves::new(
                world,
                "open_valves",
                [(1, Behaviour::Sticks), (2, Behaviour::OpensAndFails)],
            )
        },
        config: |config| config,
        meanwhile: |_, _| {},
    },
    Story {
        name: "it is aborted",
        strategy: Valves::working,
        config: |config| config,
        meanwhile: |_, healer| {
            once(healer, "stabilising", |healer| {
                drop(healer.abort(&id(healer), &alice()));
            });
        },
    },
    Story {
        name: "it is taken back after it had helped",
        strategy: Valves::working,
        config: |config| config,
        meanwhile: |_, healer| {
            if healer
                .last(&collection())
                .is_some_and(|last| last.state.name() == "completed")
            {
                drop(healer.rollback(&collection(), &alice()));
            }
        },
    },
    Story {
        name: "it cannot be taken back and does not help",
        strategy: |world| {
            world.set_relief(0.0);
            Valves {
                reversible: false,
                ..Valves::working(world)
            }
        },
        config: |config| config,
        meanwhile: |_, _| {},
    },
];

const KEPT_OR_NOT: [LastAppend; 3] = [
    LastAppend::NotKept,
    LastAppend::Acknowledged,
    LastAppend::KeptAndUnacknowledged,
];

/// How a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// At the record: it does nothing more.
    AtOnce,
    /// Only once it has done what it can do without a further record.
    AfterTheTick,
}

/// Who goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Successor {
    /// One that starts after the death.
    Newborn,
    /// One that was there all the time.
    Standby,
}

/// A life up to the record that the process dies at, and what came after it.
struct Life<'a> {
    story: &'a Story,
    world: World,
    contracts: Contracts,
}

impl Life<'_> {
    fn new(story: &Story) -> Life<'_> {
        let world = World::new();
        let irreversible: &[&str] = if story.name.starts_with("it cannot") {
            &["open_valves"]
        } else {
            &[]
        };
        let contracts = Contracts::new(&world, &Self::config(story), &[collection()], irreversible);
        Life {
            story,
            world,
            contracts,
        }
    }

    fn config(story: &Story) -> HealingConfig {
        (story.config)(HealingConfig {
            journal_retention: JournalRetention::Keep,
            ..quick()
        })
    }

    fn healer(&self, name: &str, storage: &FaultyStorage) -> Healer {
        self.world
            .healer([(self.story.strategy)(&self.world)])
            .config(Self::config(self.story))
            .storage(Arc::new(storage.clone()))
            .holder(name)
            .build()
            .unwrap()
    }

    /// Ticks, and lets so much time pass as the healer wants, at most ten seconds.
    fn step(&mut self, healer: &mut Healer) {
        let tick = healer.tick();
        self.contracts
            .check()
            .unwrap_or_else(|broken| panic!("{broken}: {:?}", self.world.journalled_names()));
        let longest = self.world.clock.now().checked_add(Duration::from_secs(10)).unwrap();
        self.world.clock.set(tick.wake_at.min(longest));
    }

    /// Lives up to the append with that number, and says what was being written. `None` where the story is over before.
    fn die_at(
        &mut self,
        append: usize,
        last: LastAppend,
        death: Death,
        successor: Successor,
    ) -> Option<(String, Healer)> {
        let healthy = FaultyStorage::over(&self.world.storage);
        let storage = FaultyStorage::dying_after(append, last, &self.world.storage);
        if death == Death::AtOnce {
            let world = self.world.clone();
            storage.at_death(move || world.unplug());
        }
        let mut first = self.healer("first", &storage);
        let mut second = self.healer("second", &healthy);
        for _ in 0..6 {
            self.step(&mut first);
            let _ = second.tick();
        }
        self.world.sicken(0.4);
        for _ in 0..120 {
            (self.story.meanwhile)(&self.world, &mut first);
            if !storage.is_dead() {
                self.step(&mut first);
            }
            if storage.is_dead() {
                drop(first);
                self.world.plug_in();
                let successor = match successor {
                    Successor::Newborn => self.healer("third", &healthy),
                    Successor::Standby => second,
                };
                return Some((state_of(&storage.last_words()?), successor));
            }
        }
        None
    }

    /// What holds once the successor has had its time.
    fn check_end(&mut self, mut healer: Healer, what: &str) {
        for round in 0..60 {
            if round == 20 {
                self.world.sicken(0.0);
            }
            self.step(&mut healer);
        }
        let told = self.contracts.told(&collection());
        let states = self.world.journalled_names();
        let Some(newest) = told.newest.clone() else {
            assert!(states.is_empty());
            return;
        };
        assert!(newest.state.is_terminal(), "{what}: {states:?}");
        assert_eq!(self.world.outcomes().len(), told.acted, "{what}: {states:?}");
        let as_told = self.contracts.check_valves(&collection());
        as_told.unwrap_or_else(|broken| panic!("{what}: {broken}: {states:?}"));
    }
}

#[test]
fn whatever_a_process_was_writing_when_it_died_the_next_healer_makes_an_end_of_it() {
    // What each death meets, beside the other's.
    let met: BTreeSet<_> = thread::scope(|scope| {
        [Death::AtOnce, Death::AfterTheTick]
            .map(|death| scope.spawn(move || met_by(death)))
            .into_iter()
            .flat_map(|lives| lives.join().unwrap())
            .collect()
    });
    let states = [
        "awaiting_approval",
        "planned",
        "executing",
        "settling",
        "stabilising",
        "verifying",
        "completed",
        "rolling_back",
        "rolled_back",
        "rollback_failed",
        "rejected",
        "expired",
    ];
    for state in states {
        for last in KEPT_OR_NOT {
            assert!(
                met.contains(&(state.to_owned(), last)),
                "no process died at {state}, {last:?}"
            );
        }
    }
}

/// What was being written when processes died so, and whether it was kept; what the next healer makes of it is checked.
fn met_by(death: Death) -> BTreeSet<(String, LastAppend)> {
    let mut met = BTreeSet::new();
    for story in &STORIES {
        for last in KEPT_OR_NOT {
            for successor in [Successor::Newborn, Successor::Standby] {
                for append in 1.. {
                    let mut life = Life::new(story);
                    let Some((writing, healer)) = life.die_at(append, last, death, successor) else {
                        break;
                    };
                    met.insert((writing, last));
                    let what = format!("{}, {last:?} at {append}, {death:?}, {successor:?}", story.name);
                    life.check_end(healer, &what);
                }
            }
        }
    }
    met
}

/// The state that a record says a remediation enters.
fn state_of(record: &JournalRecord) -> String {
    match record.open().unwrap() {
        JournalBody::Remediation(remediation) => remediation.state.name().to_owned(),
        JournalBody::Entered { state, .. } => state.name().to_owned(),
        other => panic!("{other:?}"),
    }
}
