//! Orders that stand until they are changed: configure, freeze, unfreeze.

use serde_json::{Map, Value};

use super::ControlError;
use crate::engine::config::{HealingConfig, JournalRetention};
use crate::engine::healer::Healer;
use crate::identity::{CollectionId, Operator};
use crate::storage::{Freeze, JournalBody, JournalError};

/// So many healers may write to the global stream at the same moment before one of them gives up.
const MOST_WRITERS: u32 = 16;

impl Healer {
    /// Changes the configuration: the fields of `changes`, a JSON object, replace those in force. Either all of it is
    /// applied, here and in every healer that shares the journal, or nothing.
    ///
    /// # Errors
    /// [`ControlError::UnreadableConfig`] for an unknown field or a value of the wrong type,
    /// [`ControlError::InvalidConfig`] naming every faulty field, [`ControlError::Journal`] when it cannot be written down.
    pub fn configure(&mut self, changes: &Map<String, Value>, by: &Operator) -> Result<&HealingConfig, ControlError> {
        let mut events = Vec::new();
        self.orders.catch_up(&self.services.journal)?;
        self.apply_orders(&mut events);
        let unreadable = ControlError::UnreadableConfig;
        let mut merged = serde_json::to_value(&self.services.config).map_err(unreadable)?;
        merge(&mut merged, changes);
        let config: HealingConfig = serde_json::from_value(merged).map_err(ControlError::UnreadableConfig)?;
        config.validate()?;
        self.write_order(&JournalBody::Configured {
            by: by.clone(),
            config: Box::new(config),
        })?;
        self.apply_orders(&mut events);
        self.pending.append(&mut events);
        Ok(&self.services.config)
    }

    /// Lets no new remediation begin: in `collection`, or with `None` in any. What is at work goes on; [`abort`](Self::abort)
    /// stops it.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when the order cannot be written down.
    pub fn freeze(
        &mut self,
        collection: Option<&CollectionId>,
        reason: impl Into<String>,
        by: &Operator,
    ) -> Result<(), ControlError> {
        let freeze = Freeze {
            by: by.clone(),
            reason: reason.into(),
        };
        self.write_order(&JournalBody::Frozen {
            collection: collection.cloned(),
            freeze,
        })
    }

    /// Takes a freeze back: that of `collection`, or with `None` that of all.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when the order cannot be written down.
    pub fn unfreeze(&mut self, collection: Option<&CollectionId>, by: &Operator) -> Result<(), ControlError> {
        self.write_order(&JournalBody::Unfrozen {
            collection: collection.cloned(),
            by: by.clone(),
        })
    }

    /// Writes an order down. Healers that share the journal write to the same stream: who comes second reads on and tries
    /// again.
    fn write_order(&mut self, body: &JournalBody) -> Result<(), ControlError> {
        for _ in 0..MOST_WRITERS {
            let pen = self.services.pen(Self::GLOBAL);
            match self.orders.append(&pen, body.clone()) {
                Err(JournalError::OutOfSequence { .. }) => self.orders.catch_up(&self.services.journal)?,
                written => {
                    written?;
                    let prune = self.services.config.journal_retention == JournalRetention::Prune;
                    self.orders.compact(&pen, prune)?;
                    return Ok(());
                }
            }
        }
        let pen = self.services.pen(Self::GLOBAL);
        Ok(self.orders.append(&pen, body.clone())?)
    }
}

/// Puts the fields of `changes` in the place of those of `config`, object by object.
fn merge(config: &mut Value, changes: &Map<String, Value>) {
    let Value::Object(fields) = config else { return };
    for (name, change) in changes {
        // The seed's name.
        let name = if name == "max_attempts_per_hour" {
            "max_attempts_per_window"
        } else {
            name
        };
        match (fields.get_mut(name), change) {
            (Some(field @ Value::Object(_)), Value::Object(change)) => merge(field, change),
            _ => {
                fields.insert(name.to_owned(), change.clone());
            }
        }
    }
}
