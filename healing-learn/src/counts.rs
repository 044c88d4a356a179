//! Counts that fade, and how those of one collection are combined with those of the others.

/// Counts of successes and failures.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) successes: f64,
    pub(crate) failures: f64,
}

/// A sum of something that was measured, and how often it was.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Average {
    sum: f64,
    number: f64,
}

/// What was counted of a strategy's outcomes, as far as it is not forgotten.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) verdicts: Tally,
    /// What humans say, as outcomes' worth.
    pub(crate) feedback: Tally,
    pub(crate) gained: Average,
    pub(crate) slowness: Average,
}

impl Tally {
    pub(crate) const NONE: Self = Self {
        successes: 0.0,
        failures: 0.0,
    };

    /// As many outcomes as `number`, of which the share `mean` are successes.
    pub(crate) fn of_mean(mean: f64, number: f64) -> Self {
        Self {
            successes: number * mean,
            failures: number * (1.0 - mean),
        }
    }

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

    pub(crate) fn number(&self) -> f64 {
        self.successes + self.failures
    }

    pub(crate) fn with(&self, other: &Self) -> Self {
        Self {
            successes: self.successes + other.successes,
            failures: self.failures + other.failures,
        }
    }

    /// What this counts and `part`, which it should contain, does not; in proportion, but always fewer than `most`.
    pub(crate) fn beside(&self, part: &Self, most: f64) -> Self {
        let mut beside = Self {
            successes: (self.successes - part.successes).max(0.0),
            failures: (self.failures - part.failures).max(0.0),
        };
        beside.scale(share_of(beside.number(), most));
        beside
    }
}

impl Average {
    pub(crate) const NONE: Self = Self { sum: 0.0, number: 0.0 };

    pub(crate) fn number(&self) -> f64 {
        self.number
    }

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

    /// This and, of what `all` counts beside this, as much as weighs at most `most` values.
    pub(crate) fn borrowing(&self, all: &Self, most: f64) -> Self {
        let (sum, number) = ((all.sum - self.sum).max(0.0), (all.number - self.number).max(0.0));
        let share = share_of(number, most);
        Self {
            sum: self.sum + share * sum,
            number: self.number + share * number,
        }
    }
}

impl Counts {
    /// Makes everything count as `left` of what it counted.
    pub(crate) fn fade(&mut self, left: f64) {
        self.verdicts.scale(left);
        self.feedback.scale(left);
        self.gained.scale(left);
        self.slowness.scale(left);
    }

    /// Verdicts and feedback together.
    pub(crate) fn all(&self) -> Tally {
        self.verdicts.with(&self.feedback)
    }
}

/// By what factor `number` becomes less than `most`, without a step: almost 1 for few, almost `most / number` for many.
fn share_of(number: f64, most: f64) -> f64 {
    if most > 0.0 { most / (most + number) } else { 0.0 }
}
