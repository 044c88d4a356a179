//! Lambda over time with its thresholds, the state below it, and the cuts that were weakest.

use healing_core::Lambda;
use healing_core::monitor::IntegrityState;

use super::frame::{BOTTOM, Frame, path};
use super::markup::{escaped, put};
use crate::run::{Run, Sample};

const HEIGHT: f64 = 280.0;
const TOP: f64 = 14.0;
/// The band of states, above the minutes.
const BAND: f64 = 18.0;

pub(super) fn draw(page: &mut String, run: &Run, frame: &Frame) {
    let highest = run
        .samples
        .iter()
        .flat_map(|sample| [Some(sample.lambda), sample.baseline])
        .flatten()
        .map(Lambda::get)
        .fold(1.0, f64::max)
        * 1.05;
    let bottom = HEIGHT - BOTTOM - BAND;
    let y = |lambda: f64| bottom - (bottom - TOP) * (lambda / highest).clamp(0.0, 1.0);
    frame.begin(
        page,
        "lambda",
        HEIGHT,
        "Lambda over time, its thresholds, and the integrity state below",
    );
    for part in [0.0, 0.5, 1.0] {
        let lambda = highest / 1.05 * part;
        put(
            page,
            format_args!(
                "<text class=\"faint\" x=\"50\" y=\"{:.1}\" text-anchor=\"end\">{lambda:.0}</text>\n",
                y(lambda) + 4.0
            ),
        );
    }
    let curve = |value: fn(&Sample) -> Option<f64>| {
        let known = run
            .samples
            .iter()
            .filter_map(|sample| Some((sample.at, value(sample)?)));
        path(known.map(|(at, lambda)| (frame.x(at), y(lambda))))
    };
    let baseline = curve(|sample| Some(sample.baseline?.get()));
    let stress = curve(|sample| Some(sample.stress_threshold?.get()));
    let critical = curve(|sample| Some(sample.critical_threshold?.get()));
    let lambda = curve(|sample| Some(sample.lambda.get()));
    put(
        page,
        format_args!(
            "<path id=\"baseline\" class=\"calm\" stroke-dasharray=\"8 4\" d=\"{baseline}\"/>\n\
             <path id=\"stress-threshold\" class=\"alarm\" stroke-dasharray=\"5 3\" d=\"{stress}\"/>\n\
             <path id=\"critical-threshold\" class=\"alarm\" stroke-dasharray=\"2 3\" d=\"{critical}\"/>\n\
             <path id=\"lambda-line\" class=\"line\" d=\"{lambda}\"/>\n"
        ),
    );
    for pair in run.samples.windows(2) {
        let [sample, next] = pair else { continue };
        let pattern = match sample.state {
            IntegrityState::Normal => continue,
            IntegrityState::Stress => "stress",
            IntegrityState::Critical => "critical",
        };
        let (from, to) = (frame.x(sample.at), frame.x(next.at));
        put(
            page,
            format_args!(
                "<rect class=\"state\" x=\"{from:.1}\" y=\"{bottom}\" width=\"{:.1}\" height=\"{BAND}\" fill=\"url(#{pattern})\"/>\n",
                to - from
            ),
        );
    }
    if let (Some(at), Some(injection)) = (run.struck_at(), run.injection) {
        let x = frame.x(at);
        put(
            page,
            format_args!(
                "<g id=\"fault\"><path class=\"axis\" stroke-dasharray=\"1 3\" d=\"M{x:.1} {TOP}V{bottom}\"/>\
                 <path class=\"ink\" d=\"M{:.1} {bottom}l6 -12l6 12z\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>\n",
                x - 6.0,
                x + 8.0,
                bottom - 4.0,
                escaped(&injection.fault.to_string())
            ),
        );
    }
    frame.end(page, HEIGHT);
}

/// The weakest cuts in the sample in which lambda was lowest.
pub(super) fn weakest_table(page: &mut String, run: &Run) {
    let Some(worst) = run.samples.iter().min_by_key(|sample| sample.lambda) else {
        return;
    };
    let minutes = worst.at.duration_since(run.began_at).as_secs_f64() / 60.0;
    put(
        page,
        format_args!(
            "<h2>The weakest cuts when lambda was lowest, {minutes:.1} minutes in</h2>\n\
             <table id=\"weakest\"><tr><th>around</th><th class=\"number\">value</th><th class=\"number\">healthy</th>\
             <th class=\"number\">left</th></tr>\n"
        ),
    );
    for cut in &worst.weakest {
        let healthy = cut
            .baseline
            .map_or_else(|| "-".to_owned(), |it| format!("{:.0}", it.get()));
        let left = cut
            .share_left()
            .map_or_else(|| "-".to_owned(), |it| format!("{:.0} %", it * 100.0));
        let around: Vec<String> = cut.side.iter().take(4).map(ToString::to_string).collect();
        let more = cut.side.len().saturating_sub(around.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        put(
            page,
            format_args!(
                "<tr><td>{}{more}</td><td class=\"number\">{:.0}</td><td class=\"number\">{healthy}</td>\
                 <td class=\"number\">{left}</td></tr>\n",
                escaped(&around.join(", ")),
                cut.value.get()
            ),
        );
    }
    page.push_str("</table>\n");
}
