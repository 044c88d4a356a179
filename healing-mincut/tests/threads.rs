//! What is handed from thread to thread.

use healing_mincut::{
    AllMinimumCuts, BatchError, CutTree, DynamicMinCut, FixedPoint, Graph, GraphError, MinimumCut, MinimumCutSolver,
    PairError, Update, UpdateError,
};

const fn may_go_anywhere<T: Send + Sync + Unpin + 'static>() {}

#[test]
fn every_public_type_may_be_sent_and_shared() {
    may_go_anywhere::<Graph>();
    may_go_anywhere::<FixedPoint>();
    may_go_anywhere::<MinimumCut>();
    may_go_anywhere::<MinimumCutSolver>();
    may_go_anywhere::<AllMinimumCuts<'static>>();
    may_go_anywhere::<CutTree<'static>>();
    may_go_anywhere::<DynamicMinCut>();
    may_go_anywhere::<Update>();
    may_go_anywhere::<GraphError>();
    may_go_anywhere::<PairError>();
    may_go_anywhere::<UpdateError>();
    may_go_anywhere::<BatchError>();
}
