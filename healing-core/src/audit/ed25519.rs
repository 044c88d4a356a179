//! Signing with a key in memory, and the check of a signature.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::{Digest, PublicKey, RecordSignature, Signer};
use crate::HostError;

/// Signs with an ed25519 key in memory.
///
/// ```
/// use healing_core::audit::{Digest, Ed25519Signer, Signer};
///
/// // 32 random bytes that the host keeps secret.
/// let signer = Ed25519Signer::new(&[7; 32]);
/// assert_eq!(signer.public_key().to_string().len(), 64);
/// ```
pub struct Ed25519Signer(SigningKey);

impl Ed25519Signer {
    /// Signs with the private key of these 32 bytes (RFC 8032, section 5.1.5): random, and secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }
}

impl Signer for Ed25519Signer {
    fn public_key(&self) -> PublicKey {
        PublicKey::new(self.0.verifying_key().to_bytes())
    }

    fn sign(&self, digest: &Digest) -> Result<[u8; 64], HostError> {
        Ok(self.0.sign(digest.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for Ed25519Signer {
    /// The public key alone.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Ed25519Signer")
            .field(&self.public_key())
            .finish()
    }
}

impl RecordSignature {
    /// Whether it is `key`'s signature of `digest`, whosever it says that it is.
    pub(super) fn is_by(&self, key: &PublicKey, digest: &Digest) -> bool {
        VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|key| {
            let signature = Signature::from_bytes(&self.bytes);
            key.verify_strict(digest.as_bytes(), &signature).is_ok()
        })
    }
}
