//! Checks of [`Tiers`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Checked, is_fenced, is_not_found, is_refused, same, settle, under, until};
use crate::actuators::{Segment, Tier, Tiers};

/// The segments that may be touched.
#[derive(Debug, Clone, Copy)]
pub struct SegmentNumbers {
    /// One that is hot.
    pub segment: i64,
    /// One that somebody keeps in memory; `None` where nobody can.
    pub pinned: Option<i64>,
    /// A number that no segment has.
    pub missing: i64,
}

trait Movers: Host<Actuator: Tiers> {}

impl<H: Host<Actuator: Tiers>> Movers for H {}

/// Looks at an actuator that evicts and reloads segments.
pub fn tiers<H: Host<Actuator: Tiers>>(host: impl Fn() -> H, numbers: SegmentNumbers) -> Report {
    let mut report = Report::of("tiers");
    let mut check = |name, check: fn(&H, SegmentNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("tiers.segments_come_by_number_with_their_size", by_number);
    check("tiers.an_evicted_segment_becomes_cold", becomes_cold);
    check("tiers.a_reloaded_segment_becomes_hot", becomes_hot);
    check("tiers.an_eviction_can_be_called_off", called_off);
    check("tiers.a_pinned_segment_stays", pinned);
    check("tiers.other_segments_stay", others);
    check("tiers.a_missing_segment_is_not_found", missing);
    check("tiers.an_older_token_is_fenced", fenced);
    report
}

fn segments<H: Movers>(host: &H) -> Result<Vec<Segment>, Objection> {
    host.actuator()
        .segments(host.collection())
        .map_err(failed("reading the segments"))
}

fn tier<H: Movers>(host: &H, id: i64) -> Result<Tier, Objection> {
    let found = segments(host)?.into_iter().find(|segment| segment.id == id);
    let found = found.ok_or_else(|| Objection::broken(format!("segment {id} is not there, and was promised")))?;
    Ok(found.tier)
}

fn evict<H: Movers>(host: &H, id: i64) -> Checked {
    under(host, |actuator, permit| actuator.evict(permit, id)).map_err(failed("evicting a segment"))
}

fn reload<H: Movers>(host: &H, id: i64) -> Checked {
    under(host, |actuator, permit| actuator.reload(permit, id)).map_err(failed("reloading a segment"))
}

/// Waits until a segment is in a tier, and asks for it once more.
fn comes_to<H: Movers>(host: &H, id: i64, to: Tier, ask: fn(&H, i64) -> Checked) -> Checked {
    ask(host, id)?;
    until(host, &format!("segment {id} is not {to:?}"), |host| {
        Ok(tier(host, id)? == to)
    })?;
    ask(host, id)?;
    settle(host);
    same(
        &format!("the tier of segment {id}, asked for twice,"),
        &tier(host, id)?,
        &to,
    )
}

fn by_number<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    let segments = segments(host)?;
    require(segments.is_sorted_by(|one, other| one.id < other.id), || {
        "the segments do not come by number, each once".to_owned()
    })?;
    let weightless = segments.iter().find(|segment| segment.bytes == 0);
    require(weightless.is_none(), || {
        format!("a segment takes no memory: {weightless:?}")
    })?;
    let hot = segments.iter().filter(|segment| segment.tier != Tier::Cold);
    let hot: u64 = hot.fold(0, |sum, segment| sum.saturating_add(segment.bytes));
    let memory = host
        .actuator()
        .memory_bytes(host.collection())
        .map_err(failed("reading the memory there is"))?;
    require(hot <= memory, || {
        format!("the hot segments take {hot} of {memory} bytes")
    })?;
    same("the tier of the hot segment", &tier(host, numbers.segment)?, &Tier::Hot)
}

fn becomes_cold<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    comes_to(host, numbers.segment, Tier::Cold, evict)
}

fn becomes_hot<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    comes_to(host, numbers.segment, Tier::Cold, evict)?;
    comes_to(host, numbers.segment, Tier::Hot, reload)
}

fn called_off<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    evict(host, numbers.segment)?;
    reload(host, numbers.segment)?;
    until(host, "a segment whose eviction was called off is not hot", |host| {
        Ok(tier(host, numbers.segment)? == Tier::Hot)
    })?;
    settle(host);
    same(
        "the tier of a segment whose eviction was called off",
        &tier(host, numbers.segment)?,
        &Tier::Hot,
    )
}

fn pinned<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    let pinned = numbers
        .pinned
        .ok_or_else(|| Objection::not_tried("nobody pins segments here"))?;
    is_refused(
        "evicting a pinned segment",
        under(host, |actuator, permit| actuator.evict(permit, pinned)),
    )?;
    settle(host);
    same("the tier of a pinned segment", &tier(host, pinned)?, &Tier::Pinned)
}

fn others<H: Movers>(host: &H, numbers: SegmentNumbers) -> Checked {
    let tiers = |host: &H| {
        let others = segments(host)?
            .into_iter()
            .filter(|segment| segment.id != numbers.segment);
        Ok::<_, Objection>(others.map(|segment| (segment.id, segment.tier)).collect::<Vec<_>>())
    };
    let before = tiers(host)?;
    comes_to(host, numbers.segment, Tier::Cold, evict)?;
    same("the tiers of the segments that nobody touched", &tiers(host)?, &before)
}

fn missing<H: Movers>(host: &H, SegmentNumbers { missing, .. }: SegmentNumbers) -> Checked {
    is_not_found(
        "evicting a segment",
        under(host, |actuator, permit| actuator.evict(permit, missing)),
    )?;
    is_not_found(
        "reloading a segment",
        under(host, |actuator, permit| actuator.reload(permit, missing)),
    )
}

fn fenced<H: Movers>(host: &H, SegmentNumbers { segment, .. }: SegmentNumbers) -> Checked {
    is_fenced(
        host,
        |actuator, permit| actuator.reload(permit, segment),
        |actuator, permit| actuator.evict(permit, segment),
    )?;
    settle(host);
    same(
        "the tier of a segment after an eviction that was fenced off",
        &tier(host, segment)?,
        &Tier::Hot,
    )
}
