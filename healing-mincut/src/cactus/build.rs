//! Divides a graph along its minimum cuts.

use crate::cactus::chain::Chain;
use crate::cactus::rooted::{Cactus, Cycles};
use crate::disjoint_sets::DisjointSets;
use crate::flow::MaximumFlow;
use crate::graph::Graph;
use crate::leaves::Pruned;

/// The cactus of all cuts of value `lambda`, which is greater than 0 and the least there is.
/// `node_of` says which node of `kernel` each node of the whole graph went into.
///
/// H. Nagamochi, Y. Nakao and T. Ibaraki, "A fast algorithm for cactus representations of minimum cuts"
/// (Japan J. Indust. Appl. Math. 17, 2000), without its recursion: of two neighbours, either no minimum
/// cut separates them, and they are one node from then on; or those that do, all nested, divide the
/// graph, and every other minimum cut is inside one part, or consists of several parts in a row. Each
/// step costs a flow of at most `lambda` + 1, and a pass over the piece at hand if it divides; there are
/// fewer of them than the kernel has nodes.
pub(crate) fn build(kernel: &Graph, node_of: &[u32], lambda: u64) -> Cactus {
    let nodes = kernel.nodes() as usize;
    let mut builder = Builder {
        lambda,
        names: DisjointSets::new(nodes),
        cycles: Cycles::default(),
        pieces: Vec::new(),
        chain: Chain::default(),
    };
    let pruned = Pruned::of(kernel);
    for leaf in &pruned.leaves {
        if leaf.weight == lambda {
            builder.cycles.add(&[leaf.neighbour, leaf.node]);
        } else {
            builder.names.join(leaf.node, leaf.neighbour);
        }
    }
    builder.pieces.push(Piece {
        graph: pruned.core_of(kernel).into_owned(),
        names: pruned.core,
    });
    while let Some(piece) = builder.pieces.pop() {
        builder.divide(&piece);
    }
    let Builder { mut names, cycles, .. } = builder;
    let names: Vec<u32> = (0..names.len() as u32).map(|name| names.find(name)).collect();
    Cactus::new(&names, node_of, &cycles)
}

struct Builder {
    lambda: u64,
    /// Names of cactus nodes. The kernel's nodes come first; names that join mean the same node.
    names: DisjointSets,
    cycles: Cycles,
    pieces: Vec<Piece>,
    chain: Chain,
}

/// A graph still to be divided: its minimum cuts are minimum cuts of the whole, and of all cuts that
/// are not yet noted each is one of some piece's.
struct Piece {
    graph: Graph,
    /// What each of its nodes is called in the cactus.
    names: Vec<u32>,
}

impl Builder {
    /// Notes the minimum cuts of a piece, or some of them and the pieces that hold the others.
    fn divide(&mut self, piece: &Piece) {
        let mut flow = MaximumFlow::new(&piece.graph);
        // Nodes that are one from now on; each set's name is a node that no cut still to be found
        // separates from the others.
        let mut groups = DisjointSets::new(piece.graph.nodes() as usize);
        for (node, neighbour) in spanning_tree(&piece.graph) {
            let (source, sink) = (groups.find(node), groups.find(neighbour));
            if source == sink {
                continue;
            }
            let value = flow.run(source, sink, self.lambda + 1);
            if value > self.lambda {
                self.names
                    .join(piece.names[source as usize], piece.names[sink as usize]);
                groups.join(source, sink);
            } else if !self.divide_between(piece, &flow, &mut groups, source, sink) {
                return;
            }
        }
    }

    /// Notes the minimum cuts between two neighbours. Returns whether the piece goes on: all that is
    /// left is in one part then, with the other parts contracted.
    fn divide_between(
        &mut self,
        piece: &Piece,
        flow: &MaximumFlow<'_>,
        groups: &mut DisjointSets,
        source: u32,
        sink: u32,
    ) -> bool {
        let parts = self.chain.of_flow(flow, source, sink);
        let members = Members::of(&self.chain.parts, parts, groups);
        let last = parts - 1;
        let mut spine = Vec::with_capacity(parts as usize);
        let mut large = Vec::new();
        for part in 0..parts {
            let groups_of_part = members.of_part(part);
            let name = match (part, groups_of_part) {
                (0, _) => piece.names[source as usize],
                (part, _) if part == last => piece.names[sink as usize],
                (_, &[group]) => piece.names[group as usize],
                _ => self.names.add(),
            };
            if groups_of_part.len() > 1 {
                large.push(part);
            }
            spine.push(name);
        }
        self.note_cycles(&piece.graph, &spine);
        match large[..] {
            [] => false,
            [part] if part == 0 || part == last => {
                let kept = if part == 0 { source } else { sink };
                for other in (0..parts).filter(|&other| other != part) {
                    for &group in members.of_part(other) {
                        groups.join(group, kept);
                    }
                }
                true
            }
            _ => {
                for part in large {
                    let centre = match part {
                        0 => Centre::Group(source),
                        part if part == last => Centre::Group(sink),
                        _ => Centre::Named(spine[part as usize]),
                    };
                    let next = self.part_as_piece(piece, groups, part, members.of_part(part), centre);
                    self.pieces.push(next);
                }
                false
            }
        }
    }

    /// Notes the cactus of the parts, each one node, as cycles through their names.
    ///
    /// Besides the cuts between one part and the next, the minimum cuts are stretches of parts. All
    /// stretches of such a stretch are minimum cuts as well, and so is the union of two that overlap: so
    /// it is enough to know which single parts and which pairs of neighbours are. The longest
    /// stretches are cycles, each with one more node at either end for all that is before and behind.
    fn note_cycles(&mut self, graph: &Graph, spine: &[u32]) {
        let parts = &self.chain.parts;
        let mut around = vec![0_u64; spine.len()];
        let mut to_next = vec![0_u64; spine.len()];
        for (u, v, weight) in graph.edge_list() {
            let (a, b) = (parts[u as usize] as usize, parts[v as usize] as usize);
            let (a, b) = (a.min(b), a.max(b));
            if a < b {
                around[a] += weight;
                around[b] += weight;
                if b == a + 1 {
                    to_next[a] += weight;
                }
            }
        }
        let last = spine.len() - 1;
        let is_cut = |part: usize| 0 < part && part < last && around[part] == self.lambda;
        // Two minimum cuts with half their weight between them make another.
        let joins_next = |part: usize| is_cut(part) && is_cut(part + 1) && to_next[part] == self.lambda - to_next[part];
        let mut before = spine[0];
        let mut part = 1;
        while part <= last {
            if !is_cut(part) {
                self.cycles.add(&[before, spine[part]]);
                before = spine[part];
                part += 1;
                continue;
            }
            let mut end = part;
            while joins_next(end) {
                end += 1;
            }
            let mut cycle = vec![before];
            cycle.extend_from_slice(&spine[part..=end]);
            // Where another cycle begins at once, an empty node is between the two.
            (before, part) = if is_cut(end + 1) {
                (self.names.add(), end + 1)
            } else {
                (spine[end + 1], end + 2)
            };
            cycle.push(before);
            self.cycles.add(&cycle);
        }
    }

    /// One part, with all others contracted into its centre.
    fn part_as_piece(
        &self,
        piece: &Piece,
        groups: &mut DisjointSets,
        part: u32,
        members: &[u32],
        centre: Centre,
    ) -> Piece {
        let mut names: Vec<u32> = members.iter().map(|&group| piece.names[group as usize]).collect();
        let mut number_of = vec![u32::MAX; piece.graph.nodes() as usize];
        for (number, &group) in members.iter().enumerate() {
            number_of[group as usize] = number as u32;
        }
        let centre = match centre {
            Centre::Group(group) => number_of[group as usize],
            Centre::Named(name) => {
                names.push(name);
                members.len() as u32
            }
        };
        let mut edges = Vec::new();
        let mut total_weight = 0;
        let parts = &self.chain.parts;
        for (u, v, weight) in piece.graph.edge_list() {
            let mut number = |node: u32| {
                if parts[node as usize] == part {
                    number_of[groups.find(node) as usize]
                } else {
                    centre
                }
            };
            let (u, v) = (number(u), number(v));
            if u != v {
                edges.push((u, v, weight));
                total_weight += weight;
            }
        }
        let graph = Graph::from_checked_edges(names.len(), edges, total_weight, 0);
        Piece { graph, names }
    }
}

/// What the other parts are contracted into.
#[derive(Clone, Copy)]
enum Centre {
    /// One of the part's own groups, which no cut still to be found separates from them.
    Group(u32),
    /// A node of its own.
    Named(u32),
}

/// The groups in each part.
struct Members {
    groups: Vec<u32>,
    begins: Vec<usize>,
}

impl Members {
    fn of(part_of: &[u32], parts: u32, groups: &mut DisjointSets) -> Self {
        let mut begins = vec![0; parts as usize + 1];
        let nodes = 0..part_of.len() as u32;
        let named: Vec<u32> = nodes.filter(|&node| groups.find(node) == node).collect();
        for &group in &named {
            begins[part_of[group as usize] as usize + 1] += 1;
        }
        for part in 0..parts as usize {
            begins[part + 1] += begins[part];
        }
        let mut free = begins.clone();
        let mut sorted = vec![0; named.len()];
        for group in named {
            let slot = &mut free[part_of[group as usize] as usize];
            sorted[*slot] = group;
            *slot += 1;
        }
        Self { groups: sorted, begins }
    }

    fn of_part(&self, part: u32) -> &[u32] {
        &self.groups[self.begins[part as usize]..self.begins[part as usize + 1]]
    }
}

/// Edges that carry weight and join all nodes of a connected graph: each node but the heaviest, with
/// a neighbour nearer to that.
fn spanning_tree(graph: &Graph) -> Vec<(u32, u32)> {
    let nodes = graph.nodes();
    let Some(root) = (0..nodes).max_by_key(|&node| graph.weighted_degree(node)) else {
        return Vec::new();
    };
    let mut seen = vec![false; nodes as usize];
    seen[root as usize] = true;
    let mut order = vec![root];
    let mut tree = Vec::with_capacity(nodes as usize - 1);
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for (neighbour, weight) in graph.neighbours(node) {
            if weight > 0 && !std::mem::replace(&mut seen[neighbour as usize], true) {
                tree.push((neighbour, node));
                order.push(neighbour);
            }
        }
    }
    tree
}
