//! What a candidate promises, and with what chance it promises most.

use crate::belief::Belief;

/// What is believed of a candidate's utility: a success is worth something, whether it comes is uncertain, the cost is not.
#[derive(Debug, Clone)]
pub(crate) struct Prospect {
    /// The mean of what is believed of the success.
    pub(crate) success: f64,
    /// The lots that are drawn for the success.
    pub(crate) lots: Belief,
    /// What a success is worth, more than 0.
    pub(crate) of_success: f64,
    pub(crate) cost: f64,
}

impl Prospect {
    /// The utility by the lot that an even number in 0..1 draws.
    pub(crate) fn drawn(&self, number: f64) -> f64 {
        self.utility(self.lots.quantile(number))
    }

    /// The utility as far as is known.
    pub(crate) fn mean(&self) -> f64 {
        self.utility(self.success)
    }

    fn utility(&self, success: f64) -> f64 {
        success * self.of_success - self.cost
    }

    /// The chance that less than `utility` is drawn.
    fn chance_below(&self, utility: f64) -> f64 {
        self.lots.share_below((utility + self.cost) / self.of_success)
    }
}

/// For each prospect the chance that, one lot drawn for each, its utility is the greatest. They add up to 1.
pub(crate) fn propensities(prospects: &[Prospect]) -> Vec<f64> {
    let chance = |(index, prospect): (usize, &Prospect)| -> f64 {
        let others = || prospects.iter().enumerate().filter(move |(other, _)| *other != index);
        let points = prospect.lots.points().map(|(success, share)| {
            let utility = prospect.utility(success);
            share * others().map(|(_, other)| other.chance_below(utility)).product::<f64>()
        });
        points.sum()
    };
    let mut chances: Vec<f64> = prospects.iter().enumerate().map(chance).collect();
    let whole: f64 = chances.iter().sum();
    for chance in &mut chances {
        *chance = if whole > 0.0 {
            *chance / whole
        } else {
            1.0 / prospects.len() as f64
        };
    }
    chances
}
