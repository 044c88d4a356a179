//! How the Bayesian policy learns and chooses.

use std::collections::BTreeMap;

use healing_core::{Amount, ProblemKind, Ratio};
use serde::{Deserialize, Serialize};

use crate::belief::Boldness;
use crate::counts::Tally;
use crate::credit::CreditRule;
use crate::half_life::HalfLife;
use crate::utility::Utility;

/// How [`PosteriorWeights`](crate::PosteriorWeights) learns and chooses. Every field holds its own range, so every value of
/// this type is usable.
///
/// ```
/// use healing_learn::PosteriorConfig;
///
/// let config: PosteriorConfig = serde_json::from_str(r#"{"seed": 7, "half_life_seconds": 86400.0}"#)?;
/// assert_eq!(config.half_life.get().as_secs(), 86_400);
/// assert!(serde_json::from_str::<PosteriorConfig>(r#"{"half_life_seconds": -1.0}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PosteriorConfig {
    /// What the lots are drawn from, together with the choice they are drawn for. 0.
    pub seed: u64,
    /// After this time the chance is one half that a strategy is still what it was. A year.
    #[serde(rename = "half_life_seconds")]
    pub half_life: HalfLife,
    /// What is believed of a strategy that was never tried.
    pub prior: Prior,
    /// Of what a strategy did in other collections, at most this many outcomes' worth counts in a collection. 2.
    pub pooling: Amount,
    /// How much benefit of the doubt what is not known well gets: lots are drawn around this quantile of what is believed.
    /// 0.5 is none. 0.875.
    pub optimism: Ratio,
    /// How little is left to chance: by what the spread of the lots around that quantile is divided. 1 and an optimism of 0.5
    /// are plain Thompson sampling, which pays for knowledge that a service with a few incidents a day never gets to use; less
    /// than 0.1 counts as 0.1. 5.
    pub sharpness: Amount,
    /// What a success is worth beside what it costs.
    pub utility: Utility,
    /// How much a disturbed outcome counts.
    pub credit: CreditRule,
    /// How many outcomes the feedback of a human weighs, where it is 1 or -1. 2.
    pub feedback: Amount,
    /// In critical state at most this share of a collection's choices explores, at any time and not on average; the others take
    /// what is best as far as is known. Each one that explores comes after so many others: with 0.1 it is at most every tenth,
    /// with 0.5 and whatever else is less than 1 at most every second, with 0 none. Choices count once their outcomes are
    /// learned, and only those with an alternative. 0.1.
    pub critical_exploration: Ratio,
}

impl Default for PosteriorConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            half_life: HalfLife::YEAR,
            prior: Prior::default(),
            pooling: Amount::clamped(2.0),
            optimism: Ratio::literal(0.875),
            sharpness: Amount::clamped(5.0),
            utility: Utility::default(),
            credit: CreditRule::default(),
            feedback: Amount::clamped(2.0),
            critical_exploration: Ratio::literal(0.1),
        }
    }
}

impl PosteriorConfig {
    pub(crate) fn boldness(&self) -> Boldness {
        // What is believed to be certain is not drawn for certain.
        let optimism = self.optimism.get().clamp(0.001, 0.999);
        Boldness {
            odds: optimism / (1.0 - optimism),
            sharpness: self.sharpness.get().clamp(0.1, 100.0),
        }
    }
}

/// What is believed of a strategy that was never tried: neither that it works nor that it does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prior {
    /// How often a strategy works that nothing is known of and that disrupts nothing. 0.5.
    pub success: Ratio,
    /// How often for kinds of problem of which the host knows better. None.
    pub success_by_kind: BTreeMap<ProblemKind, Ratio>,
    /// By how much less a strategy as disruptive as an outage is believed to work: the more a plan touches, the more can go
    /// wrong in it. 0.2.
    pub impact_discount: Ratio,
    /// How many outcomes this belief weighs; less than 0.1 counts as 0.1. 2.
    pub strength: Amount,
}

impl Default for Prior {
    fn default() -> Self {
        Self {
            success: Ratio::literal(0.5),
            success_by_kind: BTreeMap::new(),
            impact_discount: Ratio::literal(0.2),
            strength: Amount::clamped(2.0),
        }
    }
}

impl Prior {
    /// How often a strategy with this `impact` is believed to work for a `kind` of problem before it was ever tried. Never
    /// quite 0 or 1, which no evidence could change.
    #[must_use]
    pub fn mean(&self, kind: &ProblemKind, impact: Ratio) -> Ratio {
        let success = self.success_by_kind.get(kind).unwrap_or(&self.success);
        let mean = success.get() - self.impact_discount.get() * impact.get();
        Ratio::clamped(mean.clamp(0.01, 0.99))
    }

    /// The same as outcomes that were counted.
    pub(crate) fn tally(&self, kind: &ProblemKind, impact: Ratio) -> Tally {
        Tally::of_mean(self.mean(kind, impact).get(), self.strength.get().clamp(0.1, 1e6))
    }
}
