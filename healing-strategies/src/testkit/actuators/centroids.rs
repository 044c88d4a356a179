//! Checks of [`Centroids`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Answer, Checked, is_fenced, is_refused, same, under, until};
use crate::actuators::{CentroidVersion, Centroids};

trait Builders: Host<Actuator: Centroids> {}

impl<H: Host<Actuator: Centroids>> Builders for H {}

/// Looks at an actuator that rebuilds centroids: `centroids` are clustered anew.
pub fn centroids<H: Host<Actuator: Centroids>>(host: impl Fn() -> H, centroids: &[i64]) -> Report {
    let mut report = Report::of("centroids");
    let mut check = |name, check: fn(&H, &[i64]) -> Checked| report.check(name, || check(&host(), centroids));
    check("centroids.what_is_served_is_complete", served_is_complete);
    check("centroids.a_version_is_built_beside_the_served_one", built_beside);
    check("centroids.building_twice_is_building_once", built_twice);
    check("centroids.what_is_incomplete_is_not_served", incomplete);
    check("centroids.the_version_served_before_stands", stands);
    check("centroids.switching_twice_is_switching_once", switched_twice);
    check("centroids.a_version_that_someone_else_serves_stays", compared);
    check("centroids.what_is_served_is_not_discarded", not_discarded);
    check("centroids.a_discarded_version_is_gone", gone);
    check("centroids.an_older_token_is_fenced", fenced);
    report
}

fn served<H: Builders>(host: &H) -> Result<CentroidVersion, Objection> {
    host.actuator()
        .served(host.collection())
        .map_err(failed("reading which version is served"))
}

fn is_complete<H: Builders>(host: &H, version: CentroidVersion) -> Result<Option<bool>, Objection> {
    let complete = host.actuator().is_complete(host.collection(), version);
    complete.map_err(failed("reading whether a version is complete"))
}

/// The next version's number.
fn next<H: Builders>(host: &H) -> Result<CentroidVersion, Objection> {
    let newest = host
        .actuator()
        .newest(host.collection())
        .map_err(failed("reading the newest version"))?;
    Ok(CentroidVersion(newest.0 + 1))
}

fn rebuild<H: Builders>(host: &H, version: CentroidVersion, centroids: &[i64]) -> Checked {
    let begun = under(host, |actuator, permit| actuator.rebuild(permit, version, centroids));
    begun.map_err(failed("building a version"))
}

fn switch<H: Builders>(host: &H, from: CentroidVersion, to: CentroidVersion) -> Answer<()> {
    under(host, |actuator, permit| actuator.switch(permit, from, to))
}

/// Builds the next version to its end.
fn build<H: Builders>(host: &H, centroids: &[i64]) -> Result<CentroidVersion, Objection> {
    let version = next(host)?;
    rebuild(host, version, centroids)?;
    until(host, "a version is being built", |host| {
        Ok(is_complete(host, version)? == Some(true))
    })?;
    Ok(version)
}

fn served_is_complete<H: Builders>(host: &H, _: &[i64]) -> Checked {
    let (served, next) = (served(host)?, next(host)?);
    require(next > served, || {
        format!("version {served} is served, and the newest one is older")
    })?;
    same(
        "whether the served version is complete",
        &is_complete(host, served)?,
        &Some(true),
    )?;
    same(
        "whether a version that nobody built is complete",
        &is_complete(host, next)?,
        &None,
    )
}

fn built_beside<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let version = next(host)?;
    rebuild(host, version, centroids)?;
    require(is_complete(host, version)?.is_some(), || {
        "a version whose building was begun does not exist".to_owned()
    })?;
    same("the newest version while it is built", &next(host)?.0, &(version.0 + 1))?;
    until(host, "a version is being built", |host| {
        Ok(is_complete(host, version)? == Some(true))
    })?;
    same("the served version after another was built", &served(host)?, &before)
}

fn built_twice<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let version = build(host, centroids)?;
    rebuild(host, version, centroids)?;
    same(
        "whether a complete version is complete when it is built again",
        &is_complete(host, version)?,
        &Some(true),
    )
}

fn incomplete<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let version = next(host)?;
    is_refused("serving a version that does not exist", switch(host, before, version))?;
    rebuild(host, version, centroids)?;
    if is_complete(host, version)? == Some(true) {
        return Err(Objection::not_tried("a version is complete as soon as it is begun"));
    }
    is_refused("serving a version that is not complete", switch(host, before, version))?;
    same("the served version after that was refused", &served(host)?, &before)
}

fn stands<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let version = build(host, centroids)?;
    for (from, to) in [(before, version), (version, before), (before, version)] {
        switch(host, from, to).map_err(failed("serving another version"))?;
        same("the served version", &served(host)?, &to)?;
        same(
            "whether the version served before is complete",
            &is_complete(host, from)?,
            &Some(true),
        )?;
    }
    Ok(())
}

fn switched_twice<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let version = build(host, centroids)?;
    for _ in 0..2 {
        switch(host, before, version).map_err(failed("serving a version, also when it is served,"))?;
        same("the served version", &served(host)?, &version)?;
    }
    Ok(())
}

fn compared<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let (first, second) = (build(host, centroids)?, build(host, centroids)?);
    let answer = switch(host, first, second);
    is_refused("serving a version in place of one that is not served", answer)?;
    same("the served version after that was refused", &served(host)?, &before)
}

fn discard<H: Builders>(host: &H, version: CentroidVersion) -> Answer<()> {
    under(host, |actuator, permit| actuator.discard(permit, version))
}

fn not_discarded<H: Builders>(host: &H, _: &[i64]) -> Checked {
    let served = served(host)?;
    is_refused("discarding the served version", discard(host, served))?;
    same(
        "whether the served version is complete after that",
        &is_complete(host, served)?,
        &Some(true),
    )
}

fn gone<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let complete = build(host, centroids)?;
    let begun = next(host)?;
    rebuild(host, begun, centroids)?;
    // Each twice: one that does not exist is as good as discarded.
    for version in [begun, complete, begun, complete] {
        discard(host, version).map_err(failed("discarding a version that is not served, or does not exist,"))?;
        same(
            "whether a discarded version is complete",
            &is_complete(host, version)?,
            &None,
        )?;
    }
    same(
        "whether the served version is complete after others were discarded",
        &is_complete(host, served(host)?)?,
        &Some(true),
    )
}

fn fenced<H: Builders>(host: &H, centroids: &[i64]) -> Checked {
    let before = served(host)?;
    let version = build(host, centroids)?;
    is_fenced(
        host,
        |actuator, permit| actuator.rebuild(permit, version, centroids),
        |actuator, permit| actuator.switch(permit, before, version),
    )?;
    same(
        "the served version after a call that was fenced off",
        &served(host)?,
        &before,
    )
}
