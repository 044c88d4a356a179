//! Metrics of what a healer does, through the [`metrics`] facade: a host with a recorder of its own just has them.
//!
//! A healer that was given a [`Telemetry`] as its [observer](crate::engine::HealerBuilder::observer) keeps these up to date. Names begin with the namespace, `ruvector` unless the host chooses another. The first eight are those of the
//! seed document ("Prometheus Metrics"), with its labels; the next two its alerts read, and nobody exported them.
//!
//! | name | labels | what |
//! | --- | --- | --- |
//! | `_healing_attempts_total` | collection, strategy | remediations whose first step began |
//! | `_healing_success_total` | collection, strategy | remediations that were verified |
//! | `_healing_duration_seconds` | collection, strategy | from the beginning of a remediation to its end |
//! | `_healing_active` | collection | 1 while one is at work |
//! | `_healing_cooldown` | collection | 1 while it cools down |
//! | `_healing_success_rate` | collection | verified of those that could be, of the last 24 hours; NaN over nothing |
//! | `_healing_avg_improvement` | collection | the mean change of lambda over those, as a ratio; NaN over nothing |
//! | `_healing_time_to_recovery_seconds` | collection | the mean duration of the verified ones; NaN over nothing |
//! | `_healing_enabled` | collection | 0 while healing is switched off or frozen |
//! | `_integrity_state` | collection | 0 normal, 1 stress, 2 critical |
//! | `_integrity_lambda`, `_integrity_baseline` | collection | in the unit of the capacities; NaN until known |
//! | `_healing_deferrals_total` | collection, reason | times that a problem began not to be treated, by [`Refusal::name`](crate::engine::Refusal::name) |
//! | `_healing_rollbacks_total` | collection, strategy, result | remediations taken back: `done` or `failed` |
//! | `_healing_quarantined` | collection, strategy | 1 while a strategy may not be tried |
//! | `_healing_prediction_error` | collection, strategy | how far lambda ended from the predicted one, as a ratio of that |
//! | `_healing_active_seconds` | collection | how long the one at work has been at it; 0 without one |
//! | `_healing_awaiting_approval_seconds` | collection | how long one has waited for an approval; 0 without one |
//! | `_healing_calls_human_total` | collection | events that a human should look at |
//! | `_healing_storage_failures_total` | | failed calls of a store |
//! | `_healing_journal_append_seconds` | | how long an append took |
//! | `_healing_abandoned_threads` | | worker threads that hang in calls that were given up |
//! | `_healing_storm` | | 1 while so much is unhealthy that nothing begins |
//! | `_audit_verified` | | 0 once a verification of the journal found it bad, as the healer was [told](Healer::audited); 1 until then |
//!
//! The labels' values are the watched collections, the registered strategies and fixed words, so their number is bounded. Every series
//! exists from the first tick on, counters at 0, so that a rule over it never meets an absent one. Rates over nothing are NaN, which
//! compares with nothing: no rule fires on it.
//!
//! ```
//! use healing_core::telemetry::Telemetry;
//!
//! let telemetry = Telemetry::default(); // ruvector_healing_attempts_total, ...
//! let own = Telemetry::named("vectors")?; // vectors_healing_attempts_total, ...
//! assert!(Telemetry::named("no spaces").is_err());
//! # Ok::<(), healing_core::identity::InvalidName>(())
//! ```

mod collection;
mod journal;
mod metric;
mod recent;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use metrics::{Counter, Gauge};

use self::collection::CollectionSeries;
use self::journal::TimedJournal;
use self::metric::Namespace;
use self::recent::Recent;
use crate::clock::Clock;
use crate::engine::{EventKind, Healer, HealingEvent, TickObserver};
use crate::identity::{CollectionId, InvalidName};
use crate::storage::Journal;

/// Keeps a healer's metrics up to date.
pub struct Telemetry {
    namespace: Namespace,
    /// `None` until the recorder was asked for them, at the first tick.
    series: Option<Series>,
}

/// What the recorder gave.
struct Series {
    collections: BTreeMap<CollectionId, CollectionSeries>,
    audit_verified: Gauge,
    storage_failures: Counter,
    abandoned_threads: Gauge,
    storm: Gauge,
}

/// Outcomes that are read at the start.
const MOST_READ: usize = 100_000;

/// The namespace of the seed document.
const SEED_NAMESPACE: &str = "ruvector";

impl Default for Telemetry {
    /// In the namespace of the seed document, `ruvector`.
    fn default() -> Self {
        Self::in_namespace(SEED_NAMESPACE)
    }
}

impl Telemetry {
    /// In a namespace of the host's own: what each name begins with, before `_healing_` or `_integrity_`.
    ///
    /// # Errors
    /// [`InvalidName`] when it is not snake_case.
    pub fn named(namespace: &str) -> Result<Self, InvalidName> {
        crate::identity::check_wire_name("metrics namespace", namespace)?;
        Ok(Self::in_namespace(namespace))
    }

    fn in_namespace(namespace: &str) -> Self {
        Self {
            namespace: Namespace::new(namespace),
            series: None,
        }
    }

    /// The journal, whose appends are timed by `clock`: for [`HealerBuilder::journal`](crate::engine::HealerBuilder::journal).
    #[must_use]
    pub fn timed(&self, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
        Arc::new(TimedJournal::new(
            journal,
            clock,
            self.namespace.histogram(&metric::JOURNAL_APPEND, &[]),
        ))
    }
}

impl TickObserver for Telemetry {
    /// Brings everything up to date.
    fn after_tick(&mut self, healer: &Healer, events: &[HealingEvent]) {
        let series = self
            .series
            .get_or_insert_with(|| Series::register(&self.namespace, healer));
        for event in events {
            match &event.kind {
                EventKind::StorageFailed { .. } => series.storage_failures.increment(1),
                EventKind::Audited { fault } => series.audit_verified.set(flag(fault.is_none())),
                _ => {}
            }
            let collection = event.collection.as_ref();
            if let Some(of_collection) = collection.and_then(|it| series.collections.get_mut(it)) {
                of_collection.count(event);
            }
        }
        for (collection, of_collection) in &mut series.collections {
            of_collection.update(healer, collection);
        }
        series.abandoned_threads.set(count(healer.abandoned_threads()));
        series.storm.set(flag(healer.storm().is_some()));
    }
}

impl Series {
    fn register(namespace: &Namespace, healer: &Healer) -> Self {
        let strategies: Vec<&str> = healer.strategies().collect();
        let mut recorded = recorded(healer);
        let of = |collection: &CollectionId| {
            let recent = recorded.remove(collection).unwrap_or_default();
            let series = CollectionSeries::register(namespace, collection, &strategies, recent);
            (collection.clone(), series)
        };
        let audit_verified = namespace.gauge(&metric::AUDIT_VERIFIED, &[]);
        audit_verified.set(flag(true));
        Self {
            collections: healer.collections().map(of).collect(),
            audit_verified,
            storage_failures: started(namespace.counter(&metric::STORAGE_FAILURES, &[])),
            abandoned_threads: namespace.gauge(&metric::ABANDONED_THREADS, &[]),
            storm: namespace.gauge(&metric::STORM, &[]),
        }
    }
}

/// What the outcome store has of the last 24 hours: rates survive a restart.
fn recorded(healer: &Healer) -> BTreeMap<CollectionId, Recent> {
    let since = healer.now().checked_sub(recent::WINDOW).unwrap_or(Timestamp::MIN);
    // Where the store cannot be read now, the rates begin with what comes.
    let mut outcomes = healer.history(since, MOST_READ).unwrap_or_default();
    outcomes.sort_by_key(|stored| stored.outcome.completed_at);
    let mut recorded: BTreeMap<CollectionId, Recent> = BTreeMap::new();
    for stored in &outcomes {
        let recent = recorded.entry(stored.outcome.remediation.collection().clone());
        recent.or_default().push((&stored.outcome).into());
    }
    recorded
}

/// A counter that exists from now on.
fn started(counter: Counter) -> Counter {
    counter.increment(0);
    counter
}

fn flag(so: bool) -> f64 {
    if so { 1.0 } else { 0.0 }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a number of threads needs no more than 53 bits"
)]
fn count(number: usize) -> f64 {
    number as f64
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Telemetry")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
