//! Lots that can be drawn again: a number that looks random and is a function of the seed and of what it is drawn for.

use healing_core::learner::Choice;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A number in 0..1 for `label` in `choice`. Equal arguments give equal numbers; the number for one label says nothing about
/// that for another, so that a choice among fewer candidates draws the same lots for those that are left.
#[allow(clippy::cast_precision_loss, reason = "both sides are at most 2^53")]
pub(crate) fn lot(seed: u64, choice: &Choice<'_>, label: &str) -> f64 {
    let place = fnv1a(&[choice.collection.as_str(), choice.kind.as_str()]);
    let time = choice.at.as_nanosecond().to_le_bytes();
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(
        seed.to_le_bytes()
            .into_iter()
            .chain(place.to_le_bytes())
            .chain(fnv1a(&[label]).to_le_bytes())
            // The lower eight bytes repeat every 584 years.
            .chain(time.into_iter().take(8)),
    ) {
        *place = byte;
    }
    let bits = ChaCha8Rng::from_seed(key).next_u64();
    // 53 bits are what an f64 in 0..1 holds evenly.
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: stable over releases and platforms, which the standard library's hasher is not.
fn fnv1a(texts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    // A byte that occurs in no UTF-8 text separates them.
    for byte in texts.iter().flat_map(|text| text.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
