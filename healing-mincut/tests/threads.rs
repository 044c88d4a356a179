//! What is handed from thread to thread.

use healing_mincut::{
    AllMinimumCuts, BatchError, CutEdge, CutTree, DynamicMinCut, FixedPoint, Graph, GraphError, MinimumCut,
    MinimumCutSolver, PairError, Update, UpdateError,
};

const fn may_go_anywhere<T: Send + Sync + Unpin + 'static>() {}

const fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn every_public_type_may_be_sent_and_shared() {
    may_go_anywhere::<Graph>();
    may_go_anywhere::<FixedPoint>();
    may_go_anywhere::<MinimumCut>();
    may_go_anywhere::<CutEdge>();
    may_go_anywhere::<MinimumCutSolver>();
    may_go_anywhere::<AllMinimumCuts<'static>>();
    may_go_anywhere::<CutTree<'static>>();
    may_go_anywhere::<DynamicMinCut>();
    may_go_anywhere::<Update>();
}

#[test]
fn so_may_every_error() {
    is_an_error::<GraphError>();
    is_an_error::<PairError>();
    is_an_error::<UpdateError>();
    is_an_error::<BatchError>();
}
