//! How long a tracker takes to learn what a store holds when a healer starts, and how much memory it then needs.
//!
//! What is wanted: a million outcomes are learned in two seconds, and what is held of them does not grow with their number.
//! `--check` fails where learning takes more than twice as long as making up and recording the same outcomes did in the same run, both
//! by the time on the processor (it takes about as long): a slow or busy machine is slow at both, and seconds say little there.

mod history;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use healing_benches::ending::ended;
use healing_benches::{cpu_time, resident};
use healing_core::identity::InvalidName;
use healing_core::storage::{MemoryStorage, OutcomeError, OutcomeStore, RedbError, RedbStorage};
use healing_core::{Learner, VirtualClock};
use healing_learn::OutcomeTracker;

use crate::history::History;

/// Measures the start of a tracker on a long history.
#[derive(Debug, Parser)]
#[command(name = "learn-load", version)]
struct Arguments {
    /// Outcomes in the store
    #[arg(long, default_value_t = 1_000_000)]
    outcomes: u64,

    /// Collections that they are of
    #[arg(long, default_value_t = 20)]
    collections: u64,

    /// Keep them in this file, or use those that it holds already; in memory without it
    #[arg(long)]
    file: Option<PathBuf>,

    /// Fail where that takes more time or memory than it may
    #[arg(long)]
    check: bool,
}

/// Learning what is in the store may take so many times as long as recording it.
const MOST_TIMES: u32 = 2;
/// What is held afterwards may be so much, however long the history: some KiB for each strategy, kind and collection, and a
/// page of the store.
const MOST_BYTES: u64 = 8 << 20;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot write the result: {0}")]
    Unwritable(#[from] io::Error),
    #[error("the store failed: {0}")]
    Store(#[from] OutcomeError),
    #[error("the store cannot be opened: {0}")]
    Closed(#[from] RedbError),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("learning took {} s, more than {MOST_TIMES} times the {} s that recording took", learning.as_secs_f64(), recording.as_secs_f64())]
    TooSlow { learning: Duration, recording: Duration },
    #[error("the file held its outcomes already, and --check goes by how long recording takes: name a new one")]
    NothingRecorded,
    #[error("what was learned takes {0} bytes, more than {MOST_BYTES}")]
    TooMuch(u64),
}

fn main() -> ExitCode {
    ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let clock = Arc::new(VirtualClock::default());
    let store: Box<dyn OutcomeStore> = match &arguments.file {
        Some(path) => Box::new(RedbStorage::open_or_create(path, clock.clone())?),
        None => Box::new(MemoryStorage::new(clock.clone())),
    };
    let mut recording = None;
    if store.outcomes(None, 1)?.is_empty() {
        let busy_before = cpu_time::of_thread()?;
        for outcome in History::new(arguments.outcomes, arguments.collections)? {
            store.record(&outcome)?;
        }
        recording = Some(cpu_time::of_thread()?.saturating_sub(busy_before));
    }
    let before = resident::now()?;
    let (began, busy_before) = (Instant::now(), cpu_time::of_thread()?);
    let tracker = OutcomeTracker::load(&*store, clock)?;
    let (took, busy) = (began.elapsed(), cpu_time::of_thread()?.saturating_sub(busy_before));
    let held = resident::now()?.saturating_sub(before);
    let report = serde_json::to_string(&tracker.effectiveness())?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} outcomes of {} collections learned in {:.2} s, of which {:.2} s on the processor: {:.2} us each",
        arguments.outcomes,
        arguments.collections,
        took.as_secs_f64(),
        busy.as_secs_f64(),
        busy.as_secs_f64() * 1e6 / arguments.outcomes as f64,
    )?;
    writeln!(
        out,
        "the process holds {} KiB more than before; the report has {} bytes",
        held / 1024,
        report.len()
    )?;
    match recording {
        Some(recording) => {
            writeln!(
                out,
                "learning took {:.2} times as long as recording",
                busy.as_secs_f64() / recording.as_secs_f64()
            )?;
            if arguments.check && busy > recording * MOST_TIMES {
                return Err(Failure::TooSlow {
                    learning: busy,
                    recording,
                });
            }
        }
        None if arguments.check => return Err(Failure::NothingRecorded),
        None => {}
    }
    if arguments.check && held > MOST_BYTES {
        return Err(Failure::TooMuch(held));
    }
    Ok(())
}
