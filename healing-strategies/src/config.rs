//! What all strategies' configurations share.

use thiserror::Error;

/// A field of a strategy's configuration that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is {found}, expected {expected}")]
#[non_exhaustive]
pub struct InvalidConfig {
    /// The field.
    pub field: &'static str,
    /// What it holds.
    pub found: String,
    /// What would be right.
    pub expected: &'static str,
}

/// Refuses a field for which something does not hold.
pub(crate) fn expect(
    holds: bool,
    field: &'static str,
    found: &impl ToString,
    expected: &'static str,
) -> Result<(), InvalidConfig> {
    if holds {
        Ok(())
    } else {
        Err(InvalidConfig {
            field,
            found: found.to_string(),
            expected,
        })
    }
}
