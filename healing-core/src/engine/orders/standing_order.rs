//! Orders that stand: configure, freeze, unfreeze, relearn, rotate the key.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::ControlError;
use crate::audit::Signer;
use crate::engine::config::{HealingConfig, JournalRetention};
use crate::engine::healer::Healer;
use crate::host_call::contained;
use crate::identity::{CollectionId, Operator};
use crate::storage::{Freeze, JournalBody, JournalError};

/// So many healers may write to the global stream at the same moment before one of them gives up.
const MOST_WRITERS: u32 = 16;

impl Healer {
    /// Changes the configuration: the fields of `changes`, a JSON object, replace those in force. Either all of it is
    /// applied, here and in every healer that shares the journal, or nothing. What is at work goes on by the new
    /// configuration, also when that switches healing off.
    ///
    /// # Errors
    /// [`ControlError::InvalidConfig`] naming every faulty field, [`ControlError::Journal`] when it cannot be written down.
    pub fn configure(&mut self, changes: &Map<String, Value>, by: &Operator) -> Result<&HealingConfig, ControlError> {
        self.write_order(|healer| {
            // What others configured meanwhile is not to be undone by this, unless it is what is to be put right.
            drop(healer.apply_orders());
            Ok(JournalBody::Configured {
                by: by.clone(),
                config: Box::new(healer.services.config.changed(changes)?),
            })
        })?;
        self.apply_orders()?;
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
        self.write_order(|_| {
            Ok(JournalBody::Frozen {
                collection: collection.cloned(),
                freeze: freeze.clone(),
            })
        })
    }

    /// Takes a freeze back: that of `collection`, or with `None` that of all.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when the order cannot be written down.
    pub fn unfreeze(&mut self, collection: Option<&CollectionId>, by: &Operator) -> Result<(), ControlError> {
        self.write_order(|_| {
            Ok(JournalBody::Unfrozen {
                collection: collection.cloned(),
                by: by.clone(),
            })
        })
    }

    /// Learns anew what is healthy in a collection, from its next samples on: for a collection that was made smaller on purpose,
    /// and that would otherwise be judged by what it was. What is healthy is written down, so this healer and all that share
    /// its journal go by it until it is ordered anew.
    ///
    /// # Errors
    /// [`ControlError::UnknownCollection`]; [`ControlError::Journal`] when the order cannot be written down.
    pub fn relearn(&mut self, collection: &CollectionId, by: &Operator) -> Result<(), ControlError> {
        // Only a collection that is looked after can be learned.
        self.with_progress(collection, |_| ())?;
        self.write_order(|_| {
            Ok(JournalBody::Relearn {
                collection: collection.clone(),
                by: by.clone(),
            })
        })?;
        self.apply_relearning();
        Ok(())
    }

    /// Signs with another key from here on: the old one vouches for it in the global stream. Healers that share the journal
    /// must be given the new key before this one has signed in a stream that they write to.
    ///
    /// # Errors
    /// [`ControlError::Journal`] when it cannot be written down, or nothing was signed so far: nobody could vouch for the key.
    /// The old one then goes on signing.
    pub fn rotate_key(&mut self, to: Arc<dyn Signer>, by: &Operator) -> Result<(), ControlError> {
        if self.services.signer.is_none() {
            let nobody = "no key signs so far that could vouch for another";
            return Err(JournalError::Unsigned(nobody.into()).into());
        }
        let key = contained(|| to.public_key())
            .map_err(|panicked| JournalError::Unsigned(format!("the new signer {panicked}").into()))?;
        self.write_order(|_| {
            Ok(JournalBody::KeyRotated {
                to: key,
                by: by.clone(),
            })
        })?;
        self.services.signer = Some(to);
        Ok(())
    }

    /// Writes an order down. Healers that share the journal write to the same stream: who comes second reads on and gives
    /// the order anew.
    pub(super) fn write_order(
        &mut self,
        order: impl Fn(&mut Self) -> Result<JournalBody, ControlError>,
    ) -> Result<(), ControlError> {
        let mut tries_left = MOST_WRITERS;
        loop {
            self.orders.catch_up(&self.services.journal)?;
            let body = order(self)?;
            let pen = self.services.pen(Self::NO_LEASE);
            tries_left -= 1;
            match self.orders.append(&pen, body) {
                Err(JournalError::OutOfSequence { .. }) if tries_left > 0 => {}
                written => {
                    written?;
                    break;
                }
            }
        }
        let prune = self.services.config.journal_retention == JournalRetention::Prune;
        let pen = self.services.pen(Self::NO_LEASE);
        if let Err(error) = self.orders.compact(&pen, prune) {
            // The order is given all the same.
            self.storage_failed(&error);
        }
        Ok(())
    }
}
