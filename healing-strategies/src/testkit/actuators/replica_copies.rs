//! Checks of [`ReplicaCopies`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::trial::{Answer, Checked, is_fenced, is_not_found, is_refused, same, settle, under, until};
use super::{Host, ReplicaNumbers};
use crate::actuators::{CopyNumber, CopyState, ReplicaCopies, ReplicaCopy};

trait Copiers: Host<Actuator: ReplicaCopies> {}

impl<H: Host<Actuator: ReplicaCopies>> Copiers for H {}

/// Looks at an actuator that copies replicas anew.
pub fn replica_copies<H: Host<Actuator: ReplicaCopies>>(host: impl Fn() -> H, numbers: ReplicaNumbers) -> Report {
    let mut report = Report::of("replica_copies");
    let mut check = |name, check: fn(&H, ReplicaNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("replica_copies.a_fresh_copy_is_made_and_then_follows", follows);
    check("replica_copies.asking_twice_is_asking_once", twice);
    check("replica_copies.a_copy_that_someone_else_began_stays", compared);
    check("replica_copies.other_replicas_keep_theirs", others);
    check("replica_copies.a_missing_replica_is_not_found", missing);
    check("replica_copies.an_older_token_is_fenced", fenced);
    report
}

fn copy<H: Copiers>(host: &H, replica: i64) -> Result<ReplicaCopy, Objection> {
    host.actuator()
        .replica_copy(host.collection(), replica)
        .map_err(failed("reading which copy a replica holds"))
}

fn resync<H: Copiers>(host: &H, replica: i64, from: u64, to: u64) -> Answer<()> {
    under(host, |actuator, permit| {
        actuator.resync(permit, replica, CopyNumber(from), CopyNumber(to))
    })
}

fn follows<H: Copiers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    let before = copy(host, replica)?.number.0;
    resync(host, replica, before, before + 1).map_err(failed("copying a replica anew"))?;
    let begun = copy(host, replica)?;
    same("the number of the copy that was begun", &begun.number.0, &(before + 1))?;
    require(begun.state != CopyState::Stalled, || {
        "a replica whose fresh copy was begun is stalled still".to_owned()
    })?;
    until(host, "a fresh copy is being made", |host| {
        Ok(copy(host, replica)?.state != CopyState::Copying)
    })?;
    let (number, state) = (CopyNumber(before + 1), CopyState::Following);
    same("the fresh copy", &copy(host, replica)?, &ReplicaCopy { number, state })
}

fn twice<H: Copiers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    let before = copy(host, replica)?.number.0;
    for _ in 0..2 {
        resync(host, replica, before, before + 1)
            .map_err(failed("copying a replica anew, also when that was begun,"))?;
    }
    until(host, "a fresh copy that was asked for twice is being made", |host| {
        Ok(copy(host, replica)?.state == CopyState::Following)
    })?;
    resync(host, replica, before, before + 1).map_err(failed("asking for a copy that is complete"))?;
    let (number, state) = (CopyNumber(before + 1), CopyState::Following);
    same(
        "a complete copy that was asked for again",
        &copy(host, replica)?,
        &ReplicaCopy { number, state },
    )
}

fn compared<H: Copiers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    let before = copy(host, replica)?;
    let answer = resync(host, replica, before.number.0 + 5, before.number.0 + 6);
    is_refused(
        "copying a replica that holds neither the copy before nor the one after",
        answer,
    )?;
    settle(host);
    same("the copy after that was refused", &copy(host, replica)?, &before)
}

fn others<H: Copiers>(host: &H, ReplicaNumbers { replica, other, .. }: ReplicaNumbers) -> Checked {
    let (ours, theirs) = (copy(host, replica)?.number.0, copy(host, other)?.number);
    resync(host, replica, ours, ours + 1).map_err(failed("copying a replica anew"))?;
    settle(host);
    same(
        "the number of another replica's copy",
        &copy(host, other)?.number,
        &theirs,
    )
}

fn missing<H: Copiers>(host: &H, ReplicaNumbers { missing, .. }: ReplicaNumbers) -> Checked {
    is_not_found(
        "the copy of a replica",
        host.actuator().replica_copy(host.collection(), missing),
    )?;
    is_not_found("copying a replica", resync(host, missing, 1, 2))
}

fn fenced<H: Copiers>(host: &H, ReplicaNumbers { replica, other, .. }: ReplicaNumbers) -> Checked {
    let (ours, theirs) = (copy(host, replica)?.number, copy(host, other)?.number);
    is_fenced(
        host,
        |actuator, permit| actuator.resync(permit, replica, ours, CopyNumber(ours.0 + 1)),
        |actuator, permit| actuator.resync(permit, other, theirs, CopyNumber(theirs.0 + 1)),
    )?;
    same(
        "the number of a copy after a call that was fenced off",
        &copy(host, other)?.number,
        &theirs,
    )
}
