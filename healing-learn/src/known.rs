//! What is known of a strategy at some time, and how it is combined with what others know.

use healing_core::Timestamp;

use crate::belief::WeightedBeta;

/// Spells less probable than this are left out of beliefs: a histogram's cells are coarser.
const NEGLIGIBLE: f64 = 1e-3;

/// What is known of a strategy at some time.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// At least one; the weights add up to 1 but for rounding.
    pub(crate) spells: Vec<Spell>,
    /// All verdicts and feedback, halved with every half-life.
    pub(crate) all: Tally,
    pub(crate) gained: Average,
    pub(crate) slowness: Average,
}

/// A time since which nothing is thought to have changed, and what came in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spell {
    /// `None` for the beginning of all times.
    since: Option<Timestamp>,
    /// The probability that it is this one.
    pub(crate) weight: f64,
    pub(crate) tally: Tally,
}

/// Counts of successes and failures.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    successes: f64,
    failures: f64,
}

/// A sum of something that was measured, and how often it was.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Average {
    sum: f64,
    number: f64,
}

impl Known {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            spells: vec![Spell::EVER],
            all: Tally::default(),
            gained: Average::default(),
            slowness: Average::default(),
        }
    }

    /// How many outcomes are left of all.
    pub(crate) fn number(&self) -> f64 {
        self.all.number()
    }

    /// This and, of what `everywhere` knows beside it, as much as weighs at most `most` outcomes.
    pub(crate) fn pooled_with(mut self, everywhere: &Self, most: f64) -> Self {
        let others = everywhere.expected_tally().beside(&self.expected_tally()).at_most(most);
        for spell in &mut self.spells {
            spell.tally = spell.tally.with(&others);
        }
        self.all = self.all.borrowing(&everywhere.all, most);
        self.gained = self.gained.borrowing(&everywhere.gained, most);
        self.slowness = self.slowness.borrowing(&everywhere.slowness, most);
        self
    }

    /// A Beta distribution for each spell: its counts, and before them the mean `prior` weighing `strength` outcomes.
    pub(crate) fn mixture(&self, prior: f64, strength: f64) -> Vec<WeightedBeta> {
        let likely = self.spells.iter().filter(|spell| spell.weight > NEGLIGIBLE);
        let beta = |spell: &Spell| WeightedBeta {
            weight: spell.weight,
            successes: strength * prior + spell.tally.successes,
            failures: strength * (1.0 - prior) + spell.tally.failures,
        };
        likely.map(beta).collect()
    }

    fn expected_tally(&self) -> Tally {
        let mut expected = Tally::default();
        for spell in &self.spells {
            expected.successes += spell.weight * spell.tally.successes;
            expected.failures += spell.weight * spell.tally.failures;
        }
        expected
    }
}

impl Spell {
    /// Nothing has ever changed.
    pub(crate) const EVER: Self = Self {
        since: None,
        weight: 1.0,
        tally: Tally {
            successes: 0.0,
            failures: 0.0,
        },
    };

    /// One that begins now.
    pub(crate) fn beginning(now: Timestamp, weight: f64) -> Self {
        Self {
            since: Some(now),
            weight,
            tally: Tally::default(),
        }
    }

    pub(crate) fn covers(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at)
    }
}

impl Tally {
    pub(crate) fn add(&mut self, verified: bool, count: f64) {
        if verified {
            self.successes += count;
        } else {
            self.failures += count;
        }
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        self.successes *= factor;
        self.failures *= factor;
    }

    /// The share of successes, with `prior` counted as `strength` more outcomes.
    pub(crate) fn mean(&self, prior: f64, strength: f64) -> f64 {
        (self.successes + prior * strength) / (self.number() + strength)
    }

    /// This and, of what `all` counts beside this, as much as weighs at most `most` outcomes.
    pub(crate) fn borrowing(&self, all: &Self, most: f64) -> Self {
        self.with(&all.beside(self).at_most(most))
    }

    fn number(&self) -> f64 {
        self.successes + self.failures
    }

    fn with(&self, other: &Self) -> Self {
        Self {
            successes: self.successes + other.successes,
            failures: self.failures + other.failures,
        }
    }

    /// What this counts and `part`, which it should contain, does not.
    fn beside(&self, part: &Self) -> Self {
        Self {
            successes: (self.successes - part.successes).max(0.0),
            failures: (self.failures - part.failures).max(0.0),
        }
    }

    /// The same in proportion, but always fewer than `most`.
    fn at_most(mut self, most: f64) -> Self {
        self.scale(share_of(self.number(), most));
        self
    }
}

impl Average {
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        self.sum += value * count;
        self.number += count;
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        self.sum *= factor;
        self.number *= factor;
    }

    /// The mean, with `prior` counted as `strength` more values.
    pub(crate) fn mean(&self, prior: f64, strength: f64) -> f64 {
        (self.sum + prior * strength) / (self.number + strength)
    }

    fn borrowing(&self, all: &Self, most: f64) -> Self {
        let (sum, number) = ((all.sum - self.sum).max(0.0), (all.number - self.number).max(0.0));
        let share = share_of(number, most);
        Self {
            sum: self.sum + share * sum,
            number: self.number + share * number,
        }
    }
}

/// By what factor `number` becomes less than `most`, without a step: almost 1 for few, almost `most / number` for many.
fn share_of(number: f64, most: f64) -> f64 {
    if most > 0.0 { most / (most + number) } else { 0.0 }
}
