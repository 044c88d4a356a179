//! Values with a checksum in front: the database checks its own only after a crash.

use crate::audit::Digest;

const CHECKSUM_BYTES: usize = 16;

/// `payload` as it is kept under the key that `key` are the parts of.
pub(super) fn protect(key: &[&[u8]], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHECKSUM_BYTES + payload.len());
    bytes.extend_from_slice(&checksum(key, payload));
    bytes.extend_from_slice(payload);
    bytes
}

/// What was protected under that key; `None` when something else is there.
pub(super) fn uncover<'a>(key: &[&[u8]], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (found, payload) = bytes.split_first_chunk::<CHECKSUM_BYTES>()?;
    (*found == checksum(key, payload)).then_some(payload)
}

fn checksum(key: &[&[u8]], payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Digest::of_parts(key.iter().copied().chain([payload]));
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest.as_bytes()[..CHECKSUM_BYTES]);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_under_another_key_or_with_any_bit_flipped_is_not_uncovered() {
        let kept = protect(&[b"a", b"1"], b"payload");
        assert_eq!(uncover(&[b"a", b"1"], &kept), Some(b"payload".as_slice()));
        assert_eq!(uncover(&[b"a1"], &kept), None);
        assert_eq!(uncover(&[b"a", b"2"], &kept), None);
        for bit in 0..8 * kept.len() {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(uncover(&[b"a", b"1"], &flipped), None, "bit {bit}");
        }
        assert_eq!(uncover(&[], b"short"), None);
    }
}
