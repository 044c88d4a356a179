//! A strategy that can be made to break any one of its rules, on a world of dials that turn slowly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::FencingToken;
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::plan::{CapacityEffect, Plan, PlanError, Step};
use healing_core::problem::CustomKind;
use healing_core::strategy::{Case, StepError, StepReport};
use healing_core::testkit::Faults;
use healing_core::testkit::strategy::{Situation, World, suite};
use healing_core::topology::{ContractedGraph, Edge, EdgeKey, EdgeKind, NodeRef};
use healing_core::{
    Amount, Clock, CollectionId, Observation, ProblemClass, ProblemKind, Ratio, RemediationStrategy, Timestamp,
    VirtualClock,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    IsNamedInCapitals,
    ClaimsToTreatTheUnknown,
    TakesNoTime,
    PlansByDoing,
    PlansAnew,
    NamesAnother,
    HasNoWords,
    HasNoSteps,
    TreatsAnything,
    IgnoresParameters,
    TouchesNoNode,
    ExpectsTooMuch,
    ExpectsOfStrangers,
    ExpectsNothing,
    NeverEnds,
    AsksAgainAtOnce,
    OnlySaysThatItIsDone,
    TurnsFurtherEachTime,
    SwallowsFailures,
    TakesWhatItTriedForDone,
    TakesAnyStep,
    KeepsItsPlanInMemory,
    KeepsTheWayBackInMemory,
    ActsWithoutAPermit,
    GoesOnWithoutAPermit,
    ActsUnderATokenOfItsOwn,
    DoesNotCompare,
    DoesNotCompareWhenItTakesBack,
    TakesBackWhatWasNotDone,
    ForgetsTheLastStep,
    OverlooksWhatIsUnderWay,
    TakesBackOnlyWhatItCompleted,
    ForgetsWhatItDidWhenItFails,
    TakesBackFurtherEachTime,
    TakesWhatItTriedForTakenBack,
    TakesBackWithoutACall,
    BelievesWhatItIsTold,
    TakesBackWhatItSaysItCannot,
}

const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::IsNamedInCapitals, "strategy.it_describes_itself"),
    (Flaw::ClaimsToTreatTheUnknown, "strategy.it_describes_itself"),
    (Flaw::TakesNoTime, "strategy.it_describes_itself"),
    (Flaw::PlansByDoing, "strategy.planning_touches_nothing"),
    (Flaw::PlansAnew, "strategy.the_same_case_gives_the_same_plan"),
    (Flaw::NamesAnother, "strategy.a_plan_says_what_is_to_be_done"),
    (Flaw::HasNoWords, "strategy.a_plan_says_what_is_to_be_done"),
    (Flaw::HasNoSteps, "strategy.a_plan_says_what_is_to_be_done"),
    (Flaw::TreatsAnything, "strategy.other_problems_are_refused"),
    (Flaw::IgnoresParameters, "strategy.unknown_parameters_are_refused"),
    (Flaw::TouchesNoNode, "strategy.what_is_touched_and_expected_can_be"),
    (Flaw::ExpectsTooMuch, "strategy.what_is_touched_and_expected_can_be"),
    (Flaw::ExpectsOfStrangers, "strategy.what_is_touched_and_expected_can_be"),
    (Flaw::ExpectsNothing, "strategy.what_it_does_can_be_verified"),
    (Flaw::NeverEnds, "strategy.a_plan_can_be_done_in_time"),
    (Flaw::AsksAgainAtOnce, "strategy.a_plan_can_be_done_in_time"),
    (Flaw::OnlySaysThatItIsDone, "strategy.a_plan_can_be_done_in_time"),
    (
        Flaw::TurnsFurtherEachTime,
        "strategy.doing_a_step_twice_is_doing_it_once",
    ),
    (Flaw::SwallowsFailures, "strategy.a_failing_actuator_is_reported"),
    (
        Flaw::TakesWhatItTriedForDone,
        "strategy.what_failed_can_be_gone_on_with",
    ),
    (Flaw::TakesAnyStep, "strategy.a_foreign_step_is_malformed"),
    (Flaw::KeepsItsPlanInMemory, "strategy.another_process_can_go_on"),
    (Flaw::KeepsTheWayBackInMemory, "strategy.another_process_can_take_back"),
    (Flaw::ActsWithoutAPermit, "strategy.without_a_permit_nothing_is_touched"),
    (Flaw::GoesOnWithoutAPermit, "strategy.a_permit_taken_away_ends_a_step"),
    (
        Flaw::ActsUnderATokenOfItsOwn,
        "strategy.the_token_reaches_the_actuators",
    ),
    (Flaw::DoesNotCompare, "strategy.what_someone_else_changed_is_left_alone"),
    (
        Flaw::DoesNotCompareWhenItTakesBack,
        "strategy.what_someone_else_changed_is_not_taken_back",
    ),
    (
        Flaw::TakesBackWhatWasNotDone,
        "strategy.undo_without_execution_does_nothing",
    ),
    (
        Flaw::ForgetsTheLastStep,
        "strategy.undo_after_any_number_of_steps_restores_the_world",
    ),
    (
        Flaw::OverlooksWhatIsUnderWay,
        "strategy.undo_in_the_middle_of_a_step_restores_the_world",
    ),
    (
        Flaw::TakesBackOnlyWhatItCompleted,
        "strategy.undo_in_the_middle_of_a_step_restores_the_world",
    ),
    (
        Flaw::ForgetsWhatItDidWhenItFails,
        "strategy.undo_after_a_failed_call_restores_the_world",
    ),
    (Flaw::TakesBackFurtherEachTime, "strategy.undoing_twice_is_undoing_once"),
    (
        Flaw::TakesWhatItTriedForTakenBack,
        "strategy.an_undo_that_failed_can_be_taken_up_again",
    ),
    (Flaw::TakesBackWithoutACall, "strategy.an_undo_is_seen_by_the_actuators"),
    (
        Flaw::BelievesWhatItIsTold,
        "strategy.an_undo_that_is_only_claimed_is_not_believed",
    ),
    (
        Flaw::TakesBackWhatItSaysItCannot,
        "strategy.what_cannot_be_undone_says_so",
    ),
];

fn look_at(flaw: Flaw) -> healing_core::testkit::Report {
    suite(
        |dials: &Dials| {
            Arc::new(Tune {
                flaw,
                kinds: match flaw {
                    Flaw::ClaimsToTreatTheUnknown => vec![out_of_tune(), ProblemKind::Unknown],
                    _ => vec![out_of_tune()],
                },
                dials: dials.clone(),
                memory: Mutex::default(),
            })
        },
        Dials::default,
    )
}

#[test]
fn each_check_of_a_strategy_finds_its_flaw() {
    let sound = look_at(Flaw::None);
    assert!(sound.is_clean(), "{sound}");
    let not_tried: Vec<_> = sound.not_tried().iter().map(|it| it.check).collect();
    assert_eq!(not_tried, ["strategy.what_cannot_be_undone_says_so"]);
    for (flaw, check) in FLAWS {
        let report = look_at(*flaw);
        assert!(
            report.broken().iter().any(|finding| finding.check == *check),
            "{check} does not find {flaw:?}\n{report}"
        );
    }
    let all: BTreeSet<_> = sound.held().iter().copied().chain(not_tried).collect();
    let shown: BTreeSet<_> = FLAWS.iter().map(|(_, check)| *check).collect();
    assert_eq!(all, shown, "every check is shown to fail");
}

/// Three dials that stand at 0 and are wanted at 10. They turn when time passes.
#[derive(Clone, Default)]
struct Dials {
    clock: VirtualClock,
    inside: Arc<Mutex<Inside>>,
    faults: Faults,
}

struct Inside {
    positions: BTreeMap<i64, i64>,
    turning: BTreeMap<i64, i64>,
    newest_token: Option<FencingToken>,
}

const DIALS: std::ops::RangeInclusive<i64> = 1..=3;

impl Default for Inside {
    fn default() -> Self {
        Self {
            positions: DIALS.map(|dial| (dial, 0)).collect(),
            turning: BTreeMap::new(),
            newest_token: None,
        }
    }
}

impl Dials {
    /// Whether the dial stands still, and where it stands.
    fn read(&self, dial: i64) -> (i64, bool) {
        let inside = self.inside.lock();
        (inside.positions[&dial], !inside.turning.contains_key(&dial))
    }

    fn turn(&self, permit: &Permit<'_>, dial: i64, to: i64) -> Result<(), StepError> {
        let turn = || {
            let mut inside = self.inside.lock();
            inside.newest_token = Some(permit.token());
            if inside.positions[&dial] == to {
                inside.turning.remove(&dial);
            } else {
                inside.turning.insert(dial, to);
            }
            Ok(())
        };
        self.faults.call(turn, || Some(()), StepError::Actuator)
    }
}

impl World for Dials {
    type State = BTreeMap<i64, i64>;

    fn situation(&self) -> Situation {
        let mut graph = ContractedGraph::builder();
        for dial in DIALS {
            graph.node(NodeRef::shard(dial), 1.0).unwrap();
        }
        for dial in DIALS {
            let (one, other) = (NodeRef::shard(dial), NodeRef::shard(dial % 3 + 1));
            let edge = Edge::new(EdgeKind::Custom, one, other, 10.0).unwrap();
            graph.edge(edge.with_error_rate(0.5).unwrap()).unwrap();
        }
        let observation = Observation {
            collection: CollectionId::new("dials").unwrap(),
            observed_at: self.clock.now(),
            graph: graph.build(),
            metrics: healing_core::metrics::SystemMetrics::default(),
        };
        let problem = ProblemClass::Custom {
            kind: CustomKind::new("out_of_tune").unwrap(),
            details: Value::Null,
        };
        Situation::new(observation, problem)
    }

    fn state(&self) -> BTreeMap<i64, i64> {
        self.inside.lock().positions.clone()
    }

    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        let inside = &mut *self.inside.lock();
        inside.positions.append(&mut inside.turning);
    }

    fn interfere(&self) -> bool {
        let mut inside = self.inside.lock();
        inside.positions.values_mut().for_each(|position| *position = 99);
        inside.turning.clear();
        true
    }

    fn faults(&self) -> Option<&Faults> {
        Some(&self.faults)
    }

    fn newest_token(&self) -> Option<FencingToken> {
        self.inside.lock().newest_token
    }
}

/// Turns every dial to 10.
struct Tune {
    flaw: Flaw,
    kinds: Vec<ProblemKind>,
    dials: Dials,
    /// What a strategy should not keep, by dial.
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    failed: bool,
    plans: u32,
    planned: BTreeSet<i64>,
    tried: BTreeSet<i64>,
    completed: BTreeSet<i64>,
    tried_back: BTreeSet<i64>,
    taken_back: BTreeSet<i64>,
}

#[derive(Serialize, Deserialize)]
struct Turn {
    dial: i64,
    before: i64,
    after: i64,
}

fn out_of_tune() -> ProblemKind {
    ProblemKind::Custom(CustomKind::new("out_of_tune").unwrap())
}

const POLL: Duration = Duration::from_secs(2);

impl Tune {
    /// Turns a dial from one position to another, or goes on with it.
    fn bring(
        &self,
        dial: i64,
        from: i64,
        to: i64,
        compare: bool,
        context: &StepContext<'_>,
    ) -> Result<StepReport, StepError> {
        let (found, still) = self.dials.read(dial);
        // Taking back calls the actuator in any case.
        let may_spare_a_call = from < to || self.flaw == Flaw::TakesBackWithoutACall;
        let is_there = found == to && (still && may_spare_a_call || self.flaw == Flaw::OverlooksWhatIsUnderWay);
        if is_there && self.flaw != Flaw::NeverEnds {
            return Ok(StepReport::Done);
        }
        if compare && found != from && found != to {
            return Err(StepError::Conflict {
                subject: format!("dial {dial}"),
                expected: format!("{from} or {to}"),
                found: found.to_string(),
            });
        }
        let poll_after = match self.flaw {
            Flaw::AsksAgainAtOnce => Duration::ZERO,
            _ => POLL,
        };
        if self.flaw == Flaw::GoesOnWithoutAPermit && !still && found == from {
            return Ok(StepReport::InProgress { poll_after });
        }
        let turned = self.turn(dial, to, context);
        if turned.is_err() && self.flaw == Flaw::SwallowsFailures {
            return Ok(StepReport::Done);
        }
        turned?;
        if from > to && self.flaw == Flaw::BelievesWhatItIsTold {
            return Ok(StepReport::Done);
        }
        let (found, still) = self.dials.read(dial);
        if found == to && still && self.flaw != Flaw::NeverEnds {
            Ok(StepReport::Done)
        } else {
            Ok(StepReport::InProgress { poll_after })
        }
    }

    fn turn(&self, dial: i64, to: i64, context: &StepContext<'_>) -> Result<(), StepError> {
        let clock = VirtualClock::default();
        let own = |token| {
            StepContext::new(
                context.remediation(),
                token,
                Timestamp::MAX,
                &clock,
                Revocation::default(),
            )
        };
        match self.flaw {
            Flaw::ActsWithoutAPermit => self.dials.turn(&own(FencingToken::new(7)).permit()?, dial, to),
            Flaw::ActsUnderATokenOfItsOwn => {
                context.permit()?;
                self.dials.turn(&own(FencingToken::new(1)).permit()?, dial, to)
            }
            _ => self.dials.turn(&context.permit()?, dial, to),
        }
    }
}

impl RemediationStrategy for Tune {
    fn name(&self) -> &str {
        match self.flaw {
            Flaw::IsNamedInCapitals => "Tune",
            _ => "tune",
        }
    }

    fn handles(&self) -> &[ProblemKind] {
        &self.kinds
    }

    fn impact(&self) -> Ratio {
        Ratio::ZERO
    }

    fn estimated_duration(&self) -> Duration {
        match self.flaw {
            Flaw::TakesNoTime => Duration::ZERO,
            _ => Duration::from_secs(10),
        }
    }

    fn reversible(&self) -> bool {
        self.flaw != Flaw::TakesBackWhatItSaysItCannot
    }

    fn plan(&self, case: &Case<'_>) -> Result<Plan, PlanError> {
        let kind = case.diagnosis.problem.kind();
        if kind != out_of_tune() && self.flaw != Flaw::TreatsAnything {
            return Err(PlanError::WrongProblem { kind });
        }
        if let Some((name, value)) = case.parameters.iter().next()
            && self.flaw != Flaw::IgnoresParameters
        {
            return Err(PlanError::InvalidParameter {
                name: name.clone(),
                value: value.to_string(),
                expected: "no parameters".to_owned(),
            });
        }
        let mut memory = self.memory.lock();
        memory.plans += 1;
        memory.planned = DIALS.collect();
        if self.flaw == Flaw::PlansByDoing {
            self.dials.inside.lock().positions.insert(1, 10);
        }
        let step = |dial: i64| {
            let action = Turn {
                dial,
                before: 0,
                after: 10,
            };
            let target = match self.flaw {
                Flaw::TouchesNoNode => NodeRef::shard(77),
                _ => NodeRef::shard(dial),
            };
            let neighbour = |dial: i64| NodeRef::shard(dial % 3 + 1);
            let edge = match self.flaw {
                Flaw::ExpectsOfStrangers => EdgeKey::new(neighbour(dial), neighbour(dial + 1), EdgeKind::Custom),
                _ => EdgeKey::new(NodeRef::shard(dial), neighbour(dial), EdgeKind::Custom),
            };
            let effective_capacity = Amount::clamped(match self.flaw {
                Flaw::ExpectsTooMuch => 11.0,
                _ => 10.0,
            });
            let description = match self.flaw {
                Flaw::HasNoWords => String::new(),
                _ => format!("turn dial {dial}"),
            };
            let step = Step::new(description, &action)?.touching([target]);
            Ok(match self.flaw {
                Flaw::ExpectsNothing => step,
                _ => step.expecting([CapacityEffect {
                    edge,
                    effective_capacity,
                }]),
            })
        };
        let steps = DIALS.map(step).collect::<Result<Vec<_>, PlanError>>()?;
        Ok(Plan {
            strategy: match self.flaw {
                Flaw::NamesAnother => "play".to_owned(),
                _ => self.name().to_owned(),
            },
            summary: match self.flaw {
                Flaw::PlansAnew => format!("plan {}", memory.plans),
                _ => "turn every dial to 10".to_owned(),
            },
            steps: if self.flaw == Flaw::HasNoSteps {
                Vec::new()
            } else {
                steps
            },
        })
    }

    fn execute(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let action = step.action();
        if action.is_err() && self.flaw == Flaw::TakesAnyStep {
            return Ok(StepReport::Done);
        }
        let Turn { dial, before, after } = action?;
        let tried_before = !self.memory.lock().tried.insert(dial);
        let found = self.dials.read(dial).0;
        let (before, after) = match self.flaw {
            Flaw::OnlySaysThatItIsDone => return Ok(StepReport::Done),
            Flaw::TakesWhatItTriedForDone if tried_before && self.dials.read(dial).1 => return Ok(StepReport::Done),
            Flaw::KeepsItsPlanInMemory if !self.memory.lock().planned.contains(&dial) => {
                return Ok(StepReport::Done);
            }
            Flaw::TurnsFurtherEachTime if self.memory.lock().completed.contains(&dial) => (found, found + 10),
            _ => (before, after),
        };
        if self.flaw == Flaw::TurnsFurtherEachTime {
            self.memory.lock().completed.remove(&dial);
        }
        let report = self.bring(dial, before, after, self.flaw != Flaw::DoesNotCompare, context);
        self.memory.lock().failed = report.is_err();
        let report = report?;
        if report == StepReport::Done {
            self.memory.lock().completed.insert(dial);
        }
        Ok(report)
    }

    fn rollback(&self, step: &Step, context: &StepContext<'_>) -> Result<StepReport, StepError> {
        let Turn { dial, before, after } = step.action()?;
        let (found, still) = self.dials.read(dial);
        let tried_before = !self.memory.lock().tried_back.insert(dial);
        let completed = self.memory.lock().completed.contains(&dial);
        let (before, after) = match self.flaw {
            Flaw::ForgetsWhatItDidWhenItFails if self.memory.lock().failed => return Ok(StepReport::Done),
            Flaw::ForgetsTheLastStep if dial == 3 => return Ok(StepReport::Done),
            Flaw::KeepsTheWayBackInMemory | Flaw::TakesBackOnlyWhatItCompleted if !completed => {
                return Ok(StepReport::Done);
            }
            Flaw::TakesWhatItTriedForTakenBack if tried_before && still => return Ok(StepReport::Done),
            Flaw::TakesBackWhatWasNotDone if found == before && still && !completed => (found - 10, found),
            Flaw::TakesBackFurtherEachTime if self.memory.lock().taken_back.contains(&dial) => (found - 10, found),
            _ => (before, after),
        };
        self.memory.lock().taken_back.remove(&dial);
        let compare = self.flaw != Flaw::DoesNotCompareWhenItTakesBack;
        let report = self.bring(dial, after, before, compare, context)?;
        if report == StepReport::Done {
            self.memory.lock().taken_back.insert(dial);
        }
        Ok(report)
    }
}
