//! What a seed stands for: everything that will happen, drawn up before anything does.
//!
//! What must never break: the schedule is all there is to a run. Deleting an event from it gives a run in which that event does
//! not happen, which is what shrinking does.

use std::collections::BTreeSet;
use std::time::Duration;

use healing_core::engine::{JournalRetention, Selection};
use healing_core::{HealingConfig, Ratio};
use healing_strategies::NEED_APPROVAL;
use mock_cluster::{Fault, Scenario, Severity, Size};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::event::{ActuatorMishap, ClockOf, Event, Hand, ObservationMishap, Order, Scheduled, Side, StoreMishap};
use super::kind::FaultKind;

/// A run, as it will happen.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// What it was drawn from.
    pub seed: u64,
    /// How long it lasts.
    pub lasts: Duration,
    /// How many collections there are.
    pub collections: usize,
    /// How the healers are built.
    pub config: HealingConfig,
    /// How they are broken.
    #[cfg(feature = "mutations")]
    pub mutation: Option<healing_core::engine::Mutation>,
    /// What happens, in order.
    pub events: Vec<Scheduled>,
    /// From here on nothing happens any more, and what goes wrong is put in order.
    pub calm_from: Duration,
    /// The problems that strike in the calm, to see whether the healer still heals.
    pub probes: [Scheduled; 2],
}

/// The shortest run.
pub const FEWEST_HOURS: u32 = 6;

/// Nothing happens before this: the healers learn what is healthy.
const WARM_UP: Duration = Duration::from_secs(15 * 60);
/// How long before the end it becomes calm.
const CALM: Duration = Duration::from_secs(4 * 3600);
/// How long before the end the probes strike.
const PROBES: [Duration; 2] = [Duration::from_secs(10_000), Duration::from_secs(3600)];

/// Ordinary problems in a day.
const PROBLEMS_PER_DAY: f64 = 12.0;
/// The share of the runs in which a kind of fault comes at all. Few kinds at a time reach states that all kinds together
/// never let anyone get into (Groce et al., "Swarm Testing", 2012).
const SHARE_OF_RUNS: f64 = 0.4;
/// So many times as often as on average a kind of fault comes in a run.
const INTENSITIES: [f64; 3] = [0.3, 1.0, 2.5];

const MOST_COLLECTIONS: usize = 4;

impl Schedule {
    /// What happens in the run of `seed`, which lasts so many hours. With `faults`, only these kinds come, and all of them.
    #[must_use]
    pub fn draw(seed: u64, hours: u32, faults: Option<&BTreeSet<FaultKind>>) -> Self {
        let lasts = Duration::from_secs(u64::from(hours.max(FEWEST_HOURS)) * 3600);
        let calm_from = lasts - CALM;
        let mut draw = Draw {
            random: ChaCha8Rng::seed_from_u64(seed),
            from: WARM_UP,
            to: calm_from,
            collections: 1,
            events: Vec::new(),
        };
        draw.collections = draw.random.random_range(1..=MOST_COLLECTIONS);
        let config = draw.config();
        draw.times(PROBLEMS_PER_DAY, Draw::problem);
        for kind in FaultKind::ALL {
            let (comes, intensity) = (draw.random.random_bool(SHARE_OF_RUNS), draw.one_of(&INTENSITIES));
            match faults {
                Some(faults) if faults.contains(&kind) => draw.times(kind.per_day() * 2.0, |draw| draw.fault(kind)),
                None if comes => draw.times(kind.per_day() * intensity, |draw| draw.fault(kind)),
                _ => {}
            }
        }
        let probes = PROBES.map(|before_end| {
            let (collection, fault) = draw.any_problem();
            let overlapping = false;
            let event = Event::Problem {
                collection,
                fault,
                overlapping,
            };
            let at = lasts - before_end;
            Scheduled { at, event }
        });
        let Draw {
            collections,
            mut events,
            ..
        } = draw;
        events.sort_by_key(|event| event.at);
        Self {
            seed,
            lasts,
            collections,
            config,
            #[cfg(feature = "mutations")]
            mutation: None,
            events,
            calm_from,
            probes,
        }
    }

    /// The same run with only those events whose positions are in `kept`.
    #[must_use]
    pub fn with_only(&self, kept: &[usize]) -> Self {
        let events = kept.iter().filter_map(|&position| self.events.get(position)).cloned();
        Self {
            events: events.collect(),
            ..self.clone()
        }
    }
}

/// The size of every cluster: 38 nodes, and few vectors in each partition, which draw the same load as many would.
#[must_use]
pub fn size() -> Size {
    // 100 is in range.
    Size::default().with_vectors_per_partition(100).unwrap_or_default()
}

/// A schedule being drawn.
struct Draw {
    random: ChaCha8Rng,
    from: Duration,
    to: Duration,
    collections: usize,
    events: Vec<Scheduled>,
}

impl Draw {
    /// Draws something as often as it comes in so many days.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of events far below 2^53"
    )]
    fn times(&mut self, per_day: f64, mut draw: impl FnMut(&mut Self)) {
        let days = (self.to - self.from).as_secs_f64() / 86_400.0;
        let number = (per_day * days + self.random.random_range(0.0..1.0)) as u32;
        for _ in 0..number {
            draw(self);
        }
    }

    fn at(&mut self) -> Duration {
        self.random.random_range(self.from..self.to)
    }

    fn push(&mut self, at: Duration, event: Event) {
        // What lasts into the calm is ended by the calm.
        if at < self.to {
            self.events.push(Scheduled { at, event });
        }
    }

    fn push_anywhere(&mut self, event: Event) {
        let at = self.at();
        self.push(at, event);
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.random_range(0..choices.len())]
    }

    /// Seconds, from shortest to longest, the short ones as likely as the long ones.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of seconds far below 2^32"
    )]
    fn seconds(&mut self, shortest: f64, longest: f64) -> u32 {
        let exponent: f64 = self.random.random_range(shortest.ln()..longest.ln());
        exponent.exp() as u32
    }

    fn lasting(&mut self, shortest: f64, longest: f64) -> Duration {
        Duration::from_secs(self.seconds(shortest, longest).into())
    }

    fn slot(&mut self) -> usize {
        usize::from(self.random.random_bool(0.3))
    }

    fn collection(&mut self) -> usize {
        self.random.random_range(0..self.collections)
    }

    fn partition(&mut self) -> i64 {
        self.random.random_range(1..=size().partitions())
    }

    fn severity(&mut self) -> Severity {
        // In range by the range that it is drawn from.
        Severity::new(self.random.random_range(0.6..=1.0)).unwrap_or_else(|_| unreachable!())
    }

    fn problem(&mut self) {
        let at = self.at();
        let (collection, fault) = self.any_problem();
        let overlapping = false;
        self.push(
            at,
            Event::Problem {
                collection,
                fault,
                overlapping,
            },
        );
    }

    /// A problem that some strategy treats.
    fn any_problem(&mut self) -> (usize, Fault) {
        let treatable: Vec<Scenario> = Scenario::ALL
            .into_iter()
            .filter(|scenario| !matches!(scenario, Scenario::BrokenDisk | Scenario::Quiet))
            .collect();
        let (collection, severity) = (self.collection(), self.severity());
        loop {
            let scenario = self.one_of(&treatable);
            let seed = self.random.random_range(0..=u64::MAX);
            if let Some(injection) = scenario.injection_into(size(), seed, Some(severity)) {
                return (collection, injection.fault);
            }
        }
    }

    fn fault(&mut self, kind: FaultKind) {
        let down = self.lasting(2.0, 900.0);
        let after = self.random.random_range(0..30);
        let event = match kind {
            FaultKind::OverlappingProblem => return self.two_problems(),
            FaultKind::Operator => return self.order(),
            FaultKind::Cascade => Event::Cascade {
                collection: self.collection(),
                partition: self.partition(),
                severity: self.severity(),
                hops: self.random.random_range(1..4),
            },
            FaultKind::Storm => Event::Outage {
                collections: self.collections.div_ceil(2) + self.random.random_range(0..=self.collections / 2),
                severity: self.severity(),
                lasts: self.lasting(600.0, 7200.0),
            },
            FaultKind::BrokenDisk => Event::BrokenDisk {
                collection: self.collection(),
                partition: self.partition(),
                severity: self.severity(),
                lasts: self.lasting(600.0, 7200.0),
            },
            FaultKind::Crash => Event::Crash {
                slot: self.slot(),
                down,
            },
            FaultKind::CrashAtWrite => Event::CrashAtWrite {
                after,
                kept: self.random.random_bool(0.5),
                down,
            },
            FaultKind::CrashAtCall => Event::CrashAtCall {
                after,
                done: self.random.random_bool(0.5),
                down,
            },
            FaultKind::Pause => Event::Pause {
                slot: self.slot(),
                lasts: self.lasting(5.0, 3600.0),
            },
            FaultKind::Partition => Event::Partition {
                slot: self.slot(),
                from: self.one_of(&[Side::Stores, Side::World, Side::Both]),
                lasts: self.lasting(10.0, 3600.0),
            },
            FaultKind::SecondHealer => Event::SecondHealer,
            FaultKind::ClockJump => {
                let seconds = i64::from(self.seconds(1.0, 7200.0));
                let whose = self.one_of(&[
                    ClockOf::Healer(0),
                    ClockOf::Healer(0),
                    ClockOf::Healer(1),
                    ClockOf::Store,
                ]);
                let seconds = self.one_of(&[seconds, -seconds]);
                Event::ClockJump { whose, seconds }
            }
            FaultKind::StoreFull => Event::StoreFull {
                lasts: self.lasting(10.0, 1800.0),
            },
            FaultKind::LeaseLost => Event::LeaseLost {
                collection: self.collection(),
            },
            FaultKind::JournalError
            | FaultKind::JournalUnacknowledged
            | FaultKind::JournalSlow
            | FaultKind::JournalUnreadable
            | FaultKind::OutcomeError
            | FaultKind::LeaseError => Event::Store {
                mishap: self.store_mishap(kind),
                after,
                calls: self.random.random_range(1..4),
            },
            FaultKind::ActuatorError
            | FaultKind::ActuatorPanic
            | FaultKind::StepHang
            | FaultKind::ActuatorHang
            | FaultKind::ActuatorPartial
            | FaultKind::ActuatorUnacknowledged
            | FaultKind::ActuatorLie => Event::Actuator {
                mishap: self.actuator_mishap(kind),
                after: self.random.random_range(0..6),
                calls: self.random.random_range(1..5),
            },
            FaultKind::ObservationMissing | FaultKind::ObservationStale | FaultKind::ObservationGarbage => {
                Event::Observation {
                    collection: self.collection(),
                    mishap: self.observation_mishap(kind),
                    lasts: self.lasting(10.0, 1200.0),
                }
            }
            FaultKind::ForeignHand => Event::ForeignHand {
                collection: self.collection(),
                hand: self.hand(),
            },
        };
        self.push_anywhere(event);
    }

    /// One problem, and another in the same collection while the first is being treated, probably.
    fn two_problems(&mut self) {
        let at = self.at();
        let (collection, first) = self.any_problem();
        let (_, second) = self.any_problem();
        let wait = self.lasting(10.0, 600.0);
        for (at, fault, overlapping) in [(at, first, false), (at + wait, second, true)] {
            self.push(
                at,
                Event::Problem {
                    collection,
                    fault,
                    overlapping,
                },
            );
        }
    }

    fn store_mishap(&mut self, kind: FaultKind) -> StoreMishap {
        match kind {
            FaultKind::JournalUnacknowledged => StoreMishap::AppendUnacknowledged,
            FaultKind::JournalSlow => StoreMishap::AppendSlow(self.seconds(1.0, 300.0)),
            FaultKind::JournalUnreadable => StoreMishap::ReadFails,
            FaultKind::OutcomeError => self.one_of(&[StoreMishap::OutcomeFails, StoreMishap::OutcomePanics]),
            FaultKind::LeaseError => self.one_of(&[StoreMishap::LeaseFails, StoreMishap::LeasePanics]),
            _ => self.one_of(&[StoreMishap::AppendFails, StoreMishap::AppendPanics]),
        }
    }

    fn actuator_mishap(&mut self, kind: FaultKind) -> ActuatorMishap {
        match kind {
            FaultKind::ActuatorPanic => ActuatorMishap::Panics,
            FaultKind::StepHang => ActuatorMishap::StepHangs(self.seconds(2.0, 1800.0)),
            FaultKind::ActuatorHang => ActuatorMishap::Hangs(self.seconds(2.0, 1800.0)),
            FaultKind::ActuatorPartial => ActuatorMishap::DoesHalf,
            FaultKind::ActuatorUnacknowledged => ActuatorMishap::Unacknowledged,
            FaultKind::ActuatorLie => ActuatorMishap::Lies,
            _ => self.one_of(&[ActuatorMishap::Fails, ActuatorMishap::Fails, ActuatorMishap::ReadFails]),
        }
    }

    fn observation_mishap(&mut self, kind: FaultKind) -> ObservationMishap {
        match kind {
            FaultKind::ObservationMissing => self.one_of(&[ObservationMishap::Missing, ObservationMishap::Panics]),
            FaultKind::ObservationStale => ObservationMishap::Stale,
            _ => self.one_of(&[
                ObservationMishap::Mistaken,
                ObservationMishap::Empty,
                ObservationMishap::Alone,
                ObservationMishap::Apart,
                ObservationMishap::Powerless,
                ObservationMishap::Enormous,
                ObservationMishap::FromTheFuture,
            ]),
        }
    }

    fn hand(&mut self) -> Hand {
        match self.random.random_range(0..5) {
            0 => Hand::Throttle(self.random.random_range(0..=60)),
            1 => Hand::LagBound {
                replica: self.random.random_range(1..=8),
                seconds: self.random.random_range(1..60),
            },
            2 => Hand::ResumeJob,
            3 => Hand::Scale,
            _ => Hand::MoveVector {
                partition: self.partition(),
            },
        }
    }

    fn order(&mut self) {
        let (at, slot, collection) = (self.at(), self.slot(), self.collection());
        let everywhere = self.random.random_bool(0.3);
        let order = match self.random.random_range(0..14) {
            0..=3 => Order::Approve,
            4 => Order::Reject,
            5 | 6 => Order::Abort,
            7 => Order::Freeze { everywhere },
            8 | 9 => Order::Configure(self.changes()),
            10 => Order::Trigger,
            11 => Order::Execute {
                strategy: self.one_of(&STRATEGIES),
            },
            12 => Order::Rollback,
            _ => Order::Feedback(self.random.random_range(-1.0..=1.0)),
        };
        // Who freezes thaws, and who switches off switches on.
        let back = match &order {
            Order::Freeze { everywhere } => Some(Order::Unfreeze {
                everywhere: *everywhere,
            }),
            Order::Configure(changes) if changes.contains_key("enabled") => {
                let mut back = changes.clone();
                back.insert("enabled".to_owned(), true.into());
                Some(Order::Configure(back))
            }
            _ => None,
        };
        let later = at + self.lasting(60.0, 5400.0);
        for (at, order) in [(at, Some(order)), (later, back)] {
            if let Some(order) = order {
                self.push(
                    at,
                    Event::Order {
                        slot,
                        collection,
                        order,
                    },
                );
            }
        }
    }

    /// A change of the configuration.
    fn changes(&mut self) -> serde_json::Map<String, serde_json::Value> {
        let changes = match self.random.random_range(0..9) {
            0 => json!({"enabled": false}),
            1 => json!({"max_attempts_per_window": self.random.random_range(1..6)}),
            2 => json!({"min_healing_interval_seconds": self.random.random_range(0..1800)}),
            3 => json!({"max_auto_heal_impact": self.random.random_range(0.0..1.0)}),
            4 => {
                json!({"require_approval": [self.one_of(&["hotspot_congestion", "memory_pressure", "replication_lag"])]})
            }
            5 => json!({"require_approval_strategies": [self.one_of(&STRATEGIES), "resync_replica"]}),
            6 => json!({"lease_seconds": self.random.random_range(5..300)}),
            7 => {
                json!({"max_active": self.random.random_range(1..4), "max_node_share": self.random.random_range(0.0..0.3)})
            }
            _ => {
                json!({"stabilisation_seconds": self.random.random_range(0..120), "step_settle_seconds": self.random.random_range(0..30)})
            }
        };
        match changes {
            serde_json::Value::Object(changes) => changes,
            _ => serde_json::Map::new(),
        }
    }

    /// How the healers are built.
    fn config(&mut self) -> HealingConfig {
        HealingConfig {
            // A sample a minute instead of six: what is measured in a remediation is measured when it is due all the same.
            sample_interval: Duration::from_secs(60),
            lease: self.one_of(&[20, 30, 60].map(Duration::from_secs)),
            require_approval_strategies: NEED_APPROVAL.map(str::to_owned).to_vec(),
            storm_share: Ratio::literal(0.4),
            max_active: self.one_of(&[1, 2, 8]),
            journal_retention: self.one_of(&[JournalRetention::Prune, JournalRetention::Keep]),
            selection: self.one_of(&[Selection::Graduated, Selection::Graduated, Selection::Learned]),
            ..HealingConfig::default()
        }
    }
}

/// What operators order by name.
const STRATEGIES: [&str; 10] = [
    "compact_indexes",
    "drain_hot_partition",
    "evict_cold_data",
    "pause_maintenance",
    "rebalance_partitions",
    "rebuild_centroids",
    "reroute_reads",
    "resync_replica",
    "scale_replicas",
    "throttle_ingestion",
];
