//! Capacities that are fractions, held as whole numbers.

use crate::error::GraphError;
use crate::graph::Graph;

/// The scale between real capacities and a graph's whole-number weights.
///
/// A capacity `c` becomes the weight `round(c * 2^exponent)`, with the one exponent that keeps the
/// sum of all weights below 2<sup>62</sup> and uses those 62 bits fully (but never beyond
/// 2<sup>1000</sup>, where a power of two still is an ordinary `f64`). Scaling by a power of two is
/// exact; only the rounding loses something: at most half a unit, 2<sup>-exponent-1</sup>, an edge.
///
/// So the value of a cut of `k` edges is right to within `k * 2^(-exponent-1)`
/// ([`cut_error`](Self::cut_error)), and as all capacities together, `C`, are scaled to at least
/// 2<sup>60</sup>, that is a relative error of at most `k * 2^-61` of `C`. A cut found to be the
/// lightest is, in true capacities, at most twice that error heavier than the truly lightest.
/// Capacities that are multiples of 2<sup>-exponent</sup> (whole numbers up to 2<sup>52</sup>, say,
/// or quarters) suffer no error at all.
///
/// ```
/// use healing_mincut::Graph;
///
/// let (graph, scale) = Graph::from_capacities(3, [(0, 1, 0.25), (1, 2, 1.5), (0, 2, 3.0)])?;
/// assert_eq!(scale.capacity(graph.weighted_degree(0)), 3.25);
/// assert!(scale.cut_error(2) < 1e-15);
/// # Ok::<(), healing_mincut::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedPoint {
    exponent: i32,
}

/// All weights together stay below two to this power: far from overflow however they round.
const WEIGHT_BITS: i32 = 62;
/// Two to this power, and to its negative, are ordinary (not subnormal) numbers.
const LARGEST_EXPONENT: i32 = 1000;

impl FixedPoint {
    /// The scale for capacities whose sum, finite and not negative, is `total`, on `edges` edges.
    fn for_total(total: f64, edges: usize) -> Self {
        if total == 0.0 {
            return Self { exponent: 0 };
        }
        // Rounding may add half a unit an edge: `total * 2^exponent < 2^61` leaves room for that.
        let room = WEIGHT_BITS - 1;
        let above_total = total.log2().floor() as i32 + 1;
        let mut exponent = (room - above_total).min(LARGEST_EXPONENT);
        // The logarithm may be off by one next to a power of two, and the edges are never so many
        // that half a unit each fills a bit; still, the sum is what must hold.
        while total * power_of_two(exponent) + edges as f64 >= power_of_two(WEIGHT_BITS) {
            exponent -= 1;
        }
        Self { exponent }
    }

    /// A weight is a capacity times two to this power.
    #[must_use]
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    /// The weight that stands for a capacity: `None` if that is negative, not finite, or too large
    /// for this scale.
    #[must_use]
    pub fn weight(self, capacity: f64) -> Option<u64> {
        let scaled = (capacity * power_of_two(self.exponent)).round();
        (scaled >= 0.0 && scaled < u64::MAX as f64).then_some(scaled as u64)
    }

    /// The capacity that a weight, or a cut's value, stands for.
    #[must_use]
    pub fn capacity(self, weight: u64) -> f64 {
        weight as f64 * power_of_two(-self.exponent)
    }

    /// By how much the value of a cut of this many edges may differ from the sum of their true
    /// capacities, in capacity units, before the `f64` that shows it rounds once more.
    #[must_use]
    pub fn cut_error(self, edges: usize) -> f64 {
        edges as f64 * 0.5 * power_of_two(-self.exponent)
    }
}

fn power_of_two(exponent: i32) -> f64 {
    2.0_f64.powi(exponent)
}

impl Graph {
    /// Builds a graph from edges `(u, v, capacity)` whose capacities are real numbers, scaled to
    /// whole numbers by the [`FixedPoint`] that is returned with it; its documentation states the
    /// error. Takes O(n + m) time.
    ///
    /// # Errors
    ///
    /// [`GraphError::NodeOutOfRange`] as in [`from_edges`](Self::from_edges);
    /// [`GraphError::InvalidCapacity`] if a capacity is negative, infinite or not a number;
    /// [`GraphError::TotalCapacityOverflow`] if the capacities add up to infinity.
    pub fn from_capacities(
        nodes: u32,
        edges: impl IntoIterator<Item = (u32, u32, f64)>,
    ) -> Result<(Self, FixedPoint), GraphError> {
        let edges: Vec<_> = edges.into_iter().collect();
        let mut total = 0.0;
        for (edge, &(u, v, capacity)) in edges.iter().enumerate() {
            if !(capacity.is_finite() && capacity >= 0.0) {
                return Err(GraphError::InvalidCapacity { edge, capacity });
            }
            if u != v {
                total += capacity;
            }
        }
        if total == f64::INFINITY {
            return Err(GraphError::TotalCapacityOverflow);
        }
        let scale = FixedPoint::for_total(total, edges.len());
        let weights = edges.into_iter().map(|(u, v, capacity)| {
            // A self loop carries no weight, however large.
            let weight = if u == v { Some(0) } else { scale.weight(capacity) };
            (u, v, weight.unwrap_or(0))
        });
        Ok((Self::from_edges(nodes, weights)?, scale))
    }
}
