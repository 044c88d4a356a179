//! A host made anew for one check, and calls to its actuator.

use healing_core::identity::{FencingToken, RemediationId};
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::testkit::{Objection, failed, require};
use healing_core::{Timestamp, VirtualClock};

use super::Host;
use crate::actuators::ActuatorError;

pub(super) type Checked = Result<(), Objection>;

/// What is asked of an actuator in one call.
pub(super) type Answer<T> = Result<T, ActuatorError>;

/// How often what was begun is looked at within a host's patience.
const LOOKS: u32 = 60;

/// The token of calls, unless said otherwise.
const TOKEN: u64 = 7;

/// Calls the actuator in the name of a remediation.
pub(super) fn under<H: Host, T>(host: &H, call: impl FnOnce(&H::Actuator, &Permit<'_>) -> T) -> T {
    with(host, 1, TOKEN, call)
}

/// Calls the actuator in the name of another remediation.
pub(super) fn under_another<H: Host, T>(host: &H, call: impl FnOnce(&H::Actuator, &Permit<'_>) -> T) -> T {
    with(host, 2, TOKEN, call)
}

fn with<H: Host, T>(host: &H, number: u64, token: u64, call: impl FnOnce(&H::Actuator, &Permit<'_>) -> T) -> T {
    let remediation = RemediationId::new(host.collection().clone(), number);
    let clock = VirtualClock::default();
    let token = FencingToken::new(token);
    let context = StepContext::new(&remediation, token, Timestamp::MAX, &clock, Revocation::default());
    match context.permit() {
        Ok(permit) => call(host.actuator(), &permit),
        // The deadline is the end of time.
        Err(refused) => unreachable!("{refused}"),
    }
}

/// Lets time pass until something holds, within the host's patience.
pub(super) fn until<H: Host>(host: &H, what: &str, holds: impl Fn(&H) -> Result<bool, Objection>) -> Checked {
    for _ in 0..LOOKS {
        if holds(host)? {
            return Ok(());
        }
        host.pass(host.patience() / LOOKS);
    }
    require(holds(host)?, || format!("after {:?}, {what} still", host.patience()))
}

/// Everything that was begun comes to its end.
pub(super) fn settle<H: Host>(host: &H) {
    for _ in 0..LOOKS {
        host.pass(host.patience() / LOOKS);
    }
}

/// Objects unless a call with an older token is refused: `first` is made under a newer one and must succeed.
pub(super) fn is_fenced<H: Host, T>(
    host: &H,
    first: impl FnOnce(&H::Actuator, &Permit<'_>) -> Answer<T>,
    late: impl FnOnce(&H::Actuator, &Permit<'_>) -> Answer<T>,
) -> Checked {
    if !host.checks_tokens() {
        return Err(Objection::not_tried("this host does not check fencing tokens"));
    }
    with(host, 1, TOKEN, first).map_err(failed("a call with the newest token"))?;
    match with(host, 2, TOKEN - 1, late) {
        Err(ActuatorError::Fenced { token, newest }) => {
            require((token.get(), newest.get()) == (TOKEN - 1, TOKEN), || {
                format!(
                    "the refusal of token {} after {TOKEN} names {token} and {newest}",
                    TOKEN - 1
                )
            })
        }
        Err(error) => Err(Objection::broken(format!(
            "token {} after {TOKEN} was refused, but not as fenced: {error}",
            TOKEN - 1
        ))),
        Ok(_) => Err(Objection::broken(format!(
            "a call with token {} was taken after one with {TOKEN}: a healer that lost its lease still acts",
            TOKEN - 1
        ))),
    }
}

/// Objects unless what does not exist is not found.
pub(super) fn is_not_found<T>(what: &str, answer: Answer<T>) -> Checked {
    match answer {
        Err(ActuatorError::NotFound { .. }) => Ok(()),
        Err(error) => Err(Objection::broken(format!(
            "{what}, which does not exist, was refused, but not as not found: {error}"
        ))),
        Ok(_) => Err(Objection::broken(format!("{what} was taken, and does not exist"))),
    }
}

/// Objects unless a call was refused.
pub(super) fn is_refused<T>(what: &str, answer: Answer<T>) -> Checked {
    match answer {
        Err(ActuatorError::Refused { .. }) => Ok(()),
        Err(error) => Err(Objection::broken(format!(
            "{what} failed otherwise than as refused: {error}"
        ))),
        Ok(_) => Err(Objection::broken(format!("{what} was not refused"))),
    }
}

/// Objects unless two values are equal.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Checked {
    require(found == expected, || {
        format!("{what} is {found:?} instead of {expected:?}")
    })
}
