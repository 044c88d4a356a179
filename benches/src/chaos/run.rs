//! A run, from its schedule to what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use healing_core::identity::InvalidName;
use healing_core::{CollectionId, VirtualClock};
use mock_cluster::Cluster;

use super::agenda::Entry;
use super::chronicle::Violation;
use super::kind::FaultKind;
use super::schedule::{Schedule, size};
use super::simulation::{Simulation, later};

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The contract that was broken first.
    pub violation: Option<Violation>,
    /// How often each kind of fault came about.
    pub faults: BTreeMap<FaultKind, u64>,
    /// Remediations that began.
    pub remediations: u64,
    /// Collections that were not well at the end.
    pub unhealed: u64,
    /// A hash of everything that happened.
    pub trace_hash: u64,
    /// What happened last, in words.
    pub story: Vec<String>,
}

/// Lives through a schedule, to its end or to the first broken contract.
///
/// # Errors
/// None but that of a name that is no name, which these are not.
pub fn live(schedule: &Schedule) -> Result<Outcome, InvalidName> {
    let clock = VirtualClock::default();
    let clusters = born(schedule, &clock)?;
    let twins = born(schedule, &VirtualClock::default())?;
    let (lasts, calm_from) = (schedule.lasts, schedule.calm_from);
    let simulation = Simulation::new(schedule.clone(), clusters, twins, clock);
    simulation.start(0);
    for (position, scheduled) in schedule.events.iter().enumerate() {
        simulation.plan(scheduled.at, Entry::Scheduled(position));
    }
    simulation.plan(calm_from, Entry::Calm);
    for (number, probe) in schedule.probes.iter().enumerate() {
        simulation.plan(probe.at, Entry::Probe(number));
    }
    simulation.run_until(later(simulation.began, lasts));
    if simulation.chronicle.lock().violation.is_none() {
        simulation.check_end();
    }
    let unhealed = simulation.unhealed();
    let chronicle = simulation.chronicle.lock();
    Ok(Outcome {
        violation: chronicle.violation.clone(),
        faults: chronicle.faults.clone(),
        remediations: chronicle.remediations,
        unhealed,
        trace_hash: chronicle.hash(),
        story: chronicle.story(),
    })
}

/// How often what changes without a cause changes: seldom, so that quiet hours take no time.
const NOISE: Duration = Duration::from_secs(1800);

fn born(schedule: &Schedule, clock: &VirtualClock) -> Result<Vec<Cluster>, InvalidName> {
    let one = |number: usize| {
        let seed = schedule.seed.wrapping_mul(31).wrapping_add(number as u64);
        let collection = CollectionId::new(format!("c{number}"))?;
        Ok(Cluster::with_noise_every(
            NOISE,
            size(),
            collection,
            seed,
            clock.clone(),
        ))
    };
    (0..schedule.collections).map(one).collect()
}
