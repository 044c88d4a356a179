//! Where a signal is heading: a slope that outliers do not bend.

use std::collections::VecDeque;
use std::time::Duration;

/// A window is this many points, each the mean of the samples of its time.
const POINTS: usize = 30;

/// The last points of a signal over measured time.
#[derive(Debug, Clone)]
pub(super) struct Trend {
    spacing: Duration,
    points: VecDeque<Point>,
    /// What was sampled since the last point.
    pending: Pending,
    /// All time measured so far, seconds.
    now: f64,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    /// Seconds.
    at: f64,
    value: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    lasted: Duration,
    samples: u32,
    at: f64,
    value: f64,
}

/// A full window of points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    points: &'a VecDeque<Point>,
    now: f64,
}

/// A line through the points of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// The change in a second.
    pub(super) slope: f64,
    /// Where it is now.
    pub(super) level: f64,
}

impl Trend {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            spacing: spacing(window),
            points: VecDeque::new(),
            pending: Pending::default(),
            now: 0.0,
        }
    }

    /// Goes on with a window of another length.
    pub(super) fn reconfigure(&mut self, window: Duration) {
        if self.spacing != spacing(window) {
            *self = Self::new(window);
        }
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.points.clear();
        self.pending = Pending::default();
    }

    /// Takes in what was sampled, so long after the sample before. Returns the window, if this sample completes a point of it and
    /// it is full.
    pub(super) fn sample(&mut self, gap: Duration, value: f64) -> Option<Window<'_>> {
        self.now += gap.as_secs_f64();
        let pending = &mut self.pending;
        pending.lasted = pending.lasted.saturating_add(gap);
        pending.samples += 1;
        // Means, not sums: those could pass the largest number.
        let share = 1.0 / f64::from(pending.samples);
        pending.at += (self.now - pending.at) * share;
        pending.value += (value - pending.value) * share;
        if pending.lasted < self.spacing {
            return None;
        }
        let Pending { at, value, .. } = std::mem::take(pending);
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(Point { at, value });
        (self.points.len() == POINTS).then_some(Window {
            points: &self.points,
            now: self.now,
        })
    }
}

impl<'a> Window<'a> {
    /// Of all pairs of points, the share by which those that rise outnumber those that fall: -1 is a fall all the way, about 0
    /// is scatter. Kendall's tau.
    pub(super) fn concordance(&self) -> f64 {
        let (mut pairs, mut rising) = (0, 0);
        for (one, other) in self.pairs() {
            pairs += 1;
            rising += i32::from(other.value > one.value) - i32::from(other.value < one.value);
        }
        f64::from(rising) / f64::from(pairs.max(1))
    }

    /// The line of Theil and Sen through the points: the median of the slopes between all pairs of them, and the median of
    /// what is left above or below. It bears wrong points up to 29 % of all.
    ///
    /// H. Theil, "A rank-invariant method of linear and polynomial regression analysis" (1950); P. K. Sen, "Estimates of the
    /// regression coefficient based on Kendall's tau" (J. Am. Stat. Assoc. 63, 1968).
    pub(super) fn line(&self) -> Line {
        let mut slopes: Vec<f64> = self
            .pairs()
            .map(|(one, other)| (other.value - one.value) / (other.at - one.at))
            .collect();
        let slope = median(&mut slopes);
        let mut levels: Vec<f64> = self
            .points
            .iter()
            .map(|point| point.value + slope * (self.now - point.at))
            .collect();
        Line {
            slope,
            level: median(&mut levels),
        }
    }

    /// Each point with each later one.
    fn pairs(&self) -> impl Iterator<Item = (&'a Point, &'a Point)> {
        let points = self.points;
        let pairs = points
            .iter()
            .enumerate()
            .flat_map(move |(position, one)| points.range(position + 1..).map(move |other| (one, other)));
        pairs.filter(|(one, other)| other.at > one.at)
    }
}

fn spacing(window: Duration) -> Duration {
    window / POINTS as u32
}

/// The lower median; 0 of nothing.
fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(1800);

    /// The line after an hour of samples every ten seconds, and the concordance.
    fn line(value_at: impl Fn(f64) -> f64) -> (Line, f64) {
        let mut trend = Trend::new(WINDOW);
        let gap = Duration::from_secs(10);
        let mut last = None;
        for sample in 1..=360 {
            let window = trend.sample(gap, value_at(f64::from(sample) * 10.0));
            last = window.map(|window| (window.line(), window.concordance())).or(last);
        }
        last.unwrap()
    }

    #[test]
    fn a_straight_fall_is_measured_exactly() {
        let (Line { slope, level }, concordance) = line(|at| 100.0 - 0.01 * at);
        assert!((slope + 0.01).abs() < 1e-12, "{slope}");
        assert!((level - 64.0).abs() < 1e-9, "{level}");
        assert_eq!(concordance, -1.0);
    }

    #[test]
    fn a_quarter_of_wild_points_does_not_bend_the_line() {
        let wild = |at: f64| ((at / 60.0) as u32).is_multiple_of(4);
        let (Line { slope, level }, _) = line(|at| if wild(at) { 1e6 } else { 100.0 - 0.01 * at });
        assert!((-0.011..=-0.009).contains(&slope), "{slope}");
        assert!((63.0..=65.0).contains(&level), "{level}");
    }

    #[test]
    fn what_stays_has_no_slope() {
        let flat = Line { slope: 0.0, level: 7.0 };
        assert_eq!(line(|_| 7.0), (flat, 0.0));
    }
}
