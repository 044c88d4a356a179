//! Valves, opened one a step, each with a character of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::permit::StepContext;
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::topology::NodeRef;
use healing_core::{Amount, ProblemKind, Ratio, RemediationStrategy};
use parking_lot::Mutex;

use super::World;

/// How a strategy behaves at one of its valves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Opens,
    Panics,
    /// Says it is at it for ever, and does nothing.
    Hangs,
    /// Opens on the third call.
    TakesTime,
    /// Reports success without effect.
    Lies,
    /// Opens, then fails.
    OpensAndFails,
    /// Opens, and cannot be taken back.
    Sticks,
    /// Opens, and can be taken back at the third try.
    SticksTwice,
    /// Finds that someone else has turned it, and leaves it alone.
    GivesWay,
    /// Blocks its thread at the world's gate, then opens.
    Blocks,
}

/// Opens valves, one a step.
#[derive(Clone)]
pub struct Valves {
    pub name: &'static str,
    pub impact: Ratio,
    pub reversible: bool,
    pub estimated_duration: Duration,
    pub valves: BTreeMap<i64, Behaviour>,
    /// The lambda that the plan promises.
    pub promises: Option<f64>,
    /// So many each step says that it moves.
    pub vectors_moved: u64,
    pub world: World,
    pub calls: Arc<Mutex<BTreeMap<i64, u32>>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct OpenValve {
    valve: i64,
    before: bool,
    after: bool,
}

const KINDS: [ProblemKind; 1] = [ProblemKind::HotspotCongestion];

impl Valves {
    pub fn new(world: &World, name: &'static str, valves: impl IntoIterator<Item = (i64, Behaviour)>) -> Self {
        Self {
            name,
            impact: Ratio::literal(0.3),
            reversible: true,
            estimated_duration: Duration::from_secs(20),
            valves: valves.into_iter().collect(),
            promises: None,
            vectors_moved: 0,
            world: world.clone(),
            calls: Arc::default(),
        }
    }

    /// Three valves that open.
    pub fn working(world: &World) -> Self {
        Self::new(world, "open_valves", (1..=3).map(|valve| (valve, Behaviour::Opens)))
    }
}

impl RemediationStrategy for Valves {
    fn name(&self) -> &str {
        self.name
    }

    fn handles(&self) -> &[ProblemKind] {
        &KINDS
    }

    fn impact(&self) -> Ratio {
        self.impact
    }

    fn estimated_duration(&self) -> Duration {
        self.estimated_duration
    }

    fn reversible(&self) -> bool {
        self.reversible
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let most = case.parameters.get("max_moves").and_then(serde_json::Value::as_u64);
        let mut steps = Vec::new();
        for &valve in self
            .valves
            .keys()
            .filter(|valve| !self.world.is_open(&case.observation.collection, **valve))
        {
            let action = OpenValve {
                valve,
                before: false,
                after: true,
            };
            let step = Step::new(format!("open valve {valve}"), &action)?;
            steps.push(step.touching([NodeRef::partition(1)]).moving(self.vectors_moved));
        }
        if let Some(most) = most {
            steps.truncate(most as usize);
        }
        if let Some((lambda, last)) = self.promises.zip(steps.last_mut()) {
            let links = case.observation.graph.edges_at(NodeRef::partition(1));
            let effective_capacity = Amount::clamped(lambda / 3.0);
            last.effects = links
                .map(|link| CapacityEffect {
                    edge: link.key(),
                    effective_capacity,
                })
                .collect();
        }
        let summary = format!("open {} valves", steps.len());
        Ok(Plan {
            strategy: self.name.to_owned(),
            summary,
            steps,
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let OpenValve { valve, .. } = step.action()?;
        let call = {
            let mut calls = self.calls.lock();
            let count = calls.entry(valve).or_insert(0);
            *count += 1;
            *count
        };
        match self.valves[&valve] {
            Behaviour::Blocks => {
                self.world.wait_at_gate();
                self.world.set_valve(&context.permit()?, valve, true);
            }
            Behaviour::Opens | Behaviour::Sticks | Behaviour::SticksTwice => {
                self.world.set_valve(&context.permit()?, valve, true);
            }
            Behaviour::TakesTime if call < 3 => {
                return Ok(StepReport::InProgress {
                    poll_after: Duration::from_secs(5),
                });
            }
            Behaviour::TakesTime => self.world.set_valve(&context.permit()?, valve, true),
            Behaviour::Panics => panic!("valve {valve} exploded"),
            Behaviour::Hangs => {
                return Ok(StepReport::InProgress {
                    poll_after: Duration::from_secs(3600),
                });
            }
            Behaviour::Lies => {}
            Behaviour::GivesWay => {
                return Err(StepError::Conflict {
                    subject: format!("valve {valve}"),
                    expected: "open or closed".to_owned(),
                    found: "half open".to_owned(),
                });
            }
            Behaviour::OpensAndFails => {
                self.world.set_valve(&context.permit()?, valve, true);
                return Err(StepError::Actuator("lost the connection".into()));
            }
        }
        Ok(StepReport::Done)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let OpenValve { valve, before, .. } = step.action()?;
        if self.valves[&valve] == Behaviour::Sticks {
            return Err(StepError::Actuator("rusted".into()));
        }
        if self.valves[&valve] == Behaviour::SticksTwice {
            let mut calls = self.calls.lock();
            let count = calls.entry(-valve).or_insert(0);
            *count += 1;
            if *count < 3 {
                return Err(StepError::Actuator("stuck".into()));
            }
        }
        if self.world.is_open(context.collection(), valve) != before {
            self.world.set_valve(&context.permit()?, valve, before);
        }
        Ok(StepReport::Done)
    }
}
