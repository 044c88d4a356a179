//! Divides a graph along its minimum cuts.

use crate::cactus::chain::{Chain, NONE};
use crate::cactus::rooted::{Cactus, Cycles};
use crate::cactus::trivial;
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
/// graph, and every other minimum cut is inside one part, or consists of several parts in a row. There
/// are fewer steps than the kernel has nodes, each of which costs a flow of at most `lambda` + 1.
///
/// A step that divides is taken from the smaller end: it reads the smaller parts and their
/// surroundings, takes those out, and goes on with the last one, which counts as one node less.
pub(crate) fn build(kernel: &Graph, node_of: &[u32], lambda: u64) -> Cactus {
    let nodes = kernel.nodes() as usize;
    let mut builder = Builder {
        lambda,
        names: DisjointSets::new(nodes),
        cycles: Cycles::default(),
        pieces: Vec::new(),
        chain: Chain::default(),
        number_of: Vec::new(),
    };
    builder.start(kernel);
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
    /// The number of a group's node in the piece that is made of it.
    number_of: Vec<u32>,
}

/// A graph still to be divided: each minimum cut that is not yet noted is one of some piece's.
struct Piece {
    graph: Graph,
    /// What each of its nodes is called in the cactus.
    names: Vec<u32>,
}

/// What was done about two neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// They are one from now on.
    Joined,
    /// Other pieces hold what is left.
    Divided,
    /// Nothing: the whole piece would have to be read.
    PutOff,
}

impl Builder {
    /// The kernel without what is quickly seen to be cut off in one way only.
    fn start(&mut self, kernel: &Graph) {
        let pruned = Pruned::of(kernel);
        for leaf in &pruned.leaves {
            if leaf.weight == self.lambda {
                self.cycles.add(&[leaf.neighbour, leaf.node]);
            } else {
                self.names.join(leaf.node, leaf.neighbour);
            }
        }
        let mut piece = Piece {
            graph: pruned.core_of(kernel).into_owned(),
            names: pruned.core,
        };
        let absorbed = trivial::absorb(&piece.graph, self.lambda);
        for &(node, group) in &absorbed.cut_off {
            self.cycles
                .add(&[piece.names[group as usize], piece.names[node as usize]]);
        }
        for &(node, group) in &absorbed.inseparable {
            self.names.join(piece.names[node as usize], piece.names[group as usize]);
        }
        let mut groups = absorbed.groups;
        if !(absorbed.cut_off.is_empty() && absorbed.inseparable.is_empty()) {
            piece = contracted(&piece, &mut groups);
        }
        self.pieces.push(piece);
    }

    /// Notes the minimum cuts of a piece, or some of them and the pieces that hold the others.
    fn divide(&mut self, piece: &Piece) {
        let nodes = piece.graph.nodes() as usize;
        let mut flow = MaximumFlow::new(&piece.graph);
        // Nodes that are one from now on; each set's name is a node that no cut still to be found
        // separates from the others.
        let mut groups = DisjointSets::new(nodes);
        self.chain.reset(nodes);
        self.number_of.resize(self.number_of.len().max(nodes), NONE);
        let mut pairs = spanning_tree(&piece.graph);
        let mut put_off = Vec::new();
        // Putting off must not cost more than what it saves, a pass over the piece.
        let mut patience = piece.graph.arc_targets().len();
        let mut may_put_off = true;
        loop {
            let before = groups.count();
            for (node, neighbour) in pairs.drain(..) {
                let (source, sink) = (groups.find(node), groups.find(neighbour));
                if source == sink {
                    continue;
                }
                let work = flow.work();
                match self.step(piece, &mut flow, &mut groups, source, sink, may_put_off) {
                    Step::Joined => {}
                    Step::Divided => return,
                    Step::PutOff => {
                        put_off.push((node, neighbour));
                        patience = patience.saturating_sub(flow.work() - work);
                        may_put_off &= patience > 0;
                    }
                }
                if groups.count() * 2 < nodes {
                    self.pieces.push(contracted(piece, &mut groups));
                    return;
                }
            }
            if put_off.is_empty() {
                return;
            }
            may_put_off &= groups.count() < before;
            std::mem::swap(&mut pairs, &mut put_off);
        }
    }

    /// Finds out about two neighbours, each of which names a group.
    fn step(
        &mut self,
        piece: &Piece,
        flow: &mut MaximumFlow<'_>,
        groups: &mut DisjointSets,
        source: u32,
        sink: u32,
        may_put_off: bool,
    ) -> Step {
        if flow.run(source, sink, self.lambda + 1) > self.lambda {
            self.names
                .join(piece.names[source as usize], piece.names[sink as usize]);
            groups.join(source, sink);
            return Step::Joined;
        }
        if self.chain.begin_at_closed_end(flow, source, sink) {
            let (near, far) = if self.chain.begins_at_sink {
                (sink, source)
            } else {
                (source, sink)
            };
            let far_name = piece.names[far as usize];
            self.take_out(piece, groups, near, None, Some(far_name));
            for &node in &self.chain.nodes {
                groups.join(node, far);
            }
            self.chain.clear();
            return Step::Joined;
        }
        if may_put_off {
            return Step::PutOff;
        }
        self.chain.complete(flow, source, sink);
        self.take_out(piece, groups, source, Some(sink), None);
        self.chain.clear();
        Step::Divided
    }

    /// Notes the cycles of the chain's parts, and makes each listed part that is more than one group a
    /// piece. The first holds `near`, the last listed one `end`; behind them comes a part called `rest`.
    fn take_out(&mut self, piece: &Piece, groups: &mut DisjointSets, near: u32, end: Option<u32>, rest: Option<u32>) {
        let parts = self.chain.ends.len();
        let mut spine = Vec::with_capacity(parts + 1);
        for part in 0..parts {
            let mut members: Vec<u32> = self.chain.part(part).to_vec();
            members.retain(|&node| groups.find(node) == node);
            // What the other parts are contracted into: a group that only cuts noted here separate from
            // them, or a node of its own.
            let centre = match (part, end) {
                (0, _) => Some(near),
                (part, Some(end)) if part + 1 == parts => Some(end),
                _ => None,
            };
            let name = match (centre, &members[..]) {
                (Some(centre), _) => piece.names[centre as usize],
                (None, &[group]) => piece.names[group as usize],
                (None, _) => self.names.add(),
            };
            spine.push(name);
            if members.len() > 1 {
                let part = self.part_as_piece(piece, groups, part, &members, centre.ok_or(name));
                self.pieces.push(part);
            }
        }
        spine.extend(rest);
        self.note_cycles(&piece.graph, &spine);
    }

    /// Notes the cactus of the parts, each one node, as cycles through their names.
    ///
    /// Besides the cuts between one part and the next, the minimum cuts are stretches of parts. All
    /// stretches of such a stretch are minimum cuts as well, and so is the union of two that overlap: so
    /// it is enough to know which single parts and which pairs of neighbours are. The longest
    /// stretches are cycles, each with one more node at either end for all that is before and behind.
    fn note_cycles(&mut self, graph: &Graph, spine: &[u32]) {
        let last = spine.len() - 1;
        let mut around = vec![0_u64; spine.len()];
        let mut to_next = vec![0_u64; spine.len()];
        for &node in &self.chain.nodes {
            let part = self.chain.part_of[node as usize] as usize;
            for (neighbour, weight) in graph.neighbours(node) {
                let other = (self.chain.part_of[neighbour as usize] as usize).min(last);
                if other != part {
                    around[part] += weight;
                }
                if other == part + 1 {
                    to_next[part] += weight;
                }
            }
        }
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

    /// One part, with all others contracted into its centre: one of its groups, or else a node of that
    /// name.
    fn part_as_piece(
        &mut self,
        piece: &Piece,
        groups: &mut DisjointSets,
        part: usize,
        members: &[u32],
        centre: Result<u32, u32>,
    ) -> Piece {
        let mut names: Vec<u32> = members.iter().map(|&group| piece.names[group as usize]).collect();
        for (number, &group) in members.iter().enumerate() {
            self.number_of[group as usize] = number as u32;
        }
        let centre = match centre {
            Ok(group) => self.number_of[group as usize],
            Err(name) => {
                names.push(name);
                members.len() as u32
            }
        };
        let mut edges = Vec::new();
        let mut total_weight = 0;
        for &node in self.chain.part(part) {
            let u = self.number_of[groups.find(node) as usize];
            for (neighbour, weight) in piece.graph.neighbours(node) {
                let v = if self.chain.part_of[neighbour as usize] as usize != part {
                    centre
                } else if node < neighbour {
                    self.number_of[groups.find(neighbour) as usize]
                } else {
                    continue;
                };
                if u != v {
                    edges.push((u, v, weight));
                    total_weight += weight;
                }
            }
        }
        let graph = Graph::from_checked_edges(names.len(), edges, total_weight, 0);
        Piece { graph, names }
    }
}

/// A piece with its groups as nodes.
fn contracted(piece: &Piece, groups: &mut DisjointSets) -> Piece {
    let nodes = piece.graph.nodes();
    let mut number_of = vec![NONE; nodes as usize];
    let mut names = Vec::with_capacity(groups.count());
    for node in 0..nodes {
        if groups.find(node) == node {
            number_of[node as usize] = names.len() as u32;
            names.push(piece.names[node as usize]);
        }
    }
    let mut edges = Vec::new();
    let mut total_weight = 0;
    for (u, v, weight) in piece.graph.edge_list() {
        let (u, v) = (groups.find(u), groups.find(v));
        if u != v {
            edges.push((number_of[u as usize], number_of[v as usize], weight));
            total_weight += weight;
        }
    }
    let graph = Graph::from_checked_edges(names.len(), edges, total_weight, 0);
    Piece { graph, names }
}

/// Edges that carry weight and join all nodes of a connected graph: each node but the heaviest, with
/// a neighbour nearer to that. In no order: so that pieces divide in the middle rather than at an end,
/// if there are cuts in the middle.
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
    shuffle(&mut tree);
    tree
}

/// The same disorder every time: Fisher and Yates, by the numbers of Knuth's MMIX generator.
fn shuffle(pairs: &mut [(u32, u32)]) {
    let mut state = 1_u64;
    for place in (1..pairs.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        pairs.swap(place, ((state >> 32) as usize) % (place + 1));
    }
}
