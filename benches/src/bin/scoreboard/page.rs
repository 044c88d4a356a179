//! The result as text, and as a page: self-contained, no script.

use std::fmt::Write as _;
use std::io::{self, Write};

use healing_benches::scoreboard::Score;

use crate::{ByScenario, plot};

const HEADINGS: [&str; 13] = [
    "policy",
    "recovered",
    "median recovery",
    "95 % recovery",
    "median degraded",
    "degraded",
    "actions",
    "undone",
    "harm",
    "false",
    "failed requests",
    "latency",
    "waiting inserts",
];

/// A score in words, under [`HEADINGS`].
fn cells(score: &Score) -> [String; 13] {
    let time = |seconds: Option<f64>| seconds.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds:.0} s"));
    [
        score.policy.to_owned(),
        percent(score.recovered_share),
        time(score.median_recovery_s),
        time(score.p95_recovery_s),
        time(Some(score.median_degraded_s)),
        percent(score.degraded_share),
        score.actions.to_string(),
        score.undone.to_string(),
        score.harm_events.to_string(),
        score.false_remediations.to_string(),
        score.failed_requests.to_string(),
        format!("{:.2} ms", score.latency_ms),
        format!("{:.0}", score.waiting_inserts),
    ]
}

/// Rounded down: 99.97 % is not 100 %.
fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0 + 1e-9).floor() / 10.0)
}

/// Writes both tables.
pub(crate) fn text(output: &mut impl Write, scores: &[&Score], by_scenario: &[ByScenario]) -> io::Result<()> {
    let line = |output: &mut _, first: &str, cells: &[String]| -> io::Result<()> {
        let output: &mut dyn Write = output;
        write!(output, "{first:<24}")?;
        for (cell, heading) in cells.iter().zip(HEADINGS) {
            write!(output, " {cell:>width$}", width = heading.len().max(8))?;
        }
        writeln!(output)
    };
    let incidents = scores.first().map_or(0, |score| score.incidents);
    let mut output: &mut dyn Write = output;
    line(&mut output, "incidents", &HEADINGS.map(str::to_owned))?;
    for score in scores {
        line(&mut output, &incidents.to_string(), &cells(score))?;
    }
    for ByScenario { scenario, score } in by_scenario {
        let name = format!("{} {}", score.incidents, scenario.name());
        line(&mut output, &name, &cells(score))?;
    }
    Ok(())
}

/// The whole page.
pub(crate) fn html(seed: u64, scores: &[&Score], by_scenario: &[ByScenario]) -> String {
    let incidents = scores.first().map_or(0, |score| score.incidents);
    let mut page = String::from(HEAD);
    put(
        &mut page,
        format_args!("<p>{incidents} incidents, each after a quiet hour and watched for an hour. Seed {seed}.</p>\n"),
    );
    table(&mut page, "", scores.iter().map(|score| (String::new(), *score)));
    page.push_str("<h2>Degraded clusters since the fault</h2>\n");
    page.push_str(&plot::svg(scores));
    page.push_str("<h2>By what struck</h2>\n");
    let rows = by_scenario
        .iter()
        .map(|row| (row.scenario.name().to_owned(), &row.score));
    table(&mut page, "fault", rows);
    page.push_str("</body>\n</html>\n");
    page
}

fn table<'a>(page: &mut String, first: &str, rows: impl Iterator<Item = (String, &'a Score)>) {
    put(page, format_args!("<table>\n<tr><th>{first}</th>"));
    for heading in HEADINGS {
        put(page, format_args!("<th>{heading}</th>"));
    }
    page.push_str("</tr>\n");
    for (name, score) in rows {
        put(page, format_args!("<tr><td>{name}</td>"));
        for cell in cells(score) {
            put(page, format_args!("<td>{cell}</td>"));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = page.write_fmt(text);
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<title>What healing is worth</title>\n<style>
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
:root { color-scheme: light dark; }
svg { display: block; max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { svg { filter: invert(1); } }
table { border-collapse: collapse; } th, td { text-align: right; padding: .2rem .7rem .2rem 0; }
th { border-bottom: 1px solid #767676; } th:first-child, td:first-child { text-align: left; }
</style>\n</head>\n<body>\n<h1>What healing is worth</h1>\n";
