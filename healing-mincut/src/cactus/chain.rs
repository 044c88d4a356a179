//! All the minimum cuts between two neighbours.

use crate::flow::{Ending, MaximumFlow};

/// The part of a node that has not been looked at, or is being looked at.
const NONE: u32 = u32::MAX;

/// The parts into which all minimum cuts between a source and a sink divide a graph, from the
/// source's to the sink's; `parts[node]` is the part of each node, and their number is returned.
///
/// If an edge joins the two nodes, the cuts are nested, each being between one part and the next. The
/// sides they leave with the source are those that no residual arc leaves: so the parts are what the
/// source reaches, what reaches the sink, and between them the strongly connected pieces of the rest.
/// J.-C. Picard and M. Queyranne, "On the structure of all minimum cuts in a network and applications"
/// (Mathematical Programming Study 13, 1980); the pieces as in R. E. Tarjan, "Depth-first search and
/// linear graph algorithms" (SIAM J. Comput. 1(2), 1972), which finds those first that lead to no
/// other.
#[derive(Debug, Default, Clone)]
pub(crate) struct Chain {
    pub(crate) parts: Vec<u32>,
    is_at_sink: Vec<bool>,
    waiting: Vec<u32>,
    /// When the search came to each node; 0 if it has not.
    found_at: Vec<u32>,
    /// The earliest node, by that time, that each one is known to lead back to.
    leads_to: Vec<u32>,
    /// The nodes on the way, each with the first arc to be looked at.
    way: Vec<(u32, usize)>,
}

impl Chain {
    /// The flow is the greatest between the two.
    pub(crate) fn of_flow(&mut self, flow: &MaximumFlow<'_>, source: u32, sink: u32) -> u32 {
        let nodes = flow.graph().nodes() as usize;
        self.parts.clear();
        self.parts.resize(nodes, NONE);
        self.is_at_sink.clear();
        self.is_at_sink.resize(nodes, false);
        let (from_source, from_sink) = match flow.ending() {
            Ending::SourceClosed => (flow.side(), &[sink][..]),
            Ending::SinkClosed => (&[source][..], flow.side()),
            Ending::Limit => (&[source][..], &[sink][..]),
        };
        self.waiting.extend_from_slice(from_source);
        for &node in from_source {
            self.parts[node as usize] = 0;
        }
        while let Some(node) = self.waiting.pop() {
            for target in flow.residual_targets(node) {
                if self.parts[target as usize] == NONE {
                    self.parts[target as usize] = 0;
                    self.waiting.push(target);
                }
            }
        }
        self.waiting.extend_from_slice(from_sink);
        for &node in from_sink {
            self.is_at_sink[node as usize] = true;
        }
        while let Some(node) = self.waiting.pop() {
            for target in flow.residual_sources(node) {
                if !self.is_at_sink[target as usize] {
                    self.is_at_sink[target as usize] = true;
                    self.waiting.push(target);
                }
            }
        }
        let last = self.number_pieces(flow);
        for (part, &is_at_sink) in self.parts.iter_mut().zip(&self.is_at_sink) {
            if is_at_sink {
                *part = last;
            }
        }
        last + 1
    }

    /// Numbers the strongly connected pieces of the nodes in between from 1 on; returns the next number.
    fn number_pieces(&mut self, flow: &MaximumFlow<'_>) -> u32 {
        let nodes = self.parts.len();
        let offsets = flow.graph().arc_offsets();
        self.found_at.clear();
        self.found_at.resize(nodes, 0);
        self.leads_to.clear();
        self.leads_to.resize(nodes, 0);
        let mut time = 0;
        let mut piece = 1;
        for start in 0..nodes as u32 {
            if self.is_settled(start) {
                continue;
            }
            self.way.push((start, offsets[start as usize]));
            while let Some(&(node, arc)) = self.way.last() {
                let index = node as usize;
                if self.found_at[index] == 0 {
                    time += 1;
                    self.found_at[index] = time;
                    self.leads_to[index] = time;
                    self.waiting.push(node);
                }
                if let Some((arc, target)) = flow.next_residual(node, arc) {
                    let target_index = target as usize;
                    if self.is_settled(target) {
                        self.step(arc + 1);
                    } else if self.found_at[target_index] == 0 {
                        // The arc is looked at once more, on the way back.
                        self.step(arc);
                        self.way.push((target, offsets[target_index]));
                    } else {
                        self.leads_to[index] = self.leads_to[index].min(self.leads_to[target_index]);
                        self.step(arc + 1);
                    }
                    continue;
                }
                self.way.pop();
                if self.leads_to[index] < self.found_at[index] {
                    continue;
                }
                while let Some(member) = self.waiting.pop() {
                    self.parts[member as usize] = piece;
                    if member == node {
                        break;
                    }
                }
                piece += 1;
            }
        }
        piece
    }

    fn is_settled(&self, node: u32) -> bool {
        self.parts[node as usize] != NONE || self.is_at_sink[node as usize]
    }

    fn step(&mut self, next_arc: usize) {
        if let Some((_, arc)) = self.way.last_mut() {
            *arc = next_arc;
        }
    }
}
