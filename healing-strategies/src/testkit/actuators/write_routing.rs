//! Checks of [`WriteRouting`].

use healing_core::testkit::{Objection, Report, failed};

use super::Host;
use super::trial::{Answer, Checked, is_fenced, is_not_found, is_refused, same, under};
use crate::actuators::{WriteRoute, WriteRouting};

/// The partitions that may be touched.
#[derive(Debug, Clone, Copy)]
pub struct RouteNumbers {
    /// One that takes its writes.
    pub partition: i64,
    /// Another one that does.
    pub other: i64,
    /// A number that no partition has; `None` where the host cannot tell.
    pub missing: Option<i64>,
}

trait Routers: Host<Actuator: WriteRouting> {}

impl<H: Host<Actuator: WriteRouting>> Routers for H {}

/// Looks at an actuator that routes writes.
pub fn write_routing<H: Host<Actuator: WriteRouting>>(host: impl Fn() -> H, numbers: RouteNumbers) -> Report {
    let mut report = Report::of("write_routing");
    let mut check = |name, check: fn(&H, RouteNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("write_routing.a_route_is_as_it_was_set", as_set);
    check("write_routing.setting_a_route_twice_is_setting_it_once", twice);
    check("write_routing.a_route_that_someone_else_set_stays", compared);
    check("write_routing.other_partitions_keep_theirs", others);
    check("write_routing.a_missing_partition_is_not_found", missing);
    check("write_routing.an_older_token_is_fenced", fenced);
    report
}

fn is<H: Routers>(host: &H, partition: i64, expected: WriteRoute, when: &str) -> Checked {
    let route = host.actuator().write_route(host.collection(), partition);
    let what = format!("{when}, the route of writes to partition {partition}");
    same(&what, &route.map_err(failed("reading a route"))?, &expected)
}

fn set<H: Routers>(host: &H, partition: i64, from: WriteRoute, to: WriteRoute) -> Answer<()> {
    under(host, |actuator, permit| {
        actuator.route_writes(permit, partition, from, to)
    })
}

fn as_set<H: Routers>(host: &H, RouteNumbers { partition, .. }: RouteNumbers) -> Checked {
    use WriteRoute::{Closed, Elsewhere, Here};
    is(host, partition, Here, "at first")?;
    for (from, to) in [
        (Here, Elsewhere),
        (Elsewhere, Here),
        (Here, Closed),
        (Closed, Elsewhere),
        (Elsewhere, Here),
    ] {
        set(host, partition, from, to).map_err(failed("setting a route"))?;
        is(host, partition, to, "set")?;
    }
    Ok(())
}

fn twice<H: Routers>(host: &H, RouteNumbers { partition, .. }: RouteNumbers) -> Checked {
    for _ in 0..2 {
        set(host, partition, WriteRoute::Here, WriteRoute::Elsewhere)
            .map_err(failed("setting a route, also when it is set,"))?;
        is(host, partition, WriteRoute::Elsewhere, "set twice")?;
    }
    Ok(())
}

fn compared<H: Routers>(host: &H, RouteNumbers { partition, .. }: RouteNumbers) -> Checked {
    set(host, partition, WriteRoute::Here, WriteRoute::Closed).map_err(failed("setting a route"))?;
    let answer = set(host, partition, WriteRoute::Here, WriteRoute::Elsewhere);
    is_refused(
        "changing a route that is neither the one before nor the one after",
        answer,
    )?;
    is(host, partition, WriteRoute::Closed, "after a change that was refused")
}

fn others<H: Routers>(host: &H, RouteNumbers { partition, other, .. }: RouteNumbers) -> Checked {
    set(host, partition, WriteRoute::Here, WriteRoute::Elsewhere).map_err(failed("setting a route"))?;
    is(host, other, WriteRoute::Here, "after another partition's was set")
}

fn missing<H: Routers>(host: &H, RouteNumbers { missing, .. }: RouteNumbers) -> Checked {
    let missing = missing.ok_or_else(|| Objection::not_tried("the host cannot tell which partitions exist"))?;
    is_not_found(
        "the route to a partition",
        host.actuator().write_route(host.collection(), missing),
    )?;
    is_not_found(
        "routing to a partition",
        set(host, missing, WriteRoute::Here, WriteRoute::Elsewhere),
    )
}

fn fenced<H: Routers>(host: &H, RouteNumbers { partition, .. }: RouteNumbers) -> Checked {
    use WriteRoute::{Elsewhere, Here};
    is_fenced(
        host,
        |actuator, permit| actuator.route_writes(permit, partition, Here, Elsewhere),
        |actuator, permit| actuator.route_writes(permit, partition, Elsewhere, Here),
    )?;
    is(host, partition, Elsewhere, "after a change that was fenced off")
}
