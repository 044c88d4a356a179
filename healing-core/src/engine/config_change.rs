//! A change of the configuration, as JSON: whole or not at all.

use serde_json::{Map, Value};

use super::config::{ConfigFault, HealingConfig, InvalidConfig};
use crate::host_call::told;

impl HealingConfig {
    /// This configuration with the fields of `changes` in the place of its own, object by object. Fields that `changes` does
    /// not have stay as they are.
    ///
    /// # Errors
    /// [`InvalidConfig`], which names every field that does not exist, that cannot be read, or whose value will not do.
    pub fn changed(&self, changes: &Map<String, Value>) -> Result<Self, InvalidConfig> {
        let unchanged = serde_json::to_value(self).unwrap_or_default();
        let mut whole = unchanged.clone();
        let mut faults = Vec::new();
        for change in changes_of("", &unchanged, changes) {
            let alone = change.map(|change| {
                let mut alone = unchanged.clone();
                change.apply(&mut alone);
                let read = serde_json::from_value::<Self>(alone);
                (change, read.map_err(|error| told(&error)))
            });
            match alone {
                Ok((change, Ok(_))) => change.apply(&mut whole),
                Ok((change, Err(error))) => faults.push(ConfigFault {
                    found: told(change.value),
                    field: change.path,
                    expected: format!("something that can be read: {error}"),
                }),
                Err(fault) => faults.push(fault),
            }
        }
        let changed = match serde_json::from_value::<Self>(whole) {
            Ok(changed) => changed,
            Err(error) => {
                faults.push(ConfigFault {
                    field: "changes".to_owned(),
                    found: told(&Value::Object(changes.clone())),
                    expected: format!("fields that go together: {error}"),
                });
                return Err(InvalidConfig { faults });
            }
        };
        if let Err(invalid) = changed.validate() {
            faults.extend(invalid.faults);
        }
        if faults.is_empty() {
            Ok(changed)
        } else {
            Err(InvalidConfig { faults })
        }
    }
}

/// One field that is to change.
struct Change<'a> {
    /// Its name, after the names of the objects that it is in: `monitor.baseline_samples`.
    path: String,
    value: &'a Value,
}

impl Change<'_> {
    fn apply(&self, config: &mut Value) {
        let pointer = format!("/{}", self.path.replace('.', "/"));
        if let Some(field) = config.pointer_mut(&pointer) {
            field.clone_from(self.value);
        }
    }
}

/// The fields that `changes` changes in `config`, or why one of them cannot be changed.
fn changes_of<'a>(
    prefix: &str,
    config: &Value,
    changes: &'a Map<String, Value>,
) -> Vec<Result<Change<'a>, ConfigFault>> {
    let none = Map::new();
    let fields = config.as_object().unwrap_or(&none);
    let mut found = Vec::new();
    for (name, value) in changes {
        // The seed's name.
        let name = match name.as_str() {
            "max_attempts_per_hour" if prefix.is_empty() => "max_attempts_per_window",
            name => name,
        };
        let path = format!("{prefix}{name}");
        match (fields.get(name), value) {
            (None, _) => found.push(Err(ConfigFault {
                found: told(value),
                expected: format!("no such field; there are: {}", names(fields)),
                field: path,
            })),
            (Some(field @ Value::Object(inner)), Value::Object(changed)) if !is_choice(inner, changed) => {
                found.extend(changes_of(&format!("{path}."), field, changed));
            }
            (Some(_), value) => found.push(Ok(Change { path, value })),
        }
    }
    found
}

/// Whether an object stands for one of several kinds of value, named by its only field: it is then changed as a whole.
fn is_choice(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    before.len() == 1 && after.len() == 1
}

fn names(fields: &Map<String, Value>) -> String {
    fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::monitor::Thresholds;

    fn changed(changes: &Value) -> Result<HealingConfig, Vec<String>> {
        let changes = changes.as_object().unwrap();
        HealingConfig::default()
            .changed(changes)
            .map_err(|invalid| invalid.faults.into_iter().map(|fault| fault.field).collect())
    }

    #[test]
    fn only_what_is_named_changes() {
        let after = changed(&json!({
            "max_attempts_per_hour": 7,
            "monitor": {"baseline_samples": 9, "hysteresis": {"cool_down_seconds": 5}},
        }));
        let mut expected = HealingConfig {
            max_attempts_per_window: 7,
            ..HealingConfig::default()
        };
        expected.monitor.baseline_samples = 9;
        expected.monitor.hysteresis.cool_down = Duration::from_secs(5);
        assert_eq!(after.unwrap(), expected);
        assert_eq!(changed(&json!({})).unwrap(), HealingConfig::default());
    }

    #[test]
    fn one_kind_of_thresholds_takes_the_place_of_the_other() {
        let absolute = json!({"stress": 20.0, "critical": 10.0, "recovery_offset": 1.0});
        let after = changed(&json!({"monitor": {"thresholds": {"absolute": absolute}}})).unwrap();
        assert!(matches!(after.monitor.thresholds, Thresholds::Absolute(_)));
    }

    #[test]
    fn every_fault_is_named_whatever_its_kind() {
        let faults = changed(&json!({
            "enabled": "yes",
            "lease_seconds": 0,
            "max_auto_heal_impact": 3,
            "max_impact": 0.5,
            "monitor": {"baseline_sample": 3, "hysteresis": {"stress_samples": -1}, "max_attempts_per_hour": 3},
            "selection": "at_random",
            "undo_attempts": 1_000_000,
        }));
        assert_eq!(
            faults.unwrap_err(),
            [
                "enabled",
                "max_auto_heal_impact",
                "max_impact",
                "monitor.baseline_sample",
                "monitor.hysteresis.stress_samples",
                "monitor.max_attempts_per_hour",
                "selection",
                "undo_attempts",
                "lease_seconds",
            ]
        );
    }

    #[test]
    fn a_misspelt_field_is_answered_with_those_that_there_are() {
        let changes = json!({"monitor": {"drift": {"window": 60}}});
        let invalid = HealingConfig::default()
            .changed(changes.as_object().unwrap())
            .unwrap_err();
        let expected = &invalid.faults[0].expected;
        assert!(
            expected.contains("window_seconds, ") || expected.contains(", window_seconds"),
            "{expected}"
        );
    }
}
