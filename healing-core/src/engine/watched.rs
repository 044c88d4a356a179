//! What the healer remembers of one collection.

use std::time::Duration;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::decision::Decision;
use super::executor::RunningCall;
use super::ledger::Ledger;
use super::remediation::{Remediation, RemediationState};
use super::standing::Standing;
use crate::clock::later;
use crate::identity::CollectionId;
use crate::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use crate::problem::ProblemKind;
use crate::storage::{Lease, Stream};

/// One collection under the healer's eyes.
pub(super) struct Watched {
    pub(super) collection: CollectionId,
    pub(super) monitor: IntegrityMonitor,
    /// Of the last regular sample.
    pub(super) report: Option<IntegrityReport>,
    pub(super) next_sample: Alarm,
    pub(super) ledger: Ledger<Standing>,
    pub(super) active: Option<Active>,
    /// What was decided when it was last found degraded.
    pub(super) decision: Option<Decision>,
    /// What was last said of it, so that only changes are reported.
    pub(super) told: Told,
}

/// A remediation at work, with what its right to act hangs on.
pub(super) struct Active {
    pub(super) remediation: Remediation,
    pub(super) tenure: Tenure,
    /// Whether its plan was made from what is observed now. No longer, once it has waited or was taken over.
    pub(super) vetted: bool,
    /// The next state, where it could not be written down yet: it is written before anything else is done.
    pub(super) unwritten: Option<RemediationState>,
    /// When there is something to do for it next.
    pub(super) wake: Alarm,
    /// The strategy's call that is at work on another thread.
    pub(super) call: Option<Call>,
    /// Whether something else was found broken when it was verified.
    pub(super) another_fault: bool,
}

/// A lease, in force for as long as this process can be sure of by its own clock: a store's clock may differ.
pub(super) struct Tenure {
    pub(super) lease: Lease,
    granted_at: Timestamp,
    ends_at: Timestamp,
    renewal: Alarm,
}

/// A strategy's call at work on another thread.
pub(super) struct Call {
    pub(super) running: RunningCall,
    pub(super) purpose: Purpose,
}

/// What a call is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Execute,
    Undo,
}

/// What was last said of a collection.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The kinds diagnosed last.
    pub(super) diagnosed: Vec<ProblemKind>,
    /// The name of the reason for doing nothing.
    pub(super) reason: Option<&'static str>,
}

impl Watched {
    pub(super) fn new(collection: CollectionId, config: &MonitorConfig, now: Timestamp) -> Self {
        Self {
            ledger: Ledger::new(Stream::Collection(collection.clone())),
            collection,
            monitor: IntegrityMonitor::new(config),
            report: None,
            next_sample: Alarm::now(now),
            active: None,
            decision: None,
            told: Told::default(),
        }
    }

    /// When there is something to do next.
    pub(super) fn wake_at(&self) -> Timestamp {
        let sample = self.next_sample.due_at();
        self.active.as_ref().map_or(sample, |active| {
            sample.min(active.wake.due_at()).min(active.tenure.renewal.due_at())
        })
    }

    /// Whether lambda was below the stress threshold at the last sample, whatever the state.
    pub(super) fn is_unhealthy(&self) -> bool {
        self.report.as_ref().is_some_and(IntegrityReport::below_stress)
    }
}

impl Tenure {
    /// A lease that was asked for at `asked_at`, for `duration`.
    pub(super) fn new(lease: Lease, asked_at: Timestamp, duration: Duration) -> Self {
        Self {
            lease,
            granted_at: asked_at,
            ends_at: later(asked_at, duration),
            renewal: Alarm::after(asked_at, duration / 2),
        }
    }

    /// Whether the lease is surely in force.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.granted_at <= now && now < self.ends_at
    }

    pub(super) fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    pub(super) fn renewal_is_due(&self, now: Timestamp) -> bool {
        self.renewal.is_due(now)
    }
}
