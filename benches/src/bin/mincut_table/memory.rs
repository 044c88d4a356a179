//! The most memory that a solve takes beyond its graph.

use std::fmt;
use std::io;

use healing_benches::families::{Instance, ten_million_edges};
use healing_mincut::{all_minimum_cuts, minimum_cut};
use serde::Serialize;

use crate::Failure;

/// What the system counted, in bytes an edge.
#[derive(Debug, Serialize)]
pub(crate) struct MemoryRow {
    instance: String,
    m: usize,
    /// The graph with all else that the process holds.
    resident_bytes_an_edge: f64,
    minimum_cut_bytes_an_edge: f64,
    all_minimum_cuts_bytes_an_edge: f64,
}

impl MemoryRow {
    pub(crate) fn measure() -> Result<Self, Failure> {
        let Instance { name, graph } = ten_million_edges()?;
        let m = graph.edges();
        let an_edge = |bytes: u64| bytes as f64 / m as f64;
        let resident = current()?;
        let one = beyond(|| minimum_cut(&graph))?;
        let all = beyond(|| all_minimum_cuts(&graph))?;
        Ok(Self {
            instance: name,
            m,
            resident_bytes_an_edge: an_edge(resident),
            minimum_cut_bytes_an_edge: an_edge(one),
            all_minimum_cuts_bytes_an_edge: an_edge(all),
        })
    }
}

/// By how much the run raised the resident memory at its peak.
fn beyond<T>(run: impl FnOnce() -> T) -> Result<u64, Failure> {
    let before = current()?;
    // Sets the peak back to what is resident now.
    std::fs::write("/proc/self/clear_refs", "5").map_err(Failure::NoMemoryCount)?;
    let result = run();
    let peak = status("VmHWM:")?;
    drop(result);
    Ok(peak.saturating_sub(before))
}

fn current() -> Result<u64, Failure> {
    status("VmRSS:")
}

/// A line of what Linux tells a process about itself, in bytes.
fn status(key: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(Failure::NoMemoryCount)?;
    let kibibytes = status.lines().find_map(|line| {
        line.strip_prefix(key)?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>()
            .ok()
    });
    let missing = || Failure::NoMemoryCount(io::Error::other(format!("no {key} in /proc/self/status")));
    Ok(kibibytes.ok_or_else(missing)? * 1024)
}

impl fmt::Display for MemoryRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}, {} edges", self.instance, self.m)?;
        writeln!(
            out,
            "resident with the graph       {:>6.1} bytes an edge",
            self.resident_bytes_an_edge
        )?;
        writeln!(
            out,
            "minimum_cut, beyond that      {:>6.1} bytes an edge",
            self.minimum_cut_bytes_an_edge
        )?;
        write!(
            out,
            "all_minimum_cuts, beyond that {:>6.1} bytes an edge",
            self.all_minimum_cuts_bytes_an_edge
        )
    }
}
