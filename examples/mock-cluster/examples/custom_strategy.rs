//! A host's own problem class, actuator and strategy: a partition whose disk breaks is switched to its mirror.
//!
//! `cargo run --release -p mock-cluster --example custom_strategy`

use std::{error::Error, io::Write, sync::Arc, time::Duration};

use healing_core::diagnosis::{Diagnosis, Evidence};
use healing_core::engine::EventKind;
use healing_core::monitor::IntegrityReport;
use healing_core::permit::StepContext;
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::problem::CustomKind;
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::*;
use mock_cluster::{Cluster, DiskNumber, Fault, Severity};

/// What it knows of the disks: the host's own monitoring, and its actuator, [`Cluster::use_disk`].
#[derive(Debug)]
pub struct Disks(pub Cluster, pub CustomKind, pub [ProblemKind; 1]);

impl Classifier for Disks {
    fn classify(&self, _: &Observation, _: &IntegrityReport) -> Vec<Diagnosis> {
        let diagnose = |(partition, share)| {
            let before = self.0.disk_in_use(partition)?;
            let details = serde_json::json!([partition, before, before.other()]);
            let kind = self.1.clone();
            Some(Diagnosis {
                problem: ProblemClass::Custom { kind, details },
                confidence: Ratio::ONE,
                evidence: vec![Evidence::measured("failing share of the disk", share, 0.0)],
            })
        };
        self.0.disk_errors().into_iter().filter_map(diagnose).collect()
    }
}

impl Disks {
    fn switch(&self, partition: i64, disk: DiskNumber, cx: &StepContext<'_>) -> Result<StepReport, StepError> {
        let switched = self.0.use_disk(&cx.permit()?, partition, disk);
        switched.map_or_else(
            |error| Err(StepError::Actuator(error.into())),
            |()| Ok(StepReport::Done),
        )
    }
}

impl RemediationStrategy for Disks {
    fn name(&self) -> &'static str {
        "switch_disk"
    }
    fn handles(&self) -> &[ProblemKind] {
        &self.2
    }
    fn impact(&self) -> Ratio {
        Ratio::literal(0.2)
    }
    fn estimated_duration(&self) -> Duration {
        Duration::from_secs(10)
    }
    fn reversible(&self) -> bool {
        true
    }
    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let ProblemClass::Custom { details, .. } = &case.diagnosis.problem else {
            return Err(case.wrong_problem());
        };
        case.check_parameters(&[])?;
        let node = NodeRef::partition(details[0].as_i64().unwrap_or(0));
        let edges = case.observation.graph.edges_at(node);
        // The step holds what was before and what shall be after, so that anyone can do it or take it back.
        let step = Step::new(format!("switch {node} to its other disk"), details)?;
        Ok(Plan {
            strategy: self.name().to_owned(),
            summary: step.description.clone(),
            steps: vec![step.touching([node]).expecting(edges.map(CapacityEffect::restored))],
        })
    }
    // With two disks, the one in use is always that before or that after: there is no conflict to look for.
    fn execute(&self, step: &Step, cx: &StepContext<'_>) -> Result<StepReport, StepError> {
        let (partition, _, after): (i64, DiskNumber, DiskNumber) = step.action()?;
        self.switch(partition, after, cx)
    }
    fn rollback(&self, step: &Step, cx: &StepContext<'_>) -> Result<StepReport, StepError> {
        let (partition, before, _): (i64, DiskNumber, DiskNumber) = step.action()?;
        self.switch(partition, before, cx)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(VirtualClock::default());
    let cluster = Cluster::new(CollectionId::new("embeddings")?, 1, (*clock).clone());
    let kind = CustomKind::new("broken_disk")?;
    let disks = Arc::new(Disks(cluster.clone(), kind.clone(), [ProblemKind::Custom(kind)]));
    let mut strategies = StrategyRegistry::new();
    strategies.register(disks.clone())?;
    let mut healer = Healer::builder(Arc::new(cluster.clone()), clock.clone())
        .classifier(disks)
        .strategies(strategies)
        .watch(cluster.collection().clone())
        .build()?;
    let breaks_at = clock.now() + Duration::from_secs(120);
    let (partition, severity) = (7, Severity::new(0.9)?);
    cluster.schedule(breaks_at, Fault::BrokenDisk { partition, severity });
    let mut output = std::io::stdout();
    while clock.now() < breaks_at + Duration::from_secs(600) {
        let tick = healer.tick();
        for event in tick.events {
            if let EventKind::Remediation(it) = event.kind {
                writeln!(output, "{}: {}", it.state.name(), it.plan.summary)?;
            }
        }
        cluster.advance_to(tick.wake_at);
    }
    let report = healer.report(cluster.collection()).ok_or("nothing was observed")?;
    writeln!(output, "lambda {:.1}, {}", report.lambda.get(), report.state)?;
    Ok(())
}
