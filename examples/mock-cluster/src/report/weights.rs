//! How much each strategy was trusted over time.

use super::frame::{BOTTOM, Frame, RIGHT, WIDTH, path};
use super::markup::{escaped, put};
use crate::run::Run;

const HEIGHT: f64 = 200.0;
const TOP: f64 = 14.0;
/// From the line of one name to that of the next.
const NAME: f64 = 14.0;
const DASHES: [&str; 5] = ["none", "8 4", "2 3", "10 3 2 3", "5 5"];

/// Only those that changed are drawn: the others would be one line.
pub(super) fn draw(page: &mut String, run: &Run, frame: &Frame) {
    let changed: Vec<&String> = run
        .weights_before
        .iter()
        .filter(|(strategy, before)| run.weights_after.get(*strategy) != Some(before))
        .map(|(strategy, _)| strategy)
        .collect();
    page.push_str("<h2>What was learned</h2>\n");
    if changed.is_empty() {
        page.push_str("<p id=\"weights\">No strategy's weight changed.</p>\n");
        return;
    }
    let weights = run.weights.iter().flat_map(|(_, weights)| weights.values());
    let highest = weights.map(|weight| weight.get()).fold(1.0, f64::max) * 1.1;
    let bottom = HEIGHT - BOTTOM;
    let y = |weight: f64| bottom - (bottom - TOP) * (weight / highest).clamp(0.0, 1.0);
    frame.begin(
        page,
        "weights",
        HEIGHT,
        "The weights of the strategies that were learned of, over time",
    );
    for weight in [0.0, 1.0] {
        put(
            page,
            format_args!(
                "<text class=\"faint\" x=\"50\" y=\"{:.1}\" text-anchor=\"end\">{weight:.1}</text>\n",
                y(weight) + 4.0
            ),
        );
    }
    let mut name_below = 0.0;
    for (strategy, dashes) in changed.iter().zip(DASHES.iter().cycle()) {
        let known = run
            .weights
            .iter()
            .filter_map(|(at, weights)| Some((*at, weights.get(*strategy)?.get())));
        // A weight holds until the next one.
        let mut steps = Vec::new();
        for (at, weight) in known {
            if let Some(&(_, before)) = steps.last() {
                steps.push((frame.x(at), before));
            }
            steps.push((frame.x(at), y(weight)));
        }
        let Some(&(_, end)) = steps.last() else { continue };
        steps.push((WIDTH - RIGHT, end));
        // Names of lines that end together stand below one another.
        let name = f64::max(end + NAME, name_below);
        name_below = name + NAME;
        put(
            page,
            format_args!(
                "<path class=\"weight line\" stroke-dasharray=\"{dashes}\" d=\"{}\"/>\
                 <path class=\"line\" stroke-dasharray=\"{dashes}\" d=\"M{:.1} {:.1}h28\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                path(steps.into_iter()),
                WIDTH - 230.0,
                name - 4.0,
                WIDTH - 196.0,
                name,
                escaped(strategy)
            ),
        );
    }
    frame.end(page, HEIGHT);
}
