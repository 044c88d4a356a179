//! A simulated cluster under the monitor's eyes, and what of it scatters.

use std::time::Duration;

use healing_core::identity::CollectionId;
use healing_core::monitor::{DriftConfig, IntegrityMonitor, IntegrityState, MonitorConfig};
use healing_core::topology::{ContractedGraph, Edge};
use healing_core::{Clock, Observation, ObservationSource, Timestamp, VirtualClock};
use mock_cluster::{Cluster, Fault, Severity};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::Failure;

const INTERVAL: Duration = Duration::from_secs(10);

/// What is seen on top of what the cluster does by itself: its network's errors wander between 0 and 1 % at each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scatter {
    Nothing,
    /// Each edge is measured with an error of up to a tenth, anew in each sample.
    Measurement,
    /// All capacities swing by a twentieth to either side, once in six hours.
    Swing,
    /// By a tenth: to within two hundredths of stress, as the baseline is lifted to the top of the swing.
    WideSwing,
}

impl Scatter {
    pub(crate) const ALL: [Self; 4] = [Self::Nothing, Self::Measurement, Self::Swing, Self::WideSwing];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "as it is",
            Self::Measurement => "edges measured to within 10 %",
            Self::Swing => "5 % up and down in 6 hours",
            Self::WideSwing => "10 % up and down in 6 hours",
        }
    }
}

/// What was seen, by the time since the begin.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) warnings: u32,
    /// When the last warning began, and in which time it said that stress would come.
    pub(crate) last_warning: Option<(Duration, Duration)>,
    pub(crate) left_normal: Option<Duration>,
}

pub(crate) struct Watch {
    cluster: Cluster,
    monitor: IntegrityMonitor,
    began_at: Timestamp,
    scatter: Scatter,
    rng: Pcg64,
}

impl Watch {
    pub(crate) fn new(seed: u64, scatter: Scatter, drift: DriftConfig) -> Result<Self, Failure> {
        let clock = VirtualClock::default();
        let began_at = clock.now();
        let config = MonitorConfig {
            drift,
            ..MonitorConfig::default()
        };
        Ok(Self {
            cluster: Cluster::new(CollectionId::new("embeddings")?, seed, clock),
            monitor: IntegrityMonitor::new(&config),
            began_at,
            scatter,
            rng: Pcg64::seed_from_u64(seed),
        })
    }

    /// Lets the disk of some partition begin to wear out.
    pub(crate) fn wear_out(&mut self, seed: u64, severity: Severity, after: Duration) {
        let partitions = self.cluster.size().partitions();
        let partition = i64::try_from(seed).unwrap_or(0) % partitions + 1;
        let at = self.began_at.checked_add(after).unwrap_or(Timestamp::MAX);
        self.cluster.schedule(at, Fault::WornDisk { partition, severity });
    }

    /// Samples for so long; or until the state is not normal any more.
    pub(crate) fn until(&mut self, duration: Duration, stops_at_stress: bool) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        let mut was_drifting = false;
        let mut elapsed = Duration::ZERO;
        while elapsed <= duration {
            let observation = self.observe(elapsed)?;
            let report = self.monitor.sample(&observation)?;
            if report.state != IntegrityState::Normal {
                seen.left_normal.get_or_insert(elapsed);
                if stops_at_stress {
                    break;
                }
            }
            if let Some(drift) = report.drift.filter(|_| !was_drifting) {
                seen.warnings += 1;
                seen.last_warning = Some((elapsed, drift.stress_in));
            }
            was_drifting = report.drift.is_some();
            elapsed += INTERVAL;
            self.cluster
                .advance_to(self.began_at.checked_add(elapsed).unwrap_or(Timestamp::MAX));
        }
        Ok(seen)
    }

    fn observe(&mut self, elapsed: Duration) -> Result<Observation, Failure> {
        let observation = self.cluster.observe(self.cluster.collection())?;
        if self.scatter == Scatter::Nothing {
            return Ok(observation);
        }
        let phase = elapsed.as_secs_f64() / Duration::from_secs(6 * 3600).as_secs_f64();
        let swing = (phase * std::f64::consts::TAU).sin();
        let mut graph = ContractedGraph::builder();
        for node in observation.graph.nodes() {
            graph.node(node.node, node.health.get())?;
        }
        for edge in observation.graph.edges() {
            let factor = match self.scatter {
                Scatter::Nothing => 1.0,
                Scatter::Measurement => self.rng.random_range(0.9..1.1),
                Scatter::Swing => 1.0 + 0.05 * swing,
                Scatter::WideSwing => 1.0 + 0.1 * swing,
            };
            let (a, b) = edge.key().ends();
            let scattered = Edge::new(edge.key().kind(), a, b, edge.capacity().get() * factor)?;
            graph.edge(scattered.with_error_rate(edge.error_rate().get())?)?;
        }
        Ok(Observation {
            graph: graph.build(),
            ..observation
        })
    }
}
