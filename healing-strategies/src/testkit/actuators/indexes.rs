//! Checks of [`Indexes`].

use healing_core::testkit::{Objection, Report, failed, require};

use super::Host;
use super::trial::{Checked, is_fenced, is_not_found, same, settle, under};
use crate::actuators::{CompactionSlice, Indexes};

/// The indexes that may be touched, and how much of them.
#[derive(Debug, Clone, Copy)]
pub struct IndexNumbers {
    /// One that is badly fragmented.
    pub fragmented: i64,
    /// Another one.
    pub other: i64,
    /// A number that no index has.
    pub missing: i64,
    /// A part of the fragmented index that can be compacted at a time.
    pub slice: CompactionSlice,
}

/// Slices until an index is compact, at most.
const MOST_SLICES: usize = 1000;

trait Compactors: Host<Actuator: Indexes> {}

impl<H: Host<Actuator: Indexes>> Compactors for H {}

/// Looks at an actuator that compacts indexes.
pub fn indexes<H: Host<Actuator: Indexes>>(host: impl Fn() -> H, numbers: IndexNumbers) -> Report {
    let mut report = Report::of("indexes");
    let mut check = |name, check: fn(&H, IndexNumbers) -> Checked| report.check(name, || check(&host(), numbers));
    check("indexes.slice_by_slice_the_fragmentation_sinks", sinks);
    check("indexes.what_compacting_says_is_what_is_read", says);
    check("indexes.other_indexes_stay", others);
    check("indexes.a_missing_index_is_not_found", missing);
    check("indexes.an_older_token_is_fenced", fenced);
    report.check("indexes.one_slice_is_under_way_at_a_time", || {
        one_at_a_time(&host, numbers)
    });
    report
}

fn read<H: Compactors>(host: &H, index: i64) -> Result<f64, Objection> {
    let share = host.actuator().fragmentation(host.collection(), index);
    Ok(share.map_err(failed("reading the fragmentation"))?.get())
}

fn compact<H: Compactors>(host: &H, numbers: IndexNumbers) -> Result<f64, Objection> {
    let left = under(host, |actuator, permit| {
        actuator.compact(permit, numbers.fragmented, numbers.slice)
    });
    Ok(left.map_err(failed("compacting a slice"))?.get())
}

fn sinks<H: Compactors>(host: &H, numbers: IndexNumbers) -> Checked {
    let before = read(host, numbers.fragmented)?;
    let mut last = before;
    for _ in 0..MOST_SLICES {
        compact(host, numbers)?;
        settle(host);
        let now = read(host, numbers.fragmented)?;
        require(now <= last, || {
            format!("a slice was compacted, and the fragmentation rose from {last} % to {now} %")
        })?;
        last = now;
        if last <= before / 2.0 {
            return Ok(());
        }
    }
    Err(Objection::broken(format!(
        "after {MOST_SLICES} slices an index that was {before} % fragmented is {last} % fragmented, not half of it"
    )))
}

fn says<H: Compactors>(host: &H, numbers: IndexNumbers) -> Checked {
    for _ in 0..3 {
        let said = compact(host, numbers)?;
        same(
            "the fragmentation after a call",
            &said,
            &read(host, numbers.fragmented)?,
        )?;
        settle(host);
    }
    Ok(())
}

fn others<H: Compactors>(host: &H, numbers: IndexNumbers) -> Checked {
    let before = read(host, numbers.other)?;
    for _ in 0..3 {
        compact(host, numbers)?;
        settle(host);
    }
    same(
        "the fragmentation of an index that nobody touched",
        &read(host, numbers.other)?,
        &before,
    )
}

fn missing<H: Compactors>(host: &H, numbers: IndexNumbers) -> Checked {
    let IndexNumbers { missing, slice, .. } = numbers;
    is_not_found(
        "the fragmentation of an index",
        host.actuator().fragmentation(host.collection(), missing),
    )?;
    is_not_found(
        "compacting an index",
        under(host, |actuator, permit| actuator.compact(permit, missing, slice)),
    )
}

fn fenced<H: Compactors>(host: &H, numbers: IndexNumbers) -> Checked {
    let IndexNumbers {
        fragmented,
        other,
        slice,
        ..
    } = numbers;
    let before = read(host, fragmented)?;
    is_fenced(
        host,
        |actuator, permit| actuator.compact(permit, other, slice),
        |actuator, permit| actuator.compact(permit, fragmented, slice),
    )?;
    settle(host);
    same(
        "the fragmentation after a call that was fenced off",
        &read(host, fragmented)?,
        &before,
    )
}

/// Where a slice takes time, calls meanwhile begin no other.
fn one_at_a_time<H: Compactors>(host: &impl Fn() -> H, numbers: IndexNumbers) -> Checked {
    let once = host();
    let before = read(&once, numbers.fragmented)?;
    if compact(&once, numbers)? < before {
        return Err(Objection::not_tried("a slice is complete when the call returns"));
    }
    settle(&once);
    let expected = read(&once, numbers.fragmented)?;
    let often = host();
    for _ in 0..5 {
        compact(&often, numbers)?;
    }
    settle(&often);
    let found = read(&often, numbers.fragmented)?;
    // Half a point less may be chance in a host that lives.
    require(found > expected - 0.5, || {
        format!("asked once, a slice leaves {expected} %; asked five times while it was under way, {found} %")
    })
}
