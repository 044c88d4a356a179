//! What the healer remembers of one collection.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::decision::Decision;
use super::event::EventKind;
use super::executor::RunningCall;
use super::health::Health;
use super::ledger::Ledger;
use super::outcome::Unrecorded;
use super::remediation::{Remediation, RemediationState};
use super::standing::Standing;
use super::storm::StormWatch;
use super::trace::RemediationSpan;
use crate::clock::{elapsed, later};
use crate::identity::CollectionId;
use crate::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use crate::number::Lambda;
use crate::problem::ProblemKind;
use crate::storage::{Disturbance, Lease, Stream};
use crate::topology::NodeRef;

/// One collection under the healer's eyes.
pub(super) struct Watched {
    pub(super) collection: CollectionId,
    pub(super) monitor: IntegrityMonitor,
    /// Of the last regular sample.
    pub(super) report: Option<IntegrityReport>,
    pub(super) next_sample: Alarm,
    pub(super) health: Health,
    pub(super) ledger: Ledger<Standing>,
    /// When to look whether others wrote to the journal.
    pub(super) next_reading: Alarm,
    pub(super) active: Option<Active>,
    /// Of the active remediation.
    pub(super) span: RemediationSpan,
    /// What came of remediations, where that could not be recorded yet.
    pub(super) unrecorded: Unrecorded,
    /// Whether there is a storm among its nodes.
    pub(super) storms: StormWatch,
    /// What was decided when it was last found degraded.
    pub(super) decision: Option<Decision>,
    /// What was last said of it, so that only changes are reported.
    pub(super) told: Told,
}

/// A remediation at work, with what its right to act hangs on.
pub(super) struct Active {
    pub(super) remediation: Remediation,
    pub(super) tenure: Tenure,
    /// Whether its plan was made in this very tick, from what is observed now.
    pub(super) vetted: bool,
    /// The next state, where it could not be written down yet: it is written before anything else is done.
    pub(super) unwritten: Option<RemediationState>,
    /// When there is something to do for it next.
    pub(super) wake: Alarm,
    /// The strategy's call that is at work on another thread.
    pub(super) call: Option<Call>,
    /// Since it entered its state, no thread was free for its step until then.
    pub(super) no_thread_until: Option<Timestamp>,
    /// What remediations of other collections touched while this one was at work.
    pub(super) touched_elsewhere: BTreeSet<NodeRef>,
    /// What beside it may have brought about what was measured.
    pub(super) disturbances: BTreeSet<Disturbance>,
    /// How its collection has recovered since its last step.
    pub(super) recovery: Option<Recovery>,
}

/// A collection that may still be on its way back, after a remediation's last step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recovery {
    /// Lambda when it was last looked at.
    pub(super) lambda: Lambda,
    /// It is looked at so many times more, at most.
    pub(super) looks_left: u32,
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
    /// The reason for doing nothing.
    pub(super) reason: Option<EventKind>,
}

/// A failed renewal is not tried again sooner than this.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

impl Watched {
    pub(super) fn new(collection: CollectionId, config: &MonitorConfig, now: Timestamp) -> Self {
        Self {
            health: Health::new(&collection, now),
            ledger: Ledger::new(Stream::Collection(collection.clone())),
            collection,
            monitor: IntegrityMonitor::new(config),
            report: None,
            next_sample: Alarm::now(now),
            next_reading: Alarm::now(now),
            active: None,
            span: RemediationSpan::none(),
            unrecorded: Unrecorded::default(),
            storms: StormWatch::default(),
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

    /// Whether a remediation is planned that was not begun at once.
    pub(super) fn waits_to_begin(&self) -> bool {
        let state = self.active.as_ref().map(|active| &active.remediation.state);
        matches!(state, Some(RemediationState::Planned { .. }))
    }

    /// Whether a remediation is at work on it that counts against their number, or may be: where it is not known whether the
    /// journal has kept that it began.
    pub(super) fn is_at_work(&self) -> bool {
        let may_have_begun = self.waits_to_begin() && !self.ledger.is_read();
        may_have_begun || self.active.as_ref().is_some_and(Active::is_at_work)
    }

    /// Whether lambda was below the stress threshold at the last sample, whatever the state.
    pub(super) fn is_unhealthy(&self) -> bool {
        self.report.as_ref().is_some_and(IntegrityReport::below_stress)
    }
}

impl Recovery {
    /// A remediation whose symptom is gone waits at most so many times as long as the stabilisation for lambda to follow.
    const MOST_LOOKS: u32 = 30;

    pub(super) fn beginning(lambda: Lambda) -> Self {
        Self {
            lambda,
            looks_left: Self::MOST_LOOKS,
        }
    }
}

impl Active {
    /// Whether lambda rose since the last look, and may be waited for a little longer.
    pub(super) fn is_recovering(&mut self, lambda: Lambda) -> bool {
        let Some(recovery) = self.recovery.as_mut().filter(|recovery| recovery.looks_left > 0) else {
            return false;
        };
        recovery.looks_left -= 1;
        lambda > std::mem::replace(&mut recovery.lambda, lambda)
    }

    /// Whether it counts against the number of remediations that may be at work: one that waits for a human does not, and
    /// one that was approved asks again before it begins.
    fn is_at_work(&self) -> bool {
        match self.remediation.state {
            RemediationState::AwaitingApproval { .. } => false,
            RemediationState::Planned { .. } => self.vetted,
            _ => true,
        }
    }
}

impl Tenure {
    /// A lease that was asked for at `asked_at`, for `duration`.
    pub(super) fn new(lease: Lease, asked_at: Timestamp, duration: Duration) -> Self {
        Self {
            lease,
            granted_at: asked_at,
            ends_at: later(asked_at, duration),
            renewal: Alarm::after(asked_at, duration / 3),
        }
    }

    /// Whether the lease is surely in force.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.granted_at <= now && now < self.ends_at
    }

    pub(super) fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// The lease store failed: it is asked again, often enough to come through before the end, and not all the time.
    pub(super) fn renew_later(&mut self, now: Timestamp) {
        let left = elapsed(now, self.ends_at);
        self.renewal = Alarm::after(now, (left / 4).max(SHORTEST_RETRY));
    }

    pub(super) fn renewal_is_due(&self, now: Timestamp) -> bool {
        self.renewal.is_due(now)
    }
}
