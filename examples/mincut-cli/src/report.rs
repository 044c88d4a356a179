//! What is printed: for people, and as JSON.

use std::fmt;
use std::time::Duration;

use healing_mincut::{Graph, MinimumCut};
use mincut_cli::NodeNumbers;
use serde_json::{Value, json};

/// So many witness edges are shown to people.
const SHOWN_EDGES: usize = 20;

/// A minimum cut and how long it took.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) numbers: &'a NodeNumbers,
    pub(crate) cut: Option<&'a MinimumCut>,
    pub(crate) load: Duration,
    pub(crate) solve: Duration,
}

impl Report<'_> {
    pub(crate) fn to_json(&self) -> Value {
        let number = |node: u32| self.numbers.number(node);
        let side: Vec<u32> = self
            .cut
            .iter()
            .flat_map(|cut| cut.side())
            .map(|&node| number(node))
            .collect();
        let witness: Vec<Value> = self
            .cut
            .iter()
            .flat_map(|cut| cut.witness())
            .map(|edge| json!([number(edge.u), number(edge.v), edge.weight]))
            .collect();
        json!({
            "nodes": self.graph.nodes(),
            "edges": self.graph.edges(),
            "value": self.cut.map(MinimumCut::value),
            "side": side,
            "witness": witness,
            "load_seconds": self.load.as_secs_f64(),
            "solve_seconds": self.solve.as_secs_f64(),
        })
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "nodes          {}", self.graph.nodes())?;
        writeln!(out, "edges          {}", self.graph.edges())?;
        match self.cut {
            None => writeln!(out, "minimum cut    none: there are fewer than two nodes")?,
            Some(cut) => {
                writeln!(out, "minimum cut    {}", cut.value())?;
                writeln!(out, "smaller side   {} nodes", cut.side().len())?;
                writeln!(out, "witness edges  {}", cut.witness().len())?;
                for edge in cut.witness().iter().take(SHOWN_EDGES) {
                    let (u, v) = (self.numbers.number(edge.u), self.numbers.number(edge.v));
                    writeln!(out, "    {u} - {v}  weight {}", edge.weight)?;
                }
                let more = cut.witness().len().saturating_sub(SHOWN_EDGES);
                if more > 0 {
                    writeln!(out, "    ... and {more} more")?;
                }
            }
        }
        writeln!(out, "load           {:.6} s", self.load.as_secs_f64())?;
        writeln!(out, "solve          {:.6} s", self.solve.as_secs_f64())
    }
}
