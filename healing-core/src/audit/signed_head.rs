//! Where a stream ended, signed.

use serde::{Deserialize, Serialize};

use super::{Digest, PublicKey, RecordSignature, Signer};
use crate::storage::{JournalError, Stream, StreamHead};

/// Where a stream ended at some time, to be kept elsewhere: only what knows of a journal's end can tell that it was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The stream.
    pub stream: Stream,
    /// Where it ended.
    pub head: StreamHead,
    /// Who says so.
    pub signature: RecordSignature,
}

impl SignedHead {
    /// Signs that `stream` ended so.
    ///
    /// # Errors
    /// [`JournalError::Unsigned`] when the signer fails or panics.
    pub fn sign(stream: Stream, head: StreamHead, signer: &dyn Signer) -> Result<Self, JournalError> {
        let signature = RecordSignature::of(&digest(&stream, head), signer).map_err(JournalError::Unsigned)?;
        Ok(Self {
            stream,
            head,
            signature,
        })
    }

    pub(super) fn is_by_any(&self, keys: &[PublicKey]) -> bool {
        keys.contains(&self.signature.key)
            && self
                .signature
                .is_by(&self.signature.key, &digest(&self.stream, self.head))
    }
}

fn digest(stream: &Stream, head: StreamHead) -> Digest {
    Digest::of_parts([
        b"healing journal head 1".as_slice(),
        stream.to_string().as_bytes(),
        &head.next.to_le_bytes(),
        head.digest.as_bytes(),
    ])
}
