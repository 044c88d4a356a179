//! The chain that makes the journal evidence: each record carries the digest of the one before, and a signature.
//!
//! Whoever holds the public key can tell, without the healer and without trusting the store, whether a record was
//! changed, dropped, put in another place or written by someone else.

mod digest;
mod signer;

pub use digest::Digest;
pub use signer::{PublicKey, RecordSignature, Signer};
