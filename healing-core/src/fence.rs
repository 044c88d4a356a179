//! The host's door, closed to older leases.

use crate::HostError;
use crate::identity::{CollectionId, FencingToken};

/// Closes what is healed to all who act under older leases.
///
/// A step that hangs, in this process or in one that was thought dead, may reach the host long after the healer has given it
/// up. Its permit says under which lease it acts, and an actuator that checks fencing tokens refuses what comes after a call
/// under a newer one. But what if the newer lease has made no call yet, because there was nothing to take back? With a fence
/// that does not matter: the engine raises it under every lease that it gets, before anything else is done.
///
/// Give the engine one ([`HealerBuilder::fence`](crate::engine::HealerBuilder::fence)) where actuators know of leases by the
/// tokens that they are called with. Where they look the token up in the lease store itself, in the transaction of the
/// effect, the new lease is the fence.
pub trait Fence: Send + Sync {
    /// Returns `Ok` once it is certain that nothing under a smaller token will change `collection` any more. A token smaller
    /// than one that it was raised to before lowers nothing.
    ///
    /// # Errors
    /// Where that is not certain. Nothing is done under the new lease then; it is tried again at the next sample.
    fn raise(&self, collection: &CollectionId, token: FencingToken) -> Result<(), HostError>;
}
