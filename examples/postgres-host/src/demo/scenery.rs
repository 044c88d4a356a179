//! The store of the story, and what is done to it.

use healing_core::CollectionId;
use postgres_host::{Database, NewCollection, PostgresError};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Failure;

/// The partition that becomes hot, and the one whose index is bloated.
pub(crate) const HOT: i64 = 3;
pub(crate) const BLOATED: i64 = 6;

const PARTITIONS: usize = 8;
const CENTROIDS: usize = 4;
const VECTORS: usize = 200_000;
const DIMENSIONS: usize = 8;

/// The collection of the story.
pub(crate) struct Scenery<'a> {
    database: &'a Database,
    new: NewCollection,
}

impl<'a> Scenery<'a> {
    /// Creates the collection and loads its vectors.
    pub(crate) fn build(database: &'a Database) -> Result<Self, Failure> {
        let mut dice = ChaCha8Rng::seed_from_u64(7);
        let mut center = || {
            (0..DIMENSIONS)
                .map(|_| dice.random_range(0.0..100.0))
                .collect::<Vec<f32>>()
        };
        let partition_centers: Vec<Vec<f32>> = (0..PARTITIONS).map(|_| center()).collect();
        let pairs = partition_centers.chunks(PARTITIONS / CENTROIDS);
        let between = |pair: &[Vec<f32>]| {
            let share = 1.0 / pair.len() as f32;
            (0..DIMENSIONS)
                .map(|it| pair.iter().map(|center| center[it] * share).sum())
                .collect::<Vec<f32>>()
        };
        let new = NewCollection {
            name: free_name(database)?,
            tenant: None,
            centroid_centers: pairs.map(between).collect(),
            partition_centers,
            partition_rate: 100.0,
            count_every: 1,
            list_budget: 1_000_000,
            maintenance_slots: 2,
            memory_budget: 1 << 30,
            cold_tablespace: None,
        };
        database.create_collection(&new)?;
        let vectors: Vec<Vec<f32>> = (0..VECTORS)
            .map(|number| {
                let center = &new.partition_centers[number % PARTITIONS];
                center
                    .iter()
                    .map(|place| place + dice.random_range(-5.0..5.0))
                    .collect()
            })
            .collect();
        database.load_vectors(&new, &vectors)?;
        let scenery = Self { database, new };
        scenery.tidy_up()?;
        Ok(scenery)
    }

    pub(crate) fn collection(&self) -> CollectionId {
        self.new.name.clone()
    }

    pub(crate) fn vectors(&self) -> usize {
        VECTORS
    }

    pub(crate) fn partitions(&self) -> usize {
        PARTITIONS
    }

    pub(crate) fn partition_rate(&self) -> f64 {
        self.new.partition_rate
    }

    /// Some vectors of a partition.
    pub(crate) fn some_of(&self, partition: i64, count: i64) -> Result<Vec<i64>, PostgresError> {
        let rows = self.database.transaction(|session| {
            session.query(
                "SELECT vector_id FROM ruvector.vectors JOIN ruvector.collections ON collections.id = collection_id
                 WHERE name = $1 AND partition_id = $2 ORDER BY hashint8(vector_id) LIMIT $3",
                &[&self.new.name.as_str(), &partition, &count],
            )
        })?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Loads many short-lived vectors into one partition and deletes most of them again: what they leave in the index is
    /// real, and no vacuum gives it back.
    pub(crate) fn bloat(&self) -> Result<(), Failure> {
        let center = usize::try_from(BLOATED - 1)
            .ok()
            .and_then(|place| self.new.partition_centers.get(place));
        let center = center.cloned().unwrap_or_default();
        let guests = vec![center; 150_000];
        let before = self.greatest_number()?;
        self.database.load_vectors(&self.new, &guests)?;
        self.database.transaction(|session| {
            session.execute(
                "DELETE FROM ruvector.vectors WHERE vector_id > $1 AND vector_id % 20 <> 0
                     AND collection_id = (SELECT id FROM ruvector.collections WHERE name = $2)",
                &[&before, &self.new.name.as_str()],
            )?;
            session.execute(
                "DELETE FROM ruvector.centroid_lists WHERE vector_id > $1 AND vector_id % 20 <> 0
                     AND collection_id = (SELECT id FROM ruvector.collections WHERE name = $2)",
                &[&before, &self.new.name.as_str()],
            )
        })?;
        Ok(self.tidy_up()?)
    }

    /// The wasted share of the pages of the index of [`BLOATED`], percent.
    pub(crate) fn waste(&self) -> Result<f64, PostgresError> {
        let row = self.database.transaction(|session| {
            session.query_one(
                "SELECT ruvector.wasted_share(index_pages, index_pages_needed) * 100
                 FROM ruvector.partition_facts JOIN ruvector.collections ON collections.id = collection_id
                 WHERE name = $1 AND partition_id = $2",
                &[&self.new.name.as_str(), &BLOATED],
            )
        })?;
        Ok(row.get(0))
    }

    fn greatest_number(&self) -> Result<i64, PostgresError> {
        let row = self
            .database
            .transaction(|session| session.query_one("SELECT last_value FROM ruvector.vector_numbers", &[]))?;
        Ok(row.get(0))
    }

    /// What autovacuum would do within a minute.
    fn tidy_up(&self) -> Result<(), PostgresError> {
        self.database.vacuum(&self.new.name)
    }
}

/// `demo`, or where that is taken `demo_2` and so on.
fn free_name(database: &Database) -> Result<CollectionId, Failure> {
    let rows = database.transaction(|session| session.query("SELECT name FROM ruvector.collections", &[]))?;
    let taken: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let names = (2..).map(|number| format!("demo_{number}"));
    let free = std::iter::once("demo".to_owned())
        .chain(names)
        .find(|name| !taken.contains(&name.as_str()));
    CollectionId::new(free.unwrap_or_default()).map_err(|error| Failure::Demo(error.to_string()))
}
