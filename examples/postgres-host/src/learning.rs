//! What all healers on one database learn from: the outcomes in it, whoever recorded them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use healing_core::engine::{HealingEvent, TickObserver};
use healing_core::learner::{Choice, Learner, Ranked};
use healing_core::storage::{FeedbackScore, OutcomeRecord};
use healing_core::{Amount, Clock, CollectionId, Healer, ProblemKind};
use healing_learn::OutcomeTracker;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::error::PostgresError;
use crate::storage::{PostgresStorage, ReadUpTo};

/// A learner that follows the outcomes in a database, and what humans said of them, in the order in which they were
/// recorded. So healers that share the database know the same, and one that takes a collection over chooses by what the one
/// before went through. Clones share what was learned.
///
/// It is given to a healer as its learner and as its observer: it reads on after each tick, for as long as the healer's
/// configuration has learning switched on. What was recorded while it was off is learned once it is on again, as it is after a
/// restart.
///
/// Its report is the tracker's, and `learned_up_to`: the numbers of the last outcome and of the last feedback in it.
#[derive(Clone)]
pub struct SharedLearning {
    storage: PostgresStorage,
    tracker: Arc<OutcomeTracker>,
    learned_up_to: Arc<Mutex<ReadUpTo>>,
}

impl SharedLearning {
    /// A learner that knows everything in `storage` so far.
    ///
    /// # Errors
    /// [`PostgresError`] when the outcomes cannot be read.
    pub fn load(storage: PostgresStorage, clock: Arc<dyn Clock>) -> Result<Self, PostgresError> {
        let learning = Self {
            storage,
            tracker: Arc::new(OutcomeTracker::new(clock)),
            learned_up_to: Arc::default(),
        };
        learning.catch_up()?;
        Ok(learning)
    }

    /// Learns what was recorded since it last did.
    ///
    /// # Errors
    /// [`PostgresError`] when the outcomes cannot be read; what was read until then is learned.
    pub fn catch_up(&self) -> Result<(), PostgresError> {
        // Who comes second waits, and finds nothing left to learn.
        let mut learned_up_to = self.learned_up_to.lock();
        loop {
            let news = self.storage.news(*learned_up_to)?;
            if news.up_to == *learned_up_to {
                return Ok(());
            }
            for (judged, score) in &news.judged {
                self.tracker.revise(judged, *score);
            }
            for outcome in &news.outcomes {
                self.tracker.learn(outcome);
            }
            *learned_up_to = news.up_to;
        }
    }
}

impl TickObserver for SharedLearning {
    fn after_tick(&mut self, healer: &Healer, _: &[HealingEvent]) {
        if healer.config().learning_enabled {
            // What cannot be read now is read after the next tick; the healer itself tells of a database that fails.
            let _ = self.catch_up();
        }
    }
}

impl Learner for SharedLearning {
    /// Does nothing: the outcome is learned once it is recorded, in its place among those of others.
    fn learn(&self, _: &OutcomeRecord) {}

    fn revise(&self, _: &OutcomeRecord, _: FeedbackScore) {
        // It was recorded just now. Where it cannot be read, it is after the next tick.
        let _ = self.catch_up();
    }

    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount {
        self.tracker.weight(strategy, kind, collection)
    }

    fn weights(&self) -> BTreeMap<String, Amount> {
        self.tracker.weights()
    }

    fn effectiveness(&self) -> Value {
        // Held, so that nothing is learned between the two.
        let learned_up_to = self.learned_up_to.lock();
        let mut report = self.tracker.effectiveness();
        if let Some(fields) = report.as_object_mut() {
            let ReadUpTo { outcome, feedback } = *learned_up_to;
            fields.insert(
                "learned_up_to".to_owned(),
                json!({ "outcome": outcome, "feedback": feedback }),
            );
        }
        report
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Option<Vec<Ranked<'a>>> {
        self.tracker.rank(choice)
    }
}

impl fmt::Debug for SharedLearning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedLearning")
            .field("learned_up_to", &*self.learned_up_to.lock())
            .finish_non_exhaustive()
    }
}
