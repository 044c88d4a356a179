//! Who signs records.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, InvalidHex, read_hex, write_hex};
use crate::HostError;
use crate::host_call::contained;

/// Signs records. The host holds the private key, in memory or in a device; verification needs the public key alone.
pub trait Signer: Send + Sync {
    /// The public key that its signatures verify with.
    fn public_key(&self) -> PublicKey;

    /// The ed25519 signature (RFC 8032) of the 32 bytes of `digest`.
    ///
    /// # Errors
    /// The host's own, when it cannot sign now. What was to be signed is then not written, and nothing is done for it.
    fn sign(&self, digest: &Digest) -> Result<[u8; 64], HostError>;
}

/// An ed25519 public key. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key with these bytes. Whether they are a point of the curve shows when a signature is verified.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The signature of a record, and the key it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSignature {
    /// Whose it is.
    pub key: PublicKey,
    /// The signature of the record's digest.
    #[serde(with = "signature_hex")]
    pub bytes: [u8; 64],
}

impl RecordSignature {
    /// The signature of `digest` by `signer`. A signer that panics has failed.
    pub(crate) fn of(digest: &Digest, signer: &dyn Signer) -> Result<Self, HostError> {
        let key_and_bytes = || signer.sign(digest).map(|bytes| (signer.public_key(), bytes));
        let (key, bytes) = contained(key_and_bytes).map_err(|panicked| format!("the signer {panicked}"))??;
        Ok(Self { key, bytes })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, formatter)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for PublicKey {
    type Err = InvalidHex;

    fn from_str(text: &str) -> Result<Self, InvalidHex> {
        read_hex(text).map(Self)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = InvalidHex;

    fn try_from(text: String) -> Result<Self, InvalidHex> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

mod signature_hex {
    use std::fmt;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::audit::digest::{read_hex, write_hex};

    struct Hex<'a>(&'a [u8; 64]);

    impl fmt::Display for Hex<'_> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_hex(self.0, formatter)
        }
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        read_hex(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
