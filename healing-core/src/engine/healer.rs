//! The healer: many collections, one tick.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::bell::Bell;
use super::builder::HealerBuilder;
use super::config::{HealingConfig, InvalidConfig};
use super::decision::Decision;
use super::event::{EventKind, HealingEvent, Tick};
use super::guard::Circumstances;
use super::intake::Sample;
use super::ledger::Ledger;
use super::mutation::Mutation;
use super::observer::TickObserver;
use super::progress::Progress;
use super::remediation::{Remediation, RemediationState};
use super::services::Services;
use super::standing::StandingOrders;
use super::storm::{Storm, StormWatch};
use super::trace::RemediationSpan;
use super::watched::Watched;
use crate::clock::{Clock, later};
use crate::host_call::{contained, told};
use crate::identity::{CollectionId, FencingToken};
use crate::monitor::IntegrityReport;
use crate::observation::ObservationSource;
use crate::storage::Stream;
use crate::topology::NodeRef;

/// Watches collections and heals them.
///
/// A deterministic state machine without a clock of its own; the only threads are the workers it was built with, for
/// strategies' steps. Its methods come in three kinds: getters; operators' orders ([`approve`](Self::approve),
/// [`abort`](Self::abort), [`freeze`](Self::freeze), ...); and [`tick`](Self::tick), in which everything else happens.
///
/// What must never break: nothing is done to the world that is not in the journal first, and whatever a strategy, an
/// actuator or a store does (fail, panic, hang, answer nonsense), the healer goes on and the remediation ends in a recorded
/// state.
pub struct Healer {
    pub(super) services: Services,
    pub(super) orders: Ledger<StandingOrders>,
    pub(super) watched: BTreeMap<CollectionId, Watched>,
    storms: StormWatch,
    /// What happened and was not reported yet.
    pub(super) events: Vec<HealingEvent>,
    observer: Option<Box<dyn TickObserver>>,
}

impl Healer {
    /// Starts to put a healer together for what `source` shows, by the time of `clock`.
    pub fn builder(source: Arc<dyn ObservationSource>, clock: Arc<dyn Clock>) -> HealerBuilder {
        HealerBuilder::new(source, clock)
    }

    pub(super) fn new(
        services: Services,
        watched: BTreeMap<CollectionId, Watched>,
        observer: Option<Box<dyn TickObserver>>,
    ) -> Self {
        Self {
            services,
            orders: Ledger::new(Stream::Global),
            watched,
            storms: StormWatch::default(),
            events: Vec::new(),
            observer,
        }
    }

    /// Does everything that is due now, for every collection, and says when to call again. Never waits: with worker threads,
    /// strategies' steps run there; observing, planning and the stores are called on this thread, and should answer within
    /// the time of a sample.
    pub fn tick(&mut self) -> Tick {
        // First of all, for looking around may take its time.
        self.resume();
        let orders_known = !self.needs_orders() || self.read_orders();
        // All look before any acts: who acts must know whether the others are down too.
        let degraded = self.look_around();
        // While it is not known what operators have forbidden, nothing begins.
        for (collection, sample) in degraded.into_iter().filter(|_| orders_known) {
            let circumstances = self.circumstances(&collection, self.at_work());
            if let Some(watched) = self.watched.get_mut(&collection) {
                Progress::new(&self.services, watched, &mut self.events).respond(&sample, &circumstances);
            }
        }
        let wake_at = self.move_on(orders_known);
        let events = std::mem::take(&mut self.events);
        if let Some(mut observer) = self.observer.take() {
            // What looks on must not take down what it looks at.
            drop(contained(|| observer.after_tick(self, &events)));
            self.observer = Some(observer);
        }
        Tick { events, wake_at }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &HealingConfig {
        &self.services.config
    }

    /// The collections it looks after, sorted.
    pub fn collections(&self) -> impl Iterator<Item = &CollectionId> {
        self.watched.keys()
    }

    /// What the monitor said of the collection's last regular sample; `None` before the first.
    #[must_use]
    pub fn report(&self, collection: &CollectionId) -> Option<&IntegrityReport> {
        self.watched.get(collection)?.report.as_ref()
    }

    /// The remediation that is at work on the collection.
    #[must_use]
    pub fn active(&self, collection: &CollectionId) -> Option<&Remediation> {
        self.watched
            .get(collection)?
            .active
            .as_ref()
            .map(|active| &active.remediation)
    }

    /// The remediation of the collection that ended last, in this healer or, as the journal tells, in one before it.
    #[must_use]
    pub fn last(&self, collection: &CollectionId) -> Option<&Remediation> {
        self.watched.get(collection)?.ledger.sum().last()
    }

    /// Why the loop did what it did when the collection was last found degraded: the guards, the candidates, their weights
    /// and predictions. `None` if it never was.
    #[must_use]
    pub fn explain(&self, collection: &CollectionId) -> Option<&Decision> {
        self.watched.get(collection)?.decision.as_ref()
    }

    /// The names of the strategies it may use, sorted.
    pub fn strategies(&self) -> impl Iterator<Item = &str> {
        self.services.registry.names()
    }

    /// The time by its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }

    /// How many worker threads hang in calls that were given up.
    #[must_use]
    pub fn abandoned_threads(&self) -> usize {
        self.services.executor.abandoned()
    }

    /// The storm among collections, while there is one.
    #[must_use]
    pub fn storm(&self) -> Option<Storm> {
        self.storms.storm()
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.services.clock)
    }

    /// Rings when a worker thread has finished.
    pub(super) fn bell(&self) -> Bell {
        self.services.bell.clone()
    }

    /// Renews the leases of what is at work, where it is time to. What was planned before this tick is to be looked at again.
    fn resume(&mut self) {
        for watched in self.watched.values_mut() {
            if let Some(active) = &mut watched.active {
                active.vetted = false;
                Progress::new(&self.services, watched, &mut self.events).keep_lease();
            }
        }
    }

    /// Whether anything may begin in this tick.
    fn needs_orders(&self) -> bool {
        let now = self.services.now();
        let mut watched = self.watched.values();
        watched.any(|watched| watched.next_sample.is_due(now) || watched.waits_to_begin())
    }

    /// Takes every sample that is due, and returns those that call for an answer.
    fn look_around(&mut self) -> Vec<(CollectionId, Sample)> {
        let now = self.services.now();
        let mut degraded = Vec::new();
        let (mut sampled, mut unhealthy) = (false, 0_u32);
        for watched in self.watched.values_mut() {
            if watched.next_sample.is_due(now) {
                sampled = true;
                if let Some(sample) = Progress::new(&self.services, watched, &mut self.events).sample() {
                    degraded.push((watched.collection.clone(), sample));
                }
            }
            unhealthy += u32::from(watched.is_unhealthy());
        }
        if sampled {
            let of = u32::try_from(self.watched.len()).unwrap_or(u32::MAX);
            let change = self.storms.observe(unhealthy, of, now, &self.services.config);
            if let Some(change) = change {
                self.announce(change.into_event());
            }
        }
        degraded
    }

    /// Moves every active remediation, and says when the next tick is due.
    fn move_on(&mut self, orders_known: bool) -> Timestamp {
        self.note_what_others_touch();
        let active = self.watched.values().filter(|watched| watched.active.is_some());
        let active: Vec<CollectionId> = active.map(|watched| watched.collection.clone()).collect();
        let mut at_work = if active.is_empty() { 0 } else { self.at_work() };
        for collection in &active {
            let circumstances = Circumstances {
                orders_known,
                ..self.circumstances(collection, at_work)
            };
            if let Some(watched) = self.watched.get_mut(collection) {
                let was_at_work = watched.is_at_work();
                Progress::new(&self.services, watched, &mut self.events).advance(&circumstances);
                at_work = at_work - u32::from(was_at_work) + u32::from(watched.is_at_work());
            }
        }
        let wake_at = self.watched.values().map(Watched::wake_at).min();
        wake_at.unwrap_or_else(|| later(self.services.now(), self.services.config.sample_interval))
    }

    /// Has each remediation at work remember what those of other collections touch meanwhile.
    fn note_what_others_touch(&mut self) {
        let touching = self.watched.values().filter_map(|watched| {
            let remediation = &watched.active.as_ref()?.remediation;
            let waits = matches!(remediation.state, RemediationState::AwaitingApproval { .. });
            (!waits).then(|| (watched.collection.clone(), remediation.plan.targets()))
        });
        let touching: Vec<(CollectionId, Vec<NodeRef>)> = touching.collect();
        if touching.len() < 2 {
            return;
        }
        for watched in self.watched.values_mut() {
            if let Some(active) = &mut watched.active {
                let others = touching
                    .iter()
                    .filter(|(collection, _)| *collection != watched.collection);
                let nodes = others.flat_map(|(_, nodes)| nodes.iter().copied());
                active.touched_elsewhere.extend(nodes);
            }
        }
    }

    /// Reads what operators ordered, here or through another healer. Whether that is known now.
    fn read_orders(&mut self) -> bool {
        if let Err(error) = self.orders.catch_up(&self.services.journal) {
            self.storage_failed(&error);
            return false;
        }
        if let Err(invalid) = self.apply_orders() {
            self.storage_failed(&invalid);
            return false;
        }
        true
    }

    /// Lives by the configuration that operators ordered last.
    ///
    /// # Errors
    /// The journal's configuration is invalid, which no healer writes. It is not lived by, and another can be ordered.
    pub(super) fn apply_orders(&mut self) -> Result<(), InvalidConfig> {
        self.apply_relearning();
        let Some(config) = self.orders.sum().config.as_deref() else {
            return Ok(());
        };
        let monitor_before = self.services.config.monitor;
        if !self.services.go_by(config)? {
            return Ok(());
        }
        if self.services.config.monitor != monitor_before {
            for watched in self.watched.values_mut() {
                watched.monitor.reconfigure(&self.services.config.monitor);
            }
        }
        self.announce(EventKind::Configured);
        Ok(())
    }

    pub(super) fn storage_failed(&mut self, error: &dyn fmt::Display) {
        self.announce(EventKind::StorageFailed { error: told(error) });
    }

    /// Reports what concerns all collections.
    pub(super) fn announce(&mut self, kind: EventKind) {
        let event = HealingEvent {
            collection: None,
            at: self.services.now(),
            kind,
        };
        RemediationSpan::none().tell(&event);
        self.events.push(event);
    }

    /// How many remediations are at work.
    pub(super) fn at_work(&self) -> u32 {
        u32::try_from(self.watched.values().filter(|watched| watched.is_at_work()).count()).unwrap_or(u32::MAX)
    }

    /// What the guards look at beside the collection's own standing.
    pub(super) fn circumstances(&self, collection: &CollectionId, at_work: u32) -> Circumstances {
        let heeds_freezes = !self.services.is_broken_by(Mutation::FreezesIgnored);
        let among_nodes = self.watched.get(collection).and_then(|watched| watched.storms.storm());
        Circumstances {
            freeze: self
                .orders
                .sum()
                .freeze_of(collection)
                .cloned()
                .filter(|_| heeds_freezes),
            storm: self.storms.storm().or(among_nodes),
            active: at_work,
            orders_known: true,
            no_workers: self.services.executor.exhausted(),
        }
    }

    /// The token of what is written without a lease.
    pub(super) const NO_LEASE: FencingToken = FencingToken::new(0);
}

impl fmt::Debug for Healer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Healer")
            .field("config", &self.services.config)
            .field("strategies", &self.services.registry)
            .field("collections", &self.watched.keys())
            .finish_non_exhaustive()
    }
}
