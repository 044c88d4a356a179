//! What was asked, and what came out.

use std::fmt;

use healing_mincut::{AllMinimumCuts, CutEdge, MinimumCut};
use mincut_cli::NodeNumbers;
use serde_json::{Map, Value, json};

/// So many edges, or cuts, are shown to people.
const SHOWN: usize = 20;
/// So many of all minimum cuts stand in the JSON object: there may be more than fit into any memory.
const LISTED: usize = 1000;

/// The cuts that were asked for.
#[derive(Debug)]
pub(crate) enum Answer<'g> {
    /// One minimum cut.
    Minimum(Option<MinimumCut>),
    /// The lightest cut between two nodes.
    Between { pair: [u32; 2], cut: MinimumCut },
    /// The lightest cuts of the cut tree.
    Weakest(Vec<MinimumCut>),
    /// All minimum cuts.
    All(Option<AllMinimumCuts<'g>>),
}

impl Answer<'_> {
    /// Adds what there is to say to a JSON object.
    pub(crate) fn add_to(&self, object: &mut Map<String, Value>, numbers: &NodeNumbers) {
        let mut add = |key: &str, value: Value| object.insert(key.to_owned(), value);
        match self {
            Self::Minimum(cut) => {
                let cut = cut.as_ref();
                add("value", json!(cut.map(MinimumCut::value)));
                add("side", side(cut, numbers));
                add(
                    "witness",
                    edges(cut.into_iter().flat_map(MinimumCut::witness).copied(), numbers),
                );
            }
            Self::Between { pair, cut } => {
                add("st", json!(pair.map(|node| numbers.number(node))));
                add("value", json!(cut.value()));
                add("side", side(Some(cut), numbers));
                add("witness", edges(cut.witness().iter().copied(), numbers));
            }
            Self::Weakest(cuts) => {
                add("cuts", cuts.iter().map(|cut| whole(cut, numbers)).collect());
            }
            Self::All(cuts) => {
                let cuts = cuts.as_ref();
                let count = cuts.map_or(Some(0), AllMinimumCuts::count);
                add("value", json!(cuts.map(AllMinimumCuts::value)));
                // Nothing, where the number of cuts is beyond 64 bits.
                add("count", json!(count.and_then(|count| u64::try_from(count).ok())));
                add(
                    "edges_in_some",
                    edges(cuts.into_iter().flat_map(AllMinimumCuts::edges), numbers),
                );
                let listed = cuts.into_iter().flat_map(AllMinimumCuts::iter).take(LISTED);
                add("cuts", listed.map(|cut| whole(&cut, numbers)).collect());
            }
        }
    }

    /// The same for people.
    pub(crate) fn write(&self, out: &mut fmt::Formatter<'_>, numbers: &NodeNumbers) -> fmt::Result {
        let none = |out: &mut fmt::Formatter<'_>| writeln!(out, "minimum cut    none: there are fewer than two nodes");
        match self {
            Self::Minimum(None) | Self::All(None) => none(out),
            Self::Weakest(cuts) if cuts.is_empty() => none(out),
            Self::Minimum(Some(cut)) => write_cut(out, cut, numbers),
            Self::Between { pair, cut } => {
                let [s, t] = pair.map(|node| numbers.number(node));
                writeln!(out, "between        {s} and {t}")?;
                write_cut(out, cut, numbers)
            }
            Self::Weakest(cuts) => {
                writeln!(out, "weakest cuts   {}", cuts.len())?;
                for cut in cuts {
                    write_line(out, cut, numbers)?;
                }
                Ok(())
            }
            Self::All(Some(cuts)) => {
                writeln!(out, "minimum cut    {}", cuts.value())?;
                match cuts.count() {
                    Some(count) => writeln!(out, "minimum cuts   {count}")?,
                    None => writeln!(out, "minimum cuts   2^128 or more")?,
                }
                for cut in cuts.iter().take(SHOWN) {
                    write_line(out, &cut, numbers)?;
                }
                let more = cuts.count().map_or(1, |count| count.saturating_sub(SHOWN as u128));
                if more > 0 {
                    writeln!(out, "    ... and more")?;
                }
                let edges: Vec<CutEdge> = cuts.edges().collect();
                writeln!(out, "edges in some  {}", edges.len())?;
                write_edges(out, &edges, numbers)
            }
        }
    }
}

fn whole(cut: &MinimumCut, numbers: &NodeNumbers) -> Value {
    json!({
        "value": cut.value(),
        "side": side(Some(cut), numbers),
        "witness": edges(cut.witness().iter().copied(), numbers),
    })
}

fn side(cut: Option<&MinimumCut>, numbers: &NodeNumbers) -> Value {
    let nodes = cut.into_iter().flat_map(MinimumCut::side);
    nodes.map(|&node| numbers.number(node)).collect()
}

fn edges(edges: impl Iterator<Item = CutEdge>, numbers: &NodeNumbers) -> Value {
    edges
        .map(|edge| json!([numbers.number(edge.u), numbers.number(edge.v), edge.weight]))
        .collect()
}

fn write_cut(out: &mut fmt::Formatter<'_>, cut: &MinimumCut, numbers: &NodeNumbers) -> fmt::Result {
    writeln!(out, "minimum cut    {}", cut.value())?;
    writeln!(out, "smaller side   {} nodes", cut.side().len())?;
    writeln!(out, "witness edges  {}", cut.witness().len())?;
    write_edges(out, cut.witness(), numbers)
}

fn write_edges(out: &mut fmt::Formatter<'_>, edges: &[CutEdge], numbers: &NodeNumbers) -> fmt::Result {
    for edge in edges.iter().take(SHOWN) {
        let (u, v) = (numbers.number(edge.u), numbers.number(edge.v));
        writeln!(out, "    {u} - {v}  weight {}", edge.weight)?;
    }
    let more = edges.len().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(out, "    ... and {more} more")?;
    }
    Ok(())
}

/// One cut in one line.
fn write_line(out: &mut fmt::Formatter<'_>, cut: &MinimumCut, numbers: &NodeNumbers) -> fmt::Result {
    let (value, size, witness) = (cut.value(), cut.side().len(), cut.witness().len());
    write!(out, "    value {value}  {size} nodes  {witness} edges  side")?;
    for &node in cut.side().iter().take(SHOWN) {
        write!(out, " {}", numbers.number(node))?;
    }
    if size > SHOWN {
        write!(out, " ...")?;
    }
    writeln!(out)
}
