//! What all panels share: their width, and time along it.

use std::fmt::Write as _;

use healing_core::Timestamp;

use super::markup::put;
use crate::run::Run;

pub(super) const WIDTH: f64 = 960.0;
pub(super) const LEFT: f64 = 56.0;
pub(super) const RIGHT: f64 = 30.0;
/// Below a panel: the minutes.
pub(super) const BOTTOM: f64 = 24.0;

/// Time from the left to the right.
pub(super) struct Frame {
    began_at: Timestamp,
    seconds: f64,
}

impl Frame {
    pub(super) fn of(run: &Run) -> Self {
        let end = run.samples.last().map_or(run.began_at, |last| last.at);
        Self {
            began_at: run.began_at,
            seconds: end.duration_since(run.began_at).as_secs_f64().max(1.0),
        }
    }

    /// Where a moment is, in a panel's units.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let share = at.duration_since(self.began_at).as_secs_f64() / self.seconds;
        LEFT + (WIDTH - LEFT - RIGHT) * share.clamp(0.0, 1.0)
    }

    /// Begins a panel of this height, named for those who cannot see it.
    pub(super) fn begin(&self, page: &mut String, id: &str, height: f64, label: &str) {
        put(
            page,
            format_args!("<svg id=\"{id}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">\n"),
        );
    }

    /// The axes of a panel, the minutes along the lower one, and ends it.
    pub(super) fn end(&self, page: &mut String, height: f64) {
        let (right, bottom) = (WIDTH - RIGHT, height - BOTTOM);
        put(
            page,
            format_args!("<path class=\"axis\" d=\"M{LEFT} 8V{bottom}H{right}\"/>\n"),
        );
        let minutes = self.seconds / 60.0;
        let step = (minutes / 6.0).ceil().max(1.0);
        let mut minute = 0.0;
        while minute <= minutes + 0.01 {
            let x = LEFT + (right - LEFT) * minute / minutes;
            put(
                page,
                format_args!(
                    "<text class=\"faint\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{minute:.0} min</text>\n",
                    bottom + 16.0
                ),
            );
            minute += step;
        }
        page.push_str("</svg>\n");
    }
}

/// The path through these points, as a line's `d`.
pub(super) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        let written = write!(path, "{verb}{x:.1} {y:.1}");
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    path
}
