//! What was done: a lane for each remediation with its steps, and a table of what came of it.

use healing_core::engine::{EventKind, RemediationState};
use healing_core::{Remediation, Timestamp};

use super::frame::{BOTTOM, Frame, LEFT};
use super::markup::{escaped, put};
use crate::run::Run;
use crate::story;

const LANE: f64 = 34.0;
const TOP: f64 = 8.0;

pub(super) fn draw(page: &mut String, run: &Run, frame: &Frame) {
    let remediations = run.remediations();
    page.push_str(
        "<h2>Remediations</h2>\n<p>Bars from the beginning to the end; <b>|</b> a step begins, <b>&#10003;</b> verified, \
         <b>&#8617;</b> taken back, <b>&hellip;</b> waits for an approval, <b>&#10007;</b> could not be taken back or did not help.</p>\n",
    );
    let height = TOP + LANE * remediations.len().max(1) as f64 + BOTTOM;
    frame.begin(
        page,
        "remediations",
        height,
        "The remediations over time, with their steps and their ends",
    );
    for (lane, remediation) in remediations.iter().enumerate() {
        draw_lane(page, run, frame, remediation, TOP + LANE * lane as f64);
    }
    if remediations.is_empty() {
        put(
            page,
            format_args!(
                "<text x=\"{}\" y=\"{}\">nothing was done</text>\n",
                LEFT + 10.0,
                TOP + 20.0
            ),
        );
    }
    frame.end(page, height);
}

fn draw_lane(page: &mut String, run: &Run, frame: &Frame, remediation: &Remediation, top: f64) {
    let states = run.events.iter().filter_map(|event| match &event.kind {
        EventKind::Remediation(entered) if entered.id == remediation.id => Some((event.at, &entered.state)),
        _ => None,
    });
    let states: Vec<(Timestamp, &RemediationState)> = states.collect();
    let Some((ended_at, last)) = states.last().copied() else {
        return;
    };
    let (from, to) = (frame.x(remediation.started_at), frame.x(ended_at));
    put(
        page,
        format_args!(
            "<g class=\"remediation\"><rect class=\"box\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"16\"/>\n",
            top + 4.0,
            (to - from).max(3.0)
        ),
    );
    for (at, state) in &states {
        if let RemediationState::Executing { .. } = state {
            let x = frame.x(*at);
            put(
                page,
                format_args!("<path class=\"step axis\" d=\"M{x:.1} {:.1}v16\"/>\n", top + 4.0),
            );
        }
    }
    let mark = match last {
        RemediationState::Completed { verification, .. } if verification.is_verified() => "&#10003;",
        RemediationState::RolledBack { .. } => "&#8617;",
        RemediationState::AwaitingApproval { .. } => "&hellip;",
        RemediationState::Completed { .. } | RemediationState::RollbackFailed { .. } => "&#10007;",
        _ => "",
    };
    put(
        page,
        format_args!(
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{mark} {}</text></g>\n",
            to + 6.0,
            top + 17.0,
            escaped(&remediation.plan.strategy)
        ),
    );
}

/// Each remediation, what it was for and what came of it.
pub(super) fn table(page: &mut String, run: &Run) {
    page.push_str(
        "<table id=\"outcomes\"><tr><th>remediation</th><th>problem</th><th>plan</th><th class=\"number\">steps</th>\
         <th class=\"number\">predicted</th><th>what came of it</th></tr>\n",
    );
    for remediation in run.remediations() {
        let predicted = remediation.prediction.as_ref();
        let predicted = predicted.map_or_else(|| "-".to_owned(), |it| format!("{:.0}", it.lambda_after.get()));
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{} of {}</td><td class=\"number\">{predicted}</td>\
                 <td>{}</td></tr>\n",
                escaped(&remediation.id.to_string()),
                remediation.diagnosis.problem.kind(),
                escaped(&remediation.plan.summary),
                remediation.state.begun(),
                remediation.plan.steps.len(),
                escaped(&story::outcome_in_words(remediation)),
            ),
        );
    }
    page.push_str("</table>\n");
}
