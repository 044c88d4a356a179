//! An outcome store that can be made to break any one of its rules.

use std::sync::Arc;

use healing_core::identity::RemediationId;
use healing_core::storage::{FeedbackScore, OutcomeError, OutcomeId, OutcomeRecord, OutcomeStore, StoredOutcome};
use healing_core::testkit::storage::outcomes;
use healing_core::{Timestamp, VirtualClock};
use parking_lot::Mutex;

use crate::broken::{Broken, Gap, each_check_finds_its_flaw};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    RoundsNumbers,
    LosesPredictions,
    KeepsTheLastOfARemediation,
    NumbersAgainWhatIsThere,
    TakesRemediationsByTheirNumberAlone,
    NumbersByRemediation,
    NumbersAnewAfterARestart,
    LosesTheLastOnRestart,
    ReturnsTheOneAskedAfterToo,
    IgnoresTheLimit,
    TellsHistoryByTheBegin,
    TellsHistoryOldestFirst,
    LeavesOutWhatEndedJustThen,
    AveragesFeedback,
    ReturnsWhatIsAfterFeedback,
    TakesFeedbackOnNothing,
    ForgetsFeedbackOnRestart,
    LooksBeforeItRecords,
    ShowsALaterNumberFirst,
}

const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::RoundsNumbers, "outcomes.what_is_returned_is_what_was_recorded"),
    (Flaw::LosesPredictions, "outcomes.what_is_returned_is_what_was_recorded"),
    (
        Flaw::KeepsTheLastOfARemediation,
        "outcomes.the_first_of_a_remediation_stays",
    ),
    (
        Flaw::NumbersAgainWhatIsThere,
        "outcomes.the_first_of_a_remediation_stays",
    ),
    (
        Flaw::TakesRemediationsByTheirNumberAlone,
        "outcomes.remediations_of_different_collections_are_kept_apart",
    ),
    (
        Flaw::NumbersByRemediation,
        "outcomes.numbers_grow_in_the_order_of_the_records",
    ),
    (
        Flaw::NumbersAnewAfterARestart,
        "outcomes.numbers_grow_in_the_order_of_the_records",
    ),
    (
        Flaw::LosesTheLastOnRestart,
        "outcomes.what_was_recorded_survives_a_restart",
    ),
    (
        Flaw::ReturnsTheOneAskedAfterToo,
        "outcomes.those_after_a_number_come_in_order",
    ),
    (Flaw::IgnoresTheLimit, "outcomes.those_after_a_number_come_in_order"),
    (
        Flaw::TellsHistoryByTheBegin,
        "outcomes.history_goes_by_the_end_and_comes_newest_record_first",
    ),
    (
        Flaw::TellsHistoryOldestFirst,
        "outcomes.history_goes_by_the_end_and_comes_newest_record_first",
    ),
    (
        Flaw::LeavesOutWhatEndedJustThen,
        "outcomes.history_goes_by_the_end_and_comes_newest_record_first",
    ),
    (Flaw::AveragesFeedback, "outcomes.feedback_replaces_what_was_there"),
    (
        Flaw::ReturnsWhatIsAfterFeedback,
        "outcomes.feedback_returns_what_was_before",
    ),
    (Flaw::TakesFeedbackOnNothing, "outcomes.feedback_on_nothing_is_refused"),
    (Flaw::ForgetsFeedbackOnRestart, "outcomes.feedback_survives_a_restart"),
    (
        Flaw::LooksBeforeItRecords,
        "outcomes.of_recorders_of_one_remediation_all_get_one_number",
    ),
    (
        Flaw::ShowsALaterNumberFirst,
        "outcomes.whoever_follows_the_numbers_misses_nothing",
    ),
];

#[test]
fn each_check_of_an_outcome_store_finds_its_flaw() {
    each_check_finds_its_flaw(outcomes::<crate::broken::Factory<Sketch>>, FLAWS);
}

struct Sketch {
    flaw: Flaw,
    kept: Arc<Mutex<Kept>>,
    gap: Arc<Gap>,
}

#[derive(Clone, Default)]
struct Kept {
    outcomes: Vec<StoredOutcome>,
    /// Given before the last restart.
    numbers_before: u64,
    /// Whether someone has asked for what comes after a hidden outcome.
    passed_by: bool,
}

impl Sketch {
    fn with(flaw: Flaw, kept: Kept) -> Self {
        Self {
            flaw,
            kept: Arc::new(Mutex::new(kept)),
            gap: Arc::default(),
        }
    }

    fn is(&self, remediation: &RemediationId, stored: &StoredOutcome) -> bool {
        match self.flaw {
            Flaw::TakesRemediationsByTheirNumberAlone => remediation.number() == stored.outcome.remediation.number(),
            _ => *remediation == stored.outcome.remediation,
        }
    }

    fn write(&self, outcome: &OutcomeRecord, kept: &mut Kept) -> OutcomeId {
        let count = kept.outcomes.len() as u64;
        let id = OutcomeId::new(match self.flaw {
            Flaw::NumbersByRemediation => outcome.remediation.number(),
            Flaw::NumbersAnewAfterARestart => count - kept.numbers_before,
            _ => count,
        });
        let mut outcome = outcome.clone();
        match self.flaw {
            Flaw::RoundsNumbers => outcome.improvement_pct = f64::from(outcome.improvement_pct as f32),
            Flaw::LosesPredictions => outcome.predicted_lambda = None,
            _ => {}
        }
        kept.outcomes.push(StoredOutcome { id, outcome });
        id
    }
}

impl Broken for Sketch {
    type Flaw = Flaw;

    fn fresh(flaw: Flaw, _: VirtualClock) -> Self {
        Self::with(flaw, Kept::default())
    }

    fn reopened(&self) -> Self {
        let mut kept = self.kept.lock().clone();
        kept.numbers_before = kept.outcomes.len() as u64;
        match self.flaw {
            Flaw::LosesTheLastOnRestart => {
                kept.outcomes.pop();
            }
            Flaw::ForgetsFeedbackOnRestart => {
                for stored in &mut kept.outcomes {
                    stored.outcome.feedback_score = None;
                }
            }
            _ => {}
        }
        Self::with(self.flaw, kept)
    }

    fn beside(&self) -> Self {
        Self {
            flaw: self.flaw,
            kept: Arc::clone(&self.kept),
            gap: Arc::clone(&self.gap),
        }
    }
}

impl OutcomeStore for Sketch {
    fn record(&self, outcome: &OutcomeRecord) -> Result<OutcomeId, OutcomeError> {
        let mut kept = self.kept.lock();
        let there = kept.outcomes.iter().position(|it| self.is(&outcome.remediation, it));
        if let Some(there) = there {
            match self.flaw {
                Flaw::KeepsTheLastOfARemediation => kept.outcomes[there].outcome = outcome.clone(),
                Flaw::NumbersAgainWhatIsThere => return Ok(OutcomeId::new(kept.outcomes.len() as u64)),
                _ => {}
            }
            return Ok(kept.outcomes[there].id);
        }
        if self.flaw == Flaw::LooksBeforeItRecords {
            drop(kept);
            self.gap.linger();
            return Ok(self.write(outcome, &mut self.kept.lock()));
        }
        Ok(self.write(outcome, &mut kept))
    }

    fn outcomes(&self, after: Option<OutcomeId>, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let mut kept = self.kept.lock();
        let hidden = OutcomeId::new(1);
        kept.passed_by |= after > Some(hidden);
        let found = kept.outcomes.iter().filter(|it| match self.flaw {
            Flaw::ReturnsTheOneAskedAfterToo => Some(it.id) >= after,
            Flaw::ShowsALaterNumberFirst => Some(it.id) > after && (it.id != hidden || kept.passed_by),
            _ => Some(it.id) > after,
        });
        let limit = match self.flaw {
            Flaw::IgnoresTheLimit => usize::MAX,
            _ => limit,
        };
        Ok(found.take(limit).cloned().collect())
    }

    fn history(&self, since: Timestamp, limit: usize) -> Result<Vec<StoredOutcome>, OutcomeError> {
        let kept = self.kept.lock();
        let found = kept.outcomes.iter().filter(|it| match self.flaw {
            Flaw::TellsHistoryByTheBegin => it.outcome.started_at >= since,
            Flaw::LeavesOutWhatEndedJustThen => it.outcome.completed_at > since,
            _ => it.outcome.completed_at >= since,
        });
        Ok(match self.flaw {
            Flaw::TellsHistoryOldestFirst => found.take(limit).cloned().collect(),
            _ => found.rev().take(limit).cloned().collect(),
        })
    }

    fn set_feedback(&self, remediation: &RemediationId, score: FeedbackScore) -> Result<OutcomeRecord, OutcomeError> {
        let mut kept = self.kept.lock();
        let there = kept.outcomes.iter().position(|it| self.is(remediation, it));
        let there = match (there, self.flaw) {
            (None, Flaw::TakesFeedbackOnNothing) => Some(0),
            _ => there,
        };
        let Some(there) = there else {
            let remediation = remediation.clone();
            return Err(OutcomeError::NoSuchOutcome { remediation });
        };
        let outcome = &mut kept.outcomes[there].outcome;
        let before = outcome.clone();
        let score = match (self.flaw, before.feedback_score) {
            (Flaw::AveragesFeedback, Some(before)) => FeedbackScore::new((before.get() + score.get()) / 2.0).unwrap(),
            _ => score,
        };
        outcome.feedback_score = Some(score);
        Ok(match self.flaw {
            Flaw::ReturnsWhatIsAfterFeedback => outcome.clone(),
            _ => before,
        })
    }
}
