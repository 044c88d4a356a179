//! The right to touch the world: given for one step, under one lease, until a deadline, and revocable.
//!
//! What must never break: an actuator's writing methods ask for a [`Permit`], and the only way to one is
//! [`StepContext::permit`], which refuses once the deadline has passed or the step was revoked. So whatever a late or
//! confused strategy does, it does nothing to the world any more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use thiserror::Error;

use crate::clock::Clock;
use crate::identity::{CollectionId, FencingToken, RemediationId};

/// What a strategy is called with: in whose name it acts, and until when.
pub struct StepContext<'a> {
    remediation: &'a RemediationId,
    token: FencingToken,
    deadline: Timestamp,
    clock: &'a dyn Clock,
    revocation: Revocation,
}

impl<'a> StepContext<'a> {
    /// A context for one call of one step. The engine makes them; tests of strategies and actuators may too.
    #[must_use]
    pub fn new(
        remediation: &'a RemediationId,
        token: FencingToken,
        deadline: Timestamp,
        clock: &'a dyn Clock,
        revocation: Revocation,
    ) -> Self {
        Self {
            remediation,
            token,
            deadline,
            clock,
            revocation,
        }
    }

    /// The collection that is healed.
    #[must_use]
    pub fn collection(&self) -> &CollectionId {
        self.remediation.collection()
    }

    /// The remediation that the step belongs to.
    #[must_use]
    pub fn remediation(&self) -> &RemediationId {
        self.remediation
    }

    /// Asks for the right to one actuator call, now.
    ///
    /// # Errors
    /// [`NotPermitted`] when the deadline has passed or the step was revoked.
    pub fn permit(&self) -> Result<Permit<'_>, NotPermitted> {
        let now = self.clock.now();
        if self.revocation.is_revoked() {
            Err(NotPermitted::Revoked {
                remediation: self.remediation.clone(),
            })
        } else if now > self.deadline {
            Err(NotPermitted::DeadlinePassed {
                remediation: self.remediation.clone(),
                deadline: self.deadline,
                now,
            })
        } else {
            Ok(Permit {
                remediation: self.remediation,
                token: self.token,
                deadline: self.deadline,
            })
        }
    }
}

impl fmt::Debug for StepContext<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StepContext")
            .field("remediation", &self.remediation)
            .field("token", &self.token)
            .field("deadline", &self.deadline)
            .field("revoked", &self.revocation.is_revoked())
            .finish_non_exhaustive()
    }
}

/// The right to one actuator call. An actuator hands the token on to what it acts on, where that can check it, and gives up
/// at the deadline.
#[derive(Debug, Clone, Copy)]
pub struct Permit<'a> {
    remediation: &'a RemediationId,
    token: FencingToken,
    deadline: Timestamp,
}

impl Permit<'_> {
    /// The collection to act on.
    #[must_use]
    pub fn collection(&self) -> &CollectionId {
        self.remediation.collection()
    }

    /// The remediation in whose name the call is made.
    #[must_use]
    pub fn remediation(&self) -> &RemediationId {
        self.remediation
    }

    /// The token of the lease that the call is made under.
    #[must_use]
    pub fn token(&self) -> FencingToken {
        self.token
    }

    /// When the call must have ended.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.deadline
    }
}

/// The switch that takes the right to act away from everything that shares it. It cannot be switched back.
#[derive(Debug, Clone, Default)]
pub struct Revocation(Arc<AtomicBool>);

impl Revocation {
    /// Takes the right away, now and for good.
    pub fn revoke(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the right was taken away.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A refused permit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotPermitted {
    /// The engine took the right away: the lease was lost, or an operator aborted.
    #[error("the right to act for {remediation} was revoked")]
    Revoked {
        /// The remediation.
        remediation: RemediationId,
    },
    /// The step's time is over.
    #[error("the time to act for {remediation} ended at {deadline}, it is {now}")]
    DeadlinePassed {
        /// The remediation.
        remediation: RemediationId,
        /// When it ended.
        deadline: Timestamp,
        /// The time now.
        now: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{VirtualClock, later};

    #[test]
    fn no_permit_after_the_deadline_or_a_revocation() {
        let clock = VirtualClock::default();
        let remediation = RemediationId::new(CollectionId::new("a").unwrap(), 1);
        let deadline = later(clock.now(), Duration::from_secs(10));
        let revocation = Revocation::default();
        let context = StepContext::new(&remediation, FencingToken::new(7), deadline, &clock, revocation.clone());

        assert_eq!(context.permit().unwrap().token(), FencingToken::new(7));
        clock.advance(Duration::from_secs(10));
        assert!(context.permit().is_ok());
        clock.advance(Duration::from_millis(1));
        assert!(matches!(context.permit(), Err(NotPermitted::DeadlinePassed { .. })));
        revocation.revoke();
        assert!(matches!(context.permit(), Err(NotPermitted::Revoked { .. })));
    }
}
