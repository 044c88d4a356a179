//! How strongly a node is tied to a set of others: a sum of weights, as narrow as will do.

use std::ops::{BitOr, Not};

/// A sum of weights with two bits to mark a node, each of which puts it above every bound for good.
/// Sums that all fit into 14 or 30 bits (most graphs) take less memory, and memory is what the
/// algorithms wait for.
pub(crate) trait Tie: Copy + Ord + Default + BitOr<Output = Self> + Not<Output = Self> {
    /// The node is in the set, or is not to join it.
    const TAKEN: Self;
    /// The node's own edges have been followed; above [`Self::TAKEN`].
    const FOLLOWED: Self;
    /// Sums are below this.
    const LIMIT: u128;

    fn from_weight(weight: u64) -> Self;
    /// The sum without the marks.
    fn to_weight(self) -> u64;
    fn plus(self, weight: u64) -> Self;

    fn is_taken(self) -> bool {
        self >= Self::TAKEN
    }
    fn is_followed(self) -> bool {
        self >= Self::FOLLOWED
    }
}

macro_rules! tie_in {
    ($width:ty) => {
        impl Tie for $width {
            const TAKEN: Self = 1 << (Self::BITS - 2);
            const FOLLOWED: Self = 1 << (Self::BITS - 1);
            const LIMIT: u128 = 1 << (Self::BITS - 2);

            fn from_weight(weight: u64) -> Self {
                weight as Self
            }
            fn to_weight(self) -> u64 {
                // No tie is above the weighted degree of its node, which is a `u64`.
                (self & !(Self::TAKEN | Self::FOLLOWED)) as u64
            }
            fn plus(self, weight: u64) -> Self {
                self.wrapping_add(weight as Self)
            }
        }
    };
}

tie_in!(u16);
tie_in!(u32);
tie_in!(u64);
tie_in!(u128);
