//! What the terminal shows.

use healing_core::monitor::IntegrityState;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Sparkline};

use super::board::{Board, Patient};
use super::order::KEYS;

/// Lines of the screen that a cluster takes.
const PATIENT: u16 = 5;

pub(super) fn draw(frame: &mut Frame<'_>, board: &Board) {
    let patients = u16::try_from(board.patients.len()).unwrap_or(u16::MAX);
    let rows = Layout::vertical([
        Constraint::Length(PATIENT.saturating_mul(patients)),
        Constraint::Min(3),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [patients, happened, answer, keys] = rows.areas(frame.area());
    let areas = Layout::vertical(board.patients.iter().map(|_| Constraint::Length(PATIENT))).split(patients);
    for (number, (patient, area)) in board.patients.iter().zip(areas.iter()).enumerate() {
        draw_patient(frame, patient, *area, number == board.selected);
    }
    draw_lines(frame, board, happened);
    frame.render_widget(Paragraph::new(board.answer.as_str()), answer);
    frame.render_widget(
        Paragraph::new(KEYS).style(Style::new().add_modifier(Modifier::DIM)),
        keys,
    );
}

fn draw_patient(frame: &mut Frame<'_>, patient: &Patient, area: Rect, selected: bool) {
    let report = patient.live.healer.report(patient.live.cluster.collection());
    let lambda = report.map_or_else(String::new, |report| format!("lambda {:.0}", report.lambda.get()));
    let baseline = report
        .and_then(|report| report.baseline)
        .map_or_else(String::new, |baseline| format!(" of {:.0}", baseline.get()));
    // The state is a word and a mark, so that colour is never all there is.
    let (mark, colour) = match patient.state() {
        IntegrityState::Normal => (' ', Color::Reset),
        IntegrityState::Stress => ('!', Color::Yellow),
        IntegrityState::Critical => ('‼', Color::Red),
    };
    let pointer = if selected { '▶' } else { ' ' };
    let title = Line::from(vec![
        Span::raw(format!("{pointer} {} ", patient.live.cluster.collection())),
        Span::styled(format!("{mark}{} ", patient.state()), Style::new().fg(colour)),
        Span::raw(format!("{lambda}{baseline} ")),
    ]);
    let block = Block::bordered().title(title);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let [curve, treatment] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(inside);
    let width = usize::from(curve.width);
    let newest = patient.lambdas.iter().skip(patient.lambdas.len().saturating_sub(width));
    let bars: Vec<u64> = newest.map(|lambda| bar(*lambda)).collect();
    frame.render_widget(Sparkline::default().data(bars), curve);
    frame.render_widget(Paragraph::new(patient.treatment()), treatment);
}

fn draw_lines(frame: &mut Frame<'_>, board: &Board, area: Rect) {
    let block = Block::bordered().title("what happened");
    let height = usize::from(block.inner(area).height);
    let newest = board.lines.iter().skip(board.lines.len().saturating_sub(height));
    let lines: Vec<Line<'_>> = newest.map(|line| Line::from(line.as_str())).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bar's height; a cast from f64 saturates"
)]
fn bar(lambda: f64) -> u64 {
    lambda.round() as u64
}
