//! `rebalance_partitions`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use healing_core::metrics::{PartitionMetrics, SystemMetrics};
use healing_core::permit::Permit;
use healing_core::plan::{Plan, PlanError};
use healing_core::strategy::StepError;
use healing_core::topology::{EdgeKey, EdgeKind, NodeRef};
use healing_core::{Amount, CollectionId, Observation, ProblemClass, Ratio, RemediationStrategy};
use healing_strategies::actuators::{ActuatorError, MoveProgress, Partitions, VectorId, VectorLoad};
use healing_strategies::{RebalanceConfig, RebalancePartitions};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::json;

use crate::case::{complete, in_context, observation, plan};

/// Vectors with their loads and places. Moves so many vectors a call, and may fail after so many in all.
#[derive(Clone)]
struct Shelves(Arc<Mutex<Inside>>);

struct Inside {
    vectors: BTreeMap<VectorId, (f64, i64)>,
    per_call: usize,
    fails_after: usize,
    calls: usize,
}

impl Shelves {
    /// Each partition with the loads of its vectors.
    fn holding(partitions: &[(i64, Vec<f64>)]) -> Self {
        let mut vectors = BTreeMap::new();
        for (partition, loads) in partitions {
            for (number, load) in (0..).zip(loads) {
                vectors.insert(VectorId(partition * 1000 + number), (*load, *partition));
            }
        }
        Self(Arc::new(Mutex::new(Inside {
            vectors,
            per_call: usize::MAX,
            fails_after: usize::MAX,
            calls: 0,
        })))
    }

    fn places(&self) -> BTreeMap<VectorId, i64> {
        self.0
            .lock()
            .vectors
            .iter()
            .map(|(&id, &(_, place))| (id, place))
            .collect()
    }

    fn load(&self, partition: i64) -> f64 {
        self.0
            .lock()
            .vectors
            .values()
            .filter(|(_, place)| *place == partition)
            .map(|(load, _)| load)
            .sum()
    }

    fn metrics(&self) -> SystemMetrics {
        let mut partitions: BTreeMap<i64, PartitionMetrics> = BTreeMap::new();
        for (load, place) in self.0.lock().vectors.values() {
            let partition = partitions.entry(*place).or_insert(PartitionMetrics {
                load: Amount::ZERO,
                inserts: None,
                vectors: 0,
            });
            partition.load = Amount::clamped(partition.load.get() + load);
            partition.vectors += 1;
        }
        SystemMetrics {
            partitions,
            ..SystemMetrics::default()
        }
    }

    fn observe(&self, failing: &[(i64, f64)]) -> Observation {
        let metrics = self.metrics();
        let partitions = *metrics.partitions.keys().last().unwrap();
        observation(partitions, failing, metrics)
    }

    fn strategy(&self) -> RebalancePartitions {
        RebalancePartitions::new(Arc::new(self.clone()))
    }
}

impl Partitions for Shelves {
    fn heaviest_vectors(
        &self,
        _collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        let inside = self.0.lock();
        let here = inside.vectors.iter().filter(|(_, (_, place))| *place == partition);
        let mut here: Vec<_> = here
            .map(|(&vector, &(load, _))| VectorLoad {
                vector,
                load: Amount::clamped(load),
            })
            .collect();
        here.sort_by_key(|it| (std::cmp::Reverse(it.load), it.vector));
        here.truncate(limit);
        Ok(here)
    }

    fn locate(&self, _collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        let inside = self.0.lock();
        Ok(vectors
            .iter()
            .map(|id| inside.vectors.get(id).map(|(_, place)| *place))
            .collect())
    }

    fn move_vectors(
        &self,
        _permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let mut inside = self.0.lock();
        inside.calls += 1;
        let mut left = inside.per_call;
        for id in vectors {
            if inside.vectors.get(id).is_none_or(|(_, place)| *place != from) {
                continue;
            }
            if left == 0 {
                return Ok(MoveProgress::UnderWay);
            }
            if inside.fails_after == 0 {
                return Err(ActuatorError::Host("out of disk".into()));
            }
            inside.fails_after -= 1;
            left -= 1;
            if let Some(vector) = inside.vectors.get_mut(id) {
                vector.1 = to;
            }
        }
        Ok(MoveProgress::Complete)
    }
}

fn hotspot(partition_ids: &[i64]) -> ProblemClass {
    ProblemClass::HotspotCongestion {
        partition_ids: partition_ids.to_vec(),
        load_ratio: Amount::clamped(2.0),
    }
}

/// One hot partition of 100 vectors and three cold ones.
fn hot_shelves() -> Shelves {
    let heavy = (0..100).map(|number| 30.0 / f64::from(number + 5)).collect();
    let light = || vec![0.1; 100];
    Shelves::holding(&[(1, heavy), (2, light()), (3, light()), (4, light())])
}

fn planned(shelves: &Shelves) -> Plan {
    plan(&shelves.strategy(), &shelves.observe(&[(1, 0.5)]), hotspot(&[1]), &[]).unwrap()
}

fn execute(shelves: &Shelves, plan: &Plan, steps: usize) -> Result<(), StepError> {
    let strategy = shelves.strategy();
    plan.steps[..steps]
        .iter()
        .try_for_each(|step| complete(step, |step, cx| strategy.execute(step, cx), || {}))
}

fn roll_back(shelves: &Shelves, plan: &Plan, steps: usize) -> Result<(), StepError> {
    let strategy = shelves.strategy();
    plan.steps[..steps]
        .iter()
        .rev()
        .try_for_each(|step| complete(step, |step, cx| strategy.rollback(step, cx), || {}))
}

#[test]
fn planning_touches_nothing_and_the_plan_makes_the_hot_partition_bearable() {
    let shelves = hot_shelves();
    let before = shelves.places();
    let plan = planned(&shelves);
    assert_eq!(shelves.places(), before);
    assert_eq!(shelves.0.lock().calls, 0);

    let mean = (1..=4).map(|partition| shelves.load(partition)).sum::<f64>() / 4.0;
    execute(&shelves, &plan, plan.steps.len()).unwrap();
    for partition in 1..=4 {
        assert!(
            shelves.load(partition) <= 1.11 * mean,
            "{partition}: {} of {mean}",
            shelves.load(partition)
        );
    }
}

#[test]
fn every_step_says_what_it_touches_and_what_it_should_do_to_the_hot_partitions_edges() {
    let shelves = hot_shelves();
    let observation = shelves.observe(&[(1, 0.5)]);
    let plan = planned(&shelves);
    let edge = EdgeKey::new(NodeRef::partition(1), NodeRef::partition(2), EdgeKind::PartitionLink);
    let mut expected = observation.graph.edge(&edge).unwrap().effective_capacity().get();
    for step in &plan.steps {
        assert!(step.targets.contains(&NodeRef::partition(1)) && step.targets.len() == 2);
        assert_eq!(step.effects.len(), 2);
        let effect = step
            .effects
            .iter()
            .find(|effect| effect.edge == edge)
            .unwrap()
            .effective_capacity
            .get();
        assert!(effect >= expected && effect <= 10.0);
        expected = effect;
    }
    assert!(
        (expected - 10.0).abs() < 1e-9,
        "the overload of a half is gone with more than half of the load: {expected}"
    );
}

#[test]
fn no_more_vectors_are_moved_than_ordered_and_no_larger_share_than_configured() {
    let shelves = hot_shelves();
    let moved = |plan: &Plan| -> usize {
        plan.steps
            .iter()
            .map(|step| step.action["vectors"].as_array().unwrap().len())
            .sum()
    };
    let observation = shelves.observe(&[(1, 0.5)]);
    let ordered = plan(
        &shelves.strategy(),
        &observation,
        hotspot(&[1]),
        &[("max_moves", json!(5))],
    )
    .unwrap();
    assert_eq!(moved(&ordered), 5);

    let config = RebalanceConfig {
        max_share_of_partition: Ratio::literal(0.03),
        batch: 1,
        ..RebalanceConfig::default()
    };
    let careful = shelves.strategy().with_config(config).unwrap();
    let planned = plan(&careful, &observation, hotspot(&[1]), &[]).unwrap();
    assert_eq!((moved(&planned), planned.steps.len()), (3, 3));

    for (name, value) in [
        ("max_moves", json!(0)),
        ("max_moves", json!("all")),
        ("max_move", json!(5)),
    ] {
        let refused = plan(&shelves.strategy(), &observation, hotspot(&[1]), &[(name, value)]).unwrap_err();
        assert!(matches!(refused, PlanError::InvalidParameter { .. }), "{refused}");
    }
    assert!(
        shelves
            .strategy()
            .with_config(RebalanceConfig {
                batch: 0,
                ..RebalanceConfig::default()
            })
            .is_err()
    );
}

#[test]
fn where_nothing_would_help_nothing_is_planned() {
    let even = Shelves::holding(&[(1, vec![1.0; 10]), (2, vec![1.0; 10]), (3, vec![1.0; 10])]);
    let nothing = |shelves: &Shelves, hot: &[i64]| {
        let refused = plan(&shelves.strategy(), &shelves.observe(&[]), hotspot(hot), &[]).unwrap_err();
        assert!(matches!(refused, PlanError::NothingToDo { .. }), "{refused}");
    };
    nothing(&even, &[1]);
    nothing(&even, &[]);
    nothing(&even, &[99]);
    nothing(&even, &[1, 2, 3]);
    // One vector draws everything: wherever it goes, it is as hot there.
    let single = Shelves::holding(&[(1, vec![100.0, 0.0]), (2, vec![0.0; 2]), (3, vec![0.0; 2])]);
    nothing(&single, &[1]);
    let unmeasured = observation(3, &[], SystemMetrics::default());
    let refused = plan(&even.strategy(), &unmeasured, hotspot(&[1]), &[]).unwrap_err();
    assert!(matches!(refused, PlanError::NothingToDo { .. }), "{refused}");
}

#[test]
fn what_someone_else_moved_meanwhile_is_left_alone() {
    let shelves = hot_shelves();
    let plan = planned(&shelves);
    let first: VectorId = serde_json::from_value(plan.steps[0].action["vectors"][0].clone()).unwrap();
    let [before, after] = ["before", "after"].map(|when| plan.steps[0].action[when].as_i64().unwrap());
    let elsewhere = (1..=4).find(|id| *id != before && *id != after).unwrap();
    shelves.0.lock().vectors.get_mut(&first).unwrap().1 = elsewhere;
    let places = shelves.places();
    for undo in [false, true] {
        let result = if undo {
            roll_back(&shelves, &plan, 1)
        } else {
            execute(&shelves, &plan, 1)
        };
        assert!(matches!(result, Err(StepError::Conflict { .. })), "{result:?}");
        assert_eq!(shelves.places(), places);
    }
}

#[test]
fn vectors_that_clients_delete_meanwhile_are_no_conflict() {
    let shelves = hot_shelves();
    let plan = planned(&shelves);
    let vectors: Vec<VectorId> = serde_json::from_value(plan.steps[0].action["vectors"].clone()).unwrap();
    shelves.0.lock().vectors.remove(&vectors[0]);
    execute(&shelves, &plan, 1).unwrap();
    for vector in &vectors[1..] {
        shelves.0.lock().vectors.remove(vector);
    }
    roll_back(&shelves, &plan, 1).unwrap();
}

#[test]
fn without_a_permit_nothing_moves() {
    let shelves = hot_shelves();
    let plan = planned(&shelves);
    let before = shelves.places();
    let refused = in_context(Duration::ZERO, |context| {
        shelves.strategy().execute(&plan.steps[0], context)
    });
    assert!(matches!(refused, Err(StepError::NotPermitted(_))));
    assert_eq!(shelves.places(), before);
}

#[test]
fn a_step_of_another_strategy_is_malformed() {
    let shelves = hot_shelves();
    let mut plan = planned(&shelves);
    plan.steps[0].action = json!({"job": 1});
    assert!(matches!(execute(&shelves, &plan, 1), Err(StepError::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn undo_restores_every_place_after_none_some_or_all_of_the_steps(
        loads in prop::collection::vec(prop::collection::vec(0.0..10.0f64, 1..30), 2..6),
        hot in 0usize..6, done in 0usize..8, fails_after in 0usize..60, per_call in 1usize..10, again in any::<bool>(),
    ) {
        let hot = hot % loads.len() + 1;
        let shelves = Shelves::holding(&(1..).zip(loads).collect::<Vec<_>>());
        let before = shelves.places();
        let hot = i64::try_from(hot).unwrap();
        let Ok(plan) = plan(&shelves.strategy(), &shelves.observe(&[(hot, 0.5)]), hotspot(&[hot]), &[]) else {
            return Ok(());
        };
        let done = done.min(plan.steps.len());
        shelves.0.lock().per_call = per_call;
        shelves.0.lock().fails_after = fails_after;
        let executed = execute(&shelves, &plan, done);
        shelves.0.lock().fails_after = usize::MAX;
        if executed.is_ok() && again {
            let once = shelves.places();
            execute(&shelves, &plan, done).unwrap();
            prop_assert_eq!(shelves.places(), once, "executing twice is executing once");
        }
        // Undo of all steps, whether begun or not.
        roll_back(&shelves, &plan, plan.steps.len()).unwrap();
        prop_assert_eq!(shelves.places(), before);
    }

    #[test]
    fn no_partition_ends_hotter_than_the_hottest_was(
        loads in prop::collection::vec(prop::collection::vec(0.0..10.0f64, 1..30), 2..6), hot in 0usize..6,
    ) {
        let hot = i64::try_from(hot % loads.len() + 1).unwrap();
        let shelves = Shelves::holding(&(1..).zip(loads).collect::<Vec<_>>());
        let partitions: Vec<i64> = shelves.metrics().partitions.keys().copied().collect();
        let hottest = |shelves: &Shelves| partitions.iter().map(|&id| shelves.load(id)).fold(0.0, f64::max);
        let before = hottest(&shelves);
        if let Ok(plan) = plan(&shelves.strategy(), &shelves.observe(&[]), hotspot(&[hot]), &[]) {
            execute(&shelves, &plan, plan.steps.len()).unwrap();
            prop_assert!(hottest(&shelves) <= before + 1e-9);
        }
    }
}
