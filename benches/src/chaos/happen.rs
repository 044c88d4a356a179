//! What comes about: each entry of the agenda, and each event of the schedule.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::{ControlError, Execution};
use healing_core::identity::{HolderId, Operator, RemediationId};
use healing_core::permit::{Revocation, StepContext};
use healing_core::storage::{FeedbackScore, LeaseStore};
use healing_core::topology::NodeRef;
use healing_core::{CollectionId, Healer, ObservationSource, Percent, Timestamp};
use healing_strategies::actuators::{Jobs, LagBound, Operation, Partitions, ReadRouting, Replicas, Throttle};
use mock_cluster::{Cluster, Fault, Severity};

use super::act::Act;
use super::agenda::Entry;
use super::event::{ClockOf, Event, Hand, Order};
use super::fact::What;
use super::mishaps::Death;
use super::schedule::size;
use super::simulation::{Simulation, later};

/// How long it takes until an overloaded partition's requests turn to its neighbour.
const SPREADS_AFTER: Duration = Duration::from_secs(120);
/// A partition that fails more than this share of its requests loses them to its neighbour.
const HOT: f64 = 0.2;
/// An operator whose order finds the healer busy tries again after this long.
const ORDER_AGAIN: Duration = Duration::from_secs(2);
/// A human who is called comes after this long.
const HUMANS_COME_AFTER: Duration = Duration::from_secs(3600);
/// How long someone else keeps a lease that was given to them.
const INTRUDES: Duration = Duration::from_secs(10);

impl Simulation {
    /// An entry of the agenda comes about.
    pub(super) fn come_about(&self, number: u64, entry: Entry) {
        match entry {
            Entry::Scheduled(position) => {
                if let Some(scheduled) = self.schedule.events.get(position) {
                    self.happen(&scheduled.event);
                }
            }
            Entry::Start(slot) => self.start(slot),
            Entry::Tick(pid) => {
                let next = |it: &_| Self::is_next_tick(it, number);
                if self.process(pid).is_some_and(|process| next(&process))
                    && let Some((process, _)) = self.awake(pid, Entry::Tick(pid))
                {
                    self.tick(&process);
                }
            }
            Entry::Make(pid, call) => {
                if let Some((process, Entry::Make(_, call))) = self.awake(pid, Entry::Make(pid, call)) {
                    self.make(&process, call);
                }
            }
            Entry::Deliver(pid, answer) => {
                if let Some((process, Entry::Deliver(_, answer))) = self.awake(pid, Entry::Deliver(pid, answer)) {
                    answer.deliver();
                    self.wake(&process, Duration::ZERO);
                }
            }
            Entry::Land(call) => {
                // Nobody waits for the answer.
                let _ = self.receive(&call, true);
            }
            Entry::Reconnect(pid, side) => {
                if let Some(process) = self.process(pid) {
                    process.link.cut_off(side, false);
                }
            }
            Entry::Order {
                slot,
                collection,
                order,
            } => self.order(slot, collection, order),
            Entry::OutageEnds(collections) => self.outage(collections, none()),
            Entry::Mend { collection, partition } => self.mend(collection, partition),
            Entry::Answer(collection) => self.answer(collection),
            Entry::Spread {
                collection,
                twin,
                partition,
                severity,
                hops,
            } => self.spread(collection, twin, partition, severity, hops),
            Entry::Calm => self.calm(),
            Entry::Tidy => self.tidy(),
            Entry::Probe(number) => self.probe(number),
            Entry::ProbeIsDue(number) => self.check_probe(number),
        }
    }

    /// An event of the schedule comes about.
    fn happen(&self, event: &Event) {
        // What lies in wait is counted when it strikes.
        let waits = matches!(
            event,
            Event::CrashAtWrite { .. } | Event::CrashAtCall { .. } | Event::Store { .. } | Event::Actuator { .. }
        );
        if !waits {
            event.kind().into_iter().for_each(|kind| self.count(kind));
        }
        self.note(None, What::Scheduled(event.to_string()));
        match event {
            Event::Problem { collection, fault, .. } => self.strike(*collection, *fault),
            Event::Cascade {
                collection,
                partition,
                severity,
                hops,
            } => {
                let (partition, severity) = (*partition, *severity);
                self.strike(*collection, Fault::HotPartition { partition, severity });
                for twin in [false, true] {
                    let spread = Entry::Spread {
                        collection: *collection,
                        twin,
                        partition,
                        severity,
                        hops: *hops,
                    };
                    self.plan(SPREADS_AFTER, spread);
                }
            }
            Event::Outage {
                collections,
                severity,
                lasts,
            } => {
                self.outage(*collections, *severity);
                self.plan(*lasts, Entry::OutageEnds(*collections));
            }
            Event::BrokenDisk {
                collection,
                partition,
                severity,
                lasts,
            } => {
                let (collection, partition, severity) = (*collection, *partition, *severity);
                self.strike(collection, Fault::BrokenDisk { partition, severity });
                self.plan(*lasts, Entry::Mend { collection, partition });
            }
            Event::Crash { slot, down } => {
                if let Some(process) = self.process_in(*slot) {
                    self.kill(&process, *down);
                }
            }
            Event::CrashAtWrite { after, kept, down } => {
                let death = Death {
                    done: *kept,
                    down: *down,
                };
                self.mishaps.lock().lay_death_at_write(death, *after);
            }
            Event::CrashAtCall { after, done, down } => {
                let death = Death {
                    done: *done,
                    down: *down,
                };
                self.mishaps.lock().lay_death_at_call(death, *after);
            }
            Event::Pause { slot, lasts } => {
                if let Some(process) = self.process_in(*slot) {
                    self.pause(&process, *lasts);
                }
            }
            Event::Partition { slot, from, lasts } => {
                if let Some(process) = self.process_in(*slot) {
                    process.link.cut_off(*from, true);
                    self.plan(*lasts, Entry::Reconnect(process.link.pid, *from));
                }
            }
            Event::SecondHealer => self.start(1),
            Event::ClockJump { whose, seconds } => self.jump(*whose, *seconds),
            Event::Store { mishap, after, calls } => self.mishaps.lock().lay_for_stores(*mishap, *after, *calls),
            Event::StoreFull { lasts } => {
                let mut full_until = self.full_until.lock();
                *full_until = full_until.max(later(self.now(), *lasts));
            }
            Event::LeaseLost { collection } => self.lose_lease(*collection),
            Event::Actuator { mishap, after, calls } => {
                self.mishaps.lock().lay_for_actuators(*mishap, *after, *calls);
            }
            Event::Observation {
                collection,
                mishap,
                lasts,
            } => {
                let cluster = &self.clusters[*collection];
                if let Ok(observation) = cluster.observe(cluster.collection()) {
                    let blind = (*mishap, later(self.now(), *lasts), observation);
                    self.blindness.lock().insert(cluster.collection().clone(), blind);
                }
            }
            Event::Order {
                slot,
                collection,
                order,
            } => self.order(*slot, *collection, order.clone()),
            Event::ForeignHand { collection, hand } => {
                for cluster in [&self.clusters[*collection], self.twin(*collection)] {
                    if let Some(act) = moved_by(*hand, cluster) {
                        self.meddle(cluster, act);
                    }
                }
            }
        }
    }

    /// A problem strikes a collection, and its twin.
    pub(super) fn strike(&self, collection: usize, fault: Fault) {
        self.clusters[collection].inject(fault);
        self.twin(collection).inject(fault);
    }

    /// The twin of a collection, as it is now.
    pub(super) fn twin(&self, collection: usize) -> &Cluster {
        let twin = &self.twins[collection];
        twin.advance_to(self.now());
        twin
    }

    fn outage(&self, collections: usize, severity: Severity) {
        for collection in 0..collections.min(self.clusters.len()) {
            self.strike(collection, Fault::NetworkOutage { severity });
        }
    }

    /// Humans put everything right in a collection, and in its twin.
    pub(super) fn put_right(&self, collection: usize) {
        self.clusters[collection].put_right();
        self.twin(collection).put_right();
        let collection = self.clusters[collection].collection().clone();
        self.note(None, What::PutRight { collection });
    }

    /// Whoever was called about a collection comes in a while, if nobody is on the way.
    pub(super) fn call_human(&self, collection: &CollectionId) {
        let position = self.clusters.iter().position(|it| it.collection() == collection);
        if let Some(position) = position
            && self.called.lock().insert(position)
        {
            self.plan(HUMANS_COME_AFTER, Entry::Answer(position));
        }
    }

    fn answer(&self, collection: usize) {
        self.called.lock().remove(&collection);
        if !self.is_healthy(&self.clusters[collection]) {
            self.put_right(collection);
        }
    }

    fn spread(&self, collection: usize, twin: bool, partition: i64, severity: Severity, hops: u32) {
        let cluster = if twin {
            self.twin(collection)
        } else {
            &self.clusters[collection]
        };
        let Ok(observation) = cluster.observe(cluster.collection()) else {
            return;
        };
        let node = NodeRef::partition(partition);
        let mut nodes = observation.graph.nodes().iter();
        if hops == 0 || !nodes.any(|it| it.node == node && it.health.get() < 1.0 - HOT) {
            return;
        }
        let next = partition % size().partitions() + 1;
        cluster.inject(Fault::HotPartition {
            partition: next,
            severity,
        });
        let spread = Entry::Spread {
            collection,
            twin,
            partition: next,
            severity,
            hops: hops - 1,
        };
        self.plan(SPREADS_AFTER, spread);
    }

    /// A technician puts a partition's other disk into use, where the one in use is broken.
    pub(super) fn mend(&self, collection: usize, partition: i64) {
        for cluster in [&self.clusters[collection], self.twin(collection)] {
            if !cluster.disk_errors().contains_key(&partition) {
                continue;
            }
            let token = self.chronicle.lock().history.newest_token(cluster.collection());
            let technician = RemediationId::new(cluster.collection().clone(), 0);
            let revocation = Revocation::default();
            let context = StepContext::new(&technician, token, Timestamp::MAX, cluster.clock(), revocation);
            if let (Some(disk), Ok(permit)) = (cluster.disk_in_use(partition), context.permit()) {
                // A disk that does not exist is not broken.
                let _ = cluster.use_disk(&permit, partition, disk.other());
            }
        }
    }

    fn jump(&self, whose: ClockOf, seconds: i64) {
        match whose {
            ClockOf::Store => self.store_clock.jump(seconds),
            ClockOf::Healer(slot) => {
                self.machines[slot].jump(seconds);
                // Who sleeps on a clock that was set looks again within a moment.
                if let Some(process) = self.process_in(slot) {
                    self.wake(&process, Duration::ZERO);
                }
            }
        }
    }

    fn lose_lease(&self, collection: usize) {
        let collection = self.clusters[collection].collection();
        let Some(held) = self.leases.lock().get(collection).cloned() else {
            return;
        };
        let storage = self.storage();
        let given = storage.release(&held).and_then(|()| {
            let intruder = HolderId::new("someone else")
                .map_err(|error| healing_core::storage::LeaseError::Host(Box::new(error)))?;
            storage.acquire(collection, &intruder, INTRUDES)
        });
        if let Ok(given) = given {
            self.note(
                None,
                What::Granted {
                    collection: given.collection,
                    token: given.token,
                },
            );
        }
    }

    /// An operator gives an order.
    fn order(&self, slot: usize, collection: usize, order: Order) {
        let process = self.process_in(slot).or_else(|| self.process_in(1 - slot));
        let Some(process) = process else {
            return;
        };
        let collection_id = self.clusters[collection].collection();
        let by = Arc::clone(&process);
        let spoken = self.speak(&process, |healer| {
            let remediation = healer.active(collection_id).map(|active| active.id.clone());
            by.link.note(What::Ordered {
                collection: collection_id.clone(),
                remediation: remediation.clone(),
                order: name_of(&order),
            });
            let answer = give(healer, collection_id, remediation, &order);
            if !by.link.is_dead() {
                let refused = answer.err().map(|error| error.to_string());
                by.link.note(What::Answered { refused });
            }
        });
        if spoken.is_none() && self.process_in(process.link.slot).is_some() {
            let again = Entry::Order {
                slot,
                collection,
                order,
            };
            self.plan(ORDER_AGAIN, again);
        }
    }
}

/// No outage at all.
fn none() -> Severity {
    // 0 is in range.
    Severity::new(0.0).unwrap_or_else(|_| unreachable!())
}

fn name_of(order: &Order) -> String {
    format!("{order:?}")
}

/// Gives an order. One that finds nothing to be about is not given.
fn give(
    healer: &mut Healer,
    collection: &CollectionId,
    active: Option<RemediationId>,
    order: &Order,
) -> Result<(), ControlError> {
    let Ok(by) = Operator::new("an operator") else {
        return Ok(());
    };
    match (order, active) {
        (Order::Approve, Some(active)) => healer.approve(&active, &by),
        (Order::Reject, Some(active)) => healer.reject(&active, &by),
        (Order::Abort, Some(active)) => healer.abort(&active, &by),
        (Order::Approve | Order::Reject | Order::Abort, None) => Ok(()),
        (Order::Freeze { everywhere }, _) => healer.freeze((!everywhere).then_some(collection), "a pause", &by),
        (Order::Unfreeze { everywhere }, _) => healer.unfreeze((!everywhere).then_some(collection), &by),
        (Order::Configure(changes), _) => healer.configure(changes, &by).map(|_| ()),
        (Order::Trigger, _) => healer.trigger(collection).map(|_| ()),
        (Order::Execute { strategy }, _) => healer
            .execute(collection, strategy, serde_json::Map::new(), Execution::Real, &by)
            .map(|_| ()),
        (Order::Rollback, _) => healer.rollback(collection, &by).map(|_| ()),
        (Order::Feedback(score), _) => match (
            healer.last(collection).map(|last| last.id.clone()),
            FeedbackScore::new(*score),
        ) {
            (Some(last), Ok(score)) => healer.feedback(&last, score, &by),
            _ => Ok(()),
        },
    }
}

/// What someone else does to a cluster; `None` where there is nothing of the kind to do.
fn moved_by(hand: Hand, cluster: &Cluster) -> Option<Act> {
    let collection = cluster.collection();
    match hand {
        Hand::Throttle(percent) => {
            let operation = Operation::Insert;
            let share = Percent::clamped(f64::from(percent));
            let before = cluster.throttle(collection, operation).ok()?;
            (before != share).then_some(Act::SetThrottle { operation, share })
        }
        Hand::LagBound { replica, seconds } => {
            let from = cluster.lag_bound(collection, replica).ok()?;
            let to = Some(LagBound::from_millis(seconds * 1000));
            (from != to).then_some(Act::BoundLag { replica, from, to })
        }
        Hand::ResumeJob => {
            let jobs = cluster.jobs(collection).ok()?;
            let job = jobs.into_iter().find(|job| job.paused_by.is_some())?.id;
            Some(Act::Resume { job })
        }
        Hand::Scale => {
            let from = cluster.replicas(collection).ok()?.wanted;
            Some(Act::Scale { from, to: from + 1 })
        }
        Hand::MoveVector { partition } => {
            let heaviest = cluster.heaviest_vectors(collection, partition, 1).ok()?;
            let vectors = vec![heaviest.first()?.vector];
            let to = partition % size().partitions() + 1;
            Some(Act::MoveVectors {
                vectors,
                from: partition,
                to,
            })
        }
    }
}
