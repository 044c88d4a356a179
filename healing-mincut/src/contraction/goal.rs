//! What a contraction must keep: one minimum cut, every minimum cut, or every cut below a bound.

/// Which nodes may be contracted, and what becomes of the bound.
pub(crate) trait Goal {
    /// Whether a cut that turns up and is lighter than the bound becomes the bound.
    const LOWERS_BOUND: bool;

    /// The tie to a cluster with which a node of this weighted degree may join it. Never more than
    /// the bound: no cut below that separates the two then (Padberg and Rinaldi's test 1). "An
    /// efficient algorithm for the minimum capacity cut problem", Mathematical Programming 47 (1990).
    fn needed(degree: u64, bound: u64) -> u64;
}

/// Keeps a cut as light as any, unless that is the bound itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneMinimumCut;

/// Keeps every minimum cut; the bound is one more than their value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EveryMinimumCut;

/// Keeps every cut below the bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EveryLighterCut;

impl Goal for OneMinimumCut {
    const LOWERS_BOUND: bool = true;

    /// Half the weighted degree is enough (their test 2): the cut around the node alone is known, and
    /// no lighter than the bound.
    #[inline]
    fn needed(degree: u64, bound: u64) -> u64 {
        bound.min(degree - degree / 2)
    }
}

impl Goal for EveryMinimumCut {
    const LOWERS_BOUND: bool = false;

    /// More than half the weighted degree is enough, if the cut around the node alone is no minimum
    /// cut: of any other that separates the two, moving the node over would make a lighter one.
    #[inline]
    fn needed(degree: u64, bound: u64) -> u64 {
        if degree < bound {
            bound
        } else {
            bound.min(degree / 2 + 1)
        }
    }
}

impl Goal for EveryLighterCut {
    const LOWERS_BOUND: bool = false;

    #[inline]
    fn needed(_degree: u64, bound: u64) -> u64 {
        bound
    }
}
