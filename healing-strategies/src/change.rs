//! A value that a step sets: what it was, what it shall be, and what to make of anything else.

use std::fmt::Debug;

use healing_core::strategy::StepError;
use serde::{Deserialize, Serialize};

/// The two values of a step. A step is taken back by making the reverse change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

/// Where a value stands with respect to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The change is still to be made.
    Before,
    /// It was made, or there was nothing to change.
    After,
}

impl<T: Copy + PartialEq + Debug> Change<T> {
    pub(crate) fn reversed(self) -> Self {
        Self {
            before: self.after,
            after: self.before,
        }
    }

    /// Where `found`, the present value of `subject`, stands.
    pub(crate) fn standing(&self, found: T, subject: impl FnOnce() -> String) -> Result<Standing, StepError> {
        self.standing_by(T::eq, found, subject)
    }

    /// The same, where `same` tells equal values from others.
    pub(crate) fn standing_by(
        &self,
        same: impl Fn(&T, &T) -> bool,
        found: T,
        subject: impl FnOnce() -> String,
    ) -> Result<Standing, StepError> {
        if same(&found, &self.after) {
            Ok(Standing::After)
        } else if same(&found, &self.before) {
            Ok(Standing::Before)
        } else {
            Err(StepError::Conflict {
                subject: subject(),
                expected: format!("{:?} or {:?}", self.before, self.after),
                found: format!("{found:?}"),
            })
        }
    }
}
