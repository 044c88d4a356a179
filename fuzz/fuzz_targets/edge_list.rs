//! Arbitrary edge lists, as graphs: every cut is one, and of small graphs none is lighter.

#![no_main]

mod bytes;
mod oracle;

use bytes::Bytes;
use healing_mincut::{
    CutTree, Graph, GraphError, MinimumCut, all_minimum_cuts, minimum_cut, minimum_st_cut, weakest_cuts,
};
use libfuzzer_sys::fuzz_target;
use oracle::assert_is_cut_of;

/// Stoer and Wagner's algorithm takes the cube of this.
const MOST_NODES_OF_ORACLE: u32 = 40;
/// Of many minimum cuts, so many are looked at.
const MOST_CUTS: usize = 200;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::new(data);
    let nodes = bytes.node_count();
    let edges = bytes.edges(nodes);
    let graph = match Graph::from_edges(nodes, edges.iter().copied()) {
        Ok(graph) => graph,
        Err(GraphError::NodeOutOfRange { edge, node, .. }) => {
            let (u, v, _) = edges[edge];
            assert!(node >= u64::from(nodes) && [u, v].map(u64::from).contains(&node));
            return;
        }
        Err(GraphError::TotalWeightOverflow { .. }) => {
            let total: u128 = edges
                .iter()
                .filter(|(u, v, _)| u != v)
                .map(|&(_, _, w)| u128::from(w))
                .sum();
            assert!(total > u128::from(u64::MAX));
            return;
        }
        Err(other) => panic!("{other}"),
    };
    let Some(cut) = minimum_cut(&graph) else {
        assert!(nodes < 2);
        return;
    };
    assert_is_cut_of(&cut, &graph);
    if nodes <= MOST_NODES_OF_ORACLE {
        assert_eq!(Some(cut.value()), oracle::stoer_wagner_value(nodes, &edges));
        assert_others_agree(&cut, &graph);
    }
});

/// All minimum cuts, the cut tree, the weakest cuts and single flows fit together.
fn assert_others_agree(cut: &MinimumCut, graph: &Graph) {
    let all = all_minimum_cuts(graph).expect("two nodes have a cut");
    assert_eq!(all.value(), cut.value());
    let listed: Vec<MinimumCut> = all.iter().take(MOST_CUTS).collect();
    assert!(listed.contains(cut) || listed.len() == MOST_CUTS);
    assert_eq!(
        listed.len(),
        all.count()
            .map_or(MOST_CUTS, |count| (MOST_CUTS as u128).min(count) as usize)
    );
    for listed in &listed {
        assert_is_cut_of(listed, graph);
        assert_eq!(listed.value(), cut.value());
    }
    let tree = CutTree::new(graph);
    for v in 1..graph.nodes() {
        let between = minimum_st_cut(graph, v - 1, v).expect("two nodes");
        assert_is_cut_of(&between, graph);
        assert_eq!(tree.value(v - 1, v), Ok(between.value()));
    }
    let weakest = weakest_cuts(graph, 3);
    let values = |cut: &MinimumCut| cut.value();
    assert!(
        weakest
            .iter()
            .map(values)
            .eq(tree.cuts().take(3).map(|cut| cut.value()))
    );
    assert_eq!(weakest[0].value(), cut.value());
}
