//! The share of degraded clusters over the time since the fault; lines told apart by their dashes, in black and white too.

use std::fmt::Write;

use healing_benches::scoreboard::{LOOK, Score, WATCHED};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 44.0;

/// An SVG of all scores.
pub(crate) fn svg(scores: &[&Score]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    axes(&mut svg);
    let mut lowest_label = f64::INFINITY;
    let mut ends: Vec<&Score> = scores.to_vec();
    ends.sort_by(|one, other| end_of(one).total_cmp(&end_of(other)));
    for score in ends {
        line(&mut svg, score);
        // No name over another.
        let label = (y(end_of(score)) + 4.0).min(lowest_label - 14.0);
        lowest_label = label;
        put(
            &mut svg,
            format_args!(
                "<text x=\"{}\" y=\"{label:.1}\">{}</text>\n",
                WIDTH - RIGHT + 6.0,
                score.policy
            ),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    put(
        svg,
        format_args!("<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n"),
    );
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        put(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>\n",
                LEFT - 6.0,
                y(part) + 4.0,
                part * 100.0
            ),
        );
        put(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{:.0}</text>\n",
                LEFT + (right - LEFT) * part,
                bottom + 17.0,
                WATCHED.as_secs_f64() / 60.0 * part
            ),
        );
    }
    put(
        svg,
        format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">minutes since the fault; degraded clusters upwards</text>\n",
            f64::midpoint(LEFT, right),
            bottom + 35.0
        ),
    );
}

fn line(svg: &mut String, score: &Score) {
    let point = |(look, share): (usize, &f64)| {
        let seconds = LOOK.as_secs_f64() * (look + 1) as f64;
        let x = LEFT + (WIDTH - RIGHT - LEFT) * seconds / WATCHED.as_secs_f64();
        format!("{x:.1},{:.1} ", y(*share))
    };
    let points: String = score.degraded_at.iter().enumerate().map(point).collect();
    let (dashes, width) = match score.policy {
        "default" => ("none", 2.4),
        "original" => ("8 4", 1.4),
        _ => ("2 3", 1.4),
    };
    put(
        svg,
        format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"black\" stroke-width=\"{width}\" stroke-dasharray=\"{dashes}\"/>\n",
            points.trim_end()
        ),
    );
}

fn end_of(score: &Score) -> f64 {
    score.degraded_at.last().copied().unwrap_or(0.0)
}

fn y(share: f64) -> f64 {
    let bottom = HEIGHT - BOTTOM;
    bottom - (bottom - TOP) * share.clamp(0.0, 1.0)
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = svg.write_fmt(text);
}
