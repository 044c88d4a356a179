//! The healer: everything a host calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::builder::HealerBuilder;
use super::config::HealingConfig;
use super::event::Tick;
use super::progress::Progress;
use super::remediation::{Remediation, RemediationState};
use super::services::Services;
use super::watched::Watched;
use crate::clock::{Clock, later};
use crate::identity::{CollectionId, Operator, RemediationId};
use crate::monitor::IntegrityReport;
use crate::observation::ObservationSource;
use crate::storage::JournalError;

/// Watches collections and heals them.
///
/// A deterministic state machine without a thread, a timer or a clock of its own. Its methods come in three kinds: getters;
/// operators' orders ([`approve`](Self::approve), [`reject`](Self::reject)); and [`tick`](Self::tick), in which everything
/// else happens.
///
/// What must never break: nothing is done to the world that is not in the journal first, and whatever a strategy or an
/// actuator does (fail, panic, answer nonsense), the healer goes on and the remediation ends in a recorded state.
pub struct Healer {
    services: Services,
    watched: BTreeMap<CollectionId, Watched>,
}

/// An operator's order that cannot be carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No such remediation is at work.
    #[error("no remediation {remediation} is at work")]
    NotActive {
        /// The remediation.
        remediation: RemediationId,
    },
    /// The remediation is not in a state in which this can be ordered.
    #[error("the remediation {remediation} is {state}, it does not await approval")]
    NotAwaitingApproval {
        /// The remediation.
        remediation: RemediationId,
        /// Its state's name.
        state: &'static str,
    },
    /// The order could not be written down, so it was not carried out.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Healer {
    /// Starts to put a healer together for what `source` shows, by the time of `clock`.
    pub fn builder(source: Arc<dyn ObservationSource>, clock: Arc<dyn Clock>) -> HealerBuilder {
        HealerBuilder::new(source, clock)
    }

    pub(super) fn new(services: Services, watched: BTreeMap<CollectionId, Watched>) -> Self {
        Self { services, watched }
    }

    /// Does everything that is due now, for every collection, and says when to call again. Never waits; calls into host
    /// code run on the caller's thread.
    pub fn tick(&mut self) -> Tick {
        let mut events = Vec::new();
        let mut wake_at = None;
        for watched in self.watched.values_mut() {
            Progress::new(&self.services, watched, &mut events).run();
            let due = watched.wake_at();
            wake_at = Some(wake_at.map_or(due, |earliest| due.min(earliest)));
        }
        let idle = || later(self.services.now(), self.services.config.sample_interval);
        Tick {
            events,
            wake_at: wake_at.unwrap_or_else(idle),
        }
    }

    /// Lets a remediation that awaits approval go on at the next tick, where it is checked once more against what is then
    /// observed.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn approve(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.decide(
            remediation,
            RemediationState::Planned {
                approved_by: Some(by.clone()),
            },
        )
    }

    /// Ends a remediation that awaits approval. Nothing was touched.
    ///
    /// # Errors
    /// [`ControlError`] when it does not await approval, or the order cannot be written down.
    pub fn reject(&mut self, remediation: &RemediationId, by: &Operator) -> Result<(), ControlError> {
        self.decide(remediation, RemediationState::Rejected { by: by.clone() })
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

    /// The remediation of the collection that ended last.
    #[must_use]
    pub fn last(&self, collection: &CollectionId) -> Option<&Remediation> {
        self.watched.get(collection)?.last.as_ref()
    }

    fn decide(&mut self, remediation: &RemediationId, to: RemediationState) -> Result<(), ControlError> {
        let not_active = || ControlError::NotActive {
            remediation: remediation.clone(),
        };
        let watched = self.watched.get_mut(remediation.collection()).ok_or_else(not_active)?;
        let active = watched
            .active
            .as_ref()
            .filter(|active| active.remediation.id == *remediation);
        match &active.ok_or_else(not_active)?.remediation.state {
            RemediationState::AwaitingApproval { .. } => {}
            other => {
                let state = other.name();
                return Err(ControlError::NotAwaitingApproval {
                    remediation: remediation.clone(),
                    state,
                });
            }
        }
        let mut events = Vec::new();
        Ok(Progress::new(&self.services, watched, &mut events).enter(to)?)
    }
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
