//! When so many collections, or nodes of one, are unhealthy at once that no remediation can reach the cause.

use jiff::Timestamp;

use super::alarm::Alarm;
use super::config::HealingConfig;
use super::event::EventKind;
use super::guard::is_storm;

/// Whether there is a storm among collections, or among the nodes of one.
///
/// It begins as soon as the share of those that are unhealthy is above its limit, before any state has changed, and ends once
/// the share has stayed at or below it for a delay.
#[derive(Debug, Default)]
pub(super) struct StormWatch {
    storm: Option<Storm>,
}

#[derive(Debug, Clone, Copy)]
struct Storm {
    unhealthy: u32,
    of: u32,
    /// When it is over, if the share stays below its limit.
    calm: Option<Alarm>,
}

/// How the storm changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StormChange {
    Began { unhealthy: u32, of: u32 },
    Ended,
}

impl StormChange {
    pub(super) fn into_event(self) -> EventKind {
        match self {
            Self::Began { unhealthy, of } => EventKind::StormBegan { unhealthy, of },
            Self::Ended => EventKind::StormEnded,
        }
    }
}

impl StormWatch {
    /// How many are unhealthy and how many there are, while there is a storm.
    pub(super) fn storm(&self) -> Option<(u32, u32)> {
        self.storm.map(|storm| (storm.unhealthy, storm.of))
    }

    pub(super) fn observe(
        &mut self,
        unhealthy: u32,
        of: u32,
        now: Timestamp,
        config: &HealingConfig,
    ) -> Option<StormChange> {
        let raging = is_storm(unhealthy, of, config);
        match (&mut self.storm, raging) {
            (None, false) => None,
            (None, true) => {
                self.storm = Some(Storm {
                    unhealthy,
                    of,
                    calm: None,
                });
                Some(StormChange::Began { unhealthy, of })
            }
            (Some(storm), true) => {
                *storm = Storm {
                    unhealthy,
                    of,
                    calm: None,
                };
                None
            }
            (Some(storm), false) => {
                let calm = *storm.calm.get_or_insert_with(|| Alarm::after(now, config.storm_delay));
                if !calm.is_due(now) {
                    return None;
                }
                self.storm = None;
                Some(StormChange::Ended)
            }
        }
    }
}
