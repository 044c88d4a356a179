//! The mean of many runs.

use std::fmt;

use serde::Serialize;

/// How one policy does in one environment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) environment: &'static str,
    /// Whether chances of success stay what they are.
    pub(crate) stationary: bool,
    pub(crate) policy: &'static str,
    /// The mean cumulative regret after the last round.
    pub(crate) regret: f64,
    /// The lower end of the mean's 95 % interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// The mean and its interval after each round.
    #[serde(skip)]
    pub(crate) curve: Vec<Mean>,
}

/// A mean with its 95 % interval: 1.96 standard errors to either side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean {
    pub(crate) mean: f64,
    pub(crate) half_width: f64,
}

impl Mean {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut number, mut mean, mut squares) = (0.0, 0.0, 0.0);
        // Welford 1962.
        for value in values {
            number += 1.0;
            let difference = value - mean;
            mean += difference / number;
            squares += difference * (value - mean);
        }
        let variance = if number > 1.0 { squares / (number - 1.0) } else { 0.0 };
        Self {
            mean,
            half_width: 1.96 * (variance / f64::max(number, 1.0)).sqrt(),
        }
    }
}

impl Row {
    pub(crate) const HEADING: &str = "environment            policy        regret     95 % interval";

    /// Summarises the cumulative regrets of many runs, all of the same number of rounds.
    pub(crate) fn new(environment: &'static str, stationary: bool, policy: &'static str, runs: &[Vec<f64>]) -> Self {
        let rounds = runs.first().map_or(0, Vec::len);
        let curve: Vec<Mean> = (0..rounds)
            .map(|round| Mean::of(runs.iter().map(|run| run[round])))
            .collect();
        let end = curve.last().copied().unwrap_or(Mean {
            mean: 0.0,
            half_width: 0.0,
        });
        Self {
            environment,
            stationary,
            policy,
            regret: end.mean,
            low: end.mean - end.half_width,
            high: end.mean + end.half_width,
            curve,
        }
    }
}

/// The default policy may have so much of the seed formula's regret where chances of success change.
const OF_ORIGINAL: f64 = 0.5;
/// And so much of the best policy's where they do not.
const OF_BEST: f64 = 1.1;

/// Where the default policy loses more than it may, in words.
pub(crate) fn too_much(rows: &[Row]) -> Vec<String> {
    let environments = rows.chunk_by(|one, other| one.environment == other.environment);
    let judge = |rows: &[Row]| {
        let regret = |policy| rows.iter().find(|row| row.policy == policy).map(|row| row.regret);
        let first = rows.first()?;
        let real = rows.iter().filter(|row| row.policy != "oracle");
        let most = if first.stationary {
            OF_BEST * real.map(|row| row.regret).fold(f64::INFINITY, f64::min)
        } else {
            OF_ORIGINAL * regret("original")?
        };
        let found = regret("default")?;
        let environment = first.environment;
        (found > most).then(|| format!("{environment}: {found:.2}, more than {most:.2}"))
    };
    environments.filter_map(judge).collect()
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            environment,
            policy,
            regret,
            low,
            high,
            ..
        } = self;
        write!(
            formatter,
            "{environment:<22} {policy:<10} {regret:>9.2}   {low:>7.2} .. {high:.2}"
        )
    }
}
