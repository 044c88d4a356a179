//! The right to touch the world: given for one step, under one lease, until a deadline, and revocable.
//!
//! What must never break: an actuator's writing methods ask for a [`Permit`], and the only way to one is
//! [`StepContext::permit`], which refuses once the deadline has passed, the lease has ended or the step was revoked. So whatever a late or
//! confused strategy does, it does nothing to the world any more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

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
    /// [`NotPermitted`] when the deadline has passed, the lease has ended or the step was revoked.
    pub fn permit(&self) -> Result<Permit<'_>, NotPermitted> {
        let now = self.clock.now();
        let lease_ends = self.revocation.lease_ends();
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
        } else if now >= lease_ends {
            Err(NotPermitted::LeaseEnded {
                remediation: self.remediation.clone(),
                ended: lease_ends,
                now,
            })
        } else {
            Ok(Permit {
                remediation: self.remediation,
                token: self.token,
                deadline: self.deadline.min(lease_ends),
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

/// The switch that takes the right to act away from everything that shares it; it cannot be switched back. It also holds the
/// end of the lease that the right hangs on, which moves when the lease is renewed, so that a call may last longer than one
/// term of the lease.
#[derive(Debug, Clone)]
pub struct Revocation(Arc<Right>);

#[derive(Debug)]
struct Right {
    revoked: AtomicBool,
    /// In microseconds since the epoch, rounded down.
    lease_ends: AtomicI64,
}

impl Default for Revocation {
    /// A right that hangs on no lease.
    fn default() -> Self {
        Self::at_latest(Timestamp::MAX)
    }
}

impl Revocation {
    /// A right that ends with a lease, unless that is [extended](Self::extend_to) in time.
    #[must_use]
    pub fn at_latest(lease_ends: Timestamp) -> Self {
        Self(Arc::new(Right {
            revoked: AtomicBool::new(false),
            lease_ends: AtomicI64::new(lease_ends.as_microsecond()),
        }))
    }

    /// The lease was renewed and ends then. A right that was taken away does not come back by it.
    pub fn extend_to(&self, lease_ends: Timestamp) {
        self.0.lease_ends.store(lease_ends.as_microsecond(), Ordering::SeqCst);
    }

    /// Takes the right away, now and for good.
    pub fn revoke(&self) {
        self.0.revoked.store(true, Ordering::SeqCst);
    }

    /// Whether the right was taken away.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.0.revoked.load(Ordering::SeqCst)
    }

    fn lease_ends(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.lease_ends.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
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
    /// The lease has ended, and was not seen to be renewed.
    #[error("the lease to act for {remediation} ended at {ended}, it is {now}")]
    LeaseEnded {
        /// The remediation.
        remediation: RemediationId,
        /// When it ended.
        ended: Timestamp,
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

    #[test]
    fn a_permit_lasts_no_longer_than_the_lease_and_longer_with_it() {
        let clock = VirtualClock::default();
        let remediation = RemediationId::new(CollectionId::new("a").unwrap(), 1);
        let after = |seconds| later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
        let revocation = Revocation::at_latest(after(30));
        let context = StepContext::new(
            &remediation,
            FencingToken::new(7),
            after(100),
            &clock,
            revocation.clone(),
        );
        assert_eq!(context.permit().unwrap().deadline(), after(30));
        clock.set(after(30));
        assert!(matches!(context.permit(), Err(NotPermitted::LeaseEnded { .. })));
        revocation.extend_to(after(200));
        assert_eq!(context.permit().unwrap().deadline(), after(100));
        revocation.revoke();
        revocation.extend_to(after(300));
        assert!(matches!(context.permit(), Err(NotPermitted::Revoked { .. })));
    }

    // The right is one flag and one number, both sequentially consistent. Real threads, not a model checker: it shows many
    // orders of their accesses, and not all.
    #[test]
    fn once_a_revocation_has_returned_no_thread_gets_a_permit() {
        const THREADS: usize = 4;
        let clock = VirtualClock::default();
        let remediation = RemediationId::new(CollectionId::new("a").unwrap(), 1);
        for round in 0..200 {
            let revocation = Revocation::at_latest(later(clock.now(), Duration::from_secs(30)));
            let context = StepContext::new(
                &remediation,
                FencingToken::new(7),
                Timestamp::MAX,
                &clock,
                revocation.clone(),
            );
            let (revoked, permitted) = (AtomicBool::new(false), AtomicI64::new(0));
            std::thread::scope(|threads| {
                for _ in 0..THREADS {
                    threads.spawn(|| {
                        loop {
                            let was_revoked = revoked.load(Ordering::SeqCst);
                            let may = context.permit().is_ok();
                            assert!(!(was_revoked && may), "round {round}");
                            if was_revoked {
                                return;
                            }
                            permitted.fetch_add(i64::from(may), Ordering::SeqCst);
                        }
                    });
                }
                threads.spawn(|| revocation.extend_to(Timestamp::MAX));
                // Every second round is revoked at once, the others once somebody has got through.
                while round % 2 == 0 && permitted.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                }
                revocation.revoke();
                revoked.store(true, Ordering::SeqCst);
            });
        }
    }
}
