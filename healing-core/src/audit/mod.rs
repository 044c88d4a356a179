//! The chain that makes the journal evidence: each record carries the digest of the one before, and a signature.
//!
//! Whoever holds the public key can tell, without the healer and without trusting the store, whether a record was
//! changed, dropped, put in another place or written by someone else.

mod digest;
#[cfg(feature = "ed25519")]
mod ed25519;
#[cfg(feature = "ed25519")]
mod fault;
#[cfg(feature = "ed25519")]
mod signed_head;
mod signer;
#[cfg(feature = "ed25519")]
mod verifier;
#[cfg(feature = "ed25519")]
mod verify;

pub use digest::{Digest, InvalidHex};
#[cfg(feature = "ed25519")]
pub use ed25519::Ed25519Signer;
#[cfg(feature = "ed25519")]
pub use fault::{AuditError, Fault};
#[cfg(feature = "ed25519")]
pub use signed_head::SignedHead;
pub use signer::{PublicKey, RecordSignature, Signer};
#[cfg(feature = "ed25519")]
pub use verify::{verify, verify_lines, write_records};
