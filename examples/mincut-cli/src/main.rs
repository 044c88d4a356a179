//! Prints the minimum cut of a graph file, or other cuts of it.

mod answer;
mod arguments;
mod replay;
mod report;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use healing_mincut::{Graph, PairError, all_minimum_cuts, minimum_cut, minimum_st_cut, weakest_cuts};
use mincut_cli::{Format, NodeNumbers, parse, parse_updates};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::replay::{Impossible, Replay};
use crate::report::Report;

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read {file}: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Malformed {
        file: String,
        source: mincut_cli::ParseError,
    },
    #[error("{file}: {source}")]
    NoGraph {
        file: String,
        source: healing_mincut::GraphError,
    },
    #[error("{file}: {source}")]
    Impossible { file: String, source: Impossible },
    #[error("{file} has no node {number}: --st takes two of the numbers in it")]
    NoSuchNode { file: String, number: u32 },
    #[error("--st {0} {0}: no cut separates a node from itself, give two different ones")]
    SameNode(u32),
    #[error(transparent)]
    NoPair(#[from] PairError),
    #[error("cannot write the result: {0}")]
    Unwritable(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough.
        Err(Failure::Unwritable(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            match failure {
                Failure::Unreadable { .. } | Failure::NoSuchNode { .. } | Failure::SameNode(_) | Failure::NoPair(_) => {
                    ExitCode::from(2)
                }
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let file = || arguments.file.display().to_string();
    let load_started = Instant::now();
    let bytes = std::fs::read(&arguments.file).map_err(|source| Failure::Unreadable { file: file(), source })?;
    let format = arguments.format.map_or_else(|| Format::detect(&bytes), Format::from);
    let graph_file = parse(&bytes, format).map_err(|source| Failure::Malformed { file: file(), source })?;
    drop(bytes);
    let graph = graph_file
        .to_graph()
        .map_err(|source| Failure::NoGraph { file: file(), source })?;
    let load = load_started.elapsed();
    if let Some(stream) = &arguments.updates {
        return replay(arguments, &graph, &graph_file.numbers, stream);
    }

    let numbers = &graph_file.numbers;
    let pair = arguments.st.as_deref().map(|pair| find_pair(pair, numbers, file));
    let pair = pair.transpose()?;
    let solve_started = Instant::now();
    let answer = answer(arguments, &graph, pair)?;
    let solve = solve_started.elapsed();

    let report = Report {
        graph: &graph,
        numbers,
        answer: &answer,
        load,
        solve,
    };
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", report.to_json())?;
    } else {
        write!(output, "{report}")?;
    }
    output.flush()?;
    Ok(())
}

fn replay(arguments: &Arguments, graph: &Graph, numbers: &NodeNumbers, stream: &Path) -> Result<(), Failure> {
    let file = || stream.display().to_string();
    let bytes = std::fs::read(stream).map_err(|source| Failure::Unreadable { file: file(), source })?;
    let updates = parse_updates(&bytes, numbers).map_err(|source| Failure::Malformed { file: file(), source })?;
    drop(bytes);
    let replay =
        Replay::run(graph, numbers, &updates).map_err(|source| Failure::Impossible { file: file(), source })?;
    let mut output = std::io::stdout().lock();
    match (arguments.json, arguments.quiet) {
        (true, true) => writeln!(output, "{}", replay.summary_to_json())?,
        (true, false) => writeln!(output, "{}", replay.to_json())?,
        (false, true) => write!(output, "{}", replay.summary())?,
        (false, false) => write!(output, "{}", replay.values())?,
    }
    output.flush()?;
    Ok(())
}

/// The two nodes of the file's numbers that `--st` names.
fn find_pair(pair: &[u32], numbers: &NodeNumbers, file: impl Fn() -> String) -> Result<[u32; 2], Failure> {
    let mut nodes = [0; 2];
    for (node, &number) in nodes.iter_mut().zip(pair) {
        *node = numbers
            .node(number)
            .ok_or_else(|| Failure::NoSuchNode { file: file(), number })?;
    }
    match pair {
        &[u, v] if u == v => Err(Failure::SameNode(u)),
        _ => Ok(nodes),
    }
}

fn answer<'g>(arguments: &Arguments, graph: &'g Graph, pair: Option<[u32; 2]>) -> Result<Answer<'g>, Failure> {
    Ok(if let Some([s, t]) = pair {
        Answer::Between {
            pair: [s, t],
            cut: minimum_st_cut(graph, s, t)?,
        }
    } else if let Some(k) = arguments.weakest {
        Answer::Weakest(weakest_cuts(graph, k as usize))
    } else if arguments.all {
        Answer::All(all_minimum_cuts(graph))
    } else {
        Answer::Minimum(minimum_cut(graph))
    })
}
