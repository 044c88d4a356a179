//! Drives a `DynamicMinCut` beside a plain map of edges that is solved anew after every call.

use std::collections::BTreeMap;

use healing_mincut::{BatchError, DynamicMinCut, Graph, MinimumCutSolver, Update, UpdateError};

use crate::oracle::assert_is_cut_of;

/// One call.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    One(Update),
    Batch(Vec<Update>),
    WhatIf(Vec<Update>),
}

/// The edges `(u, v)` with `u < v`, and what they weigh.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    nodes: u32,
    weights: BTreeMap<(u32, u32), u64>,
}

impl Model {
    pub(crate) fn graph(&self) -> Graph {
        let edges = self.weights.iter().map(|(&(u, v), &weight)| (u, v, weight));
        Graph::from_edges(self.nodes, edges).unwrap()
    }

    fn update(&mut self, update: &Update) -> Result<Option<u64>, UpdateError> {
        let (u, v) = update.ends();
        for node in [u, v] {
            if node >= self.nodes {
                return Err(UpdateError::NodeOutOfRange {
                    node,
                    nodes: self.nodes,
                });
            }
        }
        if u == v {
            return Err(UpdateError::SelfLoop { node: u });
        }
        let edge = (u.min(v), u.max(v));
        let old = self.weights.get(&edge).copied();
        let new = match *update {
            Update::SetWeight { weight, .. } => Some(u128::from(weight)),
            Update::Insert { weight, .. } => Some(u128::from(old.unwrap_or(0)) + u128::from(weight)),
            Update::Remove { .. } if old.is_none() => return Err(UpdateError::NoEdge { u, v }),
            Update::Remove { .. } => None,
            Update::Lighten { weight: asked, .. } => match old {
                None => return Err(UpdateError::NoEdge { u, v }),
                Some(weight) if weight < asked => return Err(UpdateError::TooLight { u, v, weight, asked }),
                Some(weight) if weight == asked => None,
                Some(weight) => Some(u128::from(weight - asked)),
            },
        };
        let total: u128 = self.weights.values().copied().map(u128::from).sum();
        let after = total - u128::from(old.unwrap_or(0)) + new.unwrap_or(0);
        if let (true, Update::SetWeight { weight, .. } | Update::Insert { weight, .. }) =
            (after > u128::from(u64::MAX), *update)
        {
            return Err(UpdateError::TotalWeightOverflow { u, v, weight });
        }
        match new {
            Some(new) => self.weights.insert(edge, new as u64),
            None => self.weights.remove(&edge),
        };
        Ok(old)
    }

    fn apply(&mut self, batch: &[Update]) -> Result<(), BatchError> {
        let mut after = self.clone();
        for (position, update) in batch.iter().enumerate() {
            after.update(update).map_err(|source| BatchError { position, source })?;
        }
        *self = after;
        Ok(())
    }
}

/// The two side by side.
pub(crate) struct Pair {
    pub(crate) dynamic: DynamicMinCut,
    pub(crate) model: Model,
    solver: MinimumCutSolver,
}

impl Pair {
    pub(crate) fn new(nodes: u32, edges: &[(u32, u32, u64)]) -> Self {
        let graph = Graph::from_edges(nodes, edges.iter().copied()).unwrap();
        let weights = graph.edge_list().map(|(u, v, weight)| ((u, v), weight)).collect();
        let mut pair = Self {
            dynamic: DynamicMinCut::new(&graph),
            model: Model { nodes, weights },
            solver: MinimumCutSolver::new(),
        };
        pair.check();
        pair
    }

    /// Makes a call of both, and checks that they agree.
    pub(crate) fn call(&mut self, call: &Call) {
        match call {
            Call::One(update) => {
                let expected = self.model.update(update);
                let weight = |model: &Model, (u, v): (u32, u32)| {
                    let edge = (u.min(v), u.max(v));
                    model.weights.get(&edge).copied()
                };
                let left = weight(&self.model, update.ends());
                match *update {
                    Update::SetWeight { u, v, weight } => assert_eq!(self.dynamic.set_weight(u, v, weight), expected),
                    Update::Insert { u, v, weight } => assert_eq!(self.dynamic.insert(u, v, weight), expected),
                    Update::Lighten { u, v, weight } => {
                        let expected = expected.map(|_| left.unwrap_or(0));
                        assert_eq!(self.dynamic.lighten(u, v, weight), expected);
                    }
                    Update::Remove { u, v } => {
                        let expected = expected.map(Option::unwrap_or_default);
                        assert_eq!(self.dynamic.remove(u, v), expected);
                    }
                }
                let (u, v) = update.ends();
                assert_eq!(self.dynamic.weight(u, v), left);
            }
            Call::Batch(batch) => assert_eq!(self.dynamic.apply(batch), self.model.apply(batch)),
            Call::WhatIf(batch) => {
                let mut after = self.model.clone();
                let expected = after.apply(batch).map(|()| self.solve(&after));
                assert_eq!(self.dynamic.what_if(batch), expected);
            }
        }
        self.check();
    }

    fn solve(&mut self, model: &Model) -> Option<u64> {
        self.solver.minimum_cut(&model.graph()).map(|cut| cut.value())
    }

    /// Checks the value, the side and the witness.
    fn check(&mut self) {
        let graph = self.model.graph();
        let expected = self.solver.minimum_cut(&graph).map(|cut| cut.value());
        assert_eq!(self.dynamic.value(), expected, "{:?}", self.model);
        assert_eq!(self.dynamic.edges(), graph.edges());
        assert_eq!(self.dynamic.total_weight(), graph.total_weight());
        let Some(cut) = self.dynamic.cut() else {
            assert!(self.dynamic.side().is_empty());
            return;
        };
        assert_eq!(Some(cut.value()), expected);
        assert_eq!(cut.side(), self.dynamic.side());
        assert_is_cut_of(cut, &graph);
    }
}
