//! Maximum flows between two nodes, as far as a limit.

use crate::graph::Graph;
use crate::rows::Rows;

/// The level of a node that the search has not met.
const UNSEEN: u32 = u32::MAX;
/// The sink's level: those of nodes nearer to it count down from here.
const SINK: u32 = u32::MAX - 1;
/// Ways to sinks with more arcs than this are kept.
const LONG_WAY: u32 = 16;

/// How a flow came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The limit was reached; there may be more.
    Limit,
    /// It is greatest: [`MaximumFlow::side`] holds all nodes that the source still reaches.
    SourceClosed,
    /// It is greatest: [`MaximumFlow::side`] holds all nodes that still reach the sink.
    SinkClosed,
}

/// Dinic's algorithm with a search from both ends: E. A. Dinitz, "Algorithm for solution of a problem
/// of maximum flow in networks with power estimation" (Soviet Math. Doklady 11, 1970).
///
/// The search meets halfway, and ends when either end is closed in; so a flow that a small
/// neighbourhood decides costs no more than that neighbourhood. At most n rounds of O(nm) each, in
/// practice few of them. The network is a graph, each of whose edges carries its weight either way;
/// one flow after another is found in the same memory.
///
/// The sink is one node, or a set of nodes that only ever grows.
#[derive(Clone)]
pub(crate) struct MaximumFlow<'g> {
    rows: Rows<'g>,
    /// The arc that leads back.
    reverse: Vec<usize>,
    /// How much more each arc can carry.
    residual: Vec<u64>,
    /// Arcs that may carry something, whose reverses may not be listed.
    touched: Vec<usize>,
    /// What flows is not to be undone.
    is_kept: bool,
    /// Ways are sought among arcs that can carry so much more.
    least_room: u64,
    level: Vec<u32>,
    /// The first arc of each node that may still lead on in this round.
    next_arc: Vec<usize>,
    from_source: Front,
    from_sink: Front,
    path: Vec<usize>,
    ending: Ending,
    /// Nodes that searches pass over.
    aside: Vec<u32>,
    work: usize,
}

/// The nodes that the search has met from one end, layer after layer.
#[derive(Debug, Default, Clone)]
struct Front {
    nodes: Vec<u32>,
    /// Where the outermost layer begins.
    layer: usize,
    /// How many arcs that layer has.
    arcs: usize,
    level: u32,
}

impl Front {
    fn reset(&mut self, node: u32, level: u32, arcs: usize) {
        self.nodes.clear();
        self.nodes.push(node);
        self.layer = 0;
        self.arcs = arcs;
        self.level = level;
    }
}

/// What scanning a layer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scanned {
    Met,
    Grown,
    Closed,
}

impl<'g> MaximumFlow<'g> {
    pub(crate) fn new(graph: &'g Graph) -> Self {
        Self::of_rows(Rows::of_graph(graph))
    }

    /// The same for rows whose targets ascend.
    pub(crate) fn of_rows(rows: Rows<'g>) -> Self {
        let nodes = rows.nodes();
        let Rows {
            offsets,
            targets,
            weights,
            ..
        } = rows;
        let mut free = offsets[..nodes].to_vec();
        let mut reverse = vec![0; targets.len()];
        // Targets ascend in every row: taken in the order of their sources, the arcs to a node come in
        // the order of that node's own row.
        for (arc, &target) in targets.iter().enumerate() {
            let slot = &mut free[target as usize];
            reverse[arc] = *slot;
            *slot += 1;
        }
        Self {
            rows,
            reverse,
            residual: weights.to_vec(),
            touched: Vec::new(),
            is_kept: false,
            least_room: 1,
            level: vec![UNSEEN; nodes],
            next_arc: free,
            from_source: Front::default(),
            from_sink: Front::default(),
            path: Vec::new(),
            ending: Ending::Limit,
            aside: Vec::new(),
            work: 0,
        }
    }

    pub(crate) fn nodes(&self) -> u32 {
        // A graph's nodes are counted in 32 bits.
        self.rows.nodes() as u32
    }

    pub(crate) fn neighbours(&self, node: u32) -> &'g [u32] {
        self.rows.arcs_of(node).0
    }

    /// Where the first of the node's arcs is among all arcs.
    pub(crate) fn first_arc(&self, node: u32) -> usize {
        self.rows.offsets[node as usize]
    }

    /// The greatest flow between two different nodes, or `limit` if that is less.
    pub(crate) fn run(&mut self, source: u32, sink: u32, limit: u64) -> u64 {
        self.take_back();
        let mut value = 0;
        while value < limit {
            match self.search(source, sink) {
                Scanned::Met => value += self.augment(source, limit - value),
                Scanned::Grown | Scanned::Closed => return value,
            }
        }
        self.ending = Ending::Limit;
        value
    }

    /// Adds a node to the set of sinks.
    pub(crate) fn add_sink(&mut self, node: u32) {
        self.clear_fronts();
        self.level[node as usize] = SINK;
    }

    /// The greatest flow from a node to the set of sinks, or at least `limit` if that is less; `None` if
    /// more than `most_work` arcs would have to be read. Not for use with single sinks in turn.
    ///
    /// Once a way has led far round, nothing is undone any more. Earlier sources must be sinks by now, and
    /// from sinks to sinks any amount may flow: so such a way is found once, and used from one source
    /// after the other along it, by pushing back what flows past. (Short ones are sooner found again than
    /// kept out of the way.)
    pub(crate) fn run_to_sinks(&mut self, source: u32, limit: u64, most_work: usize) -> Option<u64> {
        let most_work = self.work.saturating_add(most_work);
        self.take_back();
        let mut value = 0;
        if self.is_kept {
            self.least_room = 1 << limit.ilog2();
        }
        'search: while value < limit {
            self.clear_fronts();
            self.from_sink.level = SINK;
            let arcs = self.arcs_of(source);
            self.from_source.reset(source, 0, arcs.len());
            self.level[source as usize] = 0;
            self.next_arc[source as usize] = arcs.start;
            loop {
                match self.scan_layer::<true>() {
                    Scanned::Grown if self.work > most_work => {
                        self.clear_fronts();
                        return None;
                    }
                    Scanned::Grown => {}
                    Scanned::Met => break,
                    Scanned::Closed if self.least_room > 1 => {
                        self.least_room /= 2;
                        continue 'search;
                    }
                    Scanned::Closed => {
                        self.ending = Ending::SourceClosed;
                        return Some(value);
                    }
                }
            }
            self.is_kept |= self.from_source.level > LONG_WAY;
            value += self.augment(source, limit - value);
        }
        self.clear_fronts();
        self.ending = Ending::Limit;
        Some(value)
    }

    /// After a flow to a set of sinks that ended with the source closed in: the weight of the edges that
    /// leave [`side`](Self::side).
    pub(crate) fn weight_around_source(&self) -> u64 {
        let leaves = |&arc: &usize| matches!(self.level[self.rows.targets[arc] as usize], UNSEEN | SINK);
        let arcs = self.from_source.nodes.iter().flat_map(|&node| self.arcs_of(node));
        arcs.filter(leaves).map(|arc| self.rows.weights[arc]).sum()
    }

    /// How the last flow ended.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// How many arcs have been read in search of ways, all told.
    pub(crate) fn work(&self) -> usize {
        self.work
    }

    /// The nodes of the side that was closed in.
    pub(crate) fn side(&self) -> &[u32] {
        match self.ending {
            Ending::SinkClosed => &self.from_sink.nodes,
            Ending::SourceClosed | Ending::Limit => &self.from_source.nodes,
        }
    }

    /// Whether arcs that can carry more lead from one node to another. If not, the ending and the side
    /// tell which of the two is closed in.
    pub(crate) fn leads(&mut self, from: u32, to: u32) -> bool {
        self.search(from, to) == Scanned::Met
    }

    /// Until the next flow, nodes from which nothing leads to the sink, or else, `at_sink`, to which
    /// nothing leads from the source, need not be searched again. Forgets the side that was closed in.
    pub(crate) fn set_aside(&mut self, nodes: &[u32], at_sink: bool) {
        self.clear_fronts();
        for &node in nodes {
            self.level[node as usize] = if at_sink { SINK } else { 0 };
        }
        self.aside.extend_from_slice(nodes);
    }

    /// The node's neighbours, each with whether the arc there can carry more, and whether the one back
    /// can.
    pub(crate) fn residual_neighbours(&self, node: u32) -> impl Iterator<Item = (u32, bool, bool)> + '_ {
        self.arcs_of(node).map(|arc| {
            let target = self.rows.targets[arc];
            (target, self.residual[arc] > 0, self.residual[self.reverse[arc]] > 0)
        })
    }

    /// The first of the node's arcs from `arc` on that can carry more, and its target.
    pub(crate) fn next_residual(&self, node: u32, mut arc: usize) -> Option<(usize, u32)> {
        let end = self.rows.offsets[node as usize + 1];
        while arc < end {
            if self.residual[arc] > 0 {
                return Some((arc, self.rows.targets[arc]));
            }
            arc += 1;
        }
        None
    }

    fn arcs_of(&self, node: u32) -> std::ops::Range<usize> {
        let offsets = self.rows.offsets;
        offsets[node as usize]..offsets[node as usize + 1]
    }

    /// Undoes the last flow, unless it is kept.
    fn take_back(&mut self) {
        let weights = self.rows.weights;
        if self.is_kept {
            self.touched.clear();
        }
        for arc in self.touched.drain(..) {
            self.residual[arc] = weights[arc];
            self.residual[self.reverse[arc]] = weights[arc];
        }
        for node in self.aside.drain(..) {
            self.level[node as usize] = UNSEEN;
        }
    }

    fn clear_fronts(&mut self) {
        for front in [&mut self.from_source, &mut self.from_sink] {
            for node in front.nodes.drain(..) {
                self.level[node as usize] = UNSEEN;
            }
        }
    }

    /// Layers of nodes round both ends, until the two meet or one cannot grow.
    fn search(&mut self, source: u32, sink: u32) -> Scanned {
        self.clear_fronts();
        let (source_arcs, sink_arcs) = (self.arcs_of(source).len(), self.arcs_of(sink).len());
        self.from_source.reset(source, 0, source_arcs);
        self.from_sink.reset(sink, SINK, sink_arcs);
        for (end, level) in [(source, 0), (sink, SINK)] {
            self.level[end as usize] = level;
            self.next_arc[end as usize] = self.arcs_of(end).start;
        }
        loop {
            let forward = self.from_source.arcs <= self.from_sink.arcs;
            let scanned = if forward {
                self.scan_layer::<true>()
            } else {
                self.scan_layer::<false>()
            };
            match scanned {
                Scanned::Grown => {}
                Scanned::Met => return scanned,
                Scanned::Closed => {
                    self.ending = if forward {
                        Ending::SourceClosed
                    } else {
                        Ending::SinkClosed
                    };
                    return scanned;
                }
            }
        }
    }

    /// Adds the next layer to one front, unless that meets the other.
    fn scan_layer<const FORWARD: bool>(&mut self) -> Scanned {
        let lowest_of_sink = self.from_sink.level;
        let front = if FORWARD {
            &mut self.from_source
        } else {
            &mut self.from_sink
        };
        let level = if FORWARD { front.level + 1 } else { front.level - 1 };
        let (begin, end) = (front.layer, front.nodes.len());
        self.work += front.arcs;
        let (offsets, targets) = (self.rows.offsets, self.rows.targets);
        let mut arcs = 0;
        for position in begin..end {
            let node = front.nodes[position] as usize;
            let first = offsets[node];
            for (arc, &target) in targets[first..offsets[node + 1]].iter().enumerate() {
                let arc = first + arc;
                let carrier = if FORWARD { arc } else { self.reverse[arc] };
                if self.residual[carrier] < self.least_room {
                    continue;
                }
                let target = target as usize;
                let seen = self.level[target];
                if seen == UNSEEN {
                    self.level[target] = level;
                    self.next_arc[target] = offsets[target];
                    arcs += offsets[target + 1] - offsets[target];
                    front.nodes.push(target as u32);
                } else if if FORWARD { seen >= lowest_of_sink } else { seen < level } {
                    return Scanned::Met;
                }
            }
        }
        if front.nodes.len() == end {
            return Scanned::Closed;
        }
        front.layer = end;
        front.arcs = arcs;
        front.level = level;
        Scanned::Grown
    }

    /// Sends what the shortest paths can carry, up to `limit`; returns how much that was.
    fn augment(&mut self, source: u32, limit: u64) -> u64 {
        let (offsets, targets) = (self.rows.offsets, self.rows.targets);
        let (last_of_source, first_of_sink) = (self.from_source.level, self.from_sink.level);
        let mut sent = 0;
        self.path.clear();
        let mut node = source as usize;
        loop {
            if self.level[node] == SINK {
                sent += self.send(limit - sent);
                if sent == limit {
                    return sent;
                }
                // Back to where the first full arc begins.
                let full = self
                    .path
                    .iter()
                    .position(|&arc| self.residual[arc] < self.least_room)
                    .unwrap_or(0);
                node = targets[self.reverse[self.path[full]]] as usize;
                self.path.truncate(full);
                continue;
            }
            let level = self.level[node];
            let next_level = if level == last_of_source {
                first_of_sink
            } else {
                level + 1
            };
            let end = offsets[node + 1];
            let mut arc = self.next_arc[node];
            while arc < end && (self.residual[arc] < self.least_room || self.level[targets[arc] as usize] != next_level)
            {
                arc += 1;
            }
            self.next_arc[node] = arc;
            if arc < end {
                self.path.push(arc);
                node = targets[arc] as usize;
                continue;
            }
            let Some(back) = self.path.pop() else { return sent };
            node = targets[self.reverse[back]] as usize;
            self.next_arc[node] += 1;
        }
    }

    /// Sends as much along the path as it carries, up to `limit`.
    fn send(&mut self, limit: u64) -> u64 {
        let weights = self.rows.weights;
        let amount = self
            .path
            .iter()
            .fold(limit, |least, &arc| least.min(self.residual[arc]));
        for &arc in &self.path {
            if self.residual[arc] == weights[arc] && !self.is_kept {
                self.touched.push(arc);
            }
            self.residual[arc] -= amount;
            // What does not fit into 64 bits is more than all further flow together can use up.
            let back = &mut self.residual[self.reverse[arc]];
            *back = back.saturating_add(amount);
        }
        amount
    }
}
