//! Vectors on the move, while clients write to them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use healing_strategies::actuators::{ActuatorError, MoveProgress, Partitions, VectorId};
use postgres::Client;

use crate::world::{self, StopWhenDropped, World, act_under, new_collection};

/// What a client knows of the vectors it writes: the last number it wrote into each; `None` where it deleted it.
type Written = BTreeMap<i64, Option<i32>>;

/// Writes to some of the vectors that are moved, and to new ones, until told to stop. Each client has vectors of its own.
fn write(client: &mut Client, mine: &[i64], seed: i32, stop: &AtomicBool) -> Written {
    let mut written = Written::new();
    let mut inserted = Vec::new();
    let mut number = 0_i32;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        let mark = seed * 1_000_000 + number;
        let embedding = |mark: i32| vec![(mark % 8) as f32 * 10.0, 0.0, 0.0, mark as f32];
        let vector = mine[(number as usize * 7919) % mine.len()];
        match number % 10 {
            0 => {
                let new: i64 = client
                    .query_one("SELECT ruvector.insert_vector('embeddings', $1)", &[&embedding(mark)])
                    .unwrap()
                    .get(0);
                inserted.push(new);
                written.insert(new, Some(mark));
            }
            1 => {
                client
                    .execute("SELECT ruvector.delete_vectors('embeddings', $1)", &[&vec![vector]])
                    .unwrap();
                written.insert(vector, None);
            }
            _ => {
                let target = if number % 10 == 2 {
                    *inserted.last().unwrap_or(&vector)
                } else {
                    vector
                };
                let found: bool = client
                    .query_one(
                        "SELECT ruvector.update_vector('embeddings', $1, $2)",
                        &[&target, &embedding(mark)],
                    )
                    .unwrap()
                    .get(0);
                assert_eq!(found, written.get(&target) != Some(&None), "vector {target}");
                if found {
                    written.insert(target, Some(mark));
                }
            }
        }
    }
    written
}

#[test]
fn a_hundred_thousand_vectors_are_moved_with_none_lost_or_doubled_while_writers_go_on() {
    const MOVED: usize = 100_000;
    const WRITERS: usize = 2;
    let new = new_collection();
    let all_in_one = vec![vec![0.0, 0.0, 0.0, 0.0]; MOVED];
    let Some(world) = World::new(&new, &all_in_one) else {
        return;
    };
    let numbers: Vec<i64> = (world.client())
        .query("SELECT vector_id FROM ruvector.vectors ORDER BY vector_id", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(numbers.len(), MOVED);
    let vectors: Vec<VectorId> = numbers.iter().copied().map(VectorId).collect();
    // However fast the server is, one call moves one batch.
    let host = world.host.clone().with_slice(Duration::ZERO);
    let stop = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mine: Vec<i64> = numbers.iter().copied().skip(writer).step_by(WRITERS).collect();
                let (mut client, stop) = (world.client(), &stop);
                scope.spawn(move || write(&mut client, &mine, writer as i32 + 1, stop))
            })
            .collect();
        let stopped = StopWhenDropped(&stop);
        let mut calls = 1;
        while world.act(|permit| host.move_vectors(permit, &vectors, 1, 2)).unwrap() == MoveProgress::UnderWay {
            calls += 1;
        }
        assert!(calls > 1, "a move of so many must not keep its caller waiting");
        drop(stopped);
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect::<Written>()
    });
    let deleted = written.values().filter(|mark| mark.is_none()).count();
    let inserted = written
        .keys()
        .filter(|number| numbers.binary_search(number).is_err())
        .count();
    assert!(deleted > 0 && inserted > 0, "the writers did nothing");

    let mut client = world.client();
    let rows = client
        .query(
            "SELECT vector_id, partition_id, (embedding::real[])[4]::integer FROM ruvector.vectors ORDER BY vector_id",
            &[],
        )
        .unwrap();
    let found: BTreeMap<i64, (i64, i32)> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    assert_eq!(found.len(), rows.len(), "a vector is there twice");
    assert_eq!(found.len(), MOVED + inserted - deleted);
    for number in numbers.iter().chain(written.keys()) {
        let mark = written.get(number).copied().unwrap_or(Some(0));
        assert_eq!(found.get(number).map(|(_, mark)| *mark), mark, "vector {number}");
        if numbers.binary_search(number).is_ok() {
            assert!(
                found.get(number).is_none_or(|(partition, _)| *partition == 2),
                "vector {number} was not moved"
            );
        }
    }
    let unlisted = world.count(
        "SELECT count(*) FROM ruvector.vectors FULL JOIN ruvector.centroid_lists USING (vector_id)
         WHERE vectors.vector_id IS NULL OR centroid_id IS NULL",
    );
    assert_eq!(unlisted, 0, "every vector is on one list, and no other is");
    let located = world.host.locate(&world.collection, &vectors).unwrap();
    assert_eq!(located.iter().filter(|place| place.is_none()).count(), deleted);
}

#[test]
fn moving_takes_what_is_there_and_is_done_once() {
    let new = new_collection();
    let Some(world) = World::new(&new, &world::vectors(&new, 50)) else {
        return;
    };
    let vectors: Vec<VectorId> = (1..=60).map(VectorId).collect();
    for _ in 0..2 {
        let progress = world
            .act(|permit| world.host.move_vectors(permit, &vectors, 1, 5))
            .unwrap();
        assert_eq!(progress, MoveProgress::Complete);
        let located = world.host.locate(&world.collection, &vectors).unwrap();
        // The last ten were in partition 2 and stay there.
        let expected: Vec<Option<i64>> = (0..60).map(|place| Some(if place < 50 { 5 } else { 2 })).collect();
        assert_eq!(located, expected);
    }
    let nowhere = world.act(|permit| world.host.move_vectors(permit, &vectors, 1, 99));
    assert!(matches!(nowhere, Err(ActuatorError::NotFound { .. })), "{nowhere:?}");
    assert_eq!(
        world.host.locate(&world.collection, &[VectorId(1_000_000)]).unwrap(),
        [None]
    );
}

#[test]
fn a_healer_that_was_replaced_moves_nothing_any_more() {
    use healing_core::storage::LeaseStore;
    use postgres_host::PostgresStorage;

    let new = new_collection();
    let Some(world) = World::new(&new, &world::vectors(&new, 10)) else {
        return;
    };
    PostgresStorage::new(world.database.clone())
        .release(&world.lease)
        .unwrap();
    let next = world::acquire(&world.database, &world.collection);
    let late = world.act(|permit| world.host.move_vectors(permit, &[VectorId(1)], 1, 2));
    assert!(
        matches!(late, Err(ActuatorError::Fenced { token, newest })
            if token == world.lease.token && newest == next.token),
        "{late:?}"
    );
    assert_eq!(world.host.locate(&world.collection, &[VectorId(1)]).unwrap(), [Some(1)]);
    let never_given = healing_core::identity::FencingToken::new(next.token.get() + 1);
    let forged = act_under(never_given, &world.collection, |permit| {
        world.host.move_vectors(permit, &[VectorId(1)], 1, 2)
    });
    assert!(matches!(forged, Err(ActuatorError::Refused { .. })), "{forged:?}");
    act_under(next.token, &world.collection, |permit| {
        world.host.move_vectors(permit, &[VectorId(1)], 1, 2)
    })
    .unwrap();
    assert_eq!(world.host.locate(&world.collection, &[VectorId(1)]).unwrap(), [Some(2)]);
}
