//! One line of the table.

use std::fmt;

use healing_benches::families::Instance;
use healing_benches::linear_pass::linear_pass;
use healing_benches::textbook;
use healing_mincut::MinimumCutSolver;
use serde::Serialize;

use crate::Failure;
use crate::measure::{median_seconds, rival_seconds};

/// What was measured on one graph; times are medians.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    instance: String,
    n: u32,
    m: usize,
    lambda: u64,
    seconds: f64,
    pass_seconds: f64,
    passes: f64,
    textbook_seconds: Option<f64>,
    #[serde(flatten)]
    peers: Option<Peers>,
}

/// What the peers took, where the graph is not too large for them.
#[derive(Debug, Default, Serialize)]
struct Peers {
    rustworkx_seconds: Option<f64>,
    ruvector_seconds: Option<f64>,
}

impl Row {
    pub(crate) fn measure(instance: &Instance, with_peers: bool) -> Result<Self, Failure> {
        let Instance { name, graph } = instance;
        let (pass_seconds, _) = median_seconds(|| linear_pass(graph));
        let mut solver = MinimumCutSolver::new();
        let (seconds, cut) = median_seconds(|| solver.minimum_cut(graph));
        let lambda = cut.ok_or_else(|| Failure::NoCut(name.clone()))?.value();
        let (textbook_seconds, textbook) = rival_seconds(|| textbook::minimum_cut_value(graph));
        if let Some(theirs) = textbook {
            agree(name, lambda, theirs, "textbook")?;
        }
        let peers = with_peers.then(|| Peers::measure(instance, lambda)).transpose()?;
        Ok(Self {
            instance: name.clone(),
            n: graph.nodes(),
            m: graph.edges(),
            lambda,
            seconds,
            pass_seconds,
            passes: seconds / pass_seconds,
            textbook_seconds: textbook.map(|_| textbook_seconds),
            peers,
        })
    }

    pub(crate) fn heading(with_peers: bool) -> String {
        let mut heading = format!(
            "{:<26} {:>7} {:>9} {:>7} {:>10} {:>10} {:>7} {:>10} {:>7}",
            "instance", "n", "m", "lambda", "solve us", "pass us", "passes", "textbook", "ratio"
        );
        if with_peers {
            heading += &format!(
                " {:>12} {:>9} {:>12} {:>9}",
                "rustworkx s", "ratio", "ruvector s", "ratio"
            );
        }
        heading
    }
}

impl Peers {
    #[cfg(feature = "peers")]
    fn measure(instance: &Instance, lambda: u64) -> Result<Self, Failure> {
        let Instance { name, graph } = instance;
        let [rustworkx, ruvector] = [crate::peers::rustworkx(graph), crate::peers::ruvector(graph)];
        for peer in [rustworkx, ruvector].into_iter().flatten() {
            agree(name, lambda, peer.value, peer.name)?;
        }
        Ok(Self {
            rustworkx_seconds: rustworkx.map(|peer| peer.seconds),
            ruvector_seconds: ruvector.map(|peer| peer.seconds),
        })
    }

    #[cfg(not(feature = "peers"))]
    fn measure(_: &Instance, _: u64) -> Result<Self, Failure> {
        Err(Failure::NoPeers)
    }
}

fn agree(instance: &str, ours: u64, theirs: u64, solver: &'static str) -> Result<(), Failure> {
    if ours == theirs {
        return Ok(());
    }
    Err(Failure::Disagreement {
        instance: instance.to_owned(),
        ours,
        theirs,
        solver,
    })
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            n,
            m,
            lambda,
            seconds,
            pass_seconds,
            passes,
            ..
        } = self;
        write!(
            out,
            "{instance:<26} {n:>7} {m:>9} {lambda:>7} {:>10.1} {:>10.2} {passes:>7.1}",
            seconds * 1e6,
            pass_seconds * 1e6
        )?;
        match self.textbook_seconds {
            Some(textbook) => write!(out, " {:>9.1}p {:>6.2}x", textbook / pass_seconds, textbook / seconds)?,
            None => write!(out, " {:>10} {:>7}", "-", "-")?,
        }
        if let Some(peers) = &self.peers {
            for peer in [peers.rustworkx_seconds, peers.ruvector_seconds] {
                match peer {
                    Some(theirs) => write!(out, " {theirs:>12.4} {:>8.0}x", theirs / seconds)?,
                    None => write!(out, " {:>12} {:>9}", "-", "-")?,
                }
            }
        }
        Ok(())
    }
}
