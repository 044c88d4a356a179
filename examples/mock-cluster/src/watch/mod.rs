//! The live view: clusters going on in real time, and keys to step in.

mod board;
mod order;
mod screen;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use mock_cluster::Scenario;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use self::board::Board;
use self::order::Order;
use crate::arguments::Arguments;
use crate::lines::in_a_line;
use crate::live::{Live, LiveError, later};

/// What ends watching.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// How often the screen is drawn at least.
const FRAME: Duration = Duration::from_millis(100);

/// Shows the clusters until the user has seen enough; off a terminal, one of them in plain lines until the story's end.
pub(crate) fn watch(arguments: &Arguments, output: &mut dyn Write) -> Result<(), WatchError> {
    if !io::stdout().is_terminal() {
        return tell(arguments, output);
    }
    let mut board = Board::new(arguments)?;
    let mut terminal = ratatui::try_init()?;
    let result = show(&mut board, &mut terminal, arguments.speed.get());
    ratatui::try_restore()?;
    result
}

fn show(board: &mut Board, terminal: &mut ratatui::DefaultTerminal, speed: f64) -> Result<(), WatchError> {
    let began = Instant::now();
    loop {
        board.go_on_for(began.elapsed().mul_f64(speed))?;
        terminal.draw(|frame| screen::draw(frame, board))?;
        if !event::poll(FRAME)? {
            continue;
        }
        match event::read()? {
            Event::Key(key) if key.kind == KeyEventKind::Press => match order_of(key) {
                Some(Order::Quit) => return Ok(()),
                Some(order) => board.carry_out(order),
                None => {}
            },
            _ => {}
        }
    }
}

fn order_of(key: KeyEvent) -> Option<Order> {
    Some(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Order::Quit,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Order::Quit,
        KeyCode::Up | KeyCode::Char('k') => Order::SelectPrevious,
        KeyCode::Down | KeyCode::Char('j') => Order::SelectNext,
        KeyCode::Char('f') => Order::Inject,
        KeyCode::Char('a') => Order::Approve,
        KeyCode::Char('r') => Order::Reject,
        KeyCode::Char('x') => Order::Abort,
        KeyCode::Char('z') => Order::FreezeOrThaw,
        _ => return None,
    })
}

/// The story in plain lines, as fast as it goes.
fn tell(arguments: &Arguments, output: &mut dyn Write) -> Result<(), WatchError> {
    let mut live = Live::begin(arguments, None)?;
    let end = later(live.began_at, Scenario::DURATION);
    while live.wake_at() <= end {
        for event in live.tick()? {
            if let Some(line) = in_a_line(&event, live.began_at) {
                writeln!(output, "{line}")?;
            }
        }
    }
    output.flush()?;
    Ok(())
}
