//! What is remembered of a strategy's outcomes, and since when they are thought to hold.

use healing_core::Timestamp;

use crate::half_life::HalfLife;
use crate::known::{Average, Known, Spell, Tally};

/// At most so many times of the last change are thought possible; the least probable one is given up first.
const MOST_SPELLS: usize = 12;

/// A spell weighs at most this many outcomes, and older ones give way: so a strategy that gets slowly worse, which no single
/// outcome gives away, is noticed too. The standard error of a rate over so many is at most 0.1.
const MOST_OUTCOMES: f64 = 25.0;

/// Of what a spell does not cover, at most this many outcomes' worth is still believed: what was true before a change says
/// something about what is true after it, but little.
const INHERITED: f64 = 1.0;

/// At most so many feedbacks are kept apart, the newest: people do not give more in the time it takes to forget them.
const MOST_FEEDBACKS: usize = 256;

/// Successes and failures of one strategy for one kind of problem.
///
/// It holds the probabilities of when the strategy last changed (Adams and MacKay 2007, "Bayesian Online Changepoint
/// Detection"): a *spell* is the time since then, with what came in it. The probability that nothing has changed halves with
/// every half-life, which needs no outcome; each outcome makes those spells more probable that foretold it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// The newest verdict's time, to which everything is aged.
    newest: Option<Timestamp>,
    /// Oldest first; their weights add up to 1.
    spells: Vec<Spell>,
    /// All verdicts, halved with every half-life.
    all: Tally,
    gained: Average,
    slowness: Average,
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

impl Evidence {
    /// Takes in a verdict. One that is older than the newest counts as if it had come with that.
    pub(crate) fn learn(&mut self, verdict: Verdict, half_life: HalfLife) {
        let now = self.newest.map_or(verdict.at, |newest| newest.max(verdict.at));
        self.age(now, half_life);
        self.newest = Some(now);
        for spell in &mut self.spells {
            let mean = spell.tally.borrowing(&self.all, INHERITED).mean(0.5, 2.0);
            let foretold = if verdict.verified { mean } else { 1.0 - mean };
            // An outcome that counts half is half a reason to believe or doubt.
            spell.weight *= foretold.powf(verdict.credit);
            spell.tally.scale(1.0 - verdict.credit / MOST_OUTCOMES);
            spell.tally.add(verdict.verified, verdict.credit);
        }
        self.give_up_least_probable();
        self.all.add(verdict.verified, verdict.credit);
        if verdict.verified {
            self.gained.add(verdict.gained, verdict.credit);
        }
        self.slowness.add(verdict.slowness, verdict.credit);
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

    /// What is known at `now`, which is not before the newest verdict but by a clock that was set back.
    pub(crate) fn known(&self, now: Timestamp, half_life: HalfLife) -> Known {
        let mut aged = self.without_feedback();
        aged.age(now, half_life);
        for opinion in &self.feedback {
            let (verified, outcomes) = (opinion.outcomes > 0.0, opinion.outcomes.abs());
            let covering = aged.spells.iter_mut().filter(|spell| spell.covers(opinion.at));
            covering.for_each(|spell| spell.tally.add(verified, outcomes));
            aged.all.add(verified, outcomes * half_life.left_after(opinion.at, now));
        }
        for spell in &mut aged.spells {
            spell.tally = spell.tally.borrowing(&aged.all, INHERITED);
        }
        Known {
            spells: aged.spells,
            all: aged.all,
            gained: aged.gained,
            slowness: aged.slowness,
        }
    }

    /// Lets the time until `now` pass without an outcome.
    fn age(&mut self, now: Timestamp, half_life: HalfLife) {
        if self.spells.is_empty() {
            self.spells.push(Spell::EVER);
        }
        let unchanged = self.newest.map_or(1.0, |newest| half_life.left_after(newest, now));
        if unchanged < 1.0 {
            for spell in &mut self.spells {
                spell.weight *= unchanged;
            }
            self.spells.push(Spell::beginning(now, 1.0 - unchanged));
            self.all.scale(unchanged);
            self.gained.scale(unchanged);
            self.slowness.scale(unchanged);
        }
    }

    fn give_up_least_probable(&mut self) {
        while self.spells.len() > MOST_SPELLS {
            let weights = self.spells.iter().map(|spell| spell.weight).enumerate();
            let least = weights.reduce(|least, other| if other.1 < least.1 { other } else { least });
            self.spells.remove(least.map_or(0, |(place, _)| place));
        }
        let whole: f64 = self.spells.iter().map(|spell| spell.weight).sum();
        for spell in &mut self.spells {
            spell.weight /= whole;
        }
    }

    fn without_feedback(&self) -> Self {
        Self {
            newest: self.newest,
            spells: self.spells.clone(),
            all: self.all,
            gained: self.gained,
            slowness: self.slowness,
            feedback: Vec::new(),
        }
    }
}
