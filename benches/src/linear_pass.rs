//! The physical limit of a solver that reads its graph: one flat loop over all arcs.

use healing_mincut::Graph;

/// Sums `weight ^ target` over all arcs, by the widest instructions that this CPU has.
///
/// A solver must read every arc at least once to be sure; how many times this loop's time it takes
/// is a measure that does not depend on the machine.
#[must_use]
pub fn linear_pass(graph: &Graph) -> u64 {
    let (weights, targets) = (graph.arc_weights(), graph.arc_targets());
    // The crate is built for any CPU; the loop within is built once for each kind of CPU.
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            weights.iter().zip(targets).fold(0_u64, |sum, (&weight, &target)| {
                sum.wrapping_add(weight ^ u64::from(target))
            })
        },
    )
}
