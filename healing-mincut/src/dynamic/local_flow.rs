//! Whether two nodes hold together at a given strength, found out as near to them as possible.

use crate::dynamic::adjacency::{Adjacency, Arc};

/// A node is not followed if nothing can flow to it, which so many steps back mostly show.
const STEPS_BACK: usize = 4;

/// Memory of searches for augmenting paths from both ends at once.
#[derive(Debug, Default, Clone)]
pub(crate) struct LocalFlow {
    visits: Vec<Visit>,
    /// The stamp of nodes that were reached from the source; those reached from the sink have the
    /// next one.
    stamp: u32,
    source: Front,
    sink: Front,
    /// Nodes with arcs whose room differs from that of their reverses.
    carries: Vec<bool>,
    /// Arcs that flow was pushed along, with the room there was before.
    pushed: Vec<Pushed>,
    /// Whether the cut found is around what was reached from the source.
    cut_at_source: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Visit {
    stamp: u32,
    /// The position, in the node's own row, of the arc to where it was reached from.
    via: u32,
}

/// One end's search.
#[derive(Debug, Default, Clone)]
struct Front {
    /// The nodes reached, in order.
    reached: Vec<u32>,
    /// How many of them have been followed.
    followed: usize,
    /// How many arcs were read.
    work: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pushed {
    arc: usize,
    reverse: usize,
    room: u64,
    room_back: u64,
}

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// No cut below the limit separates the two nodes.
    Strong,
    /// The lightest cut that separates them has this value, below the limit.
    Cut(u64),
    /// The work allowed was not enough.
    Unknown,
}

impl LocalFlow {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            visits: vec![Visit::default(); nodes],
            carries: vec![false; nodes],
            ..Self::default()
        }
    }

    /// Pushes flow from `u` to `v` until it is `limit`, or no more can flow, or `work` arcs have been
    /// read; what was read is taken off `work`. (Ford and Fulkerson 1956; shortest paths first, as
    /// Edmonds and Karp have it, but many from one search.) Leaves the graph as it was.
    pub(crate) fn between(&mut self, adjacency: &mut Adjacency, u: u32, v: u32, limit: u64, work: &mut usize) -> Flow {
        let mut search = Search {
            adjacency,
            memory: self,
            source: u,
            sink: v,
        };
        let flow = search.run(limit, work);
        search.undo();
        flow
    }

    /// The nodes on one side of the cut that was found last.
    pub(crate) fn cut_side(&self) -> &[u32] {
        if self.cut_at_source {
            &self.source.reached
        } else {
            &self.sink.reached
        }
    }

    /// Begins a search: nothing but the two ends is reached.
    fn reset(&mut self, source: u32, sink: u32) {
        self.stamp = self.stamp.checked_add(2).unwrap_or_else(|| {
            self.visits.fill(Visit::default());
            2
        });
        for (front, node, stamp) in [
            (&mut self.source, source, self.stamp),
            (&mut self.sink, sink, self.stamp + 1),
        ] {
            front.reached.clear();
            front.reached.push(node);
            front.followed = 0;
            front.work = 0;
            self.visits[node as usize].stamp = stamp;
        }
    }
}

struct Search<'a> {
    adjacency: &'a mut Adjacency,
    memory: &'a mut LocalFlow,
    source: u32,
    sink: u32,
}

impl Search<'_> {
    fn run(&mut self, limit: u64, work: &mut usize) -> Flow {
        let mut flow = 0;
        while flow < limit {
            self.memory.reset(self.source, self.sink);
            let before = flow;
            loop {
                let LocalFlow { source, sink, .. } = &*self.memory;
                let (Some(&from_source), Some(&from_sink)) =
                    (source.reached.get(source.followed), sink.reached.get(sink.followed))
                else {
                    break;
                };
                let source_work = source.work + self.adjacency.row_length(from_source);
                let sink_work = sink.work + self.adjacency.row_length(from_sink);
                let is_fresh = flow == before;
                if source_work <= sink_work {
                    self.memory.source.followed += 1;
                    if is_fresh || self.is_open::<true>(from_source) {
                        self.memory.source.work = source_work;
                        flow += self.follow::<true>(from_source, limit - flow);
                    }
                } else {
                    self.memory.sink.followed += 1;
                    if is_fresh || self.is_open::<false>(from_sink) {
                        self.memory.sink.work = sink_work;
                        flow += self.follow::<false>(from_sink, limit - flow);
                    }
                }
                if flow == limit {
                    break;
                }
                if self.memory.source.work + self.memory.sink.work > *work {
                    return Flow::Unknown;
                }
            }
            *work = work.saturating_sub(self.memory.source.work + self.memory.sink.work);
            if flow == before {
                let source = &self.memory.source;
                self.memory.cut_at_source = source.followed == source.reached.len();
                return Flow::Cut(flow);
            }
        }
        Flow::Strong
    }

    /// Follows the arcs of a node that was reached from the source (`FORWARD`) or the sink, pushes
    /// what it can to where the other end has been, and returns how much that was.
    fn follow<const FORWARD: bool>(&mut self, node: u32, limit: u64) -> u64 {
        let own = self.memory.stamp + u32::from(!FORWARD);
        let other = self.memory.stamp + u32::from(FORWARD);
        let both_ways = FORWARD || !self.memory.carries[node as usize];
        let mut flow = 0;
        for index in self.adjacency.row(node) {
            let arc = self.adjacency.arc(index);
            let room = if both_ways { arc.room } else { self.room_back(arc) };
            if room == 0 {
                continue;
            }
            let visit = &mut self.memory.visits[arc.target as usize];
            if visit.stamp == other {
                flow += if FORWARD {
                    self.push(node, index, arc.target, limit - flow)
                } else {
                    let reverse = self.adjacency.reverse_of(arc);
                    self.push(arc.target, reverse, node, limit - flow)
                };
                if flow == limit || !self.is_open::<FORWARD>(node) {
                    break;
                }
            } else if visit.stamp != own {
                *visit = Visit {
                    stamp: own,
                    via: arc.twin,
                };
                let front = if FORWARD {
                    &mut self.memory.source
                } else {
                    &mut self.memory.sink
                };
                front.reached.push(arc.target);
            }
        }
        flow
    }

    /// How much more can flow along the reverse of an arc.
    #[inline]
    fn room_back(&self, arc: Arc) -> u64 {
        self.adjacency.arc(self.adjacency.reverse_of(arc)).room
    }

    /// Where a reached node's arc to its predecessor is.
    #[inline]
    fn via(&self, node: u32) -> usize {
        self.adjacency.row(node).start + self.memory.visits[node as usize].via as usize
    }

    /// Whether more can flow along the way by which a node was reached, as far as a few steps show.
    fn is_open<const FORWARD: bool>(&self, node: u32) -> bool {
        let end = if FORWARD { self.source } else { self.sink };
        let mut node = node;
        for _ in 0..STEPS_BACK {
            if node == end {
                break;
            }
            let arc = self.adjacency.arc(self.via(node));
            if (if FORWARD { self.room_back(arc) } else { arc.room }) == 0 {
                return false;
            }
            node = arc.target;
        }
        true
    }

    /// Pushes flow along the way from the source to `u`, the arc at `index` from there to `v`, and the
    /// way from `v` to the sink; as much as there is room for, but at most `limit`.
    fn push(&mut self, u: u32, index: usize, v: u32, limit: u64) -> u64 {
        let mut flow = limit.min(self.adjacency.arc(index).room);
        let mut node = u;
        while node != self.source {
            let arc = self.adjacency.arc(self.via(node));
            flow = flow.min(self.room_back(arc));
            node = arc.target;
            self.memory.source.work += 1;
        }
        node = v;
        while node != self.sink {
            let arc = self.adjacency.arc(self.via(node));
            flow = flow.min(arc.room);
            node = arc.target;
            self.memory.sink.work += 1;
        }
        if flow == 0 {
            return 0;
        }
        self.push_along(index, flow);
        node = u;
        while node != self.source {
            let arc = self.adjacency.arc(self.via(node));
            self.push_along(self.adjacency.reverse_of(arc), flow);
            node = arc.target;
        }
        node = v;
        while node != self.sink {
            let via = self.via(node);
            self.push_along(via, flow);
            node = self.adjacency.arc(via).target;
        }
        flow
    }

    fn push_along(&mut self, index: usize, flow: u64) {
        let arc = self.adjacency.arc(index);
        let reverse = self.adjacency.reverse_of(arc);
        let back = self.adjacency.arc(reverse);
        self.memory.pushed.push(Pushed {
            arc: index,
            reverse,
            room: arc.room,
            room_back: back.room,
        });
        self.adjacency.set_room(index, arc.room - flow);
        // The room to flow back may pass 64 bits, but all that ever flows does not.
        self.adjacency.set_room(reverse, back.room.saturating_add(flow));
        self.memory.carries[arc.target as usize] = true;
        self.memory.carries[back.target as usize] = true;
    }

    fn undo(&mut self) {
        while let Some(pushed) = self.memory.pushed.pop() {
            for (index, room) in [(pushed.arc, pushed.room), (pushed.reverse, pushed.room_back)] {
                self.adjacency.set_room(index, room);
                let end = self.adjacency.arc(index).target;
                self.memory.carries[end as usize] = false;
            }
        }
    }
}
