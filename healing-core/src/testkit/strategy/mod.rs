//! Whether a strategy keeps what [`RemediationStrategy`] promises.
//!
//! What a host writes is a [`World`]: a small piece of its service, or of a simulation of it, in which the strategy has
//! something to do. [`suite`] then plans, executes in parts, lets calls fail, comes back as after a restart, takes back, lets
//! someone else interfere, and looks each time at what has become of the world. Where a world cannot be interfered with, or
//! its calls cannot be made to fail, the checks that need it are reported as not tried.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//! use std::time::Duration;
//! # use healing_core::permit::StepContext;
//! # use healing_core::plan::{Plan, PlanError, Step};
//! # use healing_core::problem::{CustomKind, ProblemClass, ProblemKind};
//! # use healing_core::strategy::{Case, RemediationStrategy, StepError, StepReport};
//! # use healing_core::topology::{ContractedGraph, Edge, EdgeKind, NodeRef};
//! # use healing_core::{Amount, CollectionId, Observation, Ratio, Timestamp};
//! use healing_core::testkit::strategy::{Situation, World, suite};
//! use healing_core::{Clock, VirtualClock};
//! use parking_lot::Mutex;
//!
//! /// A service with one switch, which is off.
//! #[derive(Default)]
//! struct Service {
//!     clock: VirtualClock,
//!     is_on: Arc<Mutex<bool>>,
//! }
//!
//! impl World for Service {
//!     type State = bool;
//!
//!     fn situation(&self) -> Situation {
//! #       let mut graph = ContractedGraph::builder();
//! #       graph.node(NodeRef::shard(1), 1.0).unwrap().node(NodeRef::shard(2), 1.0).unwrap();
//! #       graph.edge(Edge::new(EdgeKind::Custom, NodeRef::shard(1), NodeRef::shard(2), 1.0).unwrap()).unwrap();
//! #       let observation = Observation {
//! #           collection: CollectionId::new("embeddings").unwrap(),
//! #           observed_at: self.clock.now(),
//! #           graph: graph.build(),
//! #           metrics: Default::default(),
//! #       };
//! #       let problem = ProblemClass::Custom { kind: CustomKind::new("switched_off").unwrap(), details: ().into() };
//!         Situation::new(observation, problem) // what the service looks like, and what is wrong with it
//!     }
//!
//!     fn state(&self) -> bool {
//!         *self.is_on.lock()
//!     }
//!
//!     fn clock(&self) -> &dyn Clock {
//!         &self.clock
//!     }
//!
//!     fn pass(&self, time: Duration) {
//!         self.clock.advance(time);
//!     }
//! }
//! #
//! # struct SwitchOn(Arc<Mutex<bool>>, ProblemKind);
//! #
//! # impl SwitchOn {
//! #     fn set(&self, to: bool, context: &StepContext<'_>) -> Result<StepReport, StepError> {
//! #         if *self.0.lock() != to {
//! #             context.permit()?;
//! #             *self.0.lock() = to;
//! #         }
//! #         Ok(StepReport::Done)
//! #     }
//! # }
//! #
//! # impl RemediationStrategy for SwitchOn {
//! #     fn name(&self) -> &str { "switch_on" }
//! #     fn handles(&self) -> &[ProblemKind] { std::slice::from_ref(&self.1) }
//! #     fn impact(&self) -> Ratio { Ratio::ZERO }
//! #     fn estimated_duration(&self) -> Duration { Duration::from_secs(1) }
//! #     fn reversible(&self) -> bool { true }
//! #     fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
//! #         if case.diagnosis.problem.kind() != self.1 {
//! #             return Err(case.wrong_problem());
//! #         }
//! #         if let Some((name, value)) = case.parameters.iter().next() {
//! #             return Err(PlanError::InvalidParameter { name: name.clone(), value: value.to_string(), expected: "none".into() });
//! #         }
//! #         let step = Step::new("switch on", &[false, true])?;
//! #         Ok(Plan { strategy: "switch_on".into(), summary: "switch on".into(), steps: vec![step] })
//! #     }
//! #     fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
//! #         self.set(step.action::<[bool; 2]>()?[1], context)
//! #     }
//! #     fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
//! #         self.set(step.action::<[bool; 2]>()?[0], context)
//! #     }
//! #     fn symptom(&self, _: &ProblemClass, _: &healing_core::metrics::SystemMetrics) -> Option<Amount> {
//! #         Some(Amount::ZERO)
//! #     }
//! # }
//! # let kind = ProblemKind::Custom(CustomKind::new("switched_off")?);
//!
//! let report = suite(
//!     |service: &Service| Arc::new(SwitchOn(Arc::clone(&service.is_on), kind.clone())),
//!     Service::default,
//! );
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), healing_core::identity::InvalidName>(())
//! ```

mod conflicts;
mod executing;
mod permits;
mod planning;
mod restarts;
mod situation;
mod trial;
mod undoing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use situation::Situation;

use self::trial::Trials;
use crate::clock::Clock;
use crate::identity::FencingToken;
use crate::strategy::RemediationStrategy;
use crate::testkit::{Faults, Objection, Report};

/// A world in which a strategy has something to do. Two that are made alike are alike: the same calls have the same effects.
pub trait World {
    /// Everything that strategies set there. What changes by itself (a load, the time) is no part of it.
    type State: PartialEq + fmt::Debug;

    /// What the strategy is to plan from.
    fn situation(&self) -> Situation;

    /// What is set now.
    fn state(&self) -> Self::State;

    /// The clock that strategies on this world live by.
    fn clock(&self) -> &dyn Clock;

    /// Lets time pass, in which what was begun goes on, and the clock shows it.
    fn pass(&self, time: Duration);

    /// Someone else sets everything that the strategy's plan is about to something that is neither what it was in the
    /// beginning nor what the plan makes of it; `false`, the default, where nobody else can.
    fn interfere(&self) -> bool {
        false
    }

    /// The orders by which the writing calls of its actuators go wrong; `None`, the default, where they cannot be made to.
    fn faults(&self) -> Option<&Faults> {
        None
    }

    /// The fencing token of the newest writing call; `None`, the default, where tokens are not looked at.
    fn newest_token(&self) -> Option<FencingToken> {
        None
    }
}

/// Looks at a strategy. `strategy` makes it anew on a world, as after a restart of the process; `world` makes the world
/// anew, as in the beginning.
pub fn suite<W: World>(strategy: impl Fn(&W) -> Arc<dyn RemediationStrategy>, world: impl Fn() -> W) -> Report {
    let trials = Trials::new(&strategy, &world);
    let name = trials
        .begin()
        .map_or_else(|_| "strategy".to_owned(), |trial| trial.strategy.name().to_owned());
    let mut report = Report::of(name);
    let mut check = |name, check: fn(&Trials<'_, W>) -> Checked| report.check(name, || check(&trials));
    check("strategy.it_describes_itself", planning::describes_itself);
    check("strategy.planning_touches_nothing", planning::touches_nothing);
    check("strategy.the_same_case_gives_the_same_plan", planning::same_plan);
    check("strategy.a_plan_says_what_is_to_be_done", planning::says_what);
    check("strategy.other_problems_are_refused", planning::other_problems);
    check("strategy.unknown_parameters_are_refused", planning::unknown_parameters);
    check("strategy.what_is_touched_and_expected_can_be", planning::possible);
    check("strategy.what_it_does_can_be_verified", planning::verifiable);
    check("strategy.a_plan_can_be_done_in_time", executing::in_time);
    check("strategy.doing_a_step_twice_is_doing_it_once", executing::twice);
    check("strategy.a_failing_actuator_is_reported", executing::reports_failure);
    check("strategy.what_failed_can_be_gone_on_with", executing::goes_on);
    check("strategy.a_foreign_step_is_malformed", executing::foreign_step);
    check("strategy.another_process_can_go_on", restarts::goes_on);
    check("strategy.another_process_can_take_back", restarts::takes_back);
    check("strategy.without_a_permit_nothing_is_touched", permits::without);
    check("strategy.a_permit_taken_away_ends_a_step", permits::taken_away);
    check("strategy.the_token_reaches_the_actuators", permits::token);
    check(
        "strategy.what_someone_else_changed_is_left_alone",
        conflicts::left_alone,
    );
    check(
        "strategy.what_someone_else_changed_is_not_taken_back",
        conflicts::not_taken_back,
    );
    check("strategy.undo_without_execution_does_nothing", undoing::nothing_done);
    check(
        "strategy.undo_after_any_number_of_steps_restores_the_world",
        undoing::after_steps,
    );
    check(
        "strategy.undo_in_the_middle_of_a_step_restores_the_world",
        undoing::in_the_middle,
    );
    check(
        "strategy.undo_after_a_failed_call_restores_the_world",
        undoing::after_failure,
    );
    check("strategy.undoing_twice_is_undoing_once", undoing::twice);
    check(
        "strategy.an_undo_that_failed_can_be_taken_up_again",
        undoing::taken_up_again,
    );
    check("strategy.an_undo_is_seen_by_the_actuators", undoing::is_seen);
    check(
        "strategy.an_undo_that_is_only_claimed_is_not_believed",
        undoing::is_not_believed,
    );
    check("strategy.what_cannot_be_undone_says_so", undoing::irreversible);
    report
}

type Checked = Result<(), Objection>;
