//! A stream of updates, replayed on a graph.

use std::fmt;
use std::time::{Duration, Instant};

use healing_mincut::{DynamicMinCut, Graph, UpdateError};
use mincut_cli::{NodeNumbers, NumberedUpdate};
use serde_json::{Value, json};

/// The minimum cut's values along a stream, and how long they took.
#[derive(Debug)]
pub(crate) struct Replay {
    nodes: u32,
    edges: usize,
    /// The value after the last update, or before any: none for a single node.
    last: Option<u64>,
    values: Vec<u64>,
    took: Duration,
}

/// A line of a stream that says what cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct Impossible {
    line: usize,
    message: String,
}

impl Replay {
    /// Makes one update after the other, and reads the value after each.
    pub(crate) fn run(graph: &Graph, numbers: &NodeNumbers, stream: &[NumberedUpdate]) -> Result<Self, Impossible> {
        let mut dynamic = DynamicMinCut::new(graph);
        let mut values = Vec::with_capacity(stream.len());
        let started = Instant::now();
        for numbered in stream {
            dynamic.update(&numbered.update).map_err(|error| Impossible {
                line: numbered.line,
                message: in_the_numbers_of_the_file(&error, numbers),
            })?;
            values.extend(dynamic.value());
        }
        Ok(Self {
            nodes: dynamic.nodes(),
            edges: dynamic.edges(),
            last: dynamic.value(),
            values,
            took: started.elapsed(),
        })
    }

    /// The mean time of an update in seconds.
    fn mean_seconds(&self) -> f64 {
        self.took.as_secs_f64() / self.values.len().max(1) as f64
    }

    /// FNV-1a, 64 bits, over what [`values`](Self::values) prints: every value in decimal digits with
    /// a newline after it.
    fn hash(&self) -> u64 {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let text = self.values().to_string();
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        text.bytes().fold(OFFSET_BASIS, step)
    }

    /// The value after each update, one a line.
    pub(crate) fn values(&self) -> impl fmt::Display {
        struct Values<'a>(&'a [u64]);
        impl fmt::Display for Values<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|value| writeln!(out, "{value}"))
            }
        }
        Values(&self.values)
    }

    /// What a glance needs: the last value, a hash of all of them, the time.
    pub(crate) fn summary(&self) -> String {
        let last = self.last.map_or("none".into(), |value| value.to_string());
        format!(
            "updates        {}\nminimum cut    {last}\nhash           {:016x}\nmean update    {:.3} us\n",
            self.values.len(),
            self.hash(),
            self.mean_seconds() * 1e6
        )
    }

    /// The same, and the values.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = self.summary_to_json();
        object["values"] = json!(self.values);
        object
    }

    pub(crate) fn summary_to_json(&self) -> Value {
        json!({
            "nodes": self.nodes,
            "edges": self.edges,
            "updates": self.values.len(),
            "value": self.last,
            "hash": format!("{:016x}", self.hash()),
            "mean_seconds": self.mean_seconds(),
        })
    }
}

/// The library counts nodes from 0.
fn in_the_numbers_of_the_file(error: &UpdateError, numbers: &NodeNumbers) -> String {
    let name = |node: u32| numbers.number(node);
    match *error {
        UpdateError::SelfLoop { node } => UpdateError::SelfLoop { node: name(node) },
        UpdateError::NoEdge { u, v } => UpdateError::NoEdge { u: name(u), v: name(v) },
        UpdateError::TotalWeightOverflow { u, v, weight } => UpdateError::TotalWeightOverflow {
            u: name(u),
            v: name(v),
            weight,
        },
        UpdateError::TooLight { u, v, weight, asked } => UpdateError::TooLight {
            u: name(u),
            v: name(v),
            weight,
            asked,
        },
        ref other => other.clone(),
    }
    .to_string()
}
