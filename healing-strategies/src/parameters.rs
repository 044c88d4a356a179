//! Parameters of an operator's order.

use healing_core::plan::PlanError;
use serde_json::{Map, Value};

/// The whole number under `name`, at least 1; `default` where it is absent.
pub(crate) fn count(parameters: &Map<String, Value>, name: &str, default: usize) -> Result<usize, PlanError> {
    let Some(value) = parameters.get(name) else {
        return Ok(default);
    };
    let count = value
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count >= 1);
    count.ok_or_else(|| PlanError::InvalidParameter {
        name: name.to_owned(),
        value: value.to_string(),
        expected: "a whole number of at least 1".to_owned(),
    })
}
