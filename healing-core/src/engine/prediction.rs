//! What a plan should do to the minimum cut, before anything is touched.

use std::collections::BTreeMap;

use crate::monitor::{IntegrityReport, MonitorError, lambda_with};
use crate::plan::{Plan, Prediction};
use crate::topology::ContractedGraph;

/// Applies the plan's declared effects, in order, to what was observed. `None` where it declares none.
pub(super) fn predict(
    plan: &Plan,
    graph: &ContractedGraph,
    report: &IntegrityReport,
) -> Result<Option<Prediction>, MonitorError> {
    let effects: BTreeMap<_, _> = plan
        .steps
        .iter()
        .flat_map(|step| &step.effects)
        .map(|effect| (effect.edge, effect.effective_capacity.get()))
        .collect();
    if effects.is_empty() {
        return Ok(None);
    }
    let lambda_after = lambda_with(graph, |edge| effects.get(edge).copied())?;
    Ok(Some(Prediction {
        lambda_before: report.lambda,
        lambda_after,
    }))
}
