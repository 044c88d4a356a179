//! All the minimum cuts between two neighbours.

use crate::flow::{Ending, MaximumFlow};

/// The part of a node that has not been looked at, or is being looked at.
pub(crate) const NONE: u32 = u32::MAX;

/// The parts into which all minimum cuts between two nodes divide a graph.
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
    /// Whether the parts begin with the sink's.
    pub(crate) begins_at_sink: bool,
    /// The nodes of all parts but the last one, part after part; or of the last one too.
    pub(crate) nodes: Vec<u32>,
    /// Where the nodes of each part end.
    pub(crate) ends: Vec<usize>,
    /// The part of each node that is listed.
    pub(crate) part_of: Vec<u32>,
    pieces: Pieces,
    /// Nodes beside those listed that are known to be in the last part.
    beyond: Vec<u32>,
    is_beyond: Vec<bool>,
}

impl Chain {
    pub(crate) fn reset(&mut self, nodes: usize) {
        self.part_of.clear();
        self.part_of.resize(nodes, NONE);
        self.is_beyond.clear();
        self.is_beyond.resize(nodes, false);
        self.pieces.reset(nodes);
        self.nodes.clear();
        self.ends.clear();
    }

    pub(crate) fn part(&self, part: usize) -> &[u32] {
        let begin = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.nodes[begin..self.ends[part]]
    }

    /// Forgets the parts.
    pub(crate) fn clear(&mut self) {
        for node in self.nodes.drain(..) {
            self.part_of[node as usize] = NONE;
        }
        self.ends.clear();
    }

    /// After the greatest flow between two neighbours: lists the parts from the end that was closed in,
    /// without reading much more of the graph than these. Returns false, with nothing listed, if the
    /// other end is so small that this is the wrong one to begin at.
    pub(crate) fn begin_at_closed_end(&mut self, flow: &mut MaximumFlow<'_>, source: u32, sink: u32) -> bool {
        self.begins_at_sink = flow.ending() == Ending::SinkClosed;
        self.list_first_part(flow.side());
        flow.set_aside(&self.nodes, self.begins_at_sink);
        let far = if self.begins_at_sink { source } else { sink };
        // Sides of minimum cuts hang together: the next one has a neighbour of what is listed. If all of
        // these lead on to the far end, there is no next one.
        let mut next = 0;
        let mut goes_on = true;
        while goes_on && next < self.nodes.len() {
            let node = self.nodes[next];
            next += 1;
            for &neighbour in flow.neighbours(node) {
                if neighbour == far || self.part_of[neighbour as usize] != NONE || self.is_beyond[neighbour as usize] {
                    continue;
                }
                let (from, to) = if self.begins_at_sink {
                    (far, neighbour)
                } else {
                    (neighbour, far)
                };
                if flow.leads(from, to) {
                    self.is_beyond[neighbour as usize] = true;
                    self.beyond.push(neighbour);
                    continue;
                }
                if (flow.ending() == Ending::SinkClosed) != self.begins_at_sink {
                    goes_on = false;
                    break;
                }
                // To be told apart when all are known.
                let known = self.nodes.len();
                self.nodes.extend_from_slice(flow.side());
                for &member in &self.nodes[known..] {
                    self.part_of[member as usize] = PENDING;
                }
                flow.set_aside(&self.nodes[known..], self.begins_at_sink);
            }
        }
        for node in self.beyond.drain(..) {
            self.is_beyond[node as usize] = false;
        }
        if goes_on {
            self.tell_apart(flow);
        } else {
            self.clear();
        }
        goes_on
    }

    /// The same, listing all parts: reads the whole graph.
    pub(crate) fn complete(&mut self, flow: &MaximumFlow<'_>, source: u32, sink: u32) {
        self.begins_at_sink = false;
        self.list_first_part(&reached(flow, source, true));
        let last = reached(flow, sink, false);
        for &node in &last {
            self.part_of[node as usize] = LAST;
        }
        for node in 0..flow.nodes() {
            if self.part_of[node as usize] == NONE {
                self.part_of[node as usize] = PENDING;
                self.nodes.push(node);
            }
        }
        self.tell_apart(flow);
        let part = self.ends.len() as u32;
        for &node in &last {
            self.part_of[node as usize] = part;
        }
        self.nodes.extend_from_slice(&last);
        self.ends.push(self.nodes.len());
    }

    fn list_first_part(&mut self, side: &[u32]) {
        self.nodes.extend_from_slice(side);
        self.ends.push(side.len());
        for &node in side {
            self.part_of[node as usize] = 0;
        }
    }

    /// Sorts the nodes behind the first part into theirs.
    fn tell_apart(&mut self, flow: &MaximumFlow<'_>) {
        let first = self.ends[0];
        if first == self.nodes.len() {
            return;
        }
        let pending = self.nodes.split_off(first);
        self.pieces.find(flow, &pending, &self.part_of);
        for &node in &pending {
            self.part_of[node as usize] = NONE;
        }
        // From the sink's end, the pieces that lead to no other come last.
        let pieces = self.pieces.ends.len();
        for position in 0..pieces {
            let piece = if self.begins_at_sink {
                pieces - 1 - position
            } else {
                position
            };
            let part = self.ends.len() as u32;
            for &node in self.pieces.get(piece) {
                self.part_of[node as usize] = part;
                self.nodes.push(node);
            }
            self.ends.push(self.nodes.len());
        }
        self.pieces.clear();
    }
}

/// The part of a node that has yet to be told apart from others.
const PENDING: u32 = u32::MAX - 1;
/// The part of a node in the last part, while the number of that is not known.
const LAST: u32 = u32::MAX - 2;

/// The nodes that residual arcs lead to from this one, or from which they lead here.
fn reached(flow: &MaximumFlow<'_>, node: u32, forward: bool) -> Vec<u32> {
    let mut is_reached = vec![false; flow.nodes() as usize];
    is_reached[node as usize] = true;
    let mut reached = vec![node];
    let mut next = 0;
    while let Some(&node) = reached.get(next) {
        next += 1;
        for (target, leads_there, leads_here) in flow.residual_neighbours(node) {
            let leads = if forward { leads_there } else { leads_here };
            if leads && !std::mem::replace(&mut is_reached[target as usize], true) {
                reached.push(target);
            }
        }
    }
    reached
}

/// Strongly connected pieces of the residual graph, those that lead to no other one first.
#[derive(Debug, Default, Clone)]
struct Pieces {
    nodes: Vec<u32>,
    ends: Vec<usize>,
    /// When the search came to each node; 0 if it has not.
    found_at: Vec<u32>,
    /// The earliest node, by that time, that each one is known to lead back to.
    leads_to: Vec<u32>,
    waiting: Vec<u32>,
    /// The nodes on the way, each with the first arc to be looked at.
    way: Vec<(u32, usize)>,
}

/// When the search came to a node whose piece is complete.
const DONE: u32 = u32::MAX;

impl Pieces {
    fn reset(&mut self, nodes: usize) {
        self.found_at.clear();
        self.found_at.resize(nodes, 0);
        self.leads_to.clear();
        self.leads_to.resize(nodes, 0);
        self.nodes.clear();
        self.ends.clear();
    }

    fn get(&self, piece: usize) -> &[u32] {
        let begin = if piece == 0 { 0 } else { self.ends[piece - 1] };
        &self.nodes[begin..self.ends[piece]]
    }

    fn clear(&mut self) {
        for node in self.nodes.drain(..) {
            self.found_at[node as usize] = 0;
        }
        self.ends.clear();
    }

    /// Of the nodes listed, all of which are pending, and no others.
    fn find(&mut self, flow: &MaximumFlow<'_>, pending: &[u32], part_of: &[u32]) {
        let mut time = 0;
        for &start in pending {
            if self.found_at[start as usize] != 0 {
                continue;
            }
            self.way.push((start, flow.first_arc(start)));
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
                    let is_new = self.found_at[target_index] == 0 && part_of[target_index] == PENDING;
                    if is_new {
                        // The arc is looked at once more, on the way back.
                        self.step(arc);
                        self.way.push((target, flow.first_arc(target)));
                        continue;
                    }
                    if part_of[target_index] == PENDING && self.found_at[target_index] != DONE {
                        self.leads_to[index] = self.leads_to[index].min(self.leads_to[target_index]);
                    }
                    self.step(arc + 1);
                    continue;
                }
                self.way.pop();
                if self.leads_to[index] < self.found_at[index] {
                    continue;
                }
                while let Some(member) = self.waiting.pop() {
                    self.found_at[member as usize] = DONE;
                    self.nodes.push(member);
                    if member == node {
                        break;
                    }
                }
                self.ends.push(self.nodes.len());
            }
        }
    }

    fn step(&mut self, next_arc: usize) {
        if let Some((_, arc)) = self.way.last_mut() {
            *arc = next_arc;
        }
    }
}
