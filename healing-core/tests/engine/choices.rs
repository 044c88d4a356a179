//! What the learner chooses from, and that the choice that is recorded is the one that was made.

use std::sync::Arc;

use healing_core::engine::{ConsideredStrategy, Execution, Remediation, Selection, StrategyVerdict};
use healing_core::identity::Operator;
use healing_core::learner::{Choice, NoLearning, Ranked};
use healing_core::storage::OutcomeRecord;
use healing_core::{Amount, CollectionId, Healer, HealingConfig, Learner, ProblemKind, Ratio};
use parking_lot::Mutex;
use proptest::prelude::*;

use crate::world::{Behaviour, MINUTE, Valves, World, collection, quick, run};

/// A learner that likes strategies in a fixed order, and remembers what it was asked.
struct Likes {
    order: Vec<&'static str>,
    answers: Answers,
    asked: Mutex<Vec<Vec<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    InFull,
    /// Leaves the last candidate out.
    InPart,
    /// Names the first candidate twice and leaves the last out.
    Repeating,
}

impl Likes {
    fn new(order: impl IntoIterator<Item = &'static str>, answers: Answers) -> Arc<Self> {
        Arc::new(Self {
            order: order.into_iter().collect(),
            answers,
            asked: Mutex::default(),
        })
    }

    fn place(&self, strategy: &str) -> usize {
        self.order.iter().position(|liked| *liked == strategy).unwrap()
    }
}

/// What is recorded of the candidate in this place of a ranking of so many.
fn propensity(place: usize, of: usize) -> Ratio {
    // 1, 2, 3, ... in proportion: no two are equal.
    Ratio::clamped((place + 1) as f64 / (of * (of + 1) / 2) as f64)
}

impl Learner for Likes {
    fn learn(&self, outcome: &OutcomeRecord) {
        NoLearning.learn(outcome);
    }

    fn weight(&self, strategy: &str, kind: &ProblemKind, collection: &CollectionId) -> Amount {
        NoLearning.weight(strategy, kind, collection)
    }

    fn weights(&self) -> std::collections::BTreeMap<String, Amount> {
        NoLearning.weights()
    }

    fn rank<'a>(&self, choice: &Choice<'a>) -> Option<Vec<Ranked<'a>>> {
        let names = choice.candidates.iter().map(|candidate| candidate.strategy.clone());
        self.asked.lock().push(names.collect());
        let mut liked: Vec<_> = choice.candidates.iter().collect();
        liked.sort_by_key(|candidate| self.place(&candidate.strategy));
        let of = liked.len();
        let ranked = liked.into_iter().enumerate().map(|(place, candidate)| Ranked {
            candidate,
            propensity: propensity(place, of),
        });
        let mut ranking: Vec<_> = ranked.collect();
        match self.answers {
            Answers::InFull => {}
            Answers::InPart => drop(ranking.pop()),
            Answers::Repeating => ranking[of - 1] = ranking[0],
        }
        Some(ranking)
    }
}

fn healer(world: &World, strategies: Vec<Valves>, learner: Arc<Likes>, config: HealingConfig) -> Healer {
    let config = HealingConfig {
        selection: Selection::Learned,
        ..config
    };
    let mut healer = world
        .healer(strategies)
        .learner(learner)
        .config(config)
        .build()
        .unwrap();
    run(&mut healer, &world.clock, MINUTE);
    world.sicken(0.4);
    healer
}

fn remediation(healer: &Healer) -> Option<&Remediation> {
    healer.active(&collection()).or_else(|| healer.last(&collection()))
}

/// The candidates of the last choice, best first, each with its propensity; `None` where none was recorded.
fn recorded(healer: &Healer) -> Option<Vec<(String, Ratio)>> {
    let choice = remediation(healer)?.choice.as_ref()?;
    let candidates = choice.candidates.iter();
    let recorded = candidates.map(|it| (it.candidate.strategy.clone(), it.propensity));
    Some(recorded.collect())
}

/// What was considered for the last remediation, or for none where nothing would do.
fn considered(healer: &Healer) -> Vec<ConsideredStrategy> {
    match remediation(healer) {
        Some(remediation) => remediation.considered.to_vec(),
        None => healer.explain(&collection()).unwrap().problems[0].candidates.clone(),
    }
}

/// What there is to say of a strategy before anything is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    WillDo,
    HasNothingToDo,
    IsPredictedWorse,
    TouchesTooMuch,
    IsTooDisruptive,
    IsListedForApproval,
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn shaped(world: &World, name: &'static str, valve: i64, shape: Shape) -> Valves {
    let strategy = Valves::new(world, name, [(valve, Behaviour::Opens)]);
    match shape {
        Shape::WillDo | Shape::IsListedForApproval => strategy,
        Shape::HasNothingToDo => Valves::new(world, name, []),
        Shape::IsPredictedWorse => Valves {
            promises: Some(1.0),
            ..strategy
        },
        Shape::TouchesTooMuch => Valves {
            vectors_moved: 300,
            ..strategy
        },
        Shape::IsTooDisruptive => Valves {
            impact: Ratio::literal(0.6),
            ..strategy
        },
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        3 => Just(Shape::WillDo),
        1 => Just(Shape::HasNothingToDo),
        1 => Just(Shape::IsPredictedWorse),
        1 => Just(Shape::TouchesTooMuch),
        1 => Just(Shape::IsTooDisruptive),
        1 => Just(Shape::IsListedForApproval),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_learner_chooses_among_just_what_can_be_chosen_and_that_is_what_is_recorded(
        shapes in prop::collection::vec(shape(), 1..=NAMES.len()),
        order in Just(NAMES.to_vec()).prop_shuffle(),
    ) {
        let world = World::new();
        let shapes: Vec<(&str, Shape)> = NAMES.into_iter().zip(shapes).collect();
        let strategies = (1..).zip(&shapes).map(|(valve, (name, shape))| shaped(&world, name, valve, *shape)).collect();
        let of_shape = |wanted: &[Shape]| -> Vec<&str> {
            shapes.iter().filter(|(_, shape)| wanted.contains(shape)).map(|(name, _)| *name).collect()
        };
        let config = HealingConfig {
            require_approval_strategies: of_shape(&[Shape::IsListedForApproval]).into_iter().map(str::to_owned).collect(),
            ..quick()
        };
        let learner = Likes::new(order, Answers::InFull);
        let mut healer = healer(&world, strategies, learner.clone(), config);
        run(&mut healer, &world.clock, MINUTE);
        let can_be_chosen = of_shape(&[Shape::WillDo]);
        let asked = learner.asked.lock().clone();
        let chosen: Vec<String> = considered(&healer)
            .into_iter()
            .filter(|it| matches!(it.verdict, StrategyVerdict::Chosen { .. }))
            .map(|it| it.strategy)
            .collect();
        if can_be_chosen.is_empty() {
            prop_assert!(asked.is_empty(), "{asked:?}");
            let awaits = of_shape(&[Shape::IsTooDisruptive, Shape::IsListedForApproval]);
            prop_assert_eq!(chosen.is_empty(), awaits.is_empty());
            if !awaits.is_empty() {
                prop_assert!(awaits.contains(&&*chosen[0]));
                prop_assert_eq!(recorded(&healer), None, "a human chooses");
            }
            return Ok(());
        }
        prop_assert_eq!(&asked[0], &can_be_chosen);
        let mut liked = can_be_chosen;
        liked.sort_by_key(|name| learner.place(name));
        prop_assert_eq!(&chosen[..], &[liked[0].to_owned()]);
        let of = liked.len();
        let expected: Vec<(String, Ratio)> =
            liked.iter().enumerate().map(|(place, name)| ((*name).to_owned(), propensity(place, of))).collect();
        prop_assert_eq!(recorded(&healer), Some(expected));
        for it in considered(&healer) {
            let shape = shapes.iter().find(|(name, _)| *name == it.strategy).unwrap().1;
            let rejected = [Shape::HasNothingToDo, Shape::IsPredictedWorse, Shape::TouchesTooMuch].contains(&shape);
            let passed_over = !rejected && it.strategy != liked[0];
            prop_assert_eq!(matches!(it.verdict, StrategyVerdict::Rejected { .. }), rejected);
            prop_assert_eq!(matches!(it.verdict, StrategyVerdict::PassedOver { .. }), passed_over);
        }
    }
}

#[test]
fn what_failed_more_often_and_what_is_in_quarantine_is_no_candidate() {
    let world = World::new();
    let lies = |name, valve| Valves::new(&world, name, [(valve, Behaviour::Lies)]);
    let config = HealingConfig {
        min_healing_interval: MINUTE,
        max_attempts_per_window: 100,
        ineffective_limit: 1000,
        quarantine_after: 1,
        ..quick()
    };
    let learner = Likes::new(["a", "b"], Answers::InFull);
    let mut healer = healer(&world, vec![lies("a", 1), lies("b", 2)], learner.clone(), config);
    run(&mut healer, &world.clock, 20 * MINUTE);
    let choices: Vec<Vec<String>> = world.outcomes().iter().map(names_of_candidates).collect();
    // In the end both have failed twice, and `b` just now.
    assert_eq!(
        choices[..5],
        [vec!["a", "b"], vec!["b"], vec!["a", "b"], vec!["b"], vec!["a"]]
    );
    for outcome in world.outcomes() {
        let choice = outcome.choice.as_ref().unwrap();
        assert_eq!(choice.candidates[0].candidate.strategy, outcome.strategy_name);
        assert!(choice.propensity(&outcome.strategy_name).unwrap() > Ratio::ZERO);
    }
}

fn names_of_candidates(outcome: &OutcomeRecord) -> Vec<String> {
    let candidates = &outcome.choice.as_ref().unwrap().candidates;
    candidates.iter().map(|it| it.candidate.strategy.clone()).collect()
}

#[test]
fn a_ranking_that_does_not_have_each_candidate_once_is_none() {
    for answers in [Answers::InPart, Answers::Repeating] {
        let world = World::new();
        let gentle = Valves {
            impact: Ratio::literal(0.1),
            ..Valves::new(&world, "gentle", [(1, Behaviour::Opens)])
        };
        let rough = Valves::new(&world, "rough", [(2, Behaviour::Opens)]);
        let learner = Likes::new(["rough", "gentle"], answers);
        let mut healer = healer(&world, vec![gentle, rough], learner, quick());
        run(&mut healer, &world.clock, MINUTE);
        assert_eq!(
            healer.last(&collection()).unwrap().plan.strategy,
            "gentle",
            "{answers:?}"
        );
        assert_eq!(recorded(&healer), None);
    }
}

#[test]
fn what_a_human_orders_is_no_choice_of_the_learners() {
    let world = World::new();
    let learner = Likes::new(["open_valves"], Answers::InFull);
    let mut healer = healer(&world, vec![Valves::working(&world)], learner, quick());
    let (order, alice) = (serde_json::Map::new(), Operator::new("alice").unwrap());
    healer
        .execute(&collection(), "open_valves", order, Execution::Real, &alice)
        .unwrap();
    run(&mut healer, &world.clock, 5 * MINUTE);
    assert_eq!(world.outcomes()[0].choice, None);
}
