//! How strongly a node is tied to those already scanned: a sum of weights, as narrow as will do.

/// A sum of weights with a mark for "already scanned". Sums that all fit into 32 bits (most graphs)
/// take half the memory, and memory is what a scan waits for.
pub(crate) trait Tie: Copy + Ord + Default {
    /// Added to a node's tie when it is scanned: then it is above every bound for good.
    const SCANNED: Self;

    fn from_weight(weight: u64) -> Self;
    fn to_weight(self) -> u64;
    fn plus(self, weight: u64) -> Self;
}

impl Tie for u32 {
    const SCANNED: Self = 1 << 31;

    fn from_weight(weight: u64) -> Self {
        weight as Self
    }
    fn to_weight(self) -> u64 {
        u64::from(self)
    }
    fn plus(self, weight: u64) -> Self {
        self.wrapping_add(weight as Self)
    }
}

impl Tie for u64 {
    const SCANNED: Self = 1 << 63;

    fn from_weight(weight: u64) -> Self {
        weight
    }
    fn to_weight(self) -> u64 {
        self
    }
    fn plus(self, weight: u64) -> Self {
        self.wrapping_add(weight)
    }
}

impl Tie for u128 {
    const SCANNED: Self = 1 << 127;

    fn from_weight(weight: u64) -> Self {
        Self::from(weight)
    }
    fn to_weight(self) -> u64 {
        self as u64
    }
    fn plus(self, weight: u64) -> Self {
        self + Self::from(weight)
    }
}

/// The arrays of ties, one for each width.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ties {
    pub(crate) narrow: Vec<u32>,
    pub(crate) wide: Vec<u64>,
    pub(crate) widest: Vec<u128>,
}
