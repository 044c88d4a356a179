//! Stoer and Wagner, "A simple min-cut algorithm" (JACM 44(4), 1997): n - 1 maximum adjacency
//! orders, each of which yields one cut and merges its last two nodes. O(n^3) here.

use crate::graph::Graph;

/// One side of a minimum cut, as membership of every node.
pub(crate) fn lightest_side(graph: &Graph) -> Option<Vec<bool>> {
    let nodes = graph.nodes() as usize;
    if nodes < 2 {
        return None;
    }
    let mut weight = vec![std::collections::BTreeMap::<usize, u64>::new(); nodes];
    for (u, v, w) in graph.edge_list() {
        weight[u as usize].insert(v as usize, w);
        weight[v as usize].insert(u as usize, w);
    }
    let mut members: Vec<Vec<usize>> = (0..nodes).map(|node| vec![node]).collect();
    let mut left: Vec<usize> = (0..nodes).collect();
    let mut best: Option<(u64, Vec<usize>)> = None;
    while left.len() > 1 {
        let mut attached = vec![0_u64; nodes];
        let mut unscanned = left.clone();
        let (mut last, mut before_last, mut value) = (left[0], left[0], 0);
        while let Some(position) = (0..unscanned.len()).max_by_key(|&i| attached[unscanned[i]]) {
            let node = unscanned.swap_remove(position);
            before_last = last;
            last = node;
            value = attached[node];
            for (&neighbour, &w) in &weight[node] {
                attached[neighbour] = attached[neighbour].saturating_add(w);
            }
        }
        if best.as_ref().is_none_or(|(lightest, _)| value < *lightest) {
            best = Some((value, members[last].clone()));
        }
        let moved = std::mem::take(&mut members[last]);
        members[before_last].extend(moved);
        for (neighbour, w) in std::mem::take(&mut weight[last]) {
            weight[neighbour].remove(&last);
            if neighbour != before_last {
                *weight[neighbour].entry(before_last).or_default() += w;
                *weight[before_last].entry(neighbour).or_default() += w;
            }
        }
        left.retain(|&node| node != last);
    }
    let mut inside = vec![false; nodes];
    for node in best?.1 {
        inside[node] = true;
    }
    Some(inside)
}
