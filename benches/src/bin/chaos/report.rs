//! What came of all runs.

use std::collections::BTreeMap;
use std::fmt;

use healing_benches::chaos::{Outcome, Schedule, Violation};
use serde::Serialize;

/// What came of all runs.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) runs: u64,
    pub(crate) simulated_hours: f64,
    pub(crate) seconds: f64,
    /// Faults that came about, by kind.
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// Remediations that began.
    pub(crate) remediations: u64,
    pub(crate) violations: Vec<BrokenContract>,
    /// Collections that were not well at the end of their run.
    pub(crate) unhealed: u64,
    /// A hash of everything that happened in all runs.
    pub(crate) trace_hash: String,
}

/// A contract that was broken, and in which run.
#[derive(Debug, Serialize)]
pub(crate) struct BrokenContract {
    pub(crate) seed: u64,
    pub(crate) invariant: &'static str,
    pub(crate) detail: String,
}

impl BrokenContract {
    pub(crate) fn new(seed: u64, violation: &Violation) -> Self {
        Self {
            seed,
            invariant: violation.invariant,
            detail: violation.detail.clone(),
        }
    }
}

impl Report {
    /// Adds a run.
    pub(crate) fn add(&mut self, schedule: &Schedule, outcome: &Outcome) {
        self.runs += 1;
        self.simulated_hours += schedule.lasts.as_secs_f64() / 3600.0;
        self.remediations += outcome.remediations;
        self.unhealed += outcome.unhealed;
        let broken = outcome.violation.iter();
        self.violations
            .extend(broken.map(|it| BrokenContract::new(schedule.seed, it)));
        let so_far = u64::from_str_radix(&self.trace_hash, 16).unwrap_or(0);
        let hash = so_far.rotate_left(5) ^ outcome.trace_hash;
        self.trace_hash = format!("{:016x}", hash.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            simulated_hours,
            seconds,
            remediations,
            unhealed,
            trace_hash,
            ..
        } = self;
        let speed = simulated_hours / seconds.max(f64::MIN_POSITIVE);
        writeln!(
            formatter,
            "{runs} runs, {simulated_hours:.0} simulated hours in {seconds:.1} s ({speed:.0} hours a second)"
        )?;
        writeln!(
            formatter,
            "{remediations} remediations, {unhealed} collections not well at the end"
        )?;
        for (kind, number) in &self.faults {
            writeln!(formatter, "  {kind:24} {number:8}")?;
        }
        for broken in &self.violations {
            writeln!(
                formatter,
                "BROKEN: seed {} {}: {}",
                broken.seed, broken.invariant, broken.detail
            )?;
        }
        writeln!(
            formatter,
            "trace {trace_hash}, {} contracts broken",
            self.violations.len()
        )
    }
}
