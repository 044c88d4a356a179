//! What a plan should do to the cuts, before anything is touched.

use crate::monitor::{IntegrityMonitor, MonitorError};
use crate::plan::{Plan, Prediction};

/// Applies the plan's declared effects, in order, to what was observed last. `None` where it declares none.
pub(super) fn predict(plan: &Plan, monitor: &IntegrityMonitor) -> Result<Option<Prediction>, MonitorError> {
    let mut effects = plan.steps.iter().flat_map(|step| &step.effects).copied().peekable();
    if effects.peek().is_none() {
        return Ok(None);
    }
    monitor.predict(effects)
}
