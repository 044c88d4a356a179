//! Checks of [`Replicas`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Answer, Checked, is_fenced, is_refused, same, under, until};
use crate::actuators::{ReplicaStatus, Replicas};

trait Scalers: Host<Actuator: Replicas> {}

impl<H: Host<Actuator: Replicas>> Scalers for H {}

/// Looks at an actuator that scales replicas. At first there is room for one more at least, and as many are ready as are
/// wanted.
pub fn replicas<H: Host<Actuator: Replicas>>(host: impl Fn() -> H) -> Report {
    let mut report = Report::of("replicas");
    let mut check = |name, check: fn(&H) -> Checked| report.check(name, || check(&host()));
    check(
        "replicas.what_is_asked_for_is_wanted_at_once_and_ready_later",
        ready_later,
    );
    check("replicas.those_added_can_be_taken_away_again", taken_away);
    check("replicas.asking_twice_is_asking_once", twice);
    check("replicas.a_number_that_someone_else_asked_for_stays", compared);
    check("replicas.more_than_there_may_be_are_refused", too_many);
    check("replicas.an_older_token_is_fenced", fenced);
    report
}

fn status<H: Scalers>(host: &H) -> Result<ReplicaStatus, Objection> {
    host.actuator()
        .replicas(host.collection())
        .map_err(failed("reading the number of replicas"))
}

fn scale<H: Scalers>(host: &H, from: u32, to: u32) -> Answer<()> {
    under(host, |actuator, permit| actuator.scale(permit, from, to))
}

/// Asks for that many, and waits until they are ready.
fn comes_to<H: Scalers>(host: &H, from: u32, to: u32) -> Checked {
    scale(host, from, to).map_err(failed("scaling"))?;
    same("the number of replicas wanted", &status(host)?.wanted, &to)?;
    until(host, &format!("not {to} replicas are ready"), |host| {
        Ok(status(host)?.ready == to)
    })
}

fn ready_later<H: Scalers>(host: &H) -> Checked {
    let ReplicaStatus { wanted, ready, most } = status(host)?;
    require(wanted < most && wanted == ready, || {
        format!("{wanted} replicas are wanted, {ready} ready, and there may be {most}: room for one more was promised")
    })?;
    comes_to(host, wanted, wanted + 1)
}

fn taken_away<H: Scalers>(host: &H) -> Checked {
    let wanted = status(host)?.wanted;
    comes_to(host, wanted, wanted + 1)?;
    comes_to(host, wanted + 1, wanted)?;
    // Also before they are ready.
    scale(host, wanted, wanted + 1).map_err(failed("scaling"))?;
    comes_to(host, wanted + 1, wanted)
}

fn twice<H: Scalers>(host: &H) -> Checked {
    let wanted = status(host)?.wanted;
    for _ in 0..2 {
        scale(host, wanted, wanted + 1).map_err(failed("scaling, also to what is wanted already,"))?;
        same("the number of replicas wanted", &status(host)?.wanted, &(wanted + 1))?;
    }
    Ok(())
}

fn compared<H: Scalers>(host: &H) -> Checked {
    let wanted = status(host)?.wanted;
    let answer = scale(host, wanted + 1, wanted.saturating_sub(1));
    is_refused(
        "scaling where neither the number before nor the one after is wanted",
        answer,
    )?;
    same(
        "the number of replicas wanted after that was refused",
        &status(host)?.wanted,
        &wanted,
    )
}

fn too_many<H: Scalers>(host: &H) -> Checked {
    let ReplicaStatus { wanted, most, .. } = status(host)?;
    let Some(too_many) = most.checked_add(1) else {
        return Err(Objection::not_tried("there may be any number of replicas"));
    };
    is_refused(
        "asking for more replicas than there may be",
        scale(host, wanted, too_many),
    )?;
    same(
        "the number of replicas wanted after that was refused",
        &status(host)?.wanted,
        &wanted,
    )
}

fn fenced<H: Scalers>(host: &H) -> Checked {
    let wanted = status(host)?.wanted;
    is_fenced(
        host,
        |actuator, permit| actuator.scale(permit, wanted, wanted + 1),
        |actuator, permit| actuator.scale(permit, wanted + 1, wanted),
    )?;
    same(
        "the number of replicas wanted after a call that was fenced off",
        &status(host)?.wanted,
        &(wanted + 1),
    )
}
