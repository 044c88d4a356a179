//! An incident as a healer sees it.

use std::time::Duration;

use healing_core::identity::InvalidName;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, IntegrityState, MonitorConfig, MonitorError};
use healing_core::observation::ObservationError;
use healing_core::{Clock, CollectionId, HealingConfig, Observation, ObservationSource, VirtualClock};
use mock_cluster::Cluster;

use crate::incident::{Incident, InvalidIncident, WELL_FOR};

/// A fault has been there for so long, at least, before a classifier is asked: before, there may be nothing to see.
const DEVELOPED: Duration = Duration::from_secs(30);
/// A classifier is asked after so long if the state stays normal.
const NOTICED_BY_NOW: Duration = Duration::from_secs(120);

/// What a classifier is shown.
pub(crate) struct Seen {
    pub(crate) observation: Observation,
    pub(crate) report: IntegrityReport,
}

/// An incident that cannot be lived through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Incident(#[from] InvalidIncident),
    #[error(transparent)]
    Observation(#[from] ObservationError),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
}

/// Lives through an incident with the healer's monitor, at the healer's pace: the cluster is well, and what is healthy is
/// learned; then the faults strike. A classifier is asked at the first sample at which the state is not normal, but not before
/// the last fault has developed; or after two minutes, where the state stays normal.
pub(crate) fn live_through(incident: &Incident) -> Result<Seen, Failure> {
    let clock = VirtualClock::default();
    let collection = CollectionId::new("embeddings")?;
    let cluster = Cluster::of_size(incident.size, collection, incident.cluster_seed, clock.clone());
    let began_at = clock.now();
    let mut last_strike = WELL_FOR;
    for &(after, fault) in &incident.strikes {
        cluster.schedule(began_at + after, fault);
        last_strike = last_strike.max(after);
    }
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    let interval = HealingConfig::default().sample_interval;
    let mut lived = Duration::ZERO;
    loop {
        let observation = cluster.observe(cluster.collection())?;
        let report = monitor.sample(&observation)?;
        let noticed = report.state != IntegrityState::Normal && lived >= last_strike + DEVELOPED;
        if noticed || lived >= last_strike + NOTICED_BY_NOW {
            return Ok(Seen { observation, report });
        }
        lived += interval;
        cluster.advance_to(began_at + lived);
    }
}
