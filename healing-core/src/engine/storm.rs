//! When so many collections, or nodes of one, are unhealthy at once that no remediation can reach the cause.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::config::HealingConfig;
use super::event::EventKind;
use super::guard::is_storm;

/// So much at once is unhealthy that no remediation can reach the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Storm {
    /// How many are unhealthy.
    pub unhealthy: u32,
    /// Of how many.
    pub of: u32,
}

/// Whether there is a storm among collections, or among the nodes of one.
///
/// It begins as soon as the share of those that are unhealthy is above its limit, before any state has changed, and ends once
/// the share has stayed at or below it for a delay.
#[derive(Debug, Default)]
pub(super) struct StormWatch {
    raging: Option<Raging>,
}

#[derive(Debug, Clone, Copy)]
struct Raging {
    storm: Storm,
    /// When it is over, if the share stays below its limit.
    calm: Option<Alarm>,
}

/// How the storm changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StormChange {
    Began(Storm),
    Ended,
}

impl StormChange {
    pub(super) fn into_event(self) -> EventKind {
        match self {
            Self::Began(Storm { unhealthy, of }) => EventKind::StormBegan { unhealthy, of },
            Self::Ended => EventKind::StormEnded,
        }
    }
}

impl StormWatch {
    pub(super) fn storm(&self) -> Option<Storm> {
        self.raging.map(|raging| raging.storm)
    }

    pub(super) fn observe(
        &mut self,
        unhealthy: u32,
        of: u32,
        now: Timestamp,
        config: &HealingConfig,
    ) -> Option<StormChange> {
        let storm = Storm { unhealthy, of };
        match (&mut self.raging, is_storm(unhealthy, of, config)) {
            (None, false) => None,
            (None, true) => {
                self.raging = Some(Raging { storm, calm: None });
                Some(StormChange::Began(storm))
            }
            (Some(raging), true) => {
                *raging = Raging { storm, calm: None };
                None
            }
            (Some(raging), false) => {
                let calm = *raging.calm.get_or_insert_with(|| Alarm::after(now, config.storm_delay));
                if !calm.is_due(now) {
                    return None;
                }
                self.raging = None;
                Some(StormChange::Ended)
            }
        }
    }
}
