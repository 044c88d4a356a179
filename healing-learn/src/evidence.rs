//! What is remembered of a strategy's outcomes.

use healing_core::Timestamp;

use crate::changing_chance::{ChangingChance, PACES};
use crate::counts::Counts;
use crate::half_life::HalfLife;

/// At most so many feedbacks are kept apart, the newest: people do not give more in the time it takes to forget them.
const MOST_FEEDBACKS: usize = 256;

/// What a strategy did for one kind of problem in one collection.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) memory: Memory,
    /// As of the memory's newest verdict.
    chance: Box<ChangingChance>,
}

/// Sums over outcomes that are halved with every half-life.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// The newest verdict's time, to which everything is aged.
    newest: Option<Timestamp>,
    /// Without feedback, which can be taken back.
    counts: Counts,
    feedback: Vec<Opinion>,
}

/// What an outcome says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) at: Timestamp,
    /// How much it counts, more than 0.
    pub(crate) credit: f64,
    pub(crate) verified: bool,
    /// The share of the final lambda that was gained.
    pub(crate) gained: f64,
    pub(crate) slowness: f64,
}

/// Feedback, as outcomes' worth: positive for a success.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Opinion {
    pub(crate) at: Timestamp,
    pub(crate) outcomes: f64,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            chance: Box::new(ChangingChance::UNKNOWN),
        }
    }
}

impl Evidence {
    /// Takes in a verdict. Answers how probable it was at each pace of change.
    pub(crate) fn learn(&mut self, verdict: Verdict, half_life: HalfLife) -> [f64; PACES] {
        self.chance.pass(self.memory.half_lives_until(verdict.at, half_life));
        self.memory.learn(verdict, half_life);
        self.chance.observe(verdict.verified, verdict.credit)
    }

    /// What is believed at `now` of the chance of success from the verdicts alone.
    pub(crate) fn chance(&self, now: Timestamp, half_life: HalfLife) -> ChangingChance {
        let mut chance = *self.chance;
        chance.pass(self.memory.half_lives_until(now, half_life));
        chance
    }
}

impl Memory {
    /// Takes in a verdict. One that is older than the newest counts as if it had come with that.
    pub(crate) fn learn(&mut self, verdict: Verdict, half_life: HalfLife) {
        self.counts.fade((-self.half_lives_until(verdict.at, half_life)).exp2());
        self.newest = Some(self.newest.map_or(verdict.at, |newest| newest.max(verdict.at)));
        self.counts.verdicts.add(verdict.verified, verdict.credit);
        if verdict.verified {
            self.counts.gained.add(verdict.gained, verdict.credit);
        }
        self.counts.slowness.add(verdict.slowness, verdict.credit);
    }

    /// Takes in feedback. It is kept in one order, whatever order it comes in, so that sums over it are bit-identical.
    pub(crate) fn hear(&mut self, opinion: Opinion) {
        let place = self.feedback.partition_point(|known| *known <= opinion);
        self.feedback.insert(place, opinion);
        if self.feedback.len() > MOST_FEEDBACKS {
            self.feedback.remove(0);
        }
    }

    /// Takes feedback back.
    pub(crate) fn unhear(&mut self, opinion: Opinion) {
        if let Some(place) = self.feedback.iter().position(|known| *known == opinion) {
            self.feedback.remove(place);
        }
    }

    /// What is left at `now`, which is not before the newest verdict but by a clock that was set back.
    pub(crate) fn counts(&self, now: Timestamp, half_life: HalfLife) -> Counts {
        let mut counts = self.counts;
        counts.fade((-self.half_lives_until(now, half_life)).exp2());
        for opinion in &self.feedback {
            let left = half_life.left_after(opinion.at, now);
            counts
                .feedback
                .add(opinion.outcomes > 0.0, opinion.outcomes.abs() * left);
        }
        counts
    }

    fn half_lives_until(&self, now: Timestamp, half_life: HalfLife) -> f64 {
        self.newest.map_or(0.0, |newest| half_life.passed(newest, now))
    }
}
