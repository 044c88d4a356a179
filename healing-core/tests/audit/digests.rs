//! Digests are those of SHA-256 (FIPS 180-4), as anyone who checks a journal with another program's must find.

use healing_core::audit::Digest;
use proptest::collection::vec;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

proptest! {
    /// Long enough that parts end before, on and after the 64 bytes of a block.
    #[test]
    fn a_digest_is_sha_256_of_the_parts_each_after_its_length(parts in vec(vec(any::<u8>(), 0..200), 0..6)) {
        let mut reference = Sha256::new();
        for part in &parts {
            reference.update((part.len() as u64).to_le_bytes());
            reference.update(part);
        }
        let digest = Digest::of_parts(parts.iter().map(Vec::as_slice));
        let reference: [u8; 32] = reference.finalize().into();
        prop_assert_eq!(digest.as_bytes(), &reference);
    }
}
