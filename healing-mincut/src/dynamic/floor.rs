//! What is known of all the cuts that are not known one by one.

/// So many pairs are scanned for one that is there already; beyond, one may be held twice.
const FEW: usize = 16;

/// A lower bound on all cuts, but for what edges have lost since it was proven.
///
/// Invariant: every cut weighs at least `value` less the losses of the pairs it separates.
#[derive(Debug, Default, Clone)]
pub(crate) struct Floor {
    pub(crate) value: u64,
    pub(crate) losses: Vec<Loss>,
}

/// How much lighter the edge between two nodes is than when the floor was proven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    pub(crate) u: u32,
    pub(crate) v: u32,
    pub(crate) weight: u64,
    /// Some of it is later than the last minimum cut.
    pub(crate) is_new: bool,
}

impl Floor {
    /// All cuts are known to weigh at least `value`.
    pub(crate) fn prove(&mut self, value: u64) {
        self.value = value;
        self.losses.clear();
    }

    /// An edge's weight has changed.
    pub(crate) fn change(&mut self, u: u32, v: u32, old: u64, new: u64) {
        if new == old {
            return;
        }
        let (u, v) = (u.min(v), u.max(v));
        let few = self.losses.len().min(FEW);
        let held = self.losses[..few].iter().position(|loss| (loss.u, loss.v) == (u, v));
        if new < old {
            let weight = old - new;
            match held.map(|index| &mut self.losses[index]) {
                // A sum that does not fit must not come out smaller.
                Some(loss) => {
                    loss.weight = loss.weight.saturating_add(weight);
                    loss.is_new = true;
                }
                None => self.losses.push(Loss {
                    u,
                    v,
                    weight,
                    is_new: true,
                }),
            }
        } else if let Some(index) = held {
            let loss = &mut self.losses[index];
            loss.weight = loss.weight.saturating_sub(new - old);
            if loss.weight == 0 {
                self.losses.remove(index);
            }
        }
    }

    /// Whether no cut weighs less than this, by what the pairs have lost alone.
    pub(crate) fn holds_at(&self, value: u64) -> bool {
        self.losses
            .iter()
            .try_fold(value, |sum, loss| sum.checked_add(loss.weight))
            .is_some_and(|sum| sum <= self.value)
    }
}
