//! The curves as a picture: one panel an environment, lines told apart by their dashes, so that it reads in black and white.

use std::fmt::Write;

use crate::summary::Row;

const PANEL_WIDTH: f64 = 380.0;
const PANEL_HEIGHT: f64 = 250.0;
const COLUMNS: usize = 2;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 36.0;
const LEGEND: f64 = 40.0;

/// At most so many points a line: more could not be seen.
const POINTS: usize = 100;

/// An SVG of all rows, those of one environment in one panel, in their order.
pub(crate) fn svg(rows: &[Row]) -> String {
    let panels: Vec<&[Row]> = rows
        .chunk_by(|one, other| one.environment == other.environment)
        .collect();
    let lines = panels.len().div_ceil(COLUMNS);
    let width = COLUMNS as f64 * PANEL_WIDTH;
    let height = LEGEND + lines as f64 * PANEL_HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    legend(&mut svg, panels.first().copied().unwrap_or_default());
    for (index, panel) in panels.iter().enumerate() {
        let x = (index % COLUMNS) as f64 * PANEL_WIDTH;
        let y = LEGEND + (index / COLUMNS) as f64 * PANEL_HEIGHT;
        add(&mut svg, format_args!("<g transform=\"translate({x} {y})\">\n"));
        draw_panel(&mut svg, panel);
        add(&mut svg, format_args!("</g>\n"));
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, rows: &[Row]) {
    let mut x = LEFT;
    for row in rows {
        let (dashes, width) = style(row.policy);
        add(
            svg,
            format_args!(
                "<line x1=\"{x}\" y1=\"20\" x2=\"{}\" y2=\"20\" stroke=\"black\" stroke-width=\"{width}\" \
                 stroke-dasharray=\"{dashes}\"/><text x=\"{}\" y=\"24\">{}</text>\n",
                x + 40.0,
                x + 46.0,
                row.policy
            ),
        );
        x += 130.0;
    }
}

fn draw_panel(svg: &mut String, rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let rounds = first.curve.len();
    let highest = rows.iter().map(|row| row.high).fold(1.0, f64::max);
    let (right, bottom) = (PANEL_WIDTH - RIGHT, PANEL_HEIGHT - BOTTOM);
    let at = |round: usize| LEFT + (right - LEFT) * round as f64 / rounds.max(1) as f64;
    let height = |regret: f64| bottom - (bottom - TOP) * (regret / highest).clamp(0.0, 1.0);

    let kind = if first.stationary {
        "stationary"
    } else {
        "not stationary"
    };
    let title = format!("{} ({kind})", first.environment.replace('_', " "));
    add(
        svg,
        format_args!("<text x=\"{LEFT}\" y=\"22\" font-weight=\"bold\">{title}</text>\n"),
    );
    add(
        svg,
        format_args!("<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n"),
    );
    for part in [0.0, 0.5, 1.0] {
        let (value, y) = (highest * part, height(highest * part));
        add(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value:.0}</text>\n",
                LEFT - 5.0,
                y + 4.0
            ),
        );
        let round = (rounds as f64 * part).round();
        let x = LEFT + (right - LEFT) * part;
        add(
            svg,
            format_args!(
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{round}</text>\n",
                bottom + 15.0
            ),
        );
    }
    add(
        svg,
        format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">incidents; regret upwards</text>\n",
            f64::midpoint(LEFT, right),
            bottom + 29.0
        ),
    );
    for row in rows {
        draw_curve(svg, row, at, height);
    }
    label_ends(svg, rows, right, height);
}

fn draw_curve(svg: &mut String, row: &Row, at: impl Fn(usize) -> f64, height: impl Fn(f64) -> f64) {
    let step = row.curve.len().div_ceil(POINTS).max(1);
    let mut shown: Vec<usize> = (0..row.curve.len()).step_by(step).collect();
    shown.extend(row.curve.len().checked_sub(1));
    shown.dedup();
    let points = |offset: f64, rounds: &mut dyn Iterator<Item = usize>| -> String {
        let point = |round: usize| {
            let mean = &row.curve[round];
            format!(
                "{:.1},{:.1} ",
                at(round + 1),
                height(mean.mean + offset * mean.half_width)
            )
        };
        rounds.map(point).collect()
    };
    let band = points(1.0, &mut shown.iter().copied()) + &points(-1.0, &mut shown.iter().rev().copied());
    add(
        svg,
        format_args!(
            "<polygon points=\"{}\" fill=\"black\" fill-opacity=\"0.08\"/>\n",
            band.trim_end()
        ),
    );
    let (dashes, width) = style(row.policy);
    add(
        svg,
        format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"black\" stroke-width=\"{width}\" \
             stroke-dasharray=\"{dashes}\"/>\n",
            points(0.0, &mut shown.iter().copied()).trim_end()
        ),
    );
}

/// The name of each policy where its line ends, none over another.
fn label_ends(svg: &mut String, rows: &[Row], right: f64, height: impl Fn(f64) -> f64) {
    const LINE: f64 = 12.0;
    let mut ends: Vec<(f64, &str)> = rows.iter().map(|row| (height(row.regret) + 4.0, row.policy)).collect();
    ends.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut below = f64::INFINITY;
    for (y, policy) in ends {
        let y = y.min(below - LINE);
        below = y;
        add(
            svg,
            format_args!("<text x=\"{}\" y=\"{y:.1}\">{policy}</text>\n", right + 5.0),
        );
    }
}

/// Dashes and width of a policy's line.
fn style(policy: &str) -> (&'static str, f64) {
    match policy {
        "default" => ("none", 2.4),
        "original" => ("8 4", 1.4),
        "greedy" => ("2 3", 1.4),
        "epsilon" => ("10 3 2 3", 1.4),
        _ => ("none", 0.8),
    }
}

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = svg.write_fmt(text);
}
