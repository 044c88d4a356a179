//! The connected pieces of a graph.

use crate::graph::Graph;

/// Which piece each node is in; edges of weight zero hold nothing together.
#[derive(Debug, Clone)]
pub(crate) struct Components {
    pub(crate) piece_of: Vec<u32>,
    pub(crate) count: u32,
}

impl Components {
    pub(crate) fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes();
        let mut piece_of = vec![u32::MAX; nodes as usize];
        let mut count = 0;
        let mut waiting = Vec::new();
        for start in 0..nodes {
            if piece_of[start as usize] != u32::MAX {
                continue;
            }
            piece_of[start as usize] = count;
            waiting.push(start);
            while let Some(node) = waiting.pop() {
                for (neighbour, weight) in graph.neighbours(node) {
                    let piece = &mut piece_of[neighbour as usize];
                    if weight > 0 && *piece == u32::MAX {
                        *piece = count;
                        waiting.push(neighbour);
                    }
                }
            }
            count += 1;
        }
        Self { piece_of, count }
    }

    /// Every way to leave some pieces, but not the first and not none, on one side: whether each is there.
    pub(crate) fn sides(&self) -> impl Iterator<Item = Vec<bool>> + '_ {
        let first = vec![false; self.count as usize];
        // Counts in binary, the second piece being the lowest digit.
        std::iter::successors(Some(first), |side| {
            let mut next = side.clone();
            let digit = next.iter().skip(1).position(|&chosen| !chosen)? + 1;
            next[1..digit].fill(false);
            next[digit] = true;
            Some(next)
        })
        .skip(1)
    }
}
