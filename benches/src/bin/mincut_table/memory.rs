//! The most memory that a solve takes beyond its graph.

use std::fmt;

use healing_benches::families::{Instance, ten_million_edges};
use healing_benches::resident;
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
        let resident = resident::now().map_err(Failure::NoMemoryCount)?;
        let (_, one) = resident::beyond(|| minimum_cut(&graph)).map_err(Failure::NoMemoryCount)?;
        let (_, all) = resident::beyond(|| all_minimum_cuts(&graph)).map_err(Failure::NoMemoryCount)?;
        Ok(Self {
            instance: name,
            m,
            resident_bytes_an_edge: an_edge(resident),
            minimum_cut_bytes_an_edge: an_edge(one),
            all_minimum_cuts_bytes_an_edge: an_edge(all),
        })
    }
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
