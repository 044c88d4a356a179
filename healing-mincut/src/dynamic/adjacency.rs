//! A graph whose edges come, go and change their weights.

use crate::graph::Graph;
use crate::rows::RowBuffer;

/// Nodes with their arcs in rows of one arena; a row that is full moves to the arena's end.
#[derive(Debug, Default, Clone)]
pub(crate) struct Adjacency {
    rows: Vec<Row>,
    arcs: Vec<Arc>,
    /// How many arcs of the arena belong to no row any more.
    abandoned: usize,
    edges: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    begin: usize,
    length: u32,
    capacity: u32,
}

/// One end's view of an edge.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Arc {
    pub(crate) target: u32,
    /// The position of the reverse arc in the target's row.
    pub(crate) twin: u32,
    /// How much more can flow to the target: the weight, while nothing flows.
    pub(crate) room: u64,
}

/// Where the two arcs of an edge are, `u`'s first; good until an edge comes or goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    at_u: usize,
    at_v: usize,
}

impl Adjacency {
    pub(crate) fn of_graph(graph: &Graph) -> Self {
        let offsets = graph.arc_offsets();
        let rows: Vec<Row> = offsets
            .windows(2)
            .map(|ends| Row {
                begin: ends[0],
                length: (ends[1] - ends[0]) as u32,
                capacity: (ends[1] - ends[0]) as u32,
            })
            .collect();
        let mut arcs: Vec<Arc> = graph
            .arc_targets()
            .iter()
            .zip(graph.arc_weights())
            .map(|(&target, &weight)| Arc {
                target,
                twin: 0,
                room: weight,
            })
            .collect();
        // Sources ascend in every row: the reverses of a node's arcs are met in the row's order.
        let mut met = vec![0_u32; rows.len()];
        for source in &rows {
            for position in 0..source.length {
                let arc = source.begin + position as usize;
                let target = arcs[arc].target as usize;
                arcs[arc].twin = met[target];
                met[target] += 1;
            }
        }
        Self {
            rows,
            arcs,
            abandoned: 0,
            edges: graph.edges(),
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn edges(&self) -> usize {
        self.edges
    }

    pub(crate) fn row_length(&self, node: u32) -> usize {
        self.rows[node as usize].length as usize
    }

    /// Where the node's arcs are among all arcs.
    #[inline]
    pub(crate) fn row(&self, node: u32) -> std::ops::Range<usize> {
        let row = self.rows[node as usize];
        row.begin..row.begin + row.length as usize
    }

    /// Where the reverse of an arc is.
    #[inline]
    pub(crate) fn reverse_of(&self, arc: Arc) -> usize {
        self.rows[arc.target as usize].begin + arc.twin as usize
    }

    #[inline]
    pub(crate) fn arc(&self, index: usize) -> Arc {
        self.arcs[index]
    }

    #[inline]
    pub(crate) fn set_room(&mut self, index: usize, room: u64) {
        self.arcs[index].room = room;
    }

    pub(crate) fn arcs_of(&self, node: u32) -> &[Arc] {
        &self.arcs[self.row(node)]
    }

    /// The edge between two nodes, found in the shorter of their rows.
    pub(crate) fn find(&self, u: u32, v: u32) -> Option<Place> {
        let from_u = self.row_length(u) <= self.row_length(v);
        let (source, target) = if from_u { (u, v) } else { (v, u) };
        let row = self.row(source);
        let position = self.arcs[row.clone()].iter().position(|arc| arc.target == target)?;
        let here = row.start + position;
        let there = self.reverse_of(self.arcs[here]);
        let (at_u, at_v) = if from_u { (here, there) } else { (there, here) };
        Some(Place { at_u, at_v })
    }

    pub(crate) fn weight(&self, place: Place) -> u64 {
        self.arcs[place.at_u].room
    }

    /// Gives the edge, found at `place`, this weight, or takes it away; or adds it.
    pub(crate) fn set(&mut self, u: u32, v: u32, place: Option<Place>, weight: Option<u64>) {
        match (place, weight) {
            (None, None) => {}
            (Some(Place { at_u, at_v }), Some(weight)) => {
                self.arcs[at_u].room = weight;
                self.arcs[at_v].room = weight;
            }
            (None, Some(weight)) => {
                let (twin_of_u, twin_of_v) = (self.row_length(v) as u32, self.row_length(u) as u32);
                self.push(u, v, twin_of_u, weight);
                self.push(v, u, twin_of_v, weight);
                self.edges += 1;
            }
            (Some(Place { at_u, at_v }), None) => {
                self.swap_remove(u, at_u);
                // That has moved no arc of `v`'s row: an edge has two different ends.
                self.swap_remove(v, at_v);
                self.edges -= 1;
            }
        }
    }

    fn push(&mut self, node: u32, target: u32, twin: u32, weight: u64) {
        let row = self.rows[node as usize];
        if row.length == row.capacity {
            self.widen(node);
        }
        let row = &mut self.rows[node as usize];
        self.arcs[row.begin + row.length as usize] = Arc {
            target,
            twin,
            room: weight,
        };
        row.length += 1;
    }

    fn swap_remove(&mut self, node: u32, index: usize) {
        let row = &mut self.rows[node as usize];
        row.length -= 1;
        let last = row.begin + row.length as usize;
        let position = (index - row.begin) as u32;
        if index != last {
            let moved = self.arcs[last];
            self.arcs[index] = moved;
            let reverse = self.reverse_of(moved);
            self.arcs[reverse].twin = position;
        }
    }

    /// Moves a node's row to where it has twice the room; then, if rows that were left fill half the
    /// arena, all rows, so that the arena stays within four times the arcs.
    fn widen(&mut self, node: u32) {
        let row = self.rows[node as usize];
        let begin = self.arcs.len();
        let capacity = (2 * row.capacity).max(4);
        self.arcs.extend_from_within(row.begin..row.begin + row.length as usize);
        self.arcs.resize(begin + capacity as usize, Arc::default());
        self.rows[node as usize] = Row {
            begin,
            length: row.length,
            capacity,
        };
        self.abandoned += row.capacity as usize;
        if self.abandoned * 2 > self.arcs.len() {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut arcs = Vec::with_capacity(self.arcs.len() - self.abandoned);
        for row in &mut self.rows {
            let begin = arcs.len();
            arcs.extend_from_slice(&self.arcs[row.begin..row.begin + row.capacity as usize]);
            row.begin = begin;
        }
        self.arcs = arcs;
        self.abandoned = 0;
    }

    /// Every edge once, as `(u, v, weight)` with `u < v`.
    pub(crate) fn edge_list(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        (0..self.nodes() as u32).flat_map(move |u| {
            self.arcs_of(u)
                .iter()
                .filter(move |arc| u < arc.target)
                .map(move |arc| (u, arc.target, arc.room))
        })
    }

    /// The graph as the static solver reads it.
    pub(crate) fn copy_to(&self, rows: &mut RowBuffer, degrees: &[u64]) {
        rows.clear();
        for node in 0..self.nodes() as u32 {
            let arcs = self.arcs_of(node);
            rows.targets.extend(arcs.iter().map(|arc| arc.target));
            rows.weights.extend(arcs.iter().map(|arc| arc.room));
            rows.offsets.push(rows.targets.len());
        }
        rows.degrees.extend_from_slice(degrees);
    }
}
