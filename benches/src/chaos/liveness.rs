//! What must be true when nothing goes wrong any more: that healing goes on, comes to its end, and helped.

use std::sync::Arc;
use std::time::Duration;

use healing_core::engine::RemediationState;
use healing_core::identity::Operator;
use healing_core::monitor::{IntegrityMonitor, MonitorConfig};
use healing_core::{Healer, Lambda, ObservationSource, ProblemKind};
use mock_cluster::{Cluster, Fault};

use super::agenda::Entry;
use super::event::{Event, Side};
use super::fact::What;
use super::process::Process;
use super::simulation::{Simulation, later};

/// Whoever puts things in order comes round this often.
const ROUND: Duration = Duration::from_secs(60);
/// No remediation lasts longer, once nothing goes wrong any more.
const LONGEST_REMEDIATION: Duration = Duration::from_secs(3600);
/// The share of what lambda was at birth below which a collection is stressed: 0.8 of what it is with the usual noise.
const HEALTHY: f64 = 0.76;
/// By this share lambda may end lower than without healing: the noise of two worlds that went different ways.
const AS_GOOD: f64 = 0.1;

/// How soon a problem of this class must be healed, verified and all, by a healer that nothing hinders: a sample a minute,
/// three of them to be sure, the strategies' own time, and a second try after a cool-down.
#[must_use]
pub fn recovery_objective(fault: Fault) -> Duration {
    let minutes = match fault {
        // A version of the centroids takes its time.
        Fault::CentroidSkew { .. } => 30,
        // Indexes are compacted slice by slice, one after the other.
        Fault::FragmentedIndexes { .. } => 40,
        _ => 30,
    };
    Duration::from_secs(60 * minutes)
}

impl Simulation {
    /// Nothing goes wrong from here on.
    pub(super) fn calm(&self) {
        self.note(None, What::Scheduled("nothing goes wrong any more".to_owned()));
        self.mishaps.lock().clear();
        self.blindness.lock().clear();
        *self.full_until.lock() = self.began;
        for collection in 0..self.clusters.len() {
            self.put_right(collection);
        }
        for process in [0, 1].into_iter().filter_map(|slot| self.process_in(slot)) {
            process.link.cut_off(Side::Both, false);
            self.resume(&process);
        }
        self.plan(ROUND, Entry::Tidy);
    }

    /// Someone takes back what was ordered, and approves what waits.
    pub(super) fn tidy(&self) {
        let healers = || [0, 1].into_iter().filter_map(|slot| self.process_in(slot));
        if let Some(process) = healers().next() {
            self.take_orders_back(&process);
        }
        for process in healers() {
            self.approve_what_waits(&process);
        }
        self.plan(ROUND, Entry::Tidy);
    }

    fn take_orders_back(&self, process: &Arc<Process>) {
        let (frozen, changed) = {
            let chronicle = self.chronicle.lock();
            let orders = &chronicle.history.orders;
            let now = orders.configs.last().map(|(_, config)| config.clone());
            let frozen = (orders.frozen.is_some(), orders.frozen_collections.clone());
            (frozen, now.is_some_and(|now| now != self.schedule.config))
        };
        let (everywhere, collections) = frozen;
        if !everywhere && collections.is_empty() && !changed {
            return;
        }
        let Ok(by) = Operator::new("the caretaker") else { return };
        let config = serde_json::to_value(&self.schedule.config).unwrap_or_default();
        self.speak(process, |healer| {
            // What fails is done at the next round.
            if everywhere {
                drop(healer.unfreeze(None, &by));
            }
            for collection in collections.keys() {
                drop(healer.unfreeze(Some(collection), &by));
            }
            if let Some(config) = config.as_object().filter(|_| changed) {
                drop(healer.configure(config, &by).map(|_| ()));
            }
        });
    }

    fn approve_what_waits(&self, process: &Arc<Process>) {
        let Ok(by) = Operator::new("the caretaker") else { return };
        let waiting = |healer: &Healer| {
            let active = healer.collections().filter_map(|collection| healer.active(collection));
            let waiting = active.filter(|it| matches!(it.state, RemediationState::AwaitingApproval { .. }));
            waiting.map(|it| it.id.clone()).collect::<Vec<_>>()
        };
        if self
            .glance(process, |healer| waiting(healer).is_empty())
            .unwrap_or(true)
        {
            return;
        }
        self.speak(process, |healer| {
            for remediation in waiting(healer) {
                process.link.note(What::Ordered {
                    collection: remediation.collection().clone(),
                    remediation: Some(remediation.clone()),
                    order: "Approve".to_owned(),
                });
                drop(healer.approve(&remediation, &by));
            }
        });
    }

    /// The probe strikes, if its collection is well.
    pub(super) fn probe(&self, number: usize) {
        let Event::Problem { collection, fault, .. } = self.schedule.probes[number].event else {
            return;
        };
        if !self.is_healthy(&self.clusters[collection]) {
            return;
        }
        // Of one problem: two floods of updates, each of which can be healed, may together be more than replicas apply.
        self.put_right(collection);
        self.note(
            None,
            What::Scheduled(format!("the probe: {}", self.schedule.probes[number].event)),
        );
        self.strike(collection, fault);
        self.plan(self.time_to_heal(collection, fault), Entry::ProbeIsDue(number));
    }

    /// The objective; where remediations have failed lately, after the pauses that more failures bring: who has failed too
    /// often in a row tries once in a window, and what has failed for such a problem comes last.
    fn time_to_heal(&self, collection: usize, fault: Fault) -> Duration {
        let chronicle = self.chronicle.lock();
        let course = chronicle.history.course(self.clusters[collection].collection());
        let pauses = course.map_or(0, |course| {
            course.failures.len().max(usize::from(course.ineffective > 0))
        });
        let pauses = u32::try_from(pauses).unwrap_or(u32::MAX);
        recovery_objective(fault) + self.schedule.config.attempt_window.saturating_mul(pauses)
    }

    /// Healed within its objective.
    pub(super) fn check_probe(&self, number: usize) {
        let Event::Problem { collection, fault, .. } = self.schedule.probes[number].event else {
            return;
        };
        let cluster = &self.clusters[collection];
        if !self.is_healthy(cluster) {
            self.accuse(
                "healed_in_time",
                format!("when it is due it is still not well: {fault}"),
            );
        }
    }

    /// What must be true at the end of a run.
    pub(super) fn check_end(&self) {
        for cluster in &self.clusters {
            self.check_ended(cluster);
        }
        for (collection, cluster) in self.clusters.iter().enumerate() {
            self.check_not_worse(cluster, self.twin(collection));
        }
    }

    /// No remediation stays active for ever, and what a human must know a human was told.
    fn check_ended(&self, cluster: &Cluster) {
        let collection = cluster.collection();
        let mut chronicle = self.chronicle.lock();
        let Some(course) = chronicle.history.course(collection) else {
            return;
        };
        let mut accusations = Vec::new();
        if let Some(newest) = course.newest.as_ref().filter(|newest| !newest.state.is_terminal())
            && course
                .newest_since
                .is_some_and(|since| later(since, LONGEST_REMEDIATION) < self.now())
        {
            let state = newest.state.name();
            accusations.push((
                "none_for_ever",
                format!("{} is {state} since {:?}", newest.id, course.newest_since),
            ));
        }
        if let Some((number, since)) = course.to_escalate.first_key_value() {
            let detail = format!("number {number} of {collection} ended badly at {since}, and nobody was told");
            accusations.push(("escalated", detail));
        }
        for (invariant, detail) in accusations {
            chronicle.accuse(invariant, detail);
        }
    }

    /// A collection does not end worse for healing, but where something could not be taken back and a human was called.
    fn check_not_worse(&self, cluster: &Cluster, twin: &Cluster) {
        let collection = cluster.collection();
        let (Some(healed), Some(left)) = (lambda(cluster), lambda(twin)) else {
            return;
        };
        let stuck = {
            let chronicle = self.chronicle.lock();
            let course = chronicle.history.course(collection);
            course.is_some_and(|course| !course.stuck.is_empty())
        };
        if !stuck && healed.get() < left.get() * (1.0 - AS_GOOD) {
            let detail = format!("{collection} ends with lambda {healed}, without healing it would be {left}");
            self.accuse("no_worse_for_healing", detail);
        }
    }

    /// How many collections are not well.
    pub(super) fn unhealed(&self) -> u64 {
        let sick = self.clusters.iter().filter(|cluster| !self.is_healthy(cluster));
        sick.count() as u64
    }

    pub(super) fn is_healthy(&self, cluster: &Cluster) -> bool {
        let position = self
            .clusters
            .iter()
            .position(|it| it.collection() == cluster.collection());
        let at_birth = position.and_then(|position| self.lambdas_at_birth.get(position));
        match (lambda(cluster), at_birth) {
            (Some(now), Some(at_birth)) => now.get() >= at_birth.get() * HEALTHY,
            _ => false,
        }
    }
}

/// The value of a cluster's minimum cut now.
pub(super) fn lambda(cluster: &Cluster) -> Option<Lambda> {
    let observation = cluster.observe(cluster.collection()).ok()?;
    let mut monitor = IntegrityMonitor::new(&MonitorConfig::default());
    Some(monitor.look(&observation).ok()?.lambda)
}

/// Names what an unhealed problem is, for reports.
#[must_use]
pub fn class_of(fault: Fault) -> ProblemKind {
    match fault {
        Fault::HotPartition { .. } | Fault::WriteFlood { .. } => ProblemKind::HotspotCongestion,
        Fault::CentroidSkew { .. } => ProblemKind::CentroidSkew,
        Fault::MaintenanceStorm { .. } => ProblemKind::MaintenanceContention,
        Fault::LaggingReplica { .. } | Fault::StuckReplica { .. } => ProblemKind::ReplicationLag,
        Fault::MemoryPressure { .. } => ProblemKind::MemoryPressure,
        Fault::FragmentedIndexes { .. } => ProblemKind::IndexFragmentation,
        _ => ProblemKind::Unknown,
    }
}
