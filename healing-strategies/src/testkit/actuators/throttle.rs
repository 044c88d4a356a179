//! Checks of [`Throttle`].

use healing_core::Percent;
use healing_core::testkit::{Report, failed, require};

use super::Host;
use super::trial::{Checked, is_fenced, under};
use crate::actuators::{Operation, Throttle};

/// Two shares this close are the same.
const SAME_SHARE: f64 = 1e-6;

const OPERATIONS: [Operation; 2] = [Operation::Insert, Operation::BulkInsert];

trait Throttles: Host<Actuator: Throttle> {}

impl<H: Host<Actuator: Throttle>> Throttles for H {}

/// Looks at an actuator that holds writes back.
pub fn throttle<H: Host<Actuator: Throttle>>(host: impl Fn() -> H) -> Report {
    let mut report = Report::of("throttle");
    let mut check = |name, check: fn(&H) -> Checked| report.check(name, || check(&host()));
    check("throttle.a_share_is_as_it_was_set", as_set);
    check("throttle.operations_are_held_back_apart", apart);
    check("throttle.an_older_token_is_fenced", fenced);
    report
}

fn set<H: Throttles>(host: &H, operation: Operation, share: f64) -> Checked {
    let share = Percent::clamped(share);
    let set = under(host, |actuator, permit| actuator.set_throttle(permit, operation, share));
    set.map_err(failed("setting a throttle"))
}

fn is<H: Throttles>(host: &H, operation: Operation, expected: f64, when: &str) -> Checked {
    let share = host.actuator().throttle(host.collection(), operation);
    let share = share.map_err(failed("reading a throttle"))?.get();
    require((share - expected).abs() < SAME_SHARE, || {
        format!("{when}, {share} % of {operation:?} are held back instead of {expected} %")
    })
}

fn as_set<H: Throttles>(host: &H) -> Checked {
    for operation in OPERATIONS {
        for share in [100.0, 33.3, 50.0, 50.0, 99.999, 0.001, 0.0] {
            set(host, operation, share)?;
            is(host, operation, share, "set")?;
        }
    }
    Ok(())
}

fn apart<H: Throttles>(host: &H) -> Checked {
    set(host, Operation::Insert, 50.0)?;
    set(host, Operation::BulkInsert, 60.0)?;
    is(
        host,
        Operation::Insert,
        50.0,
        "after the share of the other operation was set",
    )?;
    set(host, Operation::Insert, 0.0)?;
    is(
        host,
        Operation::BulkInsert,
        60.0,
        "after the share of the other operation was set",
    )
}

fn fenced<H: Throttles>(host: &H) -> Checked {
    let share = Percent::clamped(20.0);
    is_fenced(
        host,
        |actuator, permit| actuator.set_throttle(permit, Operation::Insert, share),
        |actuator, permit| actuator.set_throttle(permit, Operation::Insert, Percent::ZERO),
    )?;
    is(host, Operation::Insert, 20.0, "after a change that was fenced off")
}
