//! JSON for columns that SQL reads: PostgreSQL's text and `jsonb` have no NUL character.

use serde_json::Value;

/// The text with every NUL replaced.
pub(crate) fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The value with every NUL in its texts replaced.
pub(crate) fn printable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable(&text)),
        Value::Array(values) => values.into_iter().map(printable_value).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (printable(&name), printable_value(value)))
            .collect(),
        other => other,
    }
}
