//! Writes of clients: how many, where they go, and how many are held back.

use std::collections::BTreeMap;

use healing_core::Percent;
use healing_strategies::actuators::{Operation, WriteRoute};

use crate::design::{INSERTS, MADE_UP};
use crate::size::Size;

/// All writes of the collection.
pub(crate) struct Ingestion {
    /// Inserts a second that clients want to send to each partition.
    wanted: BTreeMap<i64, f64>,
    throttles: BTreeMap<Operation, Percent>,
    /// The routes of those partitions that take no writes.
    routes: BTreeMap<i64, WriteRoute>,
    /// Inserts that clients were made to wait with.
    waiting: f64,
}

impl Ingestion {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            wanted: (1..=size.partitions()).map(|partition| (partition, INSERTS)).collect(),
            throttles: BTreeMap::new(),
            routes: BTreeMap::new(),
            waiting: 0.0,
        }
    }

    /// One second passes: what is held back, clients wait with; what is not, they make up for.
    pub(crate) fn step(&mut self) {
        self.waiting = (self.waiting + self.held_back() - self.made_up()).max(0.0);
    }

    /// Whether another second would change nothing but how many inserts clients wait with.
    pub(crate) fn is_at_rest(&self) -> bool {
        let (held_back, most) = (self.held_back(), self.most_made_up());
        (self.waiting == 0.0 && held_back == 0.0) || (self.waiting >= most && held_back >= most)
    }

    /// Seconds pass in which nothing else changes.
    pub(crate) fn rest(&mut self, seconds: u32) {
        self.waiting += (self.held_back() - self.made_up()).max(0.0) * f64::from(seconds);
    }

    /// Inserts a second that reach a partition.
    #[allow(clippy::cast_precision_loss, reason = "a number of partitions far below 2^53")]
    pub(crate) fn accepted(&self, partition: i64) -> f64 {
        if self.route(partition) != WriteRoute::Here {
            return 0.0;
        }
        let open = (self.wanted.len() - self.routes.len()).max(1) as f64;
        let wanted = |id| self.wanted.get(id).copied().unwrap_or(0.0);
        let elsewhere = |route: &WriteRoute| *route == WriteRoute::Elsewhere;
        let diverted: f64 = self
            .routes
            .iter()
            .filter(|(_, route)| elsewhere(route))
            .map(|(id, _)| wanted(id))
            .sum();
        (wanted(&partition) + diverted / open) * self.passing(Operation::Insert) + self.made_up() / open
    }

    /// Inserts that clients wait with.
    pub(crate) fn waiting(&self) -> f64 {
        self.waiting
    }

    /// From now on clients want to send this many inserts a second to a partition.
    pub(crate) fn want(&mut self, partition: i64, inserts: f64) {
        self.wanted.insert(partition, inserts);
    }

    pub(crate) fn throttle(&self, operation: Operation) -> Percent {
        self.throttles.get(&operation).copied().unwrap_or_default()
    }

    pub(crate) fn set_throttle(&mut self, operation: Operation, share: Percent) {
        self.throttles.insert(operation, share);
    }

    /// The share of an operation that is not held back.
    pub(crate) fn passing(&self, operation: Operation) -> f64 {
        1.0 - self.throttle(operation).get() / 100.0
    }

    pub(crate) fn route(&self, partition: i64) -> WriteRoute {
        self.routes.get(&partition).copied().unwrap_or(WriteRoute::Here)
    }

    /// Routes writes to a partition along `to`, unless it would be the last that takes any.
    pub(crate) fn set_route(&mut self, partition: i64, to: WriteRoute) -> bool {
        if to == WriteRoute::Here {
            self.routes.remove(&partition);
            return true;
        }
        let others_take = self
            .wanted
            .keys()
            .any(|&id| id != partition && self.route(id) == WriteRoute::Here);
        if others_take {
            self.routes.insert(partition, to);
        }
        others_take
    }

    /// Inserts a second that clients make up for, where they wait with as many.
    #[allow(clippy::cast_precision_loss, reason = "a number of partitions far below 2^53")]
    fn most_made_up(&self) -> f64 {
        MADE_UP * self.wanted.len() as f64 * self.passing(Operation::Insert)
    }

    fn made_up(&self) -> f64 {
        self.waiting.min(self.most_made_up())
    }

    /// Inserts a second that clients are made to wait with.
    fn held_back(&self) -> f64 {
        self.wanted.values().sum::<f64>() * (1.0 - self.passing(Operation::Insert))
    }
}
