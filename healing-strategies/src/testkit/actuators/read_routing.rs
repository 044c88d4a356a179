//! Checks of [`ReadRouting`].

use healing_core::testkit::{Report, failed};

use super::Host;
use super::trial::{Answer, Checked, is_fenced, is_not_found, is_refused, same, under};
use crate::actuators::{LagBound, ReadRouting};

/// The replicas that may be touched.
#[derive(Debug, Clone, Copy)]
pub struct ReplicaNumbers {
    /// One without a bound on its lag; for [`replica_copies`](super::replica_copies), one that may be copied anew.
    pub replica: i64,
    /// Another one like it.
    pub other: i64,
    /// A number that no replica has.
    pub missing: i64,
}

trait Routers: Host<Actuator: ReadRouting> {}

impl<H: Host<Actuator: ReadRouting>> Routers for H {}

/// Looks at an actuator that keeps reads off replicas that are behind.
pub fn read_routing<H: Host<Actuator: ReadRouting>>(host: impl Fn() -> H, numbers: ReplicaNumbers) -> Report {
    let mut report = Report::of("read_routing");
    let mut check = |name, check: fn(&H, ReplicaNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("read_routing.a_bound_is_as_it_was_set", as_set);
    check("read_routing.setting_a_bound_twice_is_setting_it_once", twice);
    check("read_routing.a_bound_that_someone_else_set_stays", compared);
    check("read_routing.other_replicas_keep_theirs", others);
    check("read_routing.a_missing_replica_is_not_found", missing);
    check("read_routing.an_older_token_is_fenced", fenced);
    report
}

type Bound = Option<LagBound>;

fn bound(milliseconds: u64) -> Bound {
    Some(LagBound::from_millis(milliseconds))
}

fn is<H: Routers>(host: &H, replica: i64, expected: Bound, when: &str) -> Checked {
    let found = host.actuator().lag_bound(host.collection(), replica);
    let what = format!("{when}, the lag bound of replica {replica}");
    same(&what, &found.map_err(failed("reading a lag bound"))?, &expected)
}

fn set<H: Routers>(host: &H, replica: i64, from: Bound, to: Bound) -> Answer<()> {
    under(host, |actuator, permit| {
        actuator.set_lag_bound(permit, replica, from, to)
    })
}

fn as_set<H: Routers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    is(host, replica, None, "at first")?;
    let mut from = None;
    // No bound and the bound of nothing are two things; milliseconds are kept.
    for to in [bound(5000), bound(1), bound(0), None, bound(86_399_999), None] {
        set(host, replica, from, to).map_err(failed("setting a lag bound"))?;
        is(host, replica, to, "set")?;
        from = to;
    }
    Ok(())
}

fn twice<H: Routers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    for _ in 0..2 {
        set(host, replica, None, bound(5000)).map_err(failed("setting a lag bound, also when it is set,"))?;
        is(host, replica, bound(5000), "set twice")?;
    }
    Ok(())
}

fn compared<H: Routers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    set(host, replica, None, bound(7000)).map_err(failed("setting a lag bound"))?;
    for from in [None, bound(3000)] {
        let answer = set(host, replica, from, bound(5000));
        is_refused(
            "changing a lag bound that is neither the one before nor the one after",
            answer,
        )?;
        is(host, replica, bound(7000), "after a change that was refused")?;
    }
    Ok(())
}

fn others<H: Routers>(host: &H, ReplicaNumbers { replica, other, .. }: ReplicaNumbers) -> Checked {
    set(host, replica, None, bound(5000)).map_err(failed("setting a lag bound"))?;
    is(host, other, None, "after another replica's was set")
}

fn missing<H: Routers>(host: &H, ReplicaNumbers { missing, .. }: ReplicaNumbers) -> Checked {
    is_not_found(
        "the lag bound of a replica",
        host.actuator().lag_bound(host.collection(), missing),
    )?;
    is_not_found("bounding the lag of a replica", set(host, missing, None, bound(5000)))
}

fn fenced<H: Routers>(host: &H, ReplicaNumbers { replica, .. }: ReplicaNumbers) -> Checked {
    is_fenced(
        host,
        |actuator, permit| actuator.set_lag_bound(permit, replica, None, bound(5000)),
        |actuator, permit| actuator.set_lag_bound(permit, replica, bound(5000), None),
    )?;
    is(host, replica, bound(5000), "after a change that was fenced off")
}
