//! What is printed: for people, and as JSON.

use std::fmt;
use std::time::Duration;

use healing_mincut::Graph;
use mincut_cli::NodeNumbers;
use serde_json::{Map, Value, json};

use crate::answer::Answer;

/// An answer, what it is about, and how long it took.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) numbers: &'a NodeNumbers,
    pub(crate) answer: &'a Answer<'a>,
    pub(crate) load: Duration,
    pub(crate) solve: Duration,
}

impl Report<'_> {
    pub(crate) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("nodes".into(), json!(self.graph.nodes()));
        object.insert("edges".into(), json!(self.graph.edges()));
        self.answer.add_to(&mut object, self.numbers);
        object.insert("load_seconds".into(), json!(self.load.as_secs_f64()));
        object.insert("solve_seconds".into(), json!(self.solve.as_secs_f64()));
        Value::Object(object)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "nodes          {}", self.graph.nodes())?;
        writeln!(out, "edges          {}", self.graph.edges())?;
        self.answer.write(out, self.numbers)?;
        writeln!(out, "load           {:.6} s", self.load.as_secs_f64())?;
        writeln!(out, "solve          {:.6} s", self.solve.as_secs_f64())
    }
}
