//! What the healer remembers of one collection.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::event::EventKind;
use super::ledger::Ledger;
use super::remediation::{Remediation, RemediationState};
use crate::clock::{elapsed, later};
use crate::identity::CollectionId;
use crate::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use crate::permit::Revocation;
use crate::problem::ProblemKind;
use crate::storage::Lease;

/// One collection under the healer's eyes.
pub(super) struct Watched {
    pub(super) collection: CollectionId,
    pub(super) monitor: IntegrityMonitor,
    /// Of the last regular sample.
    pub(super) report: Option<IntegrityReport>,
    pub(super) next_sample_at: Timestamp,
    pub(super) ledger: Ledger,
    /// Whether the ledger was read at all: nothing is done before.
    pub(super) ledger_is_read: bool,
    pub(super) active: Option<Active>,
    /// The remediation that ended last.
    pub(super) last: Option<Remediation>,
    pub(super) episode: Episode,
}

/// A remediation at work, with what its right to act hangs on.
pub(super) struct Active {
    pub(super) remediation: Remediation,
    pub(super) lease: Lease,
    pub(super) revocation: Revocation,
    /// The next state, where it could not be written down yet: it is written before anything else is done.
    pub(super) unwritten: Option<RemediationState>,
    /// When to renew the lease.
    pub(super) renew_at: Timestamp,
    /// When there is something to do for it next.
    pub(super) wake_at: Timestamp,
}

/// What happened since the collection was last normal.
#[derive(Default)]
pub(super) struct Episode {
    /// How often each strategy failed, by the kind of problem.
    pub(super) failures: BTreeMap<ProblemKind, BTreeMap<String, u32>>,
    /// The kinds diagnosed last, so that only a change is reported.
    pub(super) diagnosed: Vec<ProblemKind>,
    /// What was last reported as the reason for doing nothing, so that only a change is reported.
    pub(super) told: Option<EventKind>,
}

impl Watched {
    pub(super) fn new(collection: CollectionId, config: &MonitorConfig, now: Timestamp) -> Self {
        Self {
            collection,
            monitor: IntegrityMonitor::new(config),
            report: None,
            next_sample_at: now,
            ledger: Ledger::default(),
            ledger_is_read: false,
            active: None,
            last: None,
            episode: Episode::default(),
        }
    }

    /// When there is something to do next.
    pub(super) fn wake_at(&self) -> Timestamp {
        self.active.as_ref().map_or(self.next_sample_at, |active| {
            active.wake_at.min(active.renew_at).min(self.next_sample_at)
        })
    }

    /// Whether a regular sample is due. A clock that was set back far does not put the next sample off for hours.
    pub(super) fn sample_is_due(&self, now: Timestamp, interval: Duration) -> bool {
        now >= self.next_sample_at || elapsed(now, self.next_sample_at) > interval
    }

    pub(super) fn sampled(&mut self, now: Timestamp, interval: Duration) {
        self.next_sample_at = later(now, interval);
    }
}
